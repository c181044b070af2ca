/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * deal-trace.c - large traces out of a small one: its records dealt to many CPUs
 * and members, and repeated at later times
 *
 * usage: deal-trace [-m MEMBERS] [-c CPUS] [-b BURST] [-n EVENTS] [-r REPEATS]
 *                   [-s STEP_NS] [-d] TRACE OUT
 *
 * Records go round, BURST (1) to a CPU, first through the members; -c 0 leaves
 * each on its CPU.  From one repeat to the next it is STEP_NS (the length of the
 * trace) and up to an eighth more, which differs, so that no repeat fits another
 * one by mistake, and is the same for all traces made with the same STEP_NS.
 * OUT is a directory as xtrace-run makes them, with -d a trace.dat of version 6;
 * of more members OUT.0, OUT.1, ...
 * Marks of lost events are left out.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "xtrace/local.h"
#include "xtrace/store.h"

#define PAGE 4096u
#define APPEND 32u	/* sub-buffers of one block */
#define DELTA_BITS 27
#define MAX_SHORT 112u	/* bytes of a record whose length stands in its head */

struct source {			/* a lane being read */
	const struct xt_trace *trace;
	unsigned int lane;
	size_t chunk;
	struct xt_pages *pages;
	uint32_t page;
	struct xt_cursor cursor;
	struct xt_rec rec;
	bool more;
};

struct lane {			/* a lane being made */
	struct rt_buf pages;
	uint8_t page[PAGE];
	uint32_t used;
	uint64_t last;
};

static struct {
	unsigned int members, cpus, burst, repeats;
	unsigned long long events, step;
	bool dat;
} o = { .members = 1, .burst = 1, .repeats = 1, .events = ~0ull };

static struct rt_err err;

static void die(const char *what)
{
	fprintf(stderr, "deal-trace: %s: %s\n", what, err.code ? err.text : strerror(errno));
	exit(1);
}

/* ---- reading ---- */

static bool next_pages(struct source *source)
{
	xt_pages_put(source->pages);
	source->pages = NULL;
	source->page = 0;
	if (source->chunk == xt_trace_lane(source->trace, source->lane)->nr_chunks)
		return false;
	if (xt_lane_load(source->trace, source->lane, source->chunk++, 1, &source->pages, &err) < 0)
		die("cannot read");
	return true;
}

static void advance(struct source *source)
{
	for (;;) {
		while (xt_cursor_next(&source->cursor, &source->rec)) {
			if (!(source->rec.flags & XT_REC_LOST))
				return;
		}
		while (!source->pages || source->page == source->pages->nr) {
			source->more = next_pages(source);
			if (!source->more)
				return;
		}
		xt_cursor_start(&source->cursor, source->pages->base +
				(size_t)source->page++ * source->pages->page_size,
				source->pages->page_size, (uint16_t)source->lane);
	}
}

static struct source *earliest(struct source *sources, unsigned int nr)
{
	struct source *best = NULL;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (sources[i].more && (!best || sources[i].rec.ts < best->rec.ts))
			best = &sources[i];
	}
	return best;
}

/* ---- sub-buffers ---- */

static void flush(struct lane *lane)
{
	uint64_t commit = lane->used;

	if (!lane->used)
		return;
	memcpy(lane->page + XT_PAGE_COMMIT, &commit, sizeof(commit));
	memset(lane->page + XT_PAGE_HEAD + lane->used, 0, PAGE - XT_PAGE_HEAD - lane->used);
	rt_buf_add(&lane->pages, lane->page, PAGE);
	lane->used = 0;
}

static void put32(struct lane *lane, uint32_t word)
{
	memcpy(lane->page + XT_PAGE_HEAD + lane->used, &word, sizeof(word));
	lane->used += sizeof(word);
}

