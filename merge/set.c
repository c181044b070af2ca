/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * set.c - open traces and give each a label and a clock
 */
#include "merge/set.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "merge/mergefile.h"
#include "merge/set-edit.h"

static const char *const method_names[MRG_NR_METHODS] = {
	[MRG_OWN] = "own", [MRG_REFERENCE] = "reference", [MRG_TSC] = "tsc", [MRG_GS] = "gs",
	[MRG_WINDOWS] = "windows", [MRG_TOD] = "tod", [MRG_SAME] = "same",
};

const char *mrg_method_name(enum mrg_method method)
{
	return method < MRG_NR_METHODS ? method_names[method] : "unknown";
}

/* ---- lanes ---- */

void mrg_lane_clocks_finish(struct mrg_lane *lane)
{
	for (size_t i = 0; i < lane->nr_epochs; i++)
		free((void *)lane->epochs[i].clock.segments);
	free((void *)lane->epochs);
	*lane = (struct mrg_lane){ 0 };
}

static int epoch_copy(struct mrg_epoch *to, const struct mrg_epoch *from)
{
	struct mrg_segment *segs = malloc(from->clock.nr * sizeof(*segs));

	if (!segs)
		return -ENOMEM;
	memcpy(segs, from->clock.segments, from->clock.nr * sizeof(*segs));
	*to = *from;
	to->clock.segments = segs;
	return 0;
}

int mrg_lane_set(struct mrg_lane *lane, const struct mrg_epoch *epochs, size_t nr)
{
	struct mrg_epoch *copy = calloc(nr, sizeof(*copy));
	struct mrg_lane new = { .epochs = copy, .nr_epochs = nr, .vcpu_tid = lane->vcpu_tid };

	if (!copy)
		return -ENOMEM;
	for (size_t i = 0; i < nr; i++)
		if (epoch_copy(&copy[i], &epochs[i]) < 0) {
			mrg_lane_clocks_finish(&new);
			return -ENOMEM;
		}
	mrg_lane_clocks_finish(lane);
	*lane = new;
	return 0;
}

/* Near the time that follows from the trace's own samples of another clock. */
static void follow_shifts(struct mrg_segment *seg, size_t nr, const struct xt_trace *trace,
			  unsigned int lane, const struct xt_cpu_shift *shift)
{
	const struct mrg_segment plain = seg[0];

	for (size_t i = 0; i < nr; i++) {
		seg[i].in0 = shift->samples[i].time;
		seg[i].out0 = xt_trace_time(trace, lane, seg[i].in0);
		seg[i].mult = plain.mult;
	}
}

static int lane_init_own(struct mrg_lane *lane, const struct xt_trace *trace, unsigned int l)
{
	const struct xt_info *info = xt_trace_info(trace);
	unsigned int cpu = xt_trace_lane(trace, l)->cpu;
	const struct xt_cpu_shift *shift = cpu < info->nr_shifts ? &info->shifts[cpu] : NULL;
	size_t nr = shift && shift->nr ? shift->nr : 1;
	struct mrg_segment *seg = calloc(nr, sizeof(*seg));
	struct mrg_epoch *epoch = malloc(sizeof(*epoch));

	if (!seg || !epoch) {
		free(seg);
		free(epoch);
		return -ENOMEM;
	}
	mrg_segment_own(&seg[0], &info->time);
	if (shift && shift->nr)
		follow_shifts(seg, nr, trace, l, shift);
	*epoch = (struct mrg_epoch){
		.clock = { .segments = seg, .nr = nr, .error_ns = UINT64_MAX },
	};
	*lane = (struct mrg_lane){ .epochs = epoch, .nr_epochs = 1, .own_time = shift != NULL };
	return 0;
}

/* ---- members ---- */

