/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz-json.c - whatever bytes come, the string is closed, and nothing unescaped is in it */
#include "lib/json.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rt_buf buf = { 0 };
	size_t i;

	rt_json_escape(&buf, (const char *)data, size);
	fuzz_assert(buf.len >= 2 && buf.data[0] == '"' && buf.data[buf.len - 1] == '"');
	for (i = 1; i < buf.len - 1; i++) {
		fuzz_assert((unsigned char)buf.data[i] >= 0x20 && buf.data[i] != '"');
		if (buf.data[i] == '\\')
			i++;
	}
	fuzz_assert(i == buf.len - 1);
	rt_buf_finish(&buf);
	return 0;
}
