/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sync-member.c - lines to the clocks of lanes, and the two methods that need
 * little more: the windows and the time of day
 */
#include "merge/sync-member.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "merge/check.h"
#include "merge/set-edit.h"
#include "merge/sync-sample.h"
#include "merge/sync-step.h"

#define MAX_EPOCHS 1024
#define MIN_OBEY 5	/* one event in so many may be outside, and it is still a guest */
#define FAR_NS 20000000000ll	/* steps are looked for within this first */
#define YEAR_2001 1000000000000000000u
#define HINT_NS 2000000000ll	/* a guest that keeps the time of day at all is not farther off */

/* ---- lines to segments ---- */

static struct mrg_segment segment_of(const struct mrg_segment *own, const struct mrg_line *line)
{
	struct mrg_segment seg = { .in0 = mrg_segment_unmap(own, line->from) };
	int64_t t = (int64_t)mrg_segment_map(own, seg.in0);
	int64_t offset = line->offset + llround(line->rate * (double)(t - line->at));

	seg.out0 = t + offset < 0 ? 0 : (uint64_t)(t + offset);
	seg.mult = own->mult + (uint64_t)(int64_t)llround((double)own->mult * line->rate);
	return seg;
}

static const struct mrg_lane_lines *lines_of(const struct mrg_lane_lines *lines,
					     unsigned int nr, unsigned int lane)
{
	if (lines[lane].nr)
		return &lines[lane];
	for (unsigned int l = 0; l < nr; l++)
		if (lines[l].nr)
			return &lines[l];
	return NULL;
}

static int epoch_set_lines(struct mrg_epoch *epoch, const struct mrg_segment *own,
			   const struct mrg_lane_lines *lines)
{
	struct mrg_segment *segs = malloc(lines->nr * sizeof(*segs));

	if (!segs)
		return -ENOMEM;
	epoch->clock = (struct mrg_lane_clock){ .segments = segs, .nr = lines->nr };
	for (size_t i = 0; i < lines->nr; i++) {
		segs[i] = segment_of(own, &lines->lines[i]);
		if ((uint64_t)lines->lines[i].bound > epoch->clock.error_ns)
			epoch->clock.error_ns = (uint64_t)lines->lines[i].bound;
	}
	return 0;
}

/* The last of *@nr epochs has just been set; the one of the step before it goes between. */
static int add_step_epoch(struct mrg_epoch *epochs, size_t *nr, const struct mrg_lane_data *data,
			  size_t step)
{
	struct mrg_epoch behind = epochs[*nr - 1], *at = &epochs[*nr - 1];
	struct mrg_lane_clock clock;
	int rc;

	if (*nr < 2 || behind.first_page <= at[-1].first_page + 1)
		return 0;
	rc = mrg_step_clock(&clock, data, step, &at[-1].clock, &behind.clock);
	if (rc < 0)
		return rc == -ESRCH ? 0 : rc;
	*at = (struct mrg_epoch){ .first_page = behind.first_page - 1, .clock = clock };
	epochs[(*nr)++] = behind;
	return 0;
}

static int lane_set_lines(struct mrg_party *party, unsigned int l,
			  const struct mrg_lane_lines *lines, size_t nr_epochs)
{
	const struct mrg_lane_data *data = &party->data->lanes[l];
	unsigned int nr = party->data->nr_lanes;
	struct mrg_epoch *epochs = calloc(2 * nr_epochs, sizeof(*epochs));
	size_t used = 0;
	int rc = epochs ? 0 : -ENOMEM;

	for (size_t e = 0; rc == 0 && e < nr_epochs && e <= data->nr_set_backs; e++) {
		const struct mrg_lane_lines *from = lines_of(lines + e * nr, nr, l);

		if (!from)
			continue;
		epochs[used].first_page = used ? data->set_back_page[e - 1] : 0;
		rc = epoch_set_lines(&epochs[used++], &party->own, from);
		if (rc == 0 && e > 0)
			rc = add_step_epoch(epochs, &used, data, e - 1);
	}
	if (rc == 0 && used)
		rc = mrg_lane_set(&party->member->lanes[l], epochs, used);
	for (size_t e = 0; epochs && e < 2 * nr_epochs; e++)
		free((void *)epochs[e].clock.segments);
	free(epochs);
	return rc;
}