static void member_finish(struct mrg_member *member)
{
	unsigned int nr = member->trace ? xt_trace_nr_lanes(member->trace) : 0;

	for (unsigned int i = 0; member->lanes && i < nr; i++)
		mrg_lane_clocks_finish(&member->lanes[i]);
	free(member->lanes);
	xt_trace_destroy(member->trace);
	free((void *)member->label);
	free((void *)member->name);
	free((void *)member->path);
}

/* "a/b/" -> "b" */
static char *last_part(const char *path)
{
	size_t end = strlen(path);
	size_t start;

	while (end > 1 && path[end - 1] == '/')
		end--;
	start = end;
	while (start > 0 && path[start - 1] != '/')
		start--;
	return strndup(path + start, end - start);
}

static int member_init(struct mrg_member *member, const char *path, struct rt_err *err)
{
	unsigned int nr;
	int rc;

	*member = (struct mrg_member){
		.path = strdup(path), .name = last_part(path), .host = -1,
		.error_ns = UINT64_MAX, .bound_ns = UINT64_MAX,
	};
	if (!member->path || !member->name)
		return rt_err_set(err, -ENOMEM, "%s", path);
	rc = xt_trace_open(&member->trace, path, err);
	if (rc < 0)
		return rc;
	nr = xt_trace_nr_lanes(member->trace);
	member->lanes = calloc(nr ? nr : 1, sizeof(*member->lanes));
	if (!member->lanes)
		return rt_err_set(err, -ENOMEM, "%s", path);
	for (unsigned int i = 0; i < nr; i++)
		if (lane_init_own(&member->lanes[i], member->trace, i) < 0)
			return rt_err_set(err, -ENOMEM, "%s", path);
	return 0;
}

/* A lane that came later has the member's clock, as the first one has it. */
static int add_lanes(struct mrg_member *member, unsigned int from)
{
	unsigned int nr = xt_trace_nr_lanes(member->trace);
	struct mrg_lane *lanes = realloc(member->lanes, (nr ? nr : 1) * sizeof(*lanes));
	int rc = lanes ? 0 : -ENOMEM;

	if (lanes)
		member->lanes = lanes;
	if (lanes)
		memset(&lanes[from], 0, (nr - from) * sizeof(*lanes));
	for (unsigned int i = from; i < nr && rc == 0; i++)
		rc = from > 0 ? mrg_lane_set(&lanes[i], lanes[0].epochs, lanes[0].nr_epochs) :
		     lane_init_own(&lanes[i], member->trace, i);
	return rc;
}

int mrg_set_refresh(struct mrg_set *set, struct rt_err *err)
{
	for (size_t i = 0; i < set->nr; i++) {
		struct mrg_member *member = &set->members[i];
		unsigned int from = xt_trace_nr_lanes(member->trace);
		int rc = xt_trace_refresh(member->trace, err);

		if (rc < 0)
			return rc;
		if (from < xt_trace_nr_lanes(member->trace) && add_lanes(member, from) < 0)
			return rt_err_set(err, -ENOMEM, "%s", member->path);
	}
	return 0;
}

int mrg_set_forget(struct mrg_set *set)
{
	for (size_t i = 0; i < set->nr; i++) {
		struct mrg_member *m = &set->members[i];

		m->method = MRG_OWN;
		m->host = -1;
		m->offset_ns = m->rate_ppb = 0;
		m->error_ns = m->bound_ns = UINT64_MAX;
		m->check = (struct mrg_check){ 0 };
		for (unsigned int l = 0; l < xt_trace_nr_lanes(m->trace); l++) {
			struct mrg_lane lane;

			if (lane_init_own(&lane, m->trace, l) < 0)
				return -ENOMEM;
			mrg_lane_clocks_finish(&m->lanes[l]);
			m->lanes[l] = lane;
		}
	}
	return 0;
}

/* ---- labels ---- */

static bool label_taken(const struct mrg_set *set, const char *label, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (set->members[i].label && !strcmp(set->members[i].label, label))
			return true;
	return false;
}

