/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * datfile-options.c - the options of a trace.dat: rings, clocks, guests, host
 *
 * One row an option that means something to us; all others are passed over.
 */
#include "xtrace/datfile.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/err.h"

#define MAX_VCPUS 65536
#define MAX_SHIFTS (1u << 20)
#define SHIFT_SLOPES 1u	/* flag of TIME_SHIFT */

enum {
	OPTION_DONE = 0, OPTION_DATE, OPTION_CPUSTAT, OPTION_BUFFER, OPTION_TRACECLOCK,
	OPTION_UNAME, OPTION_OFFSET = 7, OPTION_CPUCOUNT, OPTION_TRACEID = 11, OPTION_TIME_SHIFT,
	OPTION_GUEST, OPTION_TSC2NSEC, OPTION_HEADER_INFO = 16,
};

static int option_date(struct xt_trace *trace, struct dat_in *in)
{
	struct xt_text text = dat_in_text(in, dat_in_left(in));

	if (text.data)		/* microseconds */
		trace->info.time.offset += 1000 * (uint64_t)strtoll(text.data, NULL, 0);
	xt_text_finish(&text);
	return 0;
}

static int option_offset(struct xt_trace *trace, struct dat_in *in)
{
	struct xt_text text = dat_in_text(in, dat_in_left(in));

	if (text.data)
		trace->info.time.offset += (uint64_t)strtoll(text.data, NULL, 0);
	xt_text_finish(&text);
	return 0;
}

/* "Linux HOST RELEASE ..." */
static int option_uname(struct xt_trace *trace, struct dat_in *in)
{
	struct xt_text text = dat_in_text(in, dat_in_left(in));
	const char *host, *release;

	host = text.data ? strchr(text.data, ' ') : NULL;
	if (host) {
		host++;
		trace->info.host = xt_keep(trace, host, strcspn(host, " "));
		release = strchr(host, ' ');
		if (release)
			trace->info.release = xt_keep(trace, release + 1,
						      strcspn(release + 1, " "));
	}
	xt_text_finish(&text);
	return 0;
}

void dat_clock(struct xt_trace *trace, const char *text)
{
	struct xt_timebase *time = &trace->info.time;
	const char *begin = strchr(text, '[');
	size_t len;

	begin = begin ? begin + 1 : text;
	len = strcspn(begin, "] \n\t");
	if (len >= sizeof(time->clock))
		len = sizeof(time->clock) - 1;
	memcpy(time->clock, begin, len);
	time->clock[len] = '\0';
}

static int option_clock(struct xt_trace *trace, struct dat_in *in)
{
	struct xt_text text = dat_in_text(in, dat_in_left(in));

	if (text.data) {
		dat_clock(trace, text.data);
		trace->info.time.unnoted = false;
	}
	xt_text_finish(&text);
	return 0;
}

static int option_cpucount(struct xt_trace *trace, struct dat_in *in)
{
	struct dat *dat = trace->priv;
	uint64_t cpus = dat_in_num(in, 4);

	if (cpus == 0 || cpus > XT_MAX_CPUS)
		xt_warn(trace, "claims %llu CPUs, which is passed over", (unsigned long long)cpus);
	else
		dat->cpus = (unsigned int)cpus;
	return 0;
}

static int option_traceid(struct xt_trace *trace, struct dat_in *in)
{
	trace->info.trace_id = dat_in_num(in, 8);
	return 0;
}

static int option_tsc2nsec(struct xt_trace *trace, struct dat_in *in)
{
	uint32_t mult = (uint32_t)dat_in_num(in, 4), shift = (uint32_t)dat_in_num(in, 4);

	if (in->bad || mult == 0 || shift > 63)
		return 0;
	trace->info.time.mult = mult;
	trace->info.time.shift = shift;
	trace->info.time.convert = true;
	return 0;
}

/* ---- guests ---- */