/* The figures that stand for the whole member: the worst of its lines. */
static void member_figures(struct mrg_member *m, const struct mrg_lane_lines *lines)
{
	for (size_t i = 0; i < lines->nr; i++) {
		if ((uint64_t)lines->lines[i].error > m->error_ns)
			m->error_ns = (uint64_t)lines->lines[i].error;
		if ((uint64_t)lines->lines[i].bound > m->bound_ns)
			m->bound_ns = (uint64_t)lines->lines[i].bound;
	}
}

void mrg_party_cover(const struct mrg_party *party, int64_t *from, int64_t *to)
{
	*from = MRG_TIME_MAX;
	*to = MRG_TIME_MIN;
	for (unsigned int l = 0; l < party->data->nr_lanes; l++) {
		const struct mrg_lane_data *lane = &party->data->lanes[l];
		int64_t first = (int64_t)mrg_segment_map(&party->own, lane->first);
		int64_t last = (int64_t)mrg_segment_map(&party->own, lane->last);

		if (!lane->nr_events)
			continue;
		*from = first < *from ? first : *from;
		*to = last > *to ? last : *to;
	}
}

int mrg_party_set_lines(struct mrg_party *party, const struct mrg_lane_lines *lines,
			size_t epochs)
{
	unsigned int nr = party->data->nr_lanes;
	const struct mrg_lane_lines *first = NULL;
	struct mrg_member *m = party->member;
	int rc = 0;

	m->error_ns = m->bound_ns = 0;
	for (size_t i = 0; i < epochs * nr; i++) {
		member_figures(m, &lines[i]);
		if (!first && lines[i].nr)
			first = &lines[i];
		if (lines[i].vcpu != MRG_NO_MATCH && party->vcpu[i % nr] == MRG_NO_MATCH)
			party->vcpu[i % nr] = lines[i].vcpu;
	}
	for (unsigned int l = 0; rc == 0 && l < nr; l++)
		rc = lane_set_lines(party, l, lines, epochs);
	if (first) {
		m->offset_ns = first->lines[0].offset;
		m->rate_ppb = llround(first->lines[0].rate * 1e9);
	}
	return rc;
}

int mrg_party_set_offset(struct mrg_party *party, int64_t offset)
{
	struct mrg_member *m = party->member;
	struct mrg_line line = { .offset = offset };
	struct mrg_segment seg = segment_of(&party->own, &line);
	struct mrg_epoch epoch = {
		.clock = { .segments = &seg, .nr = 1, .error_ns = UINT64_MAX },
	};
	int rc = 0;

	for (unsigned int l = 0; rc == 0 && l < party->data->nr_lanes; l++)
		rc = mrg_lane_set(&m->lanes[l], &epoch, 1);
	m->offset_ns = offset;
	m->rate_ppb = 0;
	m->error_ns = m->bound_ns = UINT64_MAX;
	return rc;
}

/* ---- one kernel, one clock ---- */

bool mrg_same_boot(const struct xt_trace *a, const struct xt_trace *b)
{
	const char *ai = xt_trace_info(a)->boot_id, *bi = xt_trace_info(b)->boot_id;

	return ai && *ai && bi && strcmp(ai, bi) == 0;
}

bool mrg_same_clock(const struct xt_trace *a, const struct xt_trace *b)
{
	return mrg_same_boot(a, b) &&
	       strcmp(xt_trace_info(a)->time.clock, xt_trace_info(b)->time.clock) == 0;
}

