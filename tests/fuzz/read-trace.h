/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * read-trace.h - open a trace and look at all of it, as a view would
 *
 * Whatever the bytes are: what cannot be opened has a sentence why, what is
 * handed out lies within its pages, and a lane has an end.
 */
#ifndef TESTS_FUZZ_READ_TRACE_H
#define TESTS_FUZZ_READ_TRACE_H

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/leaks.h"
#include "xtrace/xtrace.h"

#define FUZZ_MAX_LANES	16u
#define FUZZ_MAX_CHUNKS 64u
#define FUZZ_MAX_PAGES	64u
#define FUZZ_MAX_TEXTS	200u	/* records whose text is made, of an input */

struct fuzz_reader {
	struct xt_trace *trace;
	struct xt_printer *printer;
	struct xt_pen *pen;
	unsigned int texts;
};

static inline void fuzz_text_of(struct fuzz_reader *r, const struct xt_rec *rec)
{
	struct rt_buf out = { 0 };

	if (!r->pen || r->texts++ >= FUZZ_MAX_TEXTS)
		return;
	xt_pen_append(r->pen, rec, r->texts & 1, NULL, &out);
	rt_buf_finish(&out);
}

static inline void fuzz_fields_of(struct fuzz_reader *r, const struct xt_rec *rec)
{
	const struct xt_event *event = xt_trace_event(r->trace, xt_rec_type(rec));
	const uint8_t *bytes;
	uint32_t len;

	for (unsigned int i = 0; event && i < event->nr_fields; i++) {
		xt_field_i64(&event->fields[i], rec);
		bytes = xt_field_bytes(&event->fields[i], rec, &len);
		fuzz_assert(!bytes || (bytes >= rec->data && bytes + len <= rec->data + rec->size));
	}
}

static inline void fuzz_page(struct fuzz_reader *r, const uint8_t *page, uint32_t size)
{
	struct xt_cursor cursor;
	struct xt_rec rec;
	uint32_t n = 0;

	xt_cursor_start(&cursor, page, size, 0);
	while (xt_cursor_next(&cursor, &rec)) {
		fuzz_assert(++n <= size / 4);
		if (rec.flags & XT_REC_LOST)
			continue;
		fuzz_assert(rec.size >= 4 && rec.data >= page &&
			    rec.data + rec.size <= page + size);
		fuzz_fields_of(r, &rec);
		fuzz_text_of(r, &rec);
	}
}

static inline void fuzz_lane(struct fuzz_reader *r, unsigned int lane)
{
	size_t nr = xt_trace_lane(r->trace, lane)->nr_chunks;
	struct xt_pages *pages;
	struct xt_chunk about;

	xt_lane_seek(r->trace, lane, UINT64_MAX / 2);
	for (size_t c = 0; c < nr && c < FUZZ_MAX_CHUNKS; c++) {
		struct rt_err err = { 0 };

		xt_lane_chunk(r->trace, lane, c, &about);
		if (xt_lane_load(r->trace, lane, c, 1, &pages, &err) < 0) {
			fuzz_assert(err.text[0]);
			continue;
		}
		for (uint32_t i = 0; i < pages->nr && i < FUZZ_MAX_PAGES; i++)
			fuzz_page(r, pages->base + (size_t)i * pages->page_size, pages->page_size);
		xt_pages_put(pages);
	}
}

static inline bool fuzz_enough(void *arg)
{
	return ++*(unsigned int *)arg >= FUZZ_MAX_CHUNKS;
}

/* What of a trace can be written as a trace.dat can be read. */
static inline void fuzz_export(const struct xt_trace *from)
{
	unsigned int chunks = 0;
	const struct xt_export_opts opts = { .stop = fuzz_enough, .arg = &chunks };
	int fd = memfd_create("exported", MFD_CLOEXEC);
	struct xt_trace *trace = NULL;
	struct rt_err err = { 0 };
	char path[64];

	fuzz_assert(fd >= 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (xt_export(from, fd, &opts, &err) < 0) {
		fuzz_assert(err.text[0]);
	} else {
		fuzz_assert(xt_trace_open(&trace, path, &err) == 0);
		for (unsigned int l = 0; l < xt_trace_nr_lanes(trace); l++) {
			for (size_t c = 0; c < xt_trace_lane(trace, l)->nr_chunks; c++) {
				struct xt_pages *pages;

				fuzz_assert(xt_lane_load(trace, l, c, 1, &pages, NULL) == 0);
				xt_pages_put(pages);
			}
		}
	}
	xt_trace_destroy(trace);
	close(fd);
}

static inline void fuzz_names(struct fuzz_reader *r)
{
	const struct xt_info *info = xt_trace_info(r->trace);

	fuzz_assert(info->host && info->release && info->command && info->boot_id);
	xt_trace_comm(r->trace, 156);
	xt_trace_tgid(r->trace, 156);
	xt_trace_symbol(r->trace, 0xffffffff81001010, NULL);
	xt_trace_event_by_name(r->trace, "sched", "sched_switch");
	for (size_t i = 0; i < xt_trace_nr_warnings(r->trace); i++)
		fuzz_assert(xt_trace_warning(r->trace, i)[0]);
}

static inline void fuzz_read(const char *path)
{
	struct fuzz_reader r = { 0 };
	struct rt_err err = { 0 };

	if (xt_trace_open(&r.trace, path, &err) < 0) {
		fuzz_assert(err.text[0]);
		return;
	}
	fuzz_names(&r);
	if (xt_printer_create(&r.printer, r.trace, NULL) == 0)
		xt_pen_create(&r.pen, r.printer);
	for (unsigned int l = 0; l < xt_trace_nr_lanes(r.trace) && l < FUZZ_MAX_LANES; l++)
		fuzz_lane(&r, l);
	fuzz_export(r.trace);
	xt_pen_destroy(r.pen);
	xt_printer_destroy(r.printer);
	xt_trace_destroy(r.trace);
}

#endif /* TESTS_FUZZ_READ_TRACE_H */
