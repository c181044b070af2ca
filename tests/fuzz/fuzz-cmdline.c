/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz-cmdline.c - every byte string is a command line; its values are asked for as lists */
#include "lib/cpulist.h"
#include "lib/err.h"
#include "tests/fuzz/fuzz.h"
#include "tuning/cmdline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct tune_cmdline cmdline;
	struct rt_err err = { 0 };
	struct rt_cpuset set;
	unsigned int flags;
	size_t i;

	fuzz_assert(tune_cmdline_parse(&cmdline, text, NULL) == 0);
	for (i = 0; i < cmdline.n; i++) {
		fuzz_assert(tune_cmdline_get(&cmdline, cmdline.v[i].name));
		if (!cmdline.v[i].value)
			continue;
		if (tune_cmdline_cpus(&set, cmdline.v[i].value, 64, &err) < 0)
			fuzz_assert(err.code && err.text[0]);
		if (tune_cmdline_isolcpus(&set, &flags, cmdline.v[i].value, 64, NULL) == 0)
			fuzz_assert(flags);
	}
	tune_cmdline_finish(&cmdline);
	free(text);
	return 0;
}