int mrg_sync_same(struct mrg_party *guest, struct mrg_party *host, struct rt_err *err)
{
	const struct xt_info *a = xt_trace_info(guest->member->trace);
	const struct xt_info *b = xt_trace_info(host->member->trace);
	int rc;

	if (!mrg_same_boot(guest->member->trace, host->member->trace))
		return rt_err_say(err, -ENODATA, "%s is not the same machine since its boot",
				  host->member->label);
	if (strcmp(a->time.clock, b->time.clock) != 0)
		return rt_err_say(err, -ENODATA, "the clock \"%s\" is not the \"%s\" of %s",
				  a->time.clock, b->time.clock, host->member->label);
	rc = mrg_party_set_offset(guest, 0);
	if (rc < 0)
		return rt_err_set(err, rc, "cannot set its clock");
	guest->stranger = true;
	guest->member->error_ns = guest->member->bound_ns = 0;
	return 0;
}

/* ---- the time of day ---- */

/* A file that is cut may not name it; but of the kernel's clocks only tai counts from 1970. */
static const char *clock_of(const struct mrg_party *p)
{
	const char *clock = xt_trace_info(p->member->trace)->time.clock;

	for (unsigned int l = 0; !*clock && l < p->data->nr_lanes; l++)
		if (p->data->lanes[l].first > YEAR_2001)
			return "tai";
	return clock;
}

int mrg_sync_tod(struct mrg_party *guest, struct mrg_party *host, struct rt_err *err)
{
	const struct xt_info *a = xt_trace_info(guest->member->trace);
	const struct xt_info *b = xt_trace_info(host->member->trace);
	int64_t from, to;

	/* Two TAI clocks of which only one knows TAI - UTC are alike all the same */
	if (!strcmp(clock_of(guest), "tai") && !strcmp(clock_of(host), "tai"))
		return mrg_party_set_offset(guest, 0);
	if (!mrg_utc_offset(a, &from))
		return rt_err_say(err, -ENODATA,
				  "its clock \"%s\" has no recorded relation to the time of day",
				  a->time.clock);
	if (!mrg_utc_offset(b, &to))
		return rt_err_say(err, -ENODATA,
				  "the clock \"%s\" of %s has no recorded relation to the time of"
				  " day",
				  b->time.clock, host->member->label);
	return mrg_party_set_offset(guest, from - to);
}

/* ---- the windows ---- */

static struct mrg_hint hint_of(const struct mrg_party *guest, const struct mrg_party *host)
{
	struct mrg_hint hint = { 0 };
	int64_t a, b;

	if (!guest->member->trace || !host->member->trace ||
	    !mrg_utc_offset(xt_trace_info(guest->member->trace), &a) ||
	    !mrg_utc_offset(xt_trace_info(host->member->trace), &b))
		return hint;
	return (struct mrg_hint){ true, false, a - b - HINT_NS, a - b + HINT_NS, 0 };
}

/* A trace.dat does not name its boot: then the names of machine and kernel speak for one. */
static bool may_be_same_boot(const struct xt_trace *a, const struct xt_trace *b)
{
	const struct xt_info *x = xt_trace_info(a), *y = xt_trace_info(b);

	return !*x->boot_id && !*y->boot_id && *x->host && !strcmp(x->host, y->host) &&
	       !strcmp(x->release, y->release);
}

/* Threads on @host (NULL: any) of sessions that are @same as @p.  Return: are there any? */
static bool lend(struct mrg_party *parties, size_t nr, const struct mrg_party *p,
		 const struct mrg_party *host, bool lent,
		 bool (*same)(const struct xt_trace *a, const struct xt_trace *b))
{
	bool any = false;

	for (const struct mrg_party *q = parties; q < parties + nr; q++) {
		if (q == p || !q->placed || q->member->host < 0 ||
		    (host && host != &parties[q->member->host]) ||
		    !same(p->member->trace, q->member->trace))
			continue;
		for (unsigned int l = 0; l < q->data->nr_lanes; l++) {
			if (q->vcpu[l] == MRG_NO_MATCH)
				continue;
			parties[q->member->host].used[q->vcpu[l]] = !lent;
			any = true;
		}
	}
	return any;
}