static int option_guest(struct xt_trace *trace, struct dat_in *in)
{
	struct xt_text name = dat_in_string(in);
	size_t nr = trace->info.nr_vcpus, count;
	struct xt_vcpu *list;
	uint64_t id = dat_in_num(in, 8);

	count = dat_in_num(in, 4);
	if (count > dat_in_left(in) / 8 || nr + count > MAX_VCPUS)
		in->bad = true;
	if (in->bad || count == 0)
		goto out;
	list = realloc(trace->vcpus, (nr + count) * sizeof(*list));
	if (!list) {
		xt_text_finish(&name);
		return -ENOMEM;
	}
	trace->vcpus = list;
	trace->info.vcpus = list;
	for (size_t i = 0; i < count; i++) {
		list[nr + i] = (struct xt_vcpu){
			.vcpu = (unsigned int)dat_in_num(in, 4), .trace_id = id,
		};
		list[nr + i].tid = (int)dat_in_num(in, 4);
		strncpy(list[nr + i].vm, name.data, sizeof(list->vm) - 1);
	}
	trace->info.nr_vcpus = nr + count;
out:
	xt_text_finish(&name);
	return 0;
}

static int by_time(const void *a, const void *b)
{
	const struct xt_shift_sample *x = a, *y = b;

	return x->time < y->time ? -1 : x->time > y->time;
}

static void sort_shift(struct xt_cpu_shift *shift)
{
	struct xt_shift_sample *samples = (struct xt_shift_sample *)shift->samples;
	size_t kept = 0;

	if (shift->nr)
		qsort(samples, shift->nr, sizeof(*samples), by_time);
	for (size_t i = 0; i < shift->nr; i++) {
		if (kept == 0 || samples[kept - 1].time != samples[i].time)
			samples[kept++] = samples[i];
	}
	shift->nr = kept;
}

static int read_shift(struct xt_cpu_shift *shift, struct dat_in *in)
{
	uint64_t n = dat_in_num(in, 4);
	struct xt_shift_sample *samples;

	if (n > dat_in_left(in) / 24 || n > MAX_SHIFTS)
		in->bad = true;
	if (in->bad)
		return 0;
	samples = calloc(n ? n : 1, sizeof(*samples));
	if (!samples)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		samples[i].time = dat_in_num(in, 8);
	for (size_t i = 0; i < n; i++)
		samples[i].offset = (int64_t)dat_in_num(in, 8);
	for (size_t i = 0; i < n; i++)
		samples[i].scaling = dat_in_num(in, 8);
	*shift = (struct xt_cpu_shift){ .samples = samples, .nr = n };
	return 0;
}

/*
 * The bits of the fractions of all CPUs stand behind the last CPU's samples, and
 * only in newer files.
 */
static int option_time_shift(struct xt_trace *trace, struct dat_in *in)
{
	uint64_t cpus;
	int rc = 0;

	if (trace->shifts)
		return 0;
	trace->info.peer_id = dat_in_num(in, 8);
	trace->info.shift_slopes = dat_in_num(in, 4) & SHIFT_SLOPES;
	cpus = dat_in_num(in, 4);
	if (in->bad || cpus == 0 || cpus > XT_MAX_CPUS)
		return 0;
	trace->shifts = calloc(cpus, sizeof(*trace->shifts));
	if (!trace->shifts)
		return -ENOMEM;
	trace->info.shifts = trace->shifts;
	trace->info.nr_shifts = cpus;
	for (size_t i = 0; i < cpus && rc == 0; i++)
		rc = read_shift(&trace->shifts[i], in);
	for (size_t i = 0; i < cpus && dat_in_left(in); i++) {
		struct xt_shift_sample *samples =
			(struct xt_shift_sample *)trace->shifts[i].samples;

		for (size_t k = 0; k < trace->shifts[i].nr; k++)
			samples[k].fraction = dat_in_num(in, 8);
	}
	for (size_t i = 0; i < cpus; i++)
		sort_shift(&trace->shifts[i]);
	return rc;
}

/* ---- rings ---- */

static int buffer_v6(struct xt_trace *trace, uint64_t offset, struct xt_text *name)
{
	struct dat *dat = trace->priv;
	struct dat_buffer *list;

	if (dat->nr_buffers >= 1024)
		return 0;
	list = realloc(dat->buffers, (dat->nr_buffers + 1) * sizeof(*list));
	if (!list)
		return -ENOMEM;
	dat->buffers = list;
	list[dat->nr_buffers++] = (struct dat_buffer){ .offset = offset, .name = name->data };
	name->data = NULL;
	return 0;
}

