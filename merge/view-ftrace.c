/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ftrace.c - the text of trace-cmd report, byte for byte
 *
 * What stands in front of an event's own text is made here, by the rules that
 * doc/man/xtrace-view.1 names; the text itself is the printer's (xtrace/xtrace.h).
 */
#include "merge/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "merge/put.h"

#define NS 1000000000ull
#define NAME_WIDTH 20
#define BLANKS "                    "

struct lane_prefix {
	char *source;		/* "file: " in front of every line, or ""; owned */
	char cpu[16];		/* "[003] " or, where no seconds are shown, "[003]" */
	uint16_t source_len, cpu_len, member, lane;
	uint16_t ring;		/* lanes with the same number are the CPUs of one buffer */
	bool seconds;		/* the clock counts nanoseconds */
};

struct ftrace {
	struct xt_printer **printers;	/* by member */
	struct xt_pen **pens;		/* by worker, then member; made at their first use */
	struct lane_prefix *lanes;
	struct xt_guest_cpu *guests;	/* threads of the first file's host, by thread */
	size_t nr_guests;
	unsigned int nr_lanes, serial;	/* serial: the worker's number of ->observe */
	size_t nr_pens;
	bool sources;		/* lines begin with their source's name */
};

/* The second printed last, as text: "%5llu." */
struct seconds {
	uint64_t second;
	char text[24];
	unsigned int len;
};

/* ---- preparing ---- */