void mrg_party_lend(struct mrg_party *parties, size_t nr, const struct mrg_party *p, bool lent)
{
	lend(parties, nr, p, NULL, lent, mrg_same_boot);
}

int mrg_party_find(struct mrg_party *parties, size_t nr, struct mrg_party *p,
		   struct mrg_party *host, mrg_method_fn find, struct rt_err *err)
{
	int rc = find(p, host, err);

	if ((rc != -ESRCH && rc != -ENODATA) || find != mrg_sync_windows ||
	    !lend(parties, nr, p, host, true, may_be_same_boot))
		return rc;
	rc = find(p, host, err);
	lend(parties, nr, p, host, false, may_be_same_boot);
	return rc;
}

/* The host's vCPUs that no other guest has; ->v borrows. */
static int free_vcpus(const struct mrg_party *host, struct mrg_vcpus *ret, size_t *which)
{
	ret->nr = 0;
	ret->v = malloc((host->vcpus.nr + 1) * sizeof(*ret->v));
	if (!ret->v)
		return -ENOMEM;
	for (size_t i = 0; i < host->vcpus.nr; i++)
		if (!host->used[i]) {
			which[ret->nr] = i;
			ret->v[ret->nr++] = host->vcpus.v[i];
		}
	return 0;
}

/*
 * The times of one epoch: between two moments at which a lane's clock was set back.
 * Those in the sub-buffer of the step are not what they seem: see sync-step.c.
 */
static void epoch_times(const struct mrg_party *guest, size_t epoch, struct mrg_times *ret)
{
	for (unsigned int l = 0; l < guest->data->nr_lanes; l++) {
		const struct mrg_lane_data *data = &guest->data->lanes[l];
		size_t from = epoch ? data->nr_times : 0, to = data->nr_times;

		if (epoch && epoch <= data->nr_set_backs)
			from = data->set_back[epoch - 1];
		if (epoch < data->nr_set_backs)
			to = data->set_back_from[epoch];
		ret[l] = guest->times[l];
		ret[l].t += from;
		ret[l].nr = to - from;
	}
}

static size_t count_epochs(const struct mrg_party *guest)
{
	size_t most = 0;

	for (unsigned int l = 0; l < guest->data->nr_lanes; l++)
		if (guest->data->lanes[l].nr_set_backs > most)
			most = guest->data->lanes[l].nr_set_backs;
	return most + 1 < MAX_EPOCHS ? most + 1 : MAX_EPOCHS;
}

/* The sub-buffers of the steps, once the epochs before and behind them have their lines. */
static int steps(struct mrg_party *guest, const struct mrg_vcpus *vcpus,
		 struct mrg_lane_lines *lines)
{
	unsigned int nr = guest->data->nr_lanes;
	int rc = 0;

	for (unsigned int l = 0; l < nr; l++) {
		const struct mrg_lane_data *data = &guest->data->lanes[l];

		for (size_t e = 0; rc == 0 && e < data->nr_set_backs && e + 1 < MAX_EPOCHS; e++) {
			struct mrg_lane_lines *before = &lines[e * nr + l];
			struct mrg_lane_lines *behind = &lines[(e + 1) * nr + l];
			struct mrg_step step = {
				.t = guest->times[l].t, .from = data->set_back_from[e],
				.to = data->set_back[e],
			};

			if (!before->nr || !behind->nr || before->vcpu == MRG_NO_MATCH)
				continue;
			step.v = &vcpus->v[before->vcpu];
			step.until = mrg_lines_map(behind, step.t[step.to]);
			rc = mrg_step_line(before, &step);
		}
	}
	return rc;
}

/* ---- lanes that saw different steps ---- */