static int buffer_v7(struct xt_trace *trace, uint64_t offset, const char *name, struct dat_in *in)
{
	struct dat *dat = trace->priv;
	struct dat_in head = { .fd = dat->fd, .pos = offset, .end = dat->size };
	struct xt_text clock = dat_in_string(in);
	uint32_t page_size = (uint32_t)dat_in_num(in, 4);
	uint64_t cpus = dat_in_num(in, 4), flags;
	int rc = 0;

	if (clock.data && !trace->info.time.clock[0] && clock.len) {
		dat_clock(trace, clock.data);
		trace->info.time.unnoted = true;
	}
	xt_text_finish(&clock);
	if (offset > dat->size)
		head.bad = true;
	dat_in_num(&head, 2);
	flags = dat_in_num(&head, 2);
	if (head.bad || cpus > dat_in_left(in) / 20) {
		xt_warn(trace,
			"buffer \"%s\": its table of %llu CPUs or its section at %llu is not "
			"within the file",
			name, (unsigned long long)cpus, (unsigned long long)offset);
		return 0;
	}
	if (cpus == 0 && !in->bad)	/* nothing was recorded; its name still counts */
		return dat_add_lane(trace, name, 0, offset, 0, page_size, false);
	for (uint64_t i = 0; i < cpus && rc == 0; i++) {
		unsigned int cpu = (unsigned int)dat_in_num(in, 4);
		uint64_t at = dat_in_num(in, 8), size = dat_in_num(in, 8);

		rc = dat_add_lane(trace, name, cpu, at, size, page_size, flags & 1);
	}
	return rc;
}

static int option_buffer(struct xt_trace *trace, struct dat_in *in)
{
	struct dat *dat = trace->priv;
	uint64_t offset = dat_in_num(in, 8);
	struct xt_text name = dat_in_string(in);
	int rc = 0;

	if (name.data)
		rc = dat->version == 6 ? buffer_v6(trace, offset, &name) :
		     buffer_v7(trace, offset, name.data, in);
	xt_text_finish(&name);
	return rc;
}

/* ---- the list ---- */

static const struct {
	int (*read)(struct xt_trace *trace, struct dat_in *in);
	const char *name;
} options[] = {
	[OPTION_DATE] = { option_date, "DATE" },
	[OPTION_BUFFER] = { option_buffer, "BUFFER" },
	[OPTION_TRACECLOCK] = { option_clock, "TRACECLOCK" },
	[OPTION_UNAME] = { option_uname, "UNAME" },
	[OPTION_OFFSET] = { option_offset, "OFFSET" },
	[OPTION_CPUCOUNT] = { option_cpucount, "CPUCOUNT" },
	[OPTION_TRACEID] = { option_traceid, "TRACEID" },
	[OPTION_TIME_SHIFT] = { option_time_shift, "TIME_SHIFT" },
	[OPTION_GUEST] = { option_guest, "GUEST" },
	[OPTION_TSC2NSEC] = { option_tsc2nsec, "TSC2NSEC" },
};

static int one_option(struct xt_trace *trace, unsigned int id, struct dat_in *in)
{
	struct dat *dat = trace->priv;
	int rc;

	if (id >= OPTION_HEADER_INFO && id < DAT_NR_SECTIONS) {
		dat->sections[id] = dat_in_num(in, 8);
		return 0;
	}
	if (id >= sizeof(options) / sizeof(options[0]) || !options[id].read)
		return 0;
	rc = options[id].read(trace, in);
	if (in->bad)
		xt_warn(trace, "option %s is shorter than what it claims to hold",
			options[id].name);
	return rc;
}

int dat_options(struct xt_trace *trace, struct dat_in *in, uint64_t *ret_next, struct rt_err *err)
{
	const struct dat *dat = trace->priv;
	int rc;

	*ret_next = 0;
	for (;;) {
		unsigned int id = (unsigned int)dat_in_num(in, 2);
		struct dat_in value;
		uint64_t size;

		if (dat->version == 6 && id == OPTION_DONE)
			return in->bad ? rt_err_say(err, -EBADMSG, "the list of options has no end")
				       : 0;
		size = dat_in_num(in, 4);
		if (in->bad || size > dat_in_left(in))
			return rt_err_say(err, -EBADMSG,
					  "option %u: its %llu bytes lead out of the list", id,
					  (unsigned long long)size);
		value = *in;
		value.end = in->pos + size;
		dat_in_skip(in, size);
		if (id == OPTION_DONE) {
			*ret_next = size >= 8 ? dat_in_num(&value, 8) : 0;
			return 0;
		}
		rc = one_option(trace, id, &value);
		if (rc < 0)
			return rt_err_set(err, rc, "option %u", id);
	}
}