/* Clocks whose values trace-cmd report prints as seconds. */
static bool clock_has_seconds(const struct xt_timebase *time)
{
	static const char *const clocks[] = {
		"local", "global", "uptime", "perf", "tsc2nsec", "tai",
	};
	unsigned int i;

	if (time->convert || strncmp(time->clock, "mono", 4) == 0 || time->clock[0] == '\0')
		return true;
	for (i = 0; i < sizeof(clocks) / sizeof(*clocks); i++) {
		if (strcmp(time->clock, clocks[i]) == 0)
			return true;
	}
	return false;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* What stands for a lane's source: the file among several, or the buffer. */
static const char *source_name(const struct mrg_view *view, const struct mrg_stream_lane *lane)
{
	if (lane->info->buffer[0])
		return lane->info->buffer;
	return view->set->nr > 1 ? base_name(lane->member->path) : "";
}

/* Also those that recorded nothing, or are not shown. */
static bool has_sources(const struct mrg_view *view, int *ret_width)
{
	const struct mrg_set *set = view->set;
	const struct xt_trace *trace;
	bool any = set->nr > 1;
	size_t width = 0, len, m;
	unsigned int l;

	for (m = 0; m < set->nr; m++) {
		len = set->nr > 1 ? strlen(base_name(set->members[m].path)) : 0;
		width = len > width ? len : width;
		trace = set->members[m].trace;
		for (l = 0; l < xt_trace_nr_lanes(trace); l++) {
			len = strlen(xt_trace_lane(trace, l)->buffer);
			width = len > width ? len : width;
			any |= len > 0;
		}
	}
	*ret_width = (int)width;
	return any;
}

/* The lane's buffer, which is named by its first lane. */
static uint16_t ring_of(const struct mrg_view *view, unsigned int i)
{
	const struct mrg_stream_lane *lane = mrg_stream_lane(view->stream, i), *other;
	unsigned int j;

	for (j = 0; j < i; j++) {
		other = mrg_stream_lane(view->stream, j);
		if (other->member == lane->member &&
		    !strcmp(other->info->buffer, lane->info->buffer))
			break;
	}
	return (uint16_t)j;
}

static int prepare_lane(struct mrg_view *view, struct lane_prefix *to, unsigned int i,
			bool sources, int width)
{
	const struct mrg_stream_lane *lane = mrg_stream_lane(view->stream, i);
	const char *name = source_name(view, lane);
	int n = 0;

	if (!sources)
		to->source = strdup("");
	else
		n = asprintf(&to->source, "%*s%s", width, name, *name ? ": " : "  ");
	if (n < 0 || !to->source)
		return -ENOMEM;
	to->source_len = (uint16_t)strlen(to->source);
	to->member = lane->member_index;
	to->lane = lane->lane;
	to->ring = ring_of(view, i);
	to->seconds = clock_has_seconds(&xt_trace_info(lane->member->trace)->time);
	n = snprintf(to->cpu, sizeof(to->cpu), "[%03u]%s", lane->info->cpu,
		     to->seconds ? " " : "");
	to->cpu_len = (uint16_t)n;
	return 0;
}

static void stop(struct mrg_view *view)
{
	struct ftrace *own = view->own;
	unsigned int i;
	size_t m;

	if (!own)
		return;
	for (m = 0; own->pens && m < own->nr_pens; m++)
		xt_pen_destroy(own->pens[m]);
	free(own->pens);
	for (m = view->set->nr; own->printers && m-- > 0;)
		xt_printer_destroy(own->printers[m]);
	for (i = 0; own->lanes && i < own->nr_lanes; i++)
		free(own->lanes[i].source);
	free(own->printers);
	free(own->guests);
	free(own->lanes);
	free(own);
	view->own = NULL;
}

/* Times within texts are all written as the last file's clock asks for. */
static enum xt_time_style time_style(const struct mrg_view *view)
{
	const struct mrg_member *last = &view->set->members[view->set->nr - 1];

	if (!clock_has_seconds(&xt_trace_info(last->trace)->time))
		return XT_TIME_PLAIN;
	return view->opts->nano ? XT_TIME_NANO : XT_TIME_MICRO;
}

static int compare_tid(const void *a, const void *b)
{
	const struct xt_guest_cpu *x = a, *y = b;

	return x->tid < y->tid ? -1 : x->tid > y->tid;
}

static const struct xt_trace *trace_by_id(const struct mrg_set *set, uint64_t id)
{
	size_t m;

	for (m = 1; m < set->nr && id; m++) {
		if (xt_trace_info(set->members[m].trace)->trace_id == id)
			return set->members[m].trace;
	}
	return NULL;
}

/* The first file may know the others as its guests'. */
static int find_guests(const struct mrg_view *view, struct ftrace *own)
{
	const struct xt_info *host = xt_trace_info(view->set->members[0].trace);
	struct xt_guest_cpu *cpu;
	size_t i;

	own->guests = calloc(host->nr_vcpus + 1, sizeof(*own->guests));
	if (!own->guests)
		return -ENOMEM;
	for (i = 0; i < host->nr_vcpus; i++) {
		cpu = &own->guests[own->nr_guests];
		cpu->tid = host->vcpus[i].tid;
		cpu->trace = trace_by_id(view->set, host->vcpus[i].trace_id);
		own->nr_guests += cpu->trace != NULL;
	}
	qsort(own->guests, own->nr_guests, sizeof(*own->guests), compare_tid);
	return 0;
}

static int open_printers(struct mrg_view *view, struct rt_err *err)
{
	struct ftrace *own = calloc(1, sizeof(*own));
	int rc = 0;
	size_t m;

	if (!own)
		return rt_err_set(err, -ENOMEM, "cannot print events");
	view->own = own;
	own->printers = calloc(view->set->nr + 1, sizeof(struct xt_printer *));
	if (!own->printers || find_guests(view, own) < 0)
		return rt_err_set(err, -ENOMEM, "cannot print events");
	for (m = 0; m < view->set->nr && rc == 0; m++) {
		rc = xt_printer_create(&own->printers[m], view->set->members[m].trace, err);
		if (rc < 0)
			break;
		xt_printer_follow(own->printers[m], own->printers[0]);
		xt_printer_times(own->printers[m], time_style(view));
		xt_printer_guests(own->printers[m], own->guests, own->nr_guests);
	}
	return rc;
}

static int start(struct mrg_view *view, struct rt_err *err)
{
	unsigned int i, nr = mrg_stream_nr_lanes(view->stream);
	struct ftrace *own = view->own;
	int rc = 0, width;

	own->nr_lanes = nr;
	own->serial = mrg_stream_threads(view->stream);
	own->nr_pens = (own->serial + 1) * view->set->nr;
	own->pens = calloc(own->nr_pens + 1, sizeof(struct xt_pen *));
	own->lanes = calloc(nr + 1, sizeof(*own->lanes));
	if (!own->lanes || !own->pens)
		return rt_err_set(err, -ENOMEM, "cannot show %u lanes", nr);
	own->sources = has_sources(view, &width);
	for (i = 0; i < nr && rc == 0; i++)
		rc = prepare_lane(view, &own->lanes[i], i, own->sources, width);
	return rc;
}

/* The names of buffers count for the width behind their own file's line only. */
static void head(struct mrg_view *view, struct rt_buf *out)
{
	const struct mrg_set *set = view->set;
	const struct xt_trace *trace;
	int width = 0, len;
	unsigned int l;
	size_t m;

	for (m = 0; set->nr > 1 && m < set->nr; m++) {
		len = (int)strlen(base_name(set->members[m].path));
		width = len > width ? len : width;
	}
	for (m = 0; m < set->nr; m++) {
		trace = set->members[m].trace;
		if (set->nr > 1)
			rt_buf_printf(out, "%*s: ", width, base_name(set->members[m].path));
		rt_buf_printf(out, "cpus=%u\n", xt_trace_info(trace)->nr_cpus);
		for (l = 0; l < xt_trace_nr_lanes(trace); l++) {
			len = (int)strlen(xt_trace_lane(trace, l)->buffer);
			width = len > width ? len : width;
		}
	}
}

/* ---- a line ---- */

static inline char *put_second(char *p, struct seconds *last, uint64_t second)
{
	if (second != last->second || last->len == 0) {
		last->second = second;
		last->len = (unsigned int)snprintf(last->text, sizeof(last->text), "%5llu.",
						   (unsigned long long)second);
	}
	return mrg_put_mem(p, last->text, last->len);
}

static char *put_six(char *p, uint32_t us)
{
	p = mrg_put_pair(p, us / 10000);
	p = mrg_put_pair(p, us / 100 % 100);
	return mrg_put_pair(p, us % 100);
}

static inline char *put_time(const struct mrg_view *view, char *p, struct seconds *last,
			     const struct lane_prefix *lane, uint64_t time)
{
	uint64_t us;

	if (!lane->seconds)
		return p + sprintf(p, "%12llu: ", (unsigned long long)time);
	if (view->opts->nano) {
		p = put_second(p, last, time / NS);
		p = mrg_put_nine(p, (uint32_t)(time % NS));
	} else {
		us = (time + 500) / 1000;
		p = put_second(p, last, us / 1000000);
		p = put_six(p, (uint32_t)(us % 1000000));
	}
	return mrg_put_mem(p, ": ", 2);
}

static void put_lost(const struct mrg_view *view, const struct mrg_item *item,
		     struct lane_prefix *lane, struct rt_buf *out)
{
	unsigned int cpu = mrg_stream_lane(view->stream, item->lane)->info->cpu;
	uint64_t nr;

	rt_buf_add(out, lane->source, lane->source_len);
	if (!item->data) {
		rt_buf_printf(out, "CPU:%u [EVENTS DROPPED]\n", cpu);
		return;
	}
	memcpy(&nr, item->data, sizeof(nr));
	rt_buf_printf(out, "CPU:%u [%lld EVENTS DROPPED]\n", cpu, (long long)nr);
}

static char *put_name(char *p, const struct xt_event *event)
{
	const char *name = event ? event->name : "(NULL)";
	size_t len = strlen(name);

	p = mrg_put_mem(mrg_put_mem(p, name, len), ": ", 2);
	if (len < NAME_WIDTH)
		p = mrg_put_mem(p, BLANKS, NAME_WIDTH - len);
	return p;
}

/* The pen of this worker for a member; NULL without memory. */
static struct xt_pen *pen_of(const struct mrg_view *view, unsigned int worker, uint16_t member)
{
	const struct ftrace *own = view->own;
	struct xt_pen **pen = &own->pens[worker * view->set->nr + member];

	if (!*pen && xt_pen_create(pen, own->printers[member]) < 0)
		return NULL;
	return *pen;
}

/* ---- what only one thread may do, in order ---- */

static bool is_ordered(const struct mrg_view *view, uint16_t member, unsigned int id)
{
	const struct ftrace *own = view->own;

	return xt_printer_is_ordered(own->printers[member], id, view->opts->plain);
}

static bool is_graph_entry(const struct mrg_view *view, uint16_t member, unsigned int id)
{
	const struct ftrace *own = view->own;

	return !view->opts->plain && (int)id == xt_printer_graph_entry(own->printers[member]);
}

static bool marks(const struct mrg_view *view, uint16_t member, unsigned int id)
{
	return is_graph_entry(view, member, id) || is_ordered(view, member, id);
}

/* The next item of the same buffer that has a line; ->nr when there is none. */
static uint32_t next_shown(const struct ftrace *own, const struct mrg_window *window, uint32_t i)
{
	const struct mrg_item *item = &window->items[i];
	uint16_t ring = own->lanes[item->lane].ring;

	while (++i < window->nr && (window->items[i].flags & MRG_ITEM_HIDDEN ||
				    own->lanes[window->items[i].lane].ring != ring))
		;
	return i;
}

/* Where the entry's return may still come: what follows it is shown later. */
static void wait_for_leaf(struct mrg_window *window, uint32_t i)
{
	if (!window->final && i >= window->carried && window->nr - i <= MRG_MAX_CARRY)
		window->carry = window->nr - i;
}

/*
 * A call whose return is the buffer's next record is one line with it; a mark that
 * events were lost between them has none then.
 */
static void join_leaf(struct mrg_view *view, struct mrg_window *window, uint32_t i)
{
	const struct ftrace *own = view->own;
	const struct lane_prefix *lane = &own->lanes[window->items[i].lane], *other;
	uint32_t next = next_shown(own, window, i), mark = next;
	struct xt_rec rec, leaf;

	if (next < window->nr && window->items[next].flags & MRG_ITEM_LOST)
		next++;
	if (next == window->nr) {
		wait_for_leaf(window, i);
		return;
	}
	other = &own->lanes[window->items[next].lane];
	if (other->ring != lane->ring || window->items[next].flags & MRG_ITEM_LOST)
		return;
	rec = mrg_item_rec(&window->items[i], lane->lane);
	leaf = mrg_item_rec(&window->items[next], other->lane);
	if (!xt_printer_is_leaf(own->printers[lane->member], &rec, &leaf))
		return;
	window->items[i].flags |= MRG_ITEM_REPLACED;
	window->items[mark].flags |= MRG_ITEM_HIDDEN;
	window->items[next].flags |= MRG_ITEM_HIDDEN | MRG_ITEM_LEAF;
}

static const struct xt_rec *find_leaf(const struct mrg_view *view,
				      const struct mrg_window *window, uint32_t i,
				      struct xt_rec *ret)
{
	const struct ftrace *own = view->own;
	uint16_t ring = own->lanes[window->items[i].lane].ring;

	if (!(window->items[i].flags & MRG_ITEM_REPLACED))
		return NULL;
	while (++i < window->nr && (!(window->items[i].flags & MRG_ITEM_LEAF) ||
				    own->lanes[window->items[i].lane].ring != ring))
		;
	if (i == window->nr)
		return NULL;
	*ret = mrg_item_rec(&window->items[i], own->lanes[window->items[i].lane].lane);
	return ret;
}

/* The text of an event that depends on what was printed before it. */
static int print_now(struct mrg_view *view, struct mrg_window *window, uint32_t i)
{
	const struct ftrace *own = view->own;
	const struct mrg_item *item = &window->items[i];
	const struct lane_prefix *lane = &own->lanes[item->lane];
	struct xt_pen *pen = pen_of(view, own->serial, lane->member);
	struct xt_rec rec = mrg_item_rec(item, lane->lane), leaf;
	struct rt_buf text = { 0 };

	if (!pen)
		return -ENOMEM;
	xt_pen_append(pen, &rec, view->opts->plain, find_leaf(view, window, i, &leaf), &text);
	if (!text.failed)
		mrg_note_add(window, i, "", false, text.data, text.len);
	rt_buf_finish(&text);
	return text.failed ? -ENOMEM : 0;
}

/* A lost mark's record follows it and leaves the source's name to it: they stay together. */
static void keep_lost(const struct ftrace *own, struct mrg_window *window)
{
	const struct mrg_item *last = &window->items[window->nr - 1];

	if (own->sources && window->nr > window->carried && !window->final &&
	    window->carry == 0 && last->flags & MRG_ITEM_LOST)
		window->carry = 1;
}

static int observe(struct mrg_view *view, struct mrg_window *window)
{
	const struct ftrace *own = view->own;
	uint32_t m, i;
	uint16_t member;
	int rc = 0;

	for (m = 0; m < window->nr_marked && rc == 0 && window->carry == 0; m++) {
		i = window->marked[m];
		member = own->lanes[window->items[i].lane].member;
		if (window->items[i].flags & (MRG_ITEM_HIDDEN | MRG_ITEM_LOST))
			continue;
		if (is_graph_entry(view, member, mrg_item_id(&window->items[i])))
			join_leaf(view, window, i);
		if (window->carry == 0 && is_ordered(view, member, mrg_item_id(&window->items[i])))
			rc = print_now(view, window, i);
	}
	if (window->nr > 0)
		keep_lost(own, window);
	return window->notes.failed ? -ENOMEM : rc;
}

/* ---- a record ---- */

/* @p: behind the prefix, with XT_PEN_ROOM bytes behind it. */
static void put_text(struct xt_pen *pen, const struct xt_rec *rec, bool plain,
		     const struct xt_rec *leaf, char *p, struct rt_buf *out)
{
	char *end = xt_pen_event(pen, rec, plain, leaf, p, p + XT_PEN_ROOM);

	if (end) {
		*end++ = '\n';
		out->len = (size_t)(end - out->data);
		return;
	}
	out->len = (size_t)(p - out->data);
	xt_pen_append(pen, rec, plain, leaf, out);
	rt_buf_add(out, "\n", 1);
}

static void put_note(const struct mrg_note *note, char *p, struct rt_buf *out)
{
	out->len = (size_t)(p - out->data);
	rt_buf_add(out, note->text, note->args_len);
	rt_buf_add(out, "\n", 1);
}

static void put_record(struct mrg_view *view, struct mrg_window *window, uint32_t i,
		       struct seconds *last, size_t *notes)
{
	const struct ftrace *own = view->own;
	const struct mrg_item *item = &window->items[i];
	const struct lane_prefix *lane = &own->lanes[item->lane];
	struct xt_pen *pen = pen_of(view, window->worker, lane->member);
	struct xt_rec rec = mrg_item_rec(item, lane->lane), leaf;
	const struct mrg_note *note = NULL;
	struct rt_buf *out = &window->out;
	const struct xt_event *event;
	const struct mrg_name *name;
	char *p;

	name = mrg_names_get(view->names, lane->member, mrg_item_pid(item), window->first + i);
	event = xt_trace_event(view->set->members[lane->member].trace, mrg_item_id(item));
	p = rt_buf_reserve(out, XT_PEN_ROOM + 128u + lane->source_len + name->head_len +
			   (event ? strlen(event->name) : 0));
	if (!p || !pen) {
		out->failed = true;
		return;
	}
	if (i == 0 || !(item[-1].flags & MRG_ITEM_LOST) || item[-1].lane != item->lane)
		p = mrg_put_mem(p, lane->source, lane->source_len);
	p = mrg_put_mem(p, name->head, name->head_len);
	p = mrg_put_mem(p, lane->cpu, lane->cpu_len);
	p = put_time(view, p, last, lane, item->time);
	p = put_name(p, event);
	if (item->flags & MRG_ITEM_NOTED)
		note = mrg_note_next(window, i, notes);
	if (note)
		put_note(note, p, out);
	else
		put_text(pen, &rec, view->opts->plain, find_leaf(view, window, i, &leaf), p, out);
}

static void window_ftrace(struct mrg_view *view, struct mrg_window *window)
{
	const struct ftrace *own = view->own;
	struct seconds last = { 0 };
	const struct mrg_item *item;
	size_t notes = 0;
	uint32_t i;

	for (i = 0; i < window->nr; i++) {
		item = &window->items[i];
		if (item->flags & MRG_ITEM_HIDDEN)
			continue;
		if (item->flags & MRG_ITEM_LOST)
			put_lost(view, item, &own->lanes[item->lane], &window->out);
		else
			put_record(view, window, i, &last, &notes);
	}
}

const struct mrg_format mrg_format_ftrace = {
	.name = "ftrace",
	.names = true,
	.open = open_printers,
	.start = start,
	.stop = stop,
	.marks = marks,
	.observe = observe,
	.head = head,
	.window = window_ftrace,
};
