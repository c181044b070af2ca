/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stat.c - counts instead of lines: by event, by CPU, and the members' clocks
 *
 * Counting needs no order, so lanes are walked in parallel and nothing is merged
 * or formatted.
 */
#include "merge/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/table.h"
#include "merge/where.h"

/* What was seen of a lane. */
struct lane_count {
	uint64_t lost, lost_marks;
};

struct stat {
	struct mrg_view *view;
	struct lane_count *lanes;
	struct mrg_tally *tallies;	/* of the same lanes; owned, with what they point to */
	unsigned int nr_lanes;
	bool failed;
	double seconds;		/* from the first event to the last */
};

static void visit(void *arg, const struct mrg_item *item)
{
	struct stat *stat = arg;
	struct lane_count *lane = &stat->lanes[item->lane];
	struct mrg_tally *tally = &stat->tallies[item->lane];
	unsigned int id = mrg_item_id(item);
	uint64_t nr;

	if (item->flags & MRG_ITEM_HIDDEN)
		return;
	if (item->flags & MRG_ITEM_LOST) {
		nr = 0;
		if (item->data)
			memcpy(&nr, item->data, sizeof(nr));
		lane->lost += nr;
		lane->lost_marks++;
		return;
	}
	mrg_tally_add(tally, 1, item->time, item->time);
	tally->by_id[id < tally->nr_ids ? id : tally->nr_ids - 1]++;
}

/* ---- rows of events ---- */

struct event_count {
	char name[160];		/* ours */
	char full[160];		/* system:event */
	uint64_t nr;
};

struct event_counts {
	struct event_count *v;	/* owned */
	size_t nr, room;
};

static int by_count(const void *a, const void *b)
{
	const struct event_count *x = a, *y = b;

	if (x->nr != y->nr)
		return x->nr < y->nr ? 1 : -1;
	return strcmp(x->full, y->full);
}