static void add(struct lane *lane, const struct xt_rec *rec)
{
	uint64_t delta;

	if (lane->used + rec->size + 16 > PAGE - XT_PAGE_HEAD)
		flush(lane);
	if (!lane->used) {
		memcpy(lane->page, &rec->ts, sizeof(rec->ts));
		lane->last = rec->ts;
	}
	delta = rec->ts > lane->last ? rec->ts - lane->last : 0;
	if (delta >> DELTA_BITS) {
		put32(lane, 30 | (uint32_t)delta << 5);
		put32(lane, (uint32_t)(delta >> DELTA_BITS));
		delta = 0;
	}
	if (rec->size <= MAX_SHORT) {
		put32(lane, rec->size / 4 | (uint32_t)delta << 5);
	} else {
		put32(lane, (uint32_t)delta << 5);
		put32(lane, rec->size + 4);
	}
	memcpy(lane->page + XT_PAGE_HEAD + lane->used, rec->data, rec->size);
	lane->used += rec->size;
	lane->last = rec->ts;
}

/* All records into the lanes.  Return: the time between the first and the last. */
static uint64_t deal(const struct xt_trace *trace, struct lane *lanes, unsigned int nr_lanes)
{
	struct source *sources = calloc(trace->nr_lanes, sizeof(*sources)), *source;
	unsigned long long nr;
	uint64_t first = 0, last = 0;
	unsigned int i, to;

	for (i = 0; i < trace->nr_lanes; i++) {
		sources[i].trace = trace;
		sources[i].lane = i;
		advance(&sources[i]);
	}
	for (nr = 0; nr < o.events && (source = earliest(sources, trace->nr_lanes)); nr++) {
		to = o.cpus ? (unsigned int)(nr / o.burst % nr_lanes) : source->lane;
		add(&lanes[to], &source->rec);
		first = nr ? first : source->rec.ts;
		last = source->rec.ts;
		advance(source);
	}
	for (i = 0; i < nr_lanes; i++) {
		flush(&lanes[i]);
		if (lanes[i].pages.failed)
			die("no memory");
	}
	for (i = 0; i < trace->nr_lanes; i++)
		xt_pages_put(sources[i].pages);
	free(sources);
	fprintf(stderr, "%llu events\n", nr * o.repeats);
	return last - first;
}

/* What lies between the begin of a repeat and that of the next one. */
static uint64_t step(uint64_t span, unsigned int repeat)
{
	uint64_t random = (repeat + 1) * 0x9e3779b97f4a7c15ull >> 11;
	uint64_t base = o.step ? o.step : span;

	return base + random % (base / 8 + 1);
}

static void shift(struct lane *lane, uint64_t by)
{
	uint64_t ts;
	size_t at;

	for (at = 0; at < lane->pages.len; at += PAGE) {
		memcpy(&ts, lane->pages.data + at, sizeof(ts));
		ts += by;
		memcpy(lane->pages.data + at, &ts, sizeof(ts));
	}
}

/* ---- an xtrace directory ---- */

static void put(struct xt_store *store, const char *name, const struct xt_text *text)
{
	if (text->data && xt_store_put(store, name, text->data, text->len, &err) < 0)
		die(name);
}

static void put_formats(struct xt_store *store, const struct xt_trace *trace)
{
	char name[512];
	size_t i;

	for (i = 0; i < trace->nr_formats; i++) {
		const struct xt_format *format = &trace->formats[i];
		int len = (int)strcspn(format->text.data + strlen("name: "), "\n");

		snprintf(name, sizeof(name), "formats/%s/%.*s", format->system, len,
			 format->text.data + strlen("name: "));
		put(store, name, &format->text);
	}
}

static void put_texts(struct xt_store *store, const struct xt_trace *trace)
{
	const struct xt_info *info = &trace->info;
	struct xt_text kallsyms = { 0 };
	size_t i;

	put_formats(store, trace);
	put(store, "formats/header_page", &trace->header_page);
	put(store, "printk_formats", &trace->printk);
	put(store, "saved_cmdlines", &trace->cmdlines);
	put(store, "saved_tgids", &trace->tgids_text);
	if (trace->backend->kallsyms(trace, &kallsyms, NULL) == 0)
		put(store, "kallsyms", &kallsyms);
	xt_text_finish(&kallsyms);
	xt_store_set(store, "session", "host", "%s", info->host);
	xt_store_set(store, "session", "release", "%s", info->release);
	xt_store_set(store, "session", "nr-cpus", "%u", o.cpus ? o.cpus : info->nr_cpus);
	xt_store_set_timebase(store, &info->time);
	for (i = 0; i < info->nr_vcpus; i++)
		xt_store_set_vcpu(store, &info->vcpus[i]);
}

