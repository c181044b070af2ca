/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view-follow.c - recordings that go on, shown as they grow
 *
 * A recorder has an event on disk within little more than a second.  So what is
 * on disk now says, without a look at any clock, which events are all there in
 * SETTLED_NS: those that are no younger than the youngest one.  What has settled
 * is shown, a round after the other, in its final order.
 */
#include "merge/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/err.h"
#include "merge/view-context.h"

#define SETTLED_NS	2000000000ull
#define PERIOD_NS	250000000ull
#define NR_LOOKS	(SETTLED_NS / PERIOD_NS + 2)

struct look {			/* the youngest event at a time */
	uint64_t at_ns, youngest;
};

struct follow {
	struct mrg_view *view;
	struct mrg_set *set;
	struct look looks[NR_LOOKS];
	unsigned int nr_looks;
	uint64_t from;		/* where the next round begins, */
	uint64_t found;		/* and where that of the finder of context does */
	uint64_t settled;	/* all before this was there, as we thought */
	size_t **chunks;	/* owned: seen so far, by member and lane */
	unsigned int *lanes;	/* owned: how many, by member */
	bool late;		/* it has been said that events came too late */
	bool *cut;		/* owned: it has been said that this member was cut */
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

static bool has_ended(const struct mrg_member *member)
{
	const struct xt_info *info = xt_trace_info(member->trace);

	return info->complete || info->cut || strcmp(info->kind, "xtrace") != 0;
}

static bool all_ended(const struct mrg_set *set)
{
	size_t m;

	for (m = 0; m < set->nr; m++) {
		if (!has_ended(&set->members[m]))
			return false;
	}
	return true;
}

bool mrg_follow_ready(const struct mrg_set *set)
{
	size_t m;

	for (m = 0; m < set->nr; m++) {
		if (!has_ended(&set->members[m]) &&
		    xt_trace_info(set->members[m].trace)->mode[0] == '\0')
			return false;
	}
	return true;
}

static int check_modes(const struct mrg_set *set, struct rt_err *err)
{
	const struct xt_info *info;
	size_t m;

	for (m = 0; m < set->nr; m++) {
		info = xt_trace_info(set->members[m].trace);
		if (!has_ended(&set->members[m]) && strcmp(info->mode, "stream") != 0)
			return rt_err_say(err, -EINVAL, "%s: expected a recording in mode stream, "
					  "found mode %s", info->path, info->mode);
	}
	return 0;
}

/* ---- what is on disk ---- */

static uint64_t last_time(const struct mrg_member *member, unsigned int lane)
{
	size_t nr = xt_trace_lane(member->trace, lane)->nr_chunks;
	const struct mrg_lane *clocks = &member->lanes[lane];
	struct xt_chunk chunk;

	if (nr == 0)
		return 0;
	xt_lane_chunk(member->trace, lane, nr - 1, &chunk);
	if (!chunk.times_known)
		return 0;
	return mrg_lane_clock_map(&clocks->epochs[clocks->nr_epochs - 1].clock, chunk.last_ts);
}

static uint64_t youngest_event(const struct mrg_set *set)
{
	uint64_t youngest = 0, last;
	unsigned int l;
	size_t m;

	for (m = 0; m < set->nr; m++) {
		for (l = 0; l < xt_trace_nr_lanes(set->members[m].trace); l++) {
			last = last_time(&set->members[m], l);
			if (last > youngest)
				youngest = last;
		}
	}
	return youngest;
}

/* Up to where everything is there. */
static uint64_t settled(struct follow *follow)
{
	uint64_t now = now_ns(), upto = 0;
	unsigned int i;

	for (i = 0; i < follow->nr_looks; i++) {
		if (now - follow->looks[i].at_ns >= SETTLED_NS)
			upto = follow->looks[i].youngest;
	}
	if (follow->nr_looks == NR_LOOKS)
		memmove(follow->looks, follow->looks + 1, --follow->nr_looks * sizeof(struct look));
	follow->looks[follow->nr_looks++] = (struct look){ now, youngest_event(follow->set) };
	return upto;
}

static bool has_events(const struct mrg_set *set)
{
	unsigned int l;
	size_t m;

	for (m = 0; m < set->nr; m++) {
		for (l = 0; l < xt_trace_nr_lanes(set->members[m].trace); l++) {
			if (xt_trace_lane(set->members[m].trace, l)->nr_chunks > 0)
				return true;
		}
	}
	return false;
}

/*
 * The first event on disk need not be the first one: another CPU may be written later.
 * Where what is on disk spans long enough, no clock is asked.
 * Return: 0, 1 when nothing older can come, or -errno.
 */
static int begin_settled(const struct mrg_set *set, uint64_t *since, struct rt_err *err)
{
	uint64_t begin;
	int rc;

	if (!has_events(set))
		return 0;
	rc = mrg_set_begin(set, &begin, err);
	if (rc < 0)
		return rc;
	if (*since == 0)
		*since = now_ns();
	return youngest_event(set) >= begin + SETTLED_NS || now_ns() - *since >= SETTLED_NS;
}

int mrg_follow_begin(struct mrg_set *set, struct rt_err *err)
{
	const struct timespec period = { .tv_nsec = PERIOD_NS };
	uint64_t since = 0;
	int rc;

	for (;;) {
		rc = mrg_set_refresh(set, err);
		if (rc < 0 || all_ended(set))
			return rc;
		rc = begin_settled(set, &since, err);
		if (rc != 0)
			return rc < 0 ? rc : 0;
		nanosleep(&period, NULL);
	}
}

/* ---- events that came later than they may ---- */

static void say_late(struct follow *follow, const struct mrg_member *member, unsigned int lane)
{
	const struct mrg_view_opts *opts = follow->view->opts;
	char text[512];

	if (opts->warn) {
		snprintf(text, sizeof(text), "%s: cpu%u: events came more than %llu s late and "
			 "are not shown; without --follow they are", member->path,
			 xt_trace_lane(member->trace, lane)->cpu, SETTLED_NS / 1000000000ull);
		opts->warn(opts->warn_arg, text);
	}
	follow->late = true;
}

static uint64_t first_event(const struct xt_pages *pages)
{
	struct xt_cursor cursor = { 0 };
	struct xt_rec rec;
	uint32_t i;

	for (i = 0; i < pages->nr; i++) {
		xt_cursor_start(&cursor, pages->base + (size_t)i * pages->page_size,
				pages->page_size, 0);
		while (xt_cursor_next(&cursor, &rec)) {
			if (!(rec.flags & XT_REC_LOST))
				return rec.ts;
		}
	}
	return cursor.ts;
}

/*
 * Where a header has it earlier, the event itself tells: a sub-buffer that is read
 * while it fills begins with the time of what was read of it before.
 */
static bool is_late(const struct follow *follow, const struct mrg_member *member,
		    unsigned int lane, size_t chunk)
{
	const struct mrg_lane *clocks = &member->lanes[lane];
	struct xt_pages *pages;
	uint64_t first;

	if (mrg_chunk_begin(member, lane, chunk, &first, NULL) < 0 || first >= follow->settled ||
	    xt_lane_load(member->trace, lane, chunk, 1, &pages, NULL) < 0)
		return false;
	first = first_event(pages);
	xt_pages_put(pages);
	return mrg_lane_clock_map(&clocks->epochs[clocks->nr_epochs - 1].clock, first) <
	       follow->settled;
}

/* Room for lanes that have come. */
static int watch_lanes(struct follow *follow, size_t m, unsigned int nr)
{
	size_t *seen;

	if (nr <= follow->lanes[m])
		return 0;
	seen = realloc(follow->chunks[m], nr * sizeof(*seen));
	if (!seen)
		return -ENOMEM;
	memset(seen + follow->lanes[m], 0, (nr - follow->lanes[m]) * sizeof(*seen));
	follow->chunks[m] = seen;
	follow->lanes[m] = nr;
	return 0;
}

static int watch_member(struct follow *follow, size_t m)
{
	const struct mrg_member *member = &follow->set->members[m];
	unsigned int l, nr = xt_trace_nr_lanes(member->trace);
	int rc = watch_lanes(follow, m, nr);
	size_t c, chunks;

	for (l = 0; l < nr && rc == 0; l++) {
		chunks = xt_trace_lane(member->trace, l)->nr_chunks;
		for (c = follow->chunks[m][l]; c < chunks; c++) {
			if (!follow->late && is_late(follow, member, l, c))
				say_late(follow, member, l);
		}
		follow->chunks[m][l] = chunks;
	}
	return rc;
}

static int watch(struct follow *follow, struct rt_err *err)
{
	int rc = 0;
	size_t m;

	for (m = 0; m < follow->set->nr && rc == 0; m++)
		rc = watch_member(follow, m);
	return rc < 0 ? rt_err_set(err, rc, "cannot follow %zu traces", follow->set->nr) : 0;
}

/* ---- recordings that did not end in order ---- */

static void say_cut(struct follow *follow)
{
	const struct mrg_view_opts *opts = follow->view->opts;
	const struct mrg_member *member;
	char text[512];
	size_t m;

	for (m = 0; m < follow->set->nr; m++) {
		member = &follow->set->members[m];
		if (!xt_trace_info(member->trace)->cut || follow->cut[m] || !opts->warn)
			continue;
		snprintf(text, sizeof(text), "%s: the recording was cut: its recorder is gone "
			 "and did not finish it", member->path);
		opts->warn(opts->warn_arg, text);
		follow->cut[m] = true;
	}
}

/* ---- rounds ---- */

/* With context around matches: up to where it is known.  Return: 0, or -errno. */
static int find_context(struct follow *follow, uint64_t *upto, bool last, struct rt_err *err)
{
	uint64_t from = follow->found;
	int rc;

	if (!follow->view->context)
		return 0;
	if (*upto >= from && *upto < UINT64_MAX)
		follow->found = *upto + 1;
	rc = mrg_context_round(follow->view, from, upto, last, err);
	return rc < 0 ? rc : 0;
}

/* Shows what has settled.  Return: 0, 1 when nobody reads any more, or -errno. */
static int show_settled(struct follow *follow, bool last, struct rt_err *err)
{
	uint64_t end = follow->view->opts->to, upto = last ? end : settled(follow);
	int rc;

	if (upto > end)
		upto = end;
	if (follow->settled <= upto && upto < UINT64_MAX)
		follow->settled = upto + 1;
	rc = find_context(follow, &upto, last || upto == end, err);
	follow->view->goes_on = !last && upto < end;
	if (rc == 0 && upto >= follow->from)
		rc = mrg_view_round(follow->view, follow->from, upto, false, err);
	if (upto >= follow->from && upto < UINT64_MAX)
		follow->from = upto + 1;
	if (upto == end)
		follow->view->done = true;
	return rc;
}

static int rounds(struct follow *follow, struct rt_err *err)
{
	const struct timespec period = { .tv_nsec = PERIOD_NS };
	bool last = false;
	int rc = 0;

	while (rc == 0 && !last && !follow->view->done) {
		rc = mrg_set_refresh(follow->set, err);
		last = all_ended(follow->set);
		say_cut(follow);
		if (rc == 0)
			rc = watch(follow, err);
		if (rc == 0)
			rc = show_settled(follow, last, err);
		if (rc == 0 && !last && !follow->view->done)
			nanosleep(&period, NULL);
	}
	return rc;
}

static int follow_init(struct follow *follow, struct rt_err *err)
{
	follow->chunks = calloc(follow->set->nr + 1, sizeof(*follow->chunks));
	follow->lanes = calloc(follow->set->nr + 1, sizeof(*follow->lanes));
	follow->cut = calloc(follow->set->nr + 1, sizeof(*follow->cut));
	if (!follow->chunks || !follow->lanes || !follow->cut)
		return rt_err_set(err, -ENOMEM, "cannot follow %zu traces", follow->set->nr);
	return check_modes(follow->set, err);
}

static void follow_finish(struct follow *follow)
{
	size_t m;

	for (m = 0; follow->chunks && m < follow->set->nr; m++)
		free(follow->chunks[m]);
	free(follow->chunks);
	free(follow->lanes);
	free(follow->cut);
}

int mrg_view_follow(struct mrg_set *set, const struct mrg_view_opts *opts,
		    const struct mrg_select *select, int fd, struct rt_err *err)
{
	struct mrg_view view = {
		.set = set, .opts = opts, .select = select, .format = opts->format, .fd = fd,
	};
	struct follow follow = { .view = &view, .set = set, .from = opts->from };
	int rc = follow_init(&follow, err);

	if (rc == 0)
		rc = mrg_view_init(&view, err);
	if (rc == 0 && opts->tail)
		rc = mrg_view_find_tail(&view, &follow.from, err);
	if (rc == 0)
		rc = mrg_view_start(&view, err);
	if (rc == 0 && mrg_has_context(opts))
		rc = mrg_context_open(&view, err);
	follow.found = follow.from;
	if (rc == 0)
		rc = rounds(&follow, err);
	mrg_context_stop(&view, NULL);
	mrg_view_stop(&view);
	mrg_view_finish(&view);
	follow_finish(&follow);
	return rc > 0 ? -EPIPE : rc;
}
