/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * datfile-recover.c - a trace.dat of version 7 that is cut off in front of its table
 * of rings
 *
 * The table stands in the last section.  Without it sections are looked for one
 * behind the other, as they are written, and CPUs' data is found in the order in
 * which it stands: names of instances and gaps in the CPUs' numbers are lost.
 */
#include "xtrace/datfile.h"

#include <errno.h>

#include "lib/err.h"

#define SECTION_HEAD 16
#define SECTION_BUFFER 3
#define CHUNK_HEAD 8
#define ALIGN 4096u	/* of a CPU's data as trace-cmd writes it */

struct section {
	uint64_t at, end;	/* of its contents, cut to the file */
	unsigned int id;
	bool compressed, whole;
};

/* The section at @at; false where there is none. */
static bool section_at(const struct dat *dat, uint64_t at, struct section *ret)
{
	struct dat_in in = { .fd = dat->fd, .pos = at, .end = dat->size };
	uint64_t size;

	ret->id = (unsigned int)dat_in_num(&in, 2);
	ret->compressed = dat_in_num(&in, 2) & 1;
	dat_in_num(&in, 4);
	size = dat_in_num(&in, 8);
	if (in.bad || ret->id > DAT_NR_SECTIONS + 16)
		return false;
	ret->at = at + SECTION_HEAD;
	ret->whole = size <= dat->size - ret->at;
	ret->end = ret->whole ? ret->at + size : dat->size;
	return true;
}

/* Where chunks end that begin at @at behind their number; @at where none does. */
static uint64_t chunks_end(const struct dat *dat, uint64_t at, uint64_t end)
{
	uint64_t pos = at + 4;
	uint32_t count, sizes[2];

	if (end < pos || xt_pread(dat->fd, &count, sizeof(count), at) < 0 || count == 0)
		return at;
	for (uint32_t i = 0; i < count; i++) {
		if (end - pos < CHUNK_HEAD || xt_pread(dat->fd, sizes, sizeof(sizes), pos) < 0)
			break;
		if (sizes[1] == 0 || sizes[1] > XT_MAX_CHUNK || sizes[1] % XT_MIN_PAGE)
			return i ? pos : at;
		if (sizes[0] > end - pos - CHUNK_HEAD)
			break;
		pos += CHUNK_HEAD + sizes[0];
	}
	return pos > at + 4 ? pos : at;
}

static int packed_lanes(struct xt_trace *trace, const struct section *section, unsigned int *cpu)
{
	const struct dat *dat = trace->priv;
	uint64_t at = section->at;
	int rc = 0;

	while (at < section->end && rc == 0) {
		uint64_t end = chunks_end(dat, at, section->end);

		if (end == at) {	/* perhaps it is aligned */
			uint64_t aligned = (at + ALIGN - 1) & ~(uint64_t)(ALIGN - 1);

			if (aligned == at || aligned >= section->end)
				break;
			at = aligned;
			continue;
		}
		rc = dat_add_lane(trace, "", (*cpu)++, at, end - at - 4, dat->page_size, true);
		at = end;
	}
	return rc;
}

/* A CPU's sub-buffers rise in time; where they fall back the next CPU's begin. */
static int raw_lanes(struct xt_trace *trace, const struct section *section, unsigned int *cpu)
{
	const struct dat *dat = trace->priv;
	uint64_t size = dat->page_size, before = 0, ts, begin, at;
	int rc = 0;

	begin = at = (section->at + ALIGN - 1) & ~(uint64_t)(ALIGN - 1);
	for (; at < section->end && section->end - at >= size && rc == 0; at += size) {
		if (xt_pread(dat->fd, &ts, sizeof(ts), at) < 0)
			break;
		if (ts < before) {
			rc = dat_add_lane(trace, "", (*cpu)++, begin, at - begin, dat->page_size,
					  false);
			begin = at;
		}
		before = ts;
	}
	if (rc == 0 && at > begin)
		rc = dat_add_lane(trace, "", (*cpu)++, begin, at - begin, dat->page_size, false);
	return rc;
}

static int options_of(struct xt_trace *trace, uint64_t at)
{
	struct xt_text text = { 0 };
	struct rt_err why = { 0 };
	uint64_t end;
	int rc = dat_section(trace, at, 0, &text, &end, &why);

	if (rc == 0) {
		struct dat_in in = { .mem = (const uint8_t *)text.data, .end = text.len };

		rc = dat_options(trace, &in, &end, &why);
	}
	xt_text_finish(&text);
	return rc == -ENOMEM ? rc : 0;
}

int dat_recover(struct xt_trace *trace, uint64_t at, bool options)
{
	struct dat *dat = trace->priv;
	struct section section;
	unsigned int cpu = 0;
	int rc = 0;

	if (!dat->page_size)
		return 0;
	for (; rc == 0 && at < dat->size && section_at(dat, at, &section); at = section.end) {
		if (section.id >= DAT_HEADER_INFO && section.id < DAT_NR_SECTIONS && section.whole)
			dat->sections[section.id] = at;
		else if (section.id == SECTION_BUFFER)
			rc = section.compressed ? packed_lanes(trace, &section, &cpu) :
			     raw_lanes(trace, &section, &cpu);
		else if (section.id == 0 && options && section.whole)
			rc = options_of(trace, at);
	}
	if (cpu)
		xt_warn(trace,
			"its table of rings is not there: %u CPUs are numbered as they stand", cpu);
	return rc;
}
