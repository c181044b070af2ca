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

#define MS_PER_SECOND 1000u
#define NS_PER_MS 1000000u
#define NAME_WIDTH 20
#define BEGIN_MAX 42	/* bytes that stand ready: with what goes with them, a cache line */

struct lane_prefix {
	char *source;		/* "file: " in front of every line, or ""; owned */
	char cpu[16];		/* "[003] " or, where no seconds are shown, "[003]" */
	const struct xt_trace *trace;
	uint16_t source_len, cpu_len, member, lane;
	uint16_t ring;		/* lanes with the same number are the CPUs of one buffer */
	bool seconds;		/* the clock counts nanoseconds */
};

struct ftrace {
	struct xt_printer **printers;	/* by member */
	struct hand *hands;		/* by worker */
	struct lane_prefix *lanes;
	struct xt_guest_cpu *guests;	/* threads of the first file's host, by thread */
	size_t nr_guests;
	unsigned int nr_lanes, serial;	/* serial: the number of ->observe's hand, the last one */
	bool sources;		/* lines begin with their source's name */
};

/* What stands in front of the time in a lane's lines, as long as its task stays. */
struct begin {
	int pid;
	uint16_t len;		/* 0: nothing is ready */
	char text[BEGIN_MAX + 16];
};

/* "NAME: " and blanks. */
struct title {
	uint32_t len;
	bool unknown;		/* of events without a format */
	char text[];		/* 16 bytes more can be read */
};

/* What a worker has for one member, made at its first use. */
struct tools {
	struct xt_pen *pen;	/* owned */
	struct title **titles;	/* by id, the last one for unknown ids; owned, and each */
	unsigned int nr_titles;
};

/* One worker's: what its lines have in common stands ready as text. */
struct hand {
	struct begin *begins;	/* by lane; owned */
	struct tools *tools;	/* by member; owned */
	uint64_t base;		/* ns: when the millisecond printed last began */
	uint64_t second;
	uint32_t clock_len;	/* 0: nothing is printed yet */
	char clock[48];		/* "%5llu.%03u" of ->base */
};

/* ---- preparing ---- */

/* Clocks whose values trace-cmd report prints as seconds: those of rings it does not heed. */
static bool clock_has_seconds(const struct xt_timebase *time)
{
	static const char *const clocks[] = {
		"local", "global", "uptime", "perf", "tsc2nsec", "tai",
	};
	unsigned int i;

	if (time->convert || time->unnoted || strncmp(time->clock, "mono", 4) == 0 ||
	    time->clock[0] == '\0')
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
	to->trace = lane->member->trace;
	to->member = lane->member_index;
	to->lane = lane->lane;
	to->ring = ring_of(view, i);
	to->seconds = clock_has_seconds(&xt_trace_info(lane->member->trace)->time);
	n = snprintf(to->cpu, sizeof(to->cpu), "[%03u]%s", lane->info->cpu,
		     to->seconds ? " " : "");
	to->cpu_len = (uint16_t)n;
	return 0;
}

static void hand_finish(const struct mrg_view *view, struct hand *hand)
{
	struct tools *tools;
	unsigned int id;
	size_t m;

	for (m = 0; hand->tools && m < view->set->nr; m++) {
		tools = &hand->tools[m];
		xt_pen_destroy(tools->pen);
		for (id = 0; id < tools->nr_titles; id++)
			free(tools->titles[id]);
		free(tools->titles);
	}
	free(hand->tools);
	free(hand->begins);
}

static int hand_init(const struct mrg_view *view, struct hand *hand, unsigned int nr_lanes)
{
	hand->begins = calloc(nr_lanes + 1, sizeof(*hand->begins));
	hand->tools = calloc(view->set->nr + 1, sizeof(*hand->tools));
	return hand->begins && hand->tools ? 0 : -ENOMEM;
}

