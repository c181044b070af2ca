/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz-dmi.c - every slot of a DMI table has a name that can be shown, and a table ends */
#include <ctype.h>

#include "tests/fuzz/fuzz.h"
#include "tuning/dmi.h"

static bool check(void *arg, const struct tune_dmi_slot *slot)
{
	size_t i, len = strnlen(slot->name, sizeof(slot->name));

	fuzz_assert(len > 0 && len < sizeof(slot->name));
	for (i = 0; i < len; i++)
		fuzz_assert(isprint((unsigned char)slot->name[i]));
	fuzz_assert(slot->domain <= 0xffff && slot->bus <= 0xff && slot->devfn <= 0xff);
	++*(size_t *)arg;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t nr = 0;

	tune_dmi_slots(data, size, check, &nr);
	fuzz_assert(nr <= size / 14);
	return 0;
}