/* A lane that was silent long enough does not show that its clock was set back. */
static bool alike_epochs(const struct mrg_party *guest)
{
	size_t nr = MRG_NO_MATCH;

	for (unsigned int l = 0; l < guest->data->nr_lanes; l++) {
		if (!guest->data->lanes[l].nr_times)
			continue;
		if (nr != MRG_NO_MATCH && guest->data->lanes[l].nr_set_backs != nr)
			return false;
		nr = guest->data->lanes[l].nr_set_backs;
	}
	return true;
}

struct alone {
	struct mrg_party *guest;
	struct mrg_lane_lines *lines;
	struct mrg_times *times;
	struct mrg_vcpus some;		/* that this lane may be, ->v borrows */
	size_t *which;			/* what they are among all */
	struct mrg_hint hint;
};

static int lane_epoch(struct alone *a, unsigned int l, size_t e)
{
	struct mrg_lane_lines *lines = &a->lines[e * a->guest->data->nr_lanes + l];
	int64_t offset;
	int rc;

	epoch_times(a->guest, e, a->times);
	rc = mrg_windows(lines, &a->times[l], 1, &a->some, &a->hint);
	if (rc < 0 || !lines->nr)
		return rc;
	offset = lines->lines[0].offset;
	a->hint = (struct mrg_hint){ true, false, offset - FAR_NS, offset + FAR_NS, 0 };
	if (lines->vcpu == MRG_NO_MATCH)
		return 0;
	/* from now on it is known which one it is */
	a->some.v[0] = a->some.v[lines->vcpu];
	a->which[0] = a->which[lines->vcpu];
	a->some.nr = 1;
	lines->vcpu = a->which[0];
	return 0;
}

static int lane_alone(struct alone *a, unsigned int l, const struct mrg_vcpus *vcpus, bool *taken)
{
	const struct mrg_lane_data *data = &a->guest->data->lanes[l];
	bool any = false;
	int rc = 0;

	a->some.nr = 0;
	for (size_t v = 0; v < vcpus->nr; v++)
		if (!taken[v]) {
			a->which[a->some.nr] = v;
			a->some.v[a->some.nr++] = vcpus->v[v];
		}
	for (size_t e = 0; rc != -ENOMEM && e <= data->nr_set_backs && e < MAX_EPOCHS; e++) {
		rc = lane_epoch(a, l, e);
		any |= rc == 0;
	}
	if (a->some.nr == 1)
		taken[a->which[0]] = true;
	return rc == -ENOMEM ? rc : any || !data->nr_times ? 0 : -ESRCH;
}

static int lanes_alone(struct alone *a, const struct mrg_vcpus *vcpus)
{
	bool *taken = calloc(vcpus->nr + 1, sizeof(*taken));
	int rc = 0, none = -ESRCH;

	a->some.v = malloc((vcpus->nr + 1) * sizeof(*a->some.v));
	a->which = malloc((vcpus->nr + 1) * sizeof(*a->which));
	if (!taken || !a->some.v || !a->which)
		rc = -ENOMEM;
	for (unsigned int l = 0; rc != -ENOMEM && l < a->guest->data->nr_lanes; l++) {
		rc = lane_alone(a, l, vcpus, taken);
		none = rc == 0 ? 0 : none;
	}
	free(taken);
	free(a->some.v);
	free(a->which);
	return rc == -ENOMEM ? rc : none;
}

/* ---- all lanes ---- */

