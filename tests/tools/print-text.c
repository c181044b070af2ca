/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * print-text.c - the texts of a trace's events, without the lines' prefixes
 *
 * usage: print-text [-R] [-b] TRACE
 * One line an event, "CPU NAME: text", in the order of trace-cmd report; with -b
 * nothing but the time an event of each kind takes to format, in one thread.
 */
#include "xtrace/xtrace.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/err.h"

struct lane {
	struct xt_pages *pages;
	size_t chunk;
	uint32_t page;
	struct xt_cursor cursor;
	struct xt_rec rec;
	bool more;
};

static struct xt_trace *trace;
static struct lane *lanes;
static unsigned int nr_lanes;
static struct rt_err err;

static void die(void)
{
	fprintf(stderr, "print-text: %s\n", err.text);
	exit(1);
}

static bool next_page(struct lane *l, unsigned int nr)
{
	if (!l->pages || ++l->page >= l->pages->nr) {
		xt_pages_put(l->pages);
		l->pages = NULL;
		if (l->chunk >= xt_trace_lane(trace, nr)->nr_chunks)
			return false;
		if (xt_lane_load(trace, nr, l->chunk++, 1, &l->pages, &err) < 0)
			die();
		l->page = 0;
	}
	xt_cursor_start(&l->cursor, l->pages->base + (size_t)l->page * l->pages->page_size,
			l->pages->page_size, (uint16_t)nr);
	return true;
}

static void advance(unsigned int nr)
{
	struct lane *l = &lanes[nr];

	l->more = true;
	for (;;) {
		if (l->pages && xt_cursor_next(&l->cursor, &l->rec)) {
			if (!(l->rec.flags & XT_REC_LOST))
				return;
			continue;
		}
		if (!next_page(l, nr))
			break;
	}
	l->more = false;
}

static struct lane *first(void)
{
	struct lane *best = NULL;
	unsigned int i;

	for (i = 0; i < nr_lanes; i++)
		if (lanes[i].more && (!best || lanes[i].rec.ts < best->rec.ts))
			best = &lanes[i];
	return best;
}

static void print(struct xt_printer *printer, struct xt_pen *pen, bool raw)
{
	static char text[1 << 22];
	static uint8_t data[1 << 16];	/* stays when the lane goes on to its next pages */
	struct lane *l, *next;
	const struct xt_event *event;
	const struct xt_rec *leaf;
	struct xt_rec rec;
	char *end;

	while ((l = first())) {
		rec = l->rec;
		memcpy(data, rec.data, rec.size);
		rec.data = data;
		advance((unsigned int)(l - lanes));
		leaf = NULL;
		next = first();
		if (!raw && xt_rec_type(&rec) == xt_printer_graph_entry(printer) && next &&
		    xt_printer_is_leaf(printer, &rec, &next->rec))
			leaf = &next->rec;
		end = xt_pen_event(pen, &rec, raw, leaf, text, text + sizeof(text));
		event = xt_trace_event(trace, xt_rec_type(&rec));
		printf("%03u %s: %.*s\n", xt_trace_lane(trace, rec.lane)->cpu,
		       event ? event->name : "(NULL)", end ? (int)(end - text) : 4,
		       end ? text : "LONG");
		if (leaf)
			advance((unsigned int)(next - lanes));
	}
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

#define BATCH 65536

/* Formats @n records some times over.  Return: nanoseconds of the best round. */
static double time_batch(struct xt_pen *pen, const struct xt_rec *rec, size_t n)
{
	static char text[1 << 20];
	double best = 1e18, t;
	char *p;
	size_t i;
	int round;

	for (round = 0; round < 7; round++) {
		t = now();
		for (i = 0, p = text; i < n; i++) {
			p = xt_pen_event(pen, &rec[i], false, NULL, p, text + sizeof(text));
			if (!p || p > text + sizeof(text) / 2)
				p = text;
		}
		t = now() - t;
		if (t < best)
			best = t;
	}
	return best;
}

struct batch {
	struct xt_rec *rec;
	size_t nr, seen;
};

static void keep(struct batch *batch, const struct xt_rec *rec)
{
	uint8_t *copy = malloc(rec->size);

	if (!batch->rec)
		batch->rec = calloc(BATCH, sizeof(*rec));
	memcpy(copy, rec->data, rec->size);
	batch->rec[batch->nr] = *rec;
	batch->rec[batch->nr++].data = copy;
}

static void bench(struct xt_pen *pen)
{
	unsigned int max = xt_trace_max_event_id(trace), id;
	struct batch *kind = calloc(max, sizeof(*kind)), all = { 0 };
	struct lane *l;

	while ((l = first())) {
		id = xt_rec_type(&l->rec);
		if (id < max && kind[id].seen++ % 7 == 0 && kind[id].nr < BATCH)
			keep(&kind[id], &l->rec);
		if (all.seen++ > 1000000 && all.nr < BATCH)
			keep(&all, &l->rec);
		advance((unsigned int)(l - lanes));
	}
	for (id = 0; id < max; id++)
		if (kind[id].nr)
			printf("%8.1f ns %10zu %s\n",
			       time_batch(pen, kind[id].rec, kind[id].nr) / (double)kind[id].nr,
			       kind[id].seen, xt_trace_event(trace, id)->name);
	printf("%8.1f ns %10zu of the trace in its order\n",
	       time_batch(pen, all.rec, all.nr) / (double)all.nr, all.seen);
}

int main(int argc, char **argv)
{
	struct xt_printer *printer;
	bool raw = false, timing = false;
	struct xt_pen *pen;
	unsigned int i;

	for (; argc > 2; argc--, argv++) {
		raw |= !strcmp(argv[1], "-R");
		timing |= !strcmp(argv[1], "-b");
	}
	if (argc != 2) {
		fprintf(stderr, "usage: print-text [-R] [-b] TRACE\n");
		return 2;
	}
	if (xt_trace_open(&trace, argv[1], &err) < 0 ||
	    xt_printer_create(&printer, trace, &err) < 0 || xt_pen_create(&pen, printer) < 0)
		die();
	nr_lanes = xt_trace_nr_lanes(trace);
	lanes = calloc(nr_lanes, sizeof(*lanes));
	for (i = 0; i < nr_lanes; i++)
		advance(i);
	if (timing)
		bench(pen);
	else
		print(printer, pen, raw);
	xt_pen_destroy(pen);
	xt_printer_destroy(printer);
	return 0;
}
