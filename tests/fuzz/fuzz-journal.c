/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz-journal.c - a journal that was read and written is read again as the same */
#include "lib/err.h"
#include "tests/fuzz/fuzz.h"
#include "tuning/journal-file.h"

static void same_again(const struct tune_records *records)
{
	struct tune_records again = { 0 };
	struct rt_buf buf = { 0 };
	size_t i;

	tune_records_format_head(&buf, records->boot, records->note);
	for (i = 0; i < records->nr; i++)
		tune_records_format(&buf, &records->v[i]);
	fuzz_assert(!buf.failed);
	fuzz_assert(tune_records_parse(&again, buf.data, buf.len, NULL) == 0);
	fuzz_assert(again.nr == records->nr && again.end == buf.len && !again.complete);
	fuzz_assert(strcmp(again.boot, records->boot) == 0);
	for (i = 0; i < records->nr; i++) {
		fuzz_assert(again.v[i].seq == records->v[i].seq);
		fuzz_assert(strcmp(again.v[i].target, records->v[i].target) == 0);
		fuzz_assert(strcmp(again.v[i].before, records->v[i].before) == 0);
		fuzz_assert(strcmp(again.v[i].wanted, records->v[i].wanted) == 0);
	}
	tune_records_finish(&again);
	rt_buf_finish(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tune_records records = { 0 };
	struct rt_err err = { 0 };

	if (tune_records_parse(&records, (const char *)data, size, &err) == 0) {
		fuzz_assert(records.end <= size);
		if (records.end)
			same_again(&records);
	} else {
		fuzz_assert(err.code && err.text[0]);
	}
	tune_records_finish(&records);
	return 0;
}
