/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz-cpulist.c - a set that was read and written is read again as the same set */
#include "lib/cpulist.h"
#include "lib/err.h"
#include "tests/fuzz/fuzz.h"

static void round_trip(const struct rt_cpuset *set)
{
	static char text[64 * 1024];
	struct rt_cpuset again;

	fuzz_assert(rt_cpuset_format(set, text, sizeof(text)) == 0);
	fuzz_assert(rt_cpuset_parse(&again, text, NULL) == 0);
	fuzz_assert(rt_cpuset_equal(set, &again));
	fuzz_assert(rt_cpuset_format_mask(set, text, sizeof(text)) == 0);
	fuzz_assert(rt_cpuset_parse_mask(&again, text, NULL) == 0);
	fuzz_assert(rt_cpuset_equal(set, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct rt_err err = { 0 };
	struct rt_cpuset set;

	if (rt_cpuset_parse(&set, text, &err) == 0)
		round_trip(&set);
	else
		fuzz_assert(err.code && err.text[0]);
	if (rt_cpuset_parse_mask(&set, text, NULL) == 0)
		round_trip(&set);
	free(text);
	return 0;
}
