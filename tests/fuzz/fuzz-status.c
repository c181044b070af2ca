/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz-status.c - a status file of libvirt is read whole, or refused with a sentence */
#include "config/live.h"
#include "lib/err.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rt_err err = { 0 };
	struct kcfg_live live;

	if (kcfg_status_parse(&live, (const char *)data, size, &err) < 0) {
		fuzz_assert(err.code && err.text[0]);
		return 0;
	}
	fuzz_assert(live.name && live.pid > 0 && live.uuid[0]);
	free(live.name);
	return 0;
}