/* A label is one word on the screen: what would break it becomes '_'. */
static void label_clean(char *label)
{
	for (; *label; label++)
		if (isspace((unsigned char)*label) || !isprint((unsigned char)*label))
			*label = '_';
}

static int member_label(struct mrg_set *set, size_t i)
{
	struct mrg_member *member = &set->members[i];
	const char *host = xt_trace_info(member->trace)->host;
	const char *base = host && *host ? host : member->name;
	size_t len = strlen(base);
	char label[MRG_LABEL_MAX];

	if (base == member->name && len > 4 && !strcmp(base + len - 4, ".dat"))
		len -= 4;
	if (len > MRG_LABEL_MAX - 8)	/* room for a number */
		len = MRG_LABEL_MAX - 8;
	snprintf(label, sizeof(label), "%.*s", (int)len, base);
	label_clean(label);
	for (unsigned int n = 2; label_taken(set, label, i); n++) {
		snprintf(label, sizeof(label), "%.*s-%u", (int)len, base, n);
		label_clean(label);
	}
	member->label = strdup(label);
	return member->label ? 0 : -ENOMEM;
}

/* ---- the set ---- */

void mrg_set_destroy(struct mrg_set *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->nr; i++)
		member_finish(&set->members[i]);
	free(set->members);
	free(set);
}

static void widen(struct mrg_set *set, const struct mrg_member *member)
{
	const struct xt_info *info = xt_trace_info(member->trace);
	uint64_t first, last;

	if (!info->last_ts || !xt_trace_nr_lanes(member->trace))
		return;
	first = mrg_lane_clock_map(&member->lanes[0].epochs[0].clock, info->first_ts);
	last = mrg_lane_clock_map(&member->lanes[0].epochs[0].clock, info->last_ts);
	if (!set->last_ns || first < set->first_ns)
		set->first_ns = first;
	if (last > set->last_ns)
		set->last_ns = last;
}

void mrg_set_times(struct mrg_set *set)
{
	set->first_ns = set->last_ns = 0;
	for (size_t i = 0; i < set->nr; i++)
		widen(set, &set->members[i]);
}

bool mrg_label_fits(const char *label)
{
	size_t len = 0;

	while (isgraph((unsigned char)label[len]))
		len++;
	return len > 0 && len < MRG_LABEL_MAX && !label[len];
}

int mrg_set_label(struct mrg_set *set, size_t member, const char *label, struct rt_err *err)
{
	char *copy;

	if (!mrg_label_fits(label))
		return rt_err_say(err, -EINVAL, "label \"%s\": expected 1 to %d printable"
				  " characters without blanks", label, MRG_LABEL_MAX - 1);
	for (size_t i = 0; i < set->nr; i++)
		if (i != member && !strcmp(set->members[i].label, label))
			return rt_err_say(err, -EINVAL, "%s and %s would both be called %s",
					  set->members[i].path, set->members[member].path, label);
	copy = strdup(label);
	if (!copy)
		return rt_err_set(err, -ENOMEM, "label \"%s\"", label);
	free((void *)set->members[member].label);
	set->members[member].label = copy;
	return 0;
}

/* ---- a merged directory ---- */

static int apply_lanes(struct mrg_member *member, const struct mrg_file_member *from,
		       struct rt_err *err)
{
	unsigned int nr = xt_trace_nr_lanes(member->trace);

	if (from->nr_lanes != nr)
		return rt_err_say(err, -EBADMSG, "%s: has %u CPUs, its merge file says %zu",
				  member->path, nr, from->nr_lanes);
	for (unsigned int l = 0; l < nr; l++) {
		if (mrg_lane_set(&member->lanes[l], from->lanes[l].epochs,
				 from->lanes[l].nr_epochs) < 0)
			return rt_err_set(err, -ENOMEM, "%s", member->path);
		member->lanes[l].vcpu_tid = from->lanes[l].vcpu_tid;
	}
	return 0;
}