static int windows(struct mrg_party *guest, struct mrg_party *host, struct mrg_lane_lines *lines,
		   size_t epochs, struct mrg_times *times, size_t *which)
{
	struct mrg_hint hint = hint_of(guest, host);
	unsigned int nr = guest->data->nr_lanes;
	struct mrg_vcpus vcpus;
	bool any = false, alike = alike_epochs(guest);
	int rc = free_vcpus(host, &vcpus, which);

	if (rc == 0 && !alike) {
		struct alone alone = {
			.guest = guest, .lines = lines, .times = times, .hint = hint,
		};

		rc = lanes_alone(&alone, &vcpus);
	}
	for (size_t e = 0; rc == 0 && alike && e < epochs; e++) {
		epoch_times(guest, e, times);
		rc = mrg_windows(lines + e * nr, times, nr, &vcpus, &hint);
		any |= rc == 0;
		guest->too_few |= rc == -ESRCH && epochs == 1 && mrg_too_few(times, nr, &vcpus);
		/* an epoch of which nothing is known follows the one before it */
		if ((rc == -ESRCH || rc == -ENODATA) && (any || e + 1 < epochs))
			rc = 0;
	}
	if (rc == 0)
		rc = steps(guest, &vcpus, lines);
	free(vcpus.v);
	for (size_t i = 0; rc == 0 && i < epochs * nr; i++)
		lines[i].vcpu = lines[i].nr && lines[i].vcpu != MRG_NO_MATCH ?
				which[lines[i].vcpu] : MRG_NO_MATCH;
	return rc;
}

/* Pieces that fit by chance do not fit all of the trace: another host's guest. */
static bool obeys(const struct mrg_check *check)
{
	return check->violations * MIN_OBEY <= check->checked;
}

static void count(struct mrg_check *check, const struct mrg_party *guest,
		  const struct mrg_party *host)
{
	*check = (struct mrg_check){ 0 };
	for (unsigned int l = 0; l < guest->data->nr_lanes; l++)
		if (guest->vcpu[l] != MRG_NO_MATCH)
			mrg_check_lane(check, &guest->data->lanes[l], &guest->member->lanes[l],
				       &host->vcpus.v[guest->vcpu[l]]);
}

int mrg_windows_try(struct mrg_party *guest, struct mrg_party *host, struct mrg_check *ret_check)
{
	size_t epochs = count_epochs(guest), nr = guest->data->nr_lanes, *which;
	struct mrg_lane_lines *lines;
	struct mrg_times *times;
	int rc = -ENOMEM;

	lines = calloc(epochs * nr + 1, sizeof(*lines));
	times = calloc(nr + 1, sizeof(*times));
	which = calloc(host->vcpus.nr, sizeof(*which));
	for (unsigned int l = 0; l < nr; l++)
		guest->vcpu[l] = MRG_NO_MATCH;
	if (lines && times && which)
		rc = windows(guest, host, lines, epochs, times, which);
	if (rc == 0)
		rc = mrg_party_set_lines(guest, lines, epochs);
	if (rc == 0) {
		count(ret_check, guest, host);
		rc = obeys(ret_check) ? 0 : -ESRCH;
	}
	for (size_t i = 0; lines && i < epochs * nr; i++)
		mrg_lane_lines_finish(&lines[i]);
	free(lines);
	free(times);
	free(which);
	return rc;
}

int mrg_sync_windows(struct mrg_party *guest, struct mrg_party *host, struct rt_err *err)
{
	bool elsewhere = guest->too_few, here;
	struct mrg_check check;
	int rc;

	if (!host->vcpus.nr)
		return rt_err_say(err, -ENODATA, "%s has no kvm_entry and kvm_exit events",
				  host->member->label);
	if (guest->seed)
		return mrg_sample_windows(guest, host, err);
	guest->too_few = false;
	rc = mrg_windows_try(guest, host, &check);
	if (rc == -ESRCH || (rc == 0 && check.violations))
		rc = mrg_sync_chain(guest, host, rc == 0 ? &check : NULL);
	here = guest->too_few;
	guest->too_few |= elsewhere;
	if (rc == -ESRCH && here)
		return rt_err_say(err, rc, "its events are too few to tell at which offset they"
				  " fit into the windows of %s's vCPUs", host->member->label);
	if (rc == -ESRCH)
		return rt_err_say(err, rc, "at no offset do its events fit into the windows of %s's"
				  " vCPUs", host->member->label);
	if (rc == -ENODATA)
		return rt_err_say(err, rc, "it has too few events to tell where they fit");
	return rc < 0 ? rt_err_set(err, rc, "cannot find its clock") : 0;
}