static void append(struct xt_store *store, struct lane *lane, unsigned int cpu)
{
	size_t at, nr;

	for (at = 0; at < lane->pages.len; at += nr * PAGE) {
		nr = (lane->pages.len - at) / PAGE;
		nr = nr < APPEND ? nr : APPEND;
		if (xt_store_append(store, cpu, lane->pages.data + at, nr, 0, &err) < 0)
			die("cannot write");
	}
}

static void write_dir(const struct xt_trace *trace, const char *path, struct lane **lanes,
		      unsigned int nr, uint64_t span)
{
	struct xt_store_opts opts = { .subbuf_size = PAGE, .no_sync = true };
	struct xt_store *store;
	unsigned int r, i;

	if (xt_store_create(&store, path, &opts, &err) < 0)
		die(path);
	put_texts(store, trace);
	for (r = 0; r < o.repeats; r++) {
		for (i = 0; i < nr; i++) {
			append(store, lanes[i], o.cpus ? i : trace->lanes[i].cpu);
			shift(lanes[i], step(span, r));
		}
	}
	if (xt_store_finish(store, &err) < 0)
		die(path);
	xt_store_destroy(store);
}

/* ---- a trace.dat of version 6 ---- */

static void out(FILE *to, const void *data, size_t len)
{
	if (len && fwrite(data, len, 1, to) != 1)
		die("cannot write");
}

static void out_num(FILE *to, uint64_t v, size_t size)
{
	out(to, &v, size);
}

static void out_text(FILE *to, const struct xt_text *text, size_t size)
{
	out_num(to, text->len, size);
	out(to, text->data, text->len);
}

static unsigned int count_of(const struct xt_trace *trace, const char *system)
{
	unsigned int nr = 0;
	size_t i;

	for (i = 0; i < trace->nr_formats; i++)
		nr += strcmp(trace->formats[i].system, system) == 0;
	return nr;
}

static void out_system(FILE *to, const struct xt_trace *trace, const char *system)
{
	size_t i;

	out_num(to, count_of(trace, system), 4);
	for (i = 0; i < trace->nr_formats; i++) {
		if (strcmp(trace->formats[i].system, system) == 0)
			out_text(to, &trace->formats[i].text, 8);
	}
}

/* Is it the first format of its system? */
static bool begins(const struct xt_trace *trace, size_t i)
{
	size_t k;

	for (k = 0; k < i && strcmp(trace->formats[k].system, trace->formats[i].system); k++)
		;
	return k == i && strcmp(trace->formats[i].system, "ftrace");
}

static void out_formats(FILE *to, const struct xt_trace *trace)
{
	unsigned int systems = 0;
	size_t i;

	out_system(to, trace, "ftrace");
	for (i = 0; i < trace->nr_formats; i++)
		systems += begins(trace, i);
	out_num(to, systems, 4);
	for (i = 0; i < trace->nr_formats; i++) {
		if (!begins(trace, i))
			continue;
		out(to, trace->formats[i].system, strlen(trace->formats[i].system) + 1);
		out_system(to, trace, trace->formats[i].system);
	}
}

static void out_head(FILE *to, const struct xt_trace *trace, unsigned int nr)
{
	static const char magic[] = "\x17\x08\x44tracing6", event[] = "# compressed entry header\n";
	struct xt_text about = { .data = (char *)event, .len = sizeof(event) - 1 };
	struct xt_text kallsyms = { 0 };

	out(to, magic, sizeof(magic));
	out_num(to, 0 | 8 << 8, 2);
	out_num(to, PAGE, 4);
	out(to, "header_page", 12);
	out_text(to, &trace->header_page, 8);
	out(to, "header_event", 13);
	out_text(to, &about, 8);
	out_formats(to, trace);
	trace->backend->kallsyms(trace, &kallsyms, NULL);
	out_text(to, &kallsyms, 4);
	xt_text_finish(&kallsyms);
	out_text(to, &trace->printk, 4);
	out_text(to, &trace->cmdlines, 8);
	out_num(to, nr, 4);
	out(to, "options  ", 10);
	out_num(to, 0, 2);
	out(to, "flyrecord", 10);
}

