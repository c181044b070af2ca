/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * datfile-v6.c - the parts of a trace.dat of version 6, one behind the other
 */
#include "xtrace/datfile.h"

#include <errno.h>

#include "lib/err.h"

#define KIND_BYTES 10

static int add_lanes(struct xt_trace *trace, struct dat_in *in, const char *buffer,
		     unsigned int cpus)
{
	struct dat *dat = trace->priv;
	int rc = 0;

	for (unsigned int i = 0; i < cpus && rc == 0; i++) {
		uint64_t offset = dat_in_num(in, 8), size = dat_in_num(in, 8);

		if (in->bad) {
			xt_warn(trace, "buffer \"%s\": the table of CPU data ends at CPU %u of %u",
				buffer, i, cpus);
			break;
		}
		rc = dat_add_lane(trace, buffer, i, offset, size, dat->page_size, false);
	}
	return rc;
}

/* Passes over "options" and what belongs to it, up to the kind of the data. */
static int data_kind(struct xt_trace *trace, struct dat_in *in, struct rt_err *err)
{
	char kind[KIND_BYTES];
	uint64_t next;
	int rc;

	dat_in_bytes(in, kind, sizeof(kind));
	if (!in->bad && memcmp(kind, "options", 7) == 0) {
		rc = dat_options(trace, in, &next, err);
		if (rc < 0)
			return rc;
		dat_in_bytes(in, kind, sizeof(kind));
	}
	if (in->bad)
		return rt_err_say(err, -EBADMSG, "the file ends in front of its data");
	if (memcmp(kind, "latency", 7) == 0)
		return rt_err_say(err, -EOPNOTSUPP,
				  "holds the text of a latency tracer, no records");
	if (memcmp(kind, "flyrecord", 9) != 0)
		return rt_err_say(err, -EBADMSG, "expected flyrecord data, found \"%.9s\"", kind);
	return 0;
}

static int metadata(struct xt_trace *trace, struct dat_in *in, struct rt_err *err)
{
	struct dat *dat = trace->priv;
	int rc = dat_header_info(trace, in, err);

	if (rc < 0)
		return rc;
	rc = dat_ftrace_events(trace, in);
	if (rc == 0)
		rc = dat_event_formats(trace, in);
	if (rc < 0)
		return rt_err_set(err, rc, "cannot keep the event formats");
	dat->kallsyms_len = dat_in_num(in, 4);
	dat->kallsyms = in->pos;
	dat_in_skip(in, dat->kallsyms_len);
	trace->printk = dat_in_text(in, dat_in_num(in, 4));
	trace->cmdlines = dat_in_text(in, dat_in_num(in, 8));
	if (in->bad)
		return rt_err_say(err, -EBADMSG, "the file ends within its metadata");
	return 0;
}

/* The list of clocks stands behind the table of CPUs where the option said so. */
static void clock_text(struct xt_trace *trace, struct dat_in *in)
{
	struct xt_text text;

	if (trace->info.time.clock[0])
		return;
	text = dat_in_text(in, dat_in_num(in, 8));
	if (text.data)
		dat_clock(trace, text.data);
	xt_text_finish(&text);
}

int dat_open_v6(struct xt_trace *trace, struct dat_in *in, struct rt_err *err)
{
	struct dat *dat = trace->priv;
	unsigned int cpus;
	int rc = metadata(trace, in, err);

	if (rc < 0)
		return rc;
	cpus = (unsigned int)dat_in_num(in, 4);
	if (in->bad || cpus == 0 || cpus > XT_MAX_CPUS)
		return rt_err_say(err, -EBADMSG, "expected 1 to %u CPUs, found %u", XT_MAX_CPUS,
				  cpus);
	dat->cpus = cpus;
	rc = data_kind(trace, in, err);
	if (rc < 0)
		return rc;
	cpus = dat->cpus;	/* an option may have changed it */
	rc = add_lanes(trace, in, "", cpus);
	if (rc == 0)
		clock_text(trace, in);
	for (size_t i = 0; i < dat->nr_buffers && rc == 0; i++) {
		struct dat_in at = {
			.fd = dat->fd, .pos = dat->buffers[i].offset, .end = dat->size,
		};
		struct rt_err why = { 0 };

		if (at.pos > at.end || data_kind(trace, &at, &why) < 0)
			xt_warn(trace, "buffer \"%s\": %s", dat->buffers[i].name,
				why.code ? why.text : "lies beyond the file");
		else
			rc = add_lanes(trace, &at, dat->buffers[i].name, cpus);
	}
	return rc < 0 ? rt_err_set(err, rc, "cannot keep the list of CPUs") : 0;
}
