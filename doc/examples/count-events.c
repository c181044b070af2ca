/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * count-events.c - an example of libxtrace: the events of a trace, from a time on
 *
 * cc -o count-events count-events.c $(pkg-config --cflags --libs libxtrace)
 * count-events TRACE [TIME]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <lib/err.h>
#include <xtrace/xtrace.h>

/* All records of the sub-buffers in @pages that are not older than @from. */
static void count_pages(const struct xt_pages *pages, uint64_t from, uint64_t *counts,
			uint64_t *lost)
{
	for (uint32_t i = 0; i < pages->nr; i++) {
		struct xt_cursor cursor;
		struct xt_rec rec;
		uint64_t n;

		xt_cursor_start(&cursor, pages->base + (size_t)i * pages->page_size,
				pages->page_size, 0);
		while (xt_cursor_next(&cursor, &rec)) {
			if (rec.ts < from)
				continue;
			if (!(rec.flags & XT_REC_LOST)) {
				counts[xt_rec_type(&rec)]++;
			} else if (rec.data) {
				memcpy(&n, rec.data, sizeof(n));
				*lost += n;
			}
		}
	}
}

int main(int argc, char **argv)
{
	static uint64_t counts[65536];
	uint64_t from = argc > 2 ? strtoull(argv[2], NULL, 10) : 0, lost = 0;
	struct rt_err err = { 0 };
	struct xt_trace *trace;
	int status = 0;

	if (argc < 2 || xt_trace_open(&trace, argv[1], &err) < 0) {
		fprintf(stderr, "count-events: %s\n", argc < 2 ? "expected a trace" : err.text);
		return 1;
	}
	for (size_t i = 0; i < xt_trace_nr_warnings(trace); i++)
		fprintf(stderr, "count-events: %s\n", xt_trace_warning(trace, i));
	for (unsigned int lane = 0; lane < xt_trace_nr_lanes(trace); lane++) {
		size_t nr = xt_trace_lane(trace, lane)->nr_chunks;

		for (size_t c = xt_lane_seek(trace, lane, from); c < nr; c++) {
			struct xt_pages *pages;

			if (xt_lane_load(trace, lane, c, 1, &pages, &err) < 0) {
				fprintf(stderr, "count-events: %s\n", err.text);
				status = 1;	/* this chunk is lost, the next ones are not */
				continue;
			}
			count_pages(pages, from, counts, &lost);
			xt_pages_put(pages);
		}
	}
	for (unsigned int id = 0; id < 65536; id++) {
		const struct xt_event *event = xt_trace_event(trace, id);

		if (counts[id])
			printf("%" PRIu64 " %s:%s\n", counts[id], event ? event->system : "?",
			       event ? event->name : "?");
	}
	printf("%" PRIu64 " lost\n", lost);
	xt_trace_destroy(trace);
	return status;
}