static void write_dat(const struct xt_trace *trace, const char *path, struct lane **lanes,
		      unsigned int nr, uint64_t span)
{
	FILE *to = fopen(path, "w");
	unsigned int i, r;
	uint64_t at, begun;

	if (!to)
		die(path);
	out_head(to, trace, nr);
	at = ((uint64_t)ftello(to) + 16ull * nr + PAGE - 1) / PAGE * PAGE;
	for (i = 0; i < nr; i++) {
		out_num(to, at, 8);
		out_num(to, lanes[i]->pages.len * o.repeats, 8);
		at += lanes[i]->pages.len * o.repeats;
	}
	while (ftello(to) % PAGE)
		out_num(to, 0, 1);
	for (i = 0; i < nr; i++) {
		for (r = 0, begun = 0; r < o.repeats; r++) {
			out(to, lanes[i]->pages.data, lanes[i]->pages.len);
			shift(lanes[i], step(span, r));
			begun += step(span, r);
		}
		shift(lanes[i], -begun);
	}
	if (fclose(to) != 0)
		die(path);
}

/* ---- the program ---- */

/* Member @m has every ->members'th lane. */
static void write_member(const struct xt_trace *trace, const char *path, struct lane *all,
			 unsigned int m, unsigned int cpus, uint64_t span)
{
	struct lane **lanes = calloc(cpus + 1, sizeof(struct lane *));
	char name[4096];
	unsigned int i;

	for (i = 0; i < cpus; i++)
		lanes[i] = &all[i * o.members + m];
	snprintf(name, sizeof(name), o.members > 1 ? "%s.%u" : "%s", path, m);
	if (o.dat)
		write_dat(trace, name, lanes, cpus, span);
	else
		write_dir(trace, name, lanes, cpus, span);
	free(lanes);
}

static int parse(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "m:c:b:n:r:s:d")) != -1) {
		switch (c) {
		case 'm': o.members = (unsigned int)strtoul(optarg, NULL, 0); break;
		case 'c': o.cpus = (unsigned int)strtoul(optarg, NULL, 0); break;
		case 'b': o.burst = (unsigned int)strtoul(optarg, NULL, 0); break;
		case 'n': o.events = strtoull(optarg, NULL, 0); break;
		case 'r': o.repeats = (unsigned int)strtoul(optarg, NULL, 0); break;
		case 's': o.step = strtoull(optarg, NULL, 0); break;
		case 'd': o.dat = true; break;
		default: return -1;
		}
	}
	if (argc - optind != 2 || !o.members || !o.burst || (o.members > 1 && !o.cpus))
		return -1;
	return optind;
}

int main(int argc, char **argv)
{
	unsigned int i, m, cpus;
	struct xt_trace *trace;
	struct lane *lanes;
	uint64_t span;
	int at;

	at = parse(argc, argv);
	if (at < 0) {
		fprintf(stderr, "usage: deal-trace [-m MEMBERS] [-c CPUS] [-b BURST] [-n EVENTS] "
			"[-r REPEATS] [-s STEP_NS] [-d] TRACE OUT\n");
		return 2;
	}
	if (xt_trace_open(&trace, argv[at], &err) < 0)
		die("cannot open");
	cpus = o.cpus ? o.cpus : trace->nr_lanes;
	lanes = calloc((size_t)cpus * o.members, sizeof(*lanes));
	if (!lanes)
		die("no memory");
	span = deal(trace, lanes, cpus * o.members);
	if (o.step && o.step < span && o.repeats > 1)
		die("STEP_NS is less than the length of the trace");
	for (m = 0; m < o.members; m++)
		write_member(trace, argv[at + 1], lanes, m, cpus, span);
	for (i = 0; i < cpus * o.members; i++)
		rt_buf_finish(&lanes[i].pages);
	free(lanes);
	xt_trace_destroy(trace);
	return 0;
}