static int apply_file(struct mrg_set *set, size_t i, const struct mrg_file_member *from,
		      size_t first, struct rt_err *err)
{
	struct mrg_member *member = &set->members[i];

	member->method = from->method;
	member->host = from->host < 0 ? -1 : (int)first + from->host;
	member->offset_ns = from->offset_ns;
	member->rate_ppb = from->rate_ppb;
	member->error_ns = from->error_ns;
	member->bound_ns = from->bound_ns;
	member->check = from->check;
	member->label = strdup(from->label);
	if (!member->label)
		return rt_err_set(err, -ENOMEM, "%s", member->path);
	return apply_lanes(member, from, err);
}

/* Room for @more members. */
static int set_grow(struct mrg_set *set, size_t more, struct rt_err *err)
{
	struct mrg_member *members;

	if (set->nr + more > MRG_MAX_MEMBERS)
		return rt_err_say(err, -E2BIG, "more than %d traces", MRG_MAX_MEMBERS);
	members = realloc(set->members, (set->nr + more) * sizeof(*members));
	if (!members)
		return rt_err_set(err, -ENOMEM, "cannot open the traces");
	set->members = members;
	return 0;
}

static int set_add_trace(struct mrg_set *set, const char *path, struct rt_err *err)
{
	int rc = set_grow(set, 1, err);

	if (rc < 0)
		return rc;
	return member_init(&set->members[set->nr++], path, err);
}

static int set_add_merged(struct mrg_set *set, const char *dir, const struct mrg_file *file,
			  struct rt_err *err)
{
	size_t first = set->nr;

	for (size_t i = 0; i < file->nr; i++) {
		char path[4096];
		int rc;

		if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, file->members[i].name) >=
		    sizeof(path))
			return rt_err_set(err, -ENAMETOOLONG, "%.64s...", dir);
		rc = set_add_trace(set, path, err);
		if (rc == 0)
			rc = apply_file(set, set->nr - 1, &file->members[i], first, err);
		if (rc < 0)
			return rc;
	}
	set->merged = first == 0;
	set->utc_known = file->utc_known;
	set->utc_offset_ns = file->utc_offset_ns;
	return 0;
}

static int set_add(struct mrg_set *set, const char *path, struct rt_err *err)
{
	struct mrg_file file;
	int rc = mrg_file_read(&file, path, err);

	if (rc == -ENOENT) {
		set->merged = false;
		return set_add_trace(set, path, err);
	}
	if (rc < 0)
		return rc;
	rc = set_add_merged(set, path, &file, err);
	mrg_file_finish(&file);
	return rc;
}

static int set_finish_open(struct mrg_set *set, struct rt_err *err)
{
	for (size_t i = 0; i < set->nr; i++) {
		const char *label = set->members[i].label;

		if (label && !label_taken(set, label, i))
			continue;
		free((void *)label);
		set->members[i].label = NULL;
		if (member_label(set, i) < 0)
			return rt_err_set(err, -ENOMEM, "%s", set->members[i].path);
	}
	mrg_set_times(set);
	if (!set->merged)
		set->utc_known = mrg_utc_offset(xt_trace_info(set->members[0].trace),
						&set->utc_offset_ns);
	return 0;
}

int mrg_set_open(struct mrg_set **ret, const char *const *paths, size_t nr, struct rt_err *err)
{
	struct mrg_set *set;
	int rc = 0;

	if (nr == 0 || nr > MRG_MAX_MEMBERS)
		return rt_err_say(err, -E2BIG, "expected 1 to %d traces, found %zu",
				  MRG_MAX_MEMBERS, nr);
	set = calloc(1, sizeof(*set));
	if (!set)
		return rt_err_set(err, -ENOMEM, "cannot open the traces");
	for (size_t i = 0; rc == 0 && i < nr; i++)
		rc = set_add(set, paths[i], err);
	if (rc == 0)
		rc = set_finish_open(set, err);
	if (rc < 0) {
		mrg_set_destroy(set);
		return rc;
	}
	*ret = set;
	return 0;
}