static void stop(struct mrg_view *view)
{
	struct ftrace *own = view->own;
	unsigned int i;
	size_t m;

	if (!own)
		return;
	for (i = 0; own->hands && i <= own->serial; i++)
		hand_finish(view, &own->hands[i]);
	free(own->hands);
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
	own->hands = calloc(own->serial + 1, sizeof(*own->hands));
	own->lanes = calloc(nr + 1, sizeof(*own->lanes));
	for (i = 0; own->hands && i <= own->serial && rc == 0; i++)
		rc = hand_init(view, &own->hands[i], nr);
	if (!own->lanes || !own->hands || rc < 0)
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

/* What a line seldom needs stays out of the loop over all of them. */
#define SELDOM __attribute__((noinline))

/* The name's text is kept for the lane once it is one that stays. */
static void keep_begin(struct begin *begin, const struct lane_prefix *lane, int pid,
		       const struct mrg_name *name)
{
	size_t len = (size_t)lane->source_len + name->head_len + lane->cpu_len;
	char *p = begin->text;

	begin->len = 0;
	if (!name->settled || len > BEGIN_MAX)
		return;
	p = mrg_put_mem(p, lane->source, lane->source_len);
	p = mrg_put_mem(p, name->head, name->head_len);
	mrg_put_mem(p, lane->cpu, lane->cpu_len);
	begin->pid = pid;
	begin->len = (uint16_t)len;
}

/* Another millisecond than before. */
static SELDOM void new_clock(struct hand *hand, uint64_t time)
{
	uint64_t ms = time / NS_PER_MS, second = ms / MS_PER_SECOND;

	if (second != hand->second || hand->clock_len == 0)
		hand->clock_len = (uint32_t)sprintf(hand->clock, "%5llu.",
						    (unsigned long long)second) + 3;
	mrg_put_three(hand->clock + hand->clock_len - 3, (uint32_t)(ms % MS_PER_SECOND));
	hand->second = second;
	hand->base = ms * NS_PER_MS;
}

static SELDOM char *put_count(char *p, uint64_t time)
{
	return p + sprintf(p, "%12llu: ", (unsigned long long)time);
}

static inline char *put_time(const struct mrg_view *view, char *p, struct hand *hand,
			     const struct lane_prefix *lane, uint64_t time)
{
	bool nano = view->opts->nano;
	uint32_t part;

	if (!lane->seconds)
		return put_count(p, time);
	time += nano ? 0 : 500;
	if (time - hand->base >= NS_PER_MS || hand->clock_len == 0)
		new_clock(hand, time);
	part = (uint32_t)(time - hand->base);
	p = rt_put_chunks(p, hand->clock, hand->clock_len);
	p = nano ? mrg_put_six(p, part) : mrg_put_three(p, part / 1000);
	return mrg_put_mem(p, ": ", 2);
}

static SELDOM void put_lost(const struct mrg_view *view, const struct mrg_item *item,
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

static struct title *title_create(const char *name)
{
	size_t len = strlen(name) + 2, width = len - 2 < NAME_WIDTH ? NAME_WIDTH + 2 : len;
	struct title *title = malloc(sizeof(*title) + width + 16);

	if (!title)
		return NULL;
	memset(title->text, ' ', width + 16);
	mrg_put_mem(mrg_put_mem(title->text, name, len - 2), ": ", 2);
	title->len = (uint32_t)width;
	return title;
}

static SELDOM int make_tools(const struct mrg_view *view, struct tools *tools, uint16_t member)
{
	const struct ftrace *own = view->own;
	unsigned int nr = xt_trace_max_event_id(view->set->members[member].trace) + 1;

	if (!tools->titles)
		tools->titles = calloc(nr, sizeof(struct title *));
	if (!tools->titles)
		return -ENOMEM;
	tools->nr_titles = nr;
	return xt_pen_create(&tools->pen, own->printers[member]);
}

/* What this hand has for a member; NULL without memory. */
static inline struct tools *tools_of(const struct mrg_view *view, struct hand *hand,
				     uint16_t member)
{
	struct tools *tools = &hand->tools[member];

	if (!tools->pen && make_tools(view, tools, member) < 0)
		return NULL;
	return tools;
}

static SELDOM const struct title *find_title(const struct xt_trace *trace,
					     struct tools *tools, unsigned int id)
{
	const struct xt_event *event = xt_trace_event(trace, id);

	if (!event)
		id = tools->nr_titles - 1;
	if (!tools->titles[id])
		tools->titles[id] = title_create(event ? event->name : "(NULL)");
	if (tools->titles[id])
		tools->titles[id]->unknown = !event;
	return tools->titles[id];
}

/* Of an event's id; NULL without memory. */
static inline const struct title *title_of(const struct xt_trace *trace, struct tools *tools,
					   unsigned int id)
{
	if (id < tools->nr_titles && tools->titles[id])
		return tools->titles[id];
	return find_title(trace, tools, id);
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

/* Behind a window that is the last one wanted nothing comes either. */
static bool goes_on(const struct mrg_window *window)
{
	return !window->final && !window->last;
}

/* Where the entry's return may still come: what follows it is shown later. */
static void wait_for_leaf(struct mrg_window *window, uint32_t i)
{
	if (goes_on(window) && i >= window->carried && window->nr - i <= MRG_MAX_CARRY)
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
	window->items[mark].flags |= MRG_ITEM_HIDDEN | MRG_ITEM_JOINED;
	window->items[next].flags |= MRG_ITEM_HIDDEN | MRG_ITEM_JOINED | MRG_ITEM_LEAF;
}

static SELDOM const struct xt_rec *find_leaf(const struct mrg_view *view,
					     const struct mrg_window *window, uint32_t i,
					     struct xt_rec *ret)
{
	const struct ftrace *own = view->own;
	uint16_t ring;

	ring = own->lanes[window->items[i].lane].ring;
	while (++i < window->nr && (!(window->items[i].flags & MRG_ITEM_LEAF) ||
				    own->lanes[window->items[i].lane].ring != ring))
		;
	if (i == window->nr)
		return NULL;
	*ret = mrg_item_rec(&window->items[i], own->lanes[window->items[i].lane].lane);
	return ret;
}

/* The record that is shown in the line of item @i, or NULL. */
static inline const struct xt_rec *leaf_of(const struct mrg_view *view,
					   const struct mrg_window *window, uint32_t i,
					   struct xt_rec *ret)
{
	return window->items[i].flags & MRG_ITEM_REPLACED ? find_leaf(view, window, i, ret) : NULL;
}

/* The text of an event that depends on what was printed before it. */
static int print_now(struct mrg_view *view, struct mrg_window *window, uint32_t i)
{
	const struct ftrace *own = view->own;
	const struct mrg_item *item = &window->items[i];
	const struct lane_prefix *lane = &own->lanes[item->lane];
	struct tools *tools = tools_of(view, &own->hands[own->serial], lane->member);
	struct xt_rec rec = mrg_item_rec(item, lane->lane), leaf;
	struct rt_buf text = { 0 };

	if (!tools)
		return -ENOMEM;
	xt_pen_append(tools->pen, &rec, view->opts->plain, leaf_of(view, window, i, &leaf),
		      &text);
	if (!text.failed)
		mrg_note_add(window, i, "", false, text.data, text.len);
	rt_buf_finish(&text);
	return text.failed ? -ENOMEM : 0;
}

/* A lost mark's record follows it and leaves the source's name to it: they stay together. */
static void keep_lost(const struct ftrace *own, struct mrg_window *window)
{
	const struct mrg_item *last = &window->items[window->nr - 1];

	if (own->sources && window->nr > window->carried && goes_on(window) &&
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

/* As rt_buf_reserve(), without a call as long as there is room. */
static inline char *reserve(struct rt_buf *buf, size_t more)
{
	if (buf->room - buf->len >= more)
		return buf->data + buf->len;
	return rt_buf_reserve(buf, more);
}

static SELDOM void put_long_text(struct xt_pen *pen, const struct xt_rec *rec, bool plain,
				 const struct xt_rec *leaf, char *p, struct rt_buf *out)
{
	out->len = (size_t)(p - out->data);
	xt_pen_append(pen, rec, plain, leaf, out);
	rt_buf_add(out, "\n", 1);
}

/* @p: behind the prefix, with XT_PEN_ROOM bytes behind it. */
static inline void put_text(struct xt_pen *pen, const struct xt_rec *rec, bool plain,
			    const struct xt_rec *leaf, char *p, struct rt_buf *out)
{
	char *end = xt_pen_event(pen, rec, plain, leaf, p, p + XT_PEN_ROOM);

	if (__builtin_expect(!end, 0)) {
		put_long_text(pen, rec, plain, leaf, p, out);
		return;
	}
	*end++ = '\n';
	out->len = (size_t)(end - out->data);
}

static SELDOM void put_note(const struct mrg_note *note, char *p, struct rt_buf *out)
{
	out->len = (size_t)(p - out->data);
	rt_buf_add(out, note->text, note->args_len);
	rt_buf_add(out, "\n", 1);
}

static SELDOM char *put_parts(char *p, const struct lane_prefix *lane,
			      const struct mrg_name *name, uint16_t skip)
{
	p = mrg_put_mem(p, lane->source + skip, (size_t)lane->source_len - skip);
	p = mrg_put_mem(p, name->head, name->head_len);
	return mrg_put_mem(p, lane->cpu, lane->cpu_len);
}

/* Until the time: kept text, or from its parts. */
static inline char *put_begin(char *p, const struct begin *begin, const struct lane_prefix *lane,
			      const struct mrg_name *name, uint16_t skip)
{
	if (begin->len)
		return rt_put_chunks(p, begin->text + skip, (uint32_t)begin->len - skip);
	return put_parts(p, lane, name, skip);
}

/* Nothing in it can be read: neither the task nor, as it goes, the time is shown. */
static SELDOM char *put_unknown(struct mrg_window *window, const struct lane_prefix *lane,
			 const struct title *title, uint16_t skip)
{
	char *p = reserve(&window->out, (size_t)XT_PEN_ROOM + lane->source_len + title->len + 64);

	if (!p)
		return NULL;
	p = mrg_put_mem(p, lane->source, (size_t)(lane->source_len - skip));
	p = mrg_put_mem(p, "[UNKNOWN EVENT][UNKNOWN EVENT] ", 31);
	return mrg_put_mem(p, title->text, title->len);
}

/* Another task than that of the lane's last line, or one without a name that stays. */
static SELDOM const struct mrg_name *begin_task(struct mrg_view *view, struct begin *begin,
						const struct lane_prefix *lane, int pid,
						uint64_t seq)
{
	const struct mrg_name *name = mrg_names_get(view->names, lane->member, pid, seq);

	keep_begin(begin, lane, pid, name);
	return name;
}

/* What stands in front of the text, with room for that; NULL without memory. */
static inline char *put_prefix(struct mrg_view *view, struct mrg_window *window, uint32_t i,
			       struct hand *hand, struct tools *tools)
{
	const struct ftrace *own = view->own;
	const struct mrg_item *item = &window->items[i];
	const struct lane_prefix *lane = &own->lanes[item->lane];
	struct begin *begin = &hand->begins[item->lane];
	const struct title *title = title_of(lane->trace, tools, mrg_item_id(item));
	const struct mrg_name *name = NULL;
	int pid = mrg_item_pid(item);
	size_t room = XT_PEN_ROOM + BEGIN_MAX + 64;
	uint16_t skip = 0;
	char *p;

	if (!title)
		return NULL;
	if (own->sources && i > 0 && item[-1].lane == item->lane &&
	    (item[-1].flags & (MRG_ITEM_LOST | MRG_ITEM_HIDDEN)) == MRG_ITEM_LOST)
		skip = lane->source_len;	/* it stands in front of the mark */
	if (__builtin_expect(title->unknown, 0))
		return put_unknown(window, lane, title, skip);
	if (begin->len == 0 || begin->pid != pid) {
		name = begin_task(view, begin, lane, pid, window->first + i);
		room += (size_t)lane->source_len + name->head_len;
	}
	p = reserve(&window->out, room + title->len);
	if (!p)
		return NULL;
	p = put_begin(p, begin, lane, name, skip);
	p = put_time(view, p, hand, lane, item->time);
	return rt_put_chunks(p, title->text, title->len);
}

static inline void put_record(struct mrg_view *view, struct mrg_window *window, uint32_t i,
			      struct hand *hand, size_t *notes)
{
	const struct ftrace *own = view->own;
	const struct mrg_item *item = &window->items[i];
	const struct lane_prefix *lane = &own->lanes[item->lane];
	struct tools *tools = tools_of(view, hand, lane->member);
	struct xt_rec rec = mrg_item_rec(item, lane->lane), leaf;
	char *p = tools ? put_prefix(view, window, i, hand, tools) : NULL;
	const struct mrg_note *note = NULL;
	struct rt_buf *out = &window->out;

	if (!p) {
		out->failed = true;
		return;
	}
	if (item->flags & MRG_ITEM_NOTED)
		note = mrg_note_next(window, i, notes);
	if (note)
		put_note(note, p, out);
	else
		put_text(tools->pen, &rec, view->opts->plain,
			 leaf_of(view, window, i, &leaf), p, out);
}

static void window_ftrace(struct mrg_view *view, struct mrg_window *window)
{
	const struct ftrace *own = view->own;
	struct hand *hand = &own->hands[window->worker];
	const struct mrg_item *item;
	size_t notes = 0;
	uint32_t i;

	for (i = 0; i < window->nr; i++) {
		item = &window->items[i];
		mrg_window_look_ahead(window, i);
		if (item->flags & MRG_ITEM_HIDDEN)
			continue;
		if (item->flags & MRG_ITEM_LOST)
			put_lost(view, item, &own->lanes[item->lane], &window->out);
		else
			put_record(view, window, i, hand, &notes);
	}
}

const struct mrg_format mrg_format_ftrace = {
	.name = "ftrace",
	.names = true,
	.reported = true,
	.open = open_printers,
	.start = start,
	.stop = stop,
	.marks = marks,
	.observe = observe,
	.head = head,
	.window = window_ftrace,
};
