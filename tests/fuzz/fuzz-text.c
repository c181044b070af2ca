/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz-text.c - words that people type: never more than an error */
#include "lib/text.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const words[] = { "stream", "overwrite", "stop", "" };
	char *text = fuzz_text(data, size), shown[16] = "";
	const char *near[2];
	uint64_t value = 0;

	if (rt_parse_u64(text, 10, 20, &value) == 0)
		fuzz_assert(value >= 10 && value <= 20);
	if (rt_parse_size(text, &value) == 0)
		fuzz_assert(strlen(rt_format_size(value, shown, sizeof(shown))) < 15);
	rt_parse_time(text, &value);
	fuzz_assert(rt_nearest(text, words, 4, near, 2) <= 2);
	fuzz_assert(rt_distance(text, text, 3) == 0);
	free(text);
	return 0;
}
