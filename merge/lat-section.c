/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lat-section.c - an application's own cycles: from one event to another
 *
 * Which events is said by expressions of merge/where.h.  One section is open at a
 * time: a begin within one begins it anew (its end was not seen), an end outside of
 * one is none.  Cycles of several tasks are told apart by what the expressions ask.
 */
#include "merge/lat-engine.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/err.h"
#include "merge/where.h"

enum { BEGINS = 1, ENDS = 2 };	/* an event's marks */

struct lat_section {
	struct mrg_where *begin, *end;
	struct mrg_view_opts view_opts;
	struct mrg_view view;		/* what expressions are held against */
	bool view_made;
	bool open;
	uint64_t from;
	int pid;
	struct mrg_lat_metric *metric;
	uint64_t seed, ended;		/* for a fair choice of usual cycles */
};

static int parse(struct lat_section *section, const struct mrg_lat *lat, struct rt_err *err)
{
	int rc = mrg_where_parse(&section->begin, lat->opts->begin, err);

	if (rc != 0)
		return rt_err_wrap(err, rc, "where a cycle begins");
	rc = mrg_where_parse(&section->end, lat->opts->end, err);
	if (rc != 0)
		return rt_err_wrap(err, rc, "where a cycle ends");
	rc = mrg_where_bind(section->begin, lat->set, MRG_TIME_TOD, err);
	if (rc < 0)
		return rt_err_wrap(err, rc, "where a cycle begins");
	rc = mrg_where_bind(section->end, lat->set, MRG_TIME_TOD, err);
	return rc < 0 ? rt_err_wrap(err, rc, "where a cycle ends") : 0;
}

static int make_view(struct lat_section *section, const struct mrg_lat *lat, struct rt_err *err)
{
	int rc;

	section->view_opts = (struct mrg_view_opts){ .format = &mrg_format_text };
	section->view.set = lat->set;
	section->view.opts = &section->view_opts;
	section->view.format = &mrg_format_text;
	section->view.unordered = true;
	section->view_made = true;
	rc = mrg_view_init(&section->view, err);
	return rc < 0 ? rc : mrg_names_create(&section->view.names, lat->set, err);
}

static void mark_events(struct mrg_lat *lat)
{
	const struct lat_section *section = lat->section;
	struct lat_event *event;
	unsigned int id;
	size_t m;

	for (m = 0; m < lat->set->nr; m++) {
		for (id = 0; id < lat->systems[m].nr_events; id++) {
			event = &lat->systems[m].events[id];
			if (mrg_where_may_match(section->begin, (uint16_t)m, id))
				event->marks |= BEGINS;
			if (mrg_where_may_match(section->end, (uint16_t)m, id))
				event->marks |= ENDS;
		}
	}
}

int lat_section_create(struct mrg_lat *lat, struct rt_err *err)
{
	int rc;

	lat->section = calloc(1, sizeof(*lat->section));
	if (!lat->section)
		return rt_err_set(err, -ENOMEM, "cannot follow sections");
	rc = parse(lat->section, lat, err);
	if (rc == 0)
		rc = make_view(lat->section, lat, err);
	if (rc == 0)
		mark_events(lat);
	return rc;
}

void lat_section_destroy(struct mrg_lat *lat)
{
	struct lat_section *section = lat->section;

	if (!section)
		return;
	mrg_where_destroy(section->begin);
	mrg_where_destroy(section->end);
	mrg_names_destroy(section->view.names);
	if (section->view_made)
		mrg_view_finish(&section->view);
	free(section);
	lat->section = NULL;
}

/* A fair sample of all cycles: the n-th takes a place with the chance room / n. */
static void keep_sample(struct mrg_lat *lat, const struct mrg_lat_interval *one)
{
	struct lat_section *section = lat->section;
	struct mrg_lat_result *result = lat->result;
	uint64_t place = section->ended++;

	if (result->nr_samples < MRG_LAT_SAMPLES) {
		result->samples[result->nr_samples++] = *one;
		return;
	}
	section->seed = section->seed * 6364136223846793005ull + 1442695040888963407ull;
	place = (section->seed >> 16) % (place + 1);
	if (place < MRG_LAT_SAMPLES)
		result->samples[place] = *one;
}

static void end_section(struct mrg_lat *lat, const struct lat_rec *rec)
{
	struct lat_section *section = lat->section;
	const struct mrg_lat_interval one = {
		.from = section->from, .to = rec->ns, .pid = section->pid, .cpu = rec->cpu_nr,
	};

	section->open = false;
	if (!section->metric)
		section->metric = lat_metric(lat, MRG_LAT_SECTION, rec->system, NULL, "cycle");
	if (lat_is_whole(rec, section->from) && section->metric)
		keep_sample(lat, &one);
	lat_add_or_unknown(lat, section->metric, rec, section->from, section->pid);
}

void lat_section_item(struct mrg_lat *lat, const struct lat_rec *rec, const struct mrg_item *item)
{
	struct lat_section *section = lat->section;
	const struct mrg_subject subject = { .view = &section->view, .item = item };

	section->view.stream = lat->stream;
	if (section->open && (rec->event->marks & ENDS) && mrg_where_match(section->end, &subject))
		end_section(lat, rec);
	if ((rec->event->marks & BEGINS) && mrg_where_match(section->begin, &subject)) {
		section->open = true;
		section->from = rec->ns;
		section->pid = lat_common_pid(rec);
	}
}