static int count_event(struct event_counts *counts, const struct mrg_row *row, unsigned int id,
		       uint64_t nr)
{
	struct event_count one = { .nr = nr }, *more;
	size_t i;

	snprintf(one.name, sizeof(one.name), "%s", row->name);
	if (row->event)
		snprintf(one.full, sizeof(one.full), "%s:%s", row->event->system, row->event->name);
	else
		snprintf(one.full, sizeof(one.full), "id %u", id);
	for (i = 0; i < counts->nr; i++) {
		if (strcmp(counts->v[i].full, one.full) == 0) {
			counts->v[i].nr += nr;
			return 0;
		}
	}
	if (counts->nr == counts->room) {
		counts->room = counts->room ? 2 * counts->room : 64;
		more = realloc(counts->v, counts->room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		counts->v = more;
	}
	counts->v[counts->nr++] = one;
	return 0;
}

static int count_events(const struct stat *stat, struct event_counts *counts)
{
	const struct mrg_stream_lane *about;
	const struct mrg_tally *tally;
	const struct mrg_row *row;
	unsigned int i, id;
	int rc = 0;

	for (i = 0; i < stat->nr_lanes; i++) {
		tally = &stat->tallies[i];
		about = mrg_stream_lane(stat->view->stream, i);
		for (id = 0; rc == 0 && id < tally->nr_ids; id++) {
			if (tally->by_id[id] == 0)
				continue;
			row = mrg_view_row(stat->view, about->member_index, id);
			rc = count_event(counts, row, id, tally->by_id[id]);
		}
	}
	if (counts->nr > 0)
		qsort(counts->v, counts->nr, sizeof(*counts->v), by_count);
	return rc;
}

/* ---- tables ---- */

static const struct rt_column event_columns[] = {
	{ "EVENT", "event", RT_COL_STRING, NULL },
	{ "TRACEPOINT", "tracepoint", RT_COL_STRING, NULL },
	{ "COUNT", "count", RT_COL_NUMBER, NULL },
	{ "PER SECOND", "per_second", RT_COL_NUMBER, NULL },
};

static const struct rt_column cpu_columns[] = {
	{ "HOST", "host", RT_COL_STRING, NULL },
	{ "BUFFER", "buffer", RT_COL_STRING, NULL },
	{ "CPU", "cpu", RT_COL_NUMBER, NULL },
	{ "EVENTS", "events", RT_COL_NUMBER, NULL },
	{ "PER SECOND", "per_second", RT_COL_NUMBER, NULL },
	{ "LOST", "lost", RT_COL_NUMBER, NULL },
	{ "GAPS", "gaps", RT_COL_NUMBER, NULL },
};

static const struct rt_column member_columns[] = {
	{ "HOST", "host", RT_COL_STRING, NULL },
	{ "TRACE", "trace", RT_COL_STRING, NULL },
	{ "CLOCK BY", "method", RT_COL_STRING, NULL },
	{ "OFFSET NS", "offset_ns", RT_COL_NUMBER, NULL },
	{ "ERROR NS", "error_ns", RT_COL_NUMBER, NULL },
	{ "RATE PPB", "rate_ppb", RT_COL_NUMBER, NULL },
	{ "CHECKED", "checked", RT_COL_NUMBER, NULL },
	{ "VIOLATIONS", "violations", RT_COL_NUMBER, NULL },
	{ "WORST NS", "worst_ns", RT_COL_NUMBER, NULL },
	{ "SLICES", "slices", RT_COL_NUMBER, NULL },	/* empty: all was checked */
	{ "% OF TIME", "slices_percent", RT_COL_NUMBER, NULL },
};

#define SLICE_COLUMNS 2

#define NR(a) (unsigned int)(sizeof(a) / sizeof(*(a)))

static void put_rate(const struct stat *stat, struct rt_table *table, unsigned int column,
		     uint64_t nr)
{
	if (stat->seconds > 0)
		rt_table_printf(table, column, "%.1f", (double)nr / stat->seconds);
}

static int fill_events(const struct stat *stat, struct rt_table *table)
{
	struct event_counts counts = { 0 };
	int rc = count_events(stat, &counts);
	size_t i;

	for (i = 0; rc == 0 && i < counts.nr; i++) {
		rt_table_row(table);
		rt_table_str(table, 0, counts.v[i].name);
		rt_table_str(table, 1, counts.v[i].full);
		rt_table_u64(table, 2, counts.v[i].nr);
		put_rate(stat, table, 3, counts.v[i].nr);
	}
	free(counts.v);
	return rc;
}

static int fill_cpus(const struct stat *stat, struct rt_table *table)
{
	const struct mrg_stream_lane *about;
	const struct lane_count *lane;
	unsigned int i;

	for (i = 0; i < stat->nr_lanes; i++) {
		lane = &stat->lanes[i];
		about = mrg_stream_lane(stat->view->stream, i);
		rt_table_row(table);
		rt_table_str(table, 0, about->member->label);
		rt_table_str(table, 1, about->info->buffer);
		rt_table_u64(table, 2, about->info->cpu);
		rt_table_u64(table, 3, stat->tallies[i].events);
		put_rate(stat, table, 4, stat->tallies[i].events);
		rt_table_u64(table, 5, lane->lost);
		rt_table_u64(table, 6, lane->lost_marks);
	}
	return 0;
}

static int fill_members(const struct stat *stat, struct rt_table *table)
{
	const struct mrg_member *member;
	size_t m;

	for (m = 0; m < stat->view->set->nr; m++) {
		member = &stat->view->set->members[m];
		rt_table_row(table);
		rt_table_str(table, 0, member->label);
		rt_table_str(table, 1, member->name);
		rt_table_str(table, 2, mrg_method_name(member->method));
		rt_table_i64(table, 3, member->offset_ns);
		if (member->error_ns != UINT64_MAX)
			rt_table_u64(table, 4, member->error_ns);
		rt_table_i64(table, 5, member->rate_ppb);
		if (!member->check.done)
			continue;
		rt_table_u64(table, 6, member->check.checked);
		rt_table_u64(table, 7, member->check.violations);
		rt_table_u64(table, 8, member->check.worst_ns);
		if (!member->check.slices)
			continue;
		rt_table_u64(table, 9, member->check.slices);
		rt_table_printf(table, 10, "%.3f", member->check.slices_ppm / 1e4);
	}
	return 0;
}

static const struct section {
	const char *key;
	const struct rt_column *columns;
	unsigned int nr;
	int (*fill)(const struct stat *stat, struct rt_table *table);
} sections[] = {
	{ "events", event_columns, NR(event_columns), fill_events },
	{ "cpus", cpu_columns, NR(cpu_columns), fill_cpus },
	{ "members", member_columns, NR(member_columns), fill_members },
};

/* For people the columns of slices are there where some were taken. */
static unsigned int columns_of(const struct stat *stat, const struct section *section, bool json)
{
	const struct mrg_set *set = stat->view->set;
	bool sliced = json || section->columns != member_columns;

	for (size_t m = 0; m < set->nr; m++)
		sliced |= set->members[m].check.slices > 0;
	return sliced ? section->nr : section->nr - SLICE_COLUMNS;
}

static int put_section(const struct stat *stat, const struct section *section, bool json,
		       FILE *to, struct rt_err *err)
{
	struct rt_table *table;
	int rc;

	rc = rt_table_create(&table, section->columns, columns_of(stat, section, json));
	if (rc < 0)
		return rt_err_set(err, rc, "cannot make a table");
	rc = section->fill(stat, table);
	if (rc < 0)
		rt_err_set(err, rc, "cannot make a table");
	else
		rc = json ? rt_table_print_json(table, to, err) : rt_table_print(table, to, err);
	rt_table_destroy(table);
	return rc;
}

static int put_sections(const struct stat *stat, bool json, FILE *to, struct rt_err *err)
{
	unsigned int i;
	int rc = 0;

	for (i = 0; rc == 0 && i < NR(sections); i++) {
		if (json)
			fprintf(to, "%s\"%s\": ", i ? ", " : "{", sections[i].key);
		else if (i > 0)
			fputc('\n', to);
		rc = put_section(stat, &sections[i], json, to, err);
	}
	if (json)
		fputs("}\n", to);
	return rc;
}

/* ---- a run ---- */

static int prepare(struct stat *stat, struct rt_err *err)
{
	const struct mrg_stream_lane *about;
	struct mrg_tally *tally;
	unsigned int i;

	stat->nr_lanes = mrg_stream_nr_lanes(stat->view->stream);
	stat->lanes = calloc(stat->nr_lanes + 1, sizeof(*stat->lanes));
	stat->tallies = calloc(stat->nr_lanes + 1, sizeof(*stat->tallies));
	if (!stat->lanes || !stat->tallies)
		return rt_err_set(err, -ENOMEM, "cannot count events");
	for (i = 0; i < stat->nr_lanes; i++) {
		about = mrg_stream_lane(stat->view->stream, i);
		tally = &stat->tallies[i];
		tally->nr_ids = xt_trace_max_event_id(about->member->trace) + 2;
		tally->by_id = calloc(tally->nr_ids, sizeof(*tally->by_id));
		if (!tally->by_id)
			return rt_err_set(err, -ENOMEM, "cannot count events");
	}
	return 0;
}

static void measure(struct stat *stat)
{
	uint64_t first = UINT64_MAX, last = 0;
	unsigned int i;

	for (i = 0; i < stat->nr_lanes; i++) {
		if (stat->tallies[i].events == 0)
			continue;
		if (stat->tallies[i].first < first)
			first = stat->tallies[i].first;
		if (stat->tallies[i].last > last)
			last = stat->tallies[i].last;
	}
	if (last > first)
		stat->seconds = (double)(last - first) / 1e9;
}

static int count(struct stat *stat, const struct mrg_view_opts *opts, struct rt_err *err)
{
	struct mrg_stream_opts stream_opts = {
		.want_lane = mrg_filter_lane, .want_arg = stat->view, .threads = opts->threads,
		.from = opts->from, .to = opts->to,
	};
	struct mrg_sink sink = { .arg = stat->view, .warn = mrg_view_warn };
	struct mrg_filter filter = { 0 };
	int rc;

	/* There is no order: a task has the name that was saved in the end. */
	stat->view->unordered = true;
	rc = opts->where && mrg_where_needs_names(opts->where) ?
	     mrg_names_create(&stat->view->names, stat->view->set, err) : 0;
	if (rc == 0)
		rc = mrg_filter_init(&filter, stat->view, err);
	mrg_filter_use(&filter, stat->view, &stream_opts, &sink);
	if (rc == 0)
		rc = mrg_stream_create(&stat->view->stream, stat->view->set, &stream_opts, &sink,
				       err);
	if (rc == 0)
		rc = prepare(stat, err);
	if (rc == 0)
		rc = mrg_stream_scan(stat->view->stream, visit, stat, stat->tallies, err);
	if (rc == 0)
		measure(stat);
	mrg_filter_finish(&filter, stat->view->set->nr);
	return rc;
}

int mrg_stat_run(const struct mrg_set *set, const struct mrg_view_opts *opts,
		 const struct mrg_select *select, bool json, FILE *to, struct rt_err *err)
{
	static const struct mrg_format no_format = { .name = "stat" };
	struct mrg_view view = {
		.set = set, .opts = opts, .select = select, .format = &no_format,
	};
	struct stat stat = { .view = &view };
	unsigned int i;
	int rc;

	rc = mrg_view_init(&view, err);
	if (rc == 0)
		rc = count(&stat, opts, err);
	if (rc == 0)
		rc = put_sections(&stat, json, to, err);
	for (i = 0; stat.tallies && i < stat.nr_lanes; i++)
		free(stat.tallies[i].by_id);
	free(stat.tallies);
	free(stat.lanes);
	mrg_stream_destroy(view.stream);
	mrg_names_destroy(view.names);
	mrg_view_finish(&view);
	return rc;
}
