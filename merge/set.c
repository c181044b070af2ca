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

static const char *const method_names[MRG_NR_METHODS] = {
	[MRG_OWN] = "own", [MRG_REFERENCE] = "reference", [MRG_TSC] = "tsc", [MRG_GS] = "gs",
	[MRG_WINDOWS] = "windows", [MRG_TOD] = "tod",
};

const char *mrg_method_name(enum mrg_method method)
{
	return method < MRG_NR_METHODS ? method_names[method] : "unknown";
}

/* ---- lanes ---- */

static void lane_finish(struct mrg_lane *lane)
{
	for (size_t i = 0; i < lane->nr_epochs; i++)
		free((void *)lane->epochs[i].clock.segments);
	free((void *)lane->epochs);
	*lane = (struct mrg_lane){ 0 };
}

static int lane_init_own(struct mrg_lane *lane, const struct xt_timebase *time)
{
	struct mrg_segment *seg = malloc(sizeof(*seg));
	struct mrg_epoch *epoch = malloc(sizeof(*epoch));

	if (!seg || !epoch) {
		free(seg);
		free(epoch);
		return -ENOMEM;
	}
	mrg_segment_own(seg, time);
	*epoch = (struct mrg_epoch){
		.clock = { .segments = seg, .nr = 1, .error_ns = UINT64_MAX },
	};
	*lane = (struct mrg_lane){ .epochs = epoch, .nr_epochs = 1 };
	return 0;
}

/* ---- members ---- */

static void member_finish(struct mrg_member *member)
{
	unsigned int nr = member->trace ? xt_trace_nr_lanes(member->trace) : 0;

	for (unsigned int i = 0; member->lanes && i < nr; i++)
		lane_finish(&member->lanes[i]);
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
		.error_ns = UINT64_MAX,
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
		if (lane_init_own(&member->lanes[i], &xt_trace_info(member->trace)->time) < 0)
			return rt_err_set(err, -ENOMEM, "%s", path);
	return 0;
}

/* ---- labels ---- */

static bool label_taken(const struct mrg_set *set, const char *label, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (!strcmp(set->members[i].label, label))
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
	char label[MRG_LABEL_MAX];

	snprintf(label, sizeof(label), "%s", base);
	label_clean(label);
	for (unsigned int n = 2; label_taken(set, label, i); n++) {
		snprintf(label, sizeof(label), "%.*s-%u", MRG_LABEL_MAX - 8, base, n);
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

/* What must be added to a trace's own ns to get UTC. */
static bool utc_offset(const struct xt_info *info, int64_t *ret)
{
	const struct xt_clock_sample *s = info->samples;

	if (!strcmp(info->time.clock, "tai")) {
		*ret = s ? (int64_t)(s->real_ns - s->tai_ns)
			 : -info->time.tai_offset_s * 1000000000ll;
		return true;
	}
	if (!s)
		return false;
	if (!strcmp(info->time.clock, "mono"))
		*ret = (int64_t)(s->real_ns - s->mono_ns);
	else if (!strcmp(info->time.clock, "boot"))
		*ret = (int64_t)(s->real_ns - s->boot_ns);
	else
		return false;
	return true;
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

static int set_add(struct mrg_set *set, const char *path, struct rt_err *err)
{
	struct mrg_member *member = &set->members[set->nr++];
	int rc = member_init(member, path, err);

	if (rc < 0)
		return rc;
	if (member_label(set, set->nr - 1) < 0)
		return rt_err_set(err, -ENOMEM, "%s", path);
	widen(set, member);
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
	set->members = calloc(nr, sizeof(*set->members));
	if (!set->members)
		rc = rt_err_set(err, -ENOMEM, "cannot open the traces");
	for (size_t i = 0; rc == 0 && i < nr; i++)
		rc = set_add(set, paths[i], err);
	if (rc < 0) {
		mrg_set_destroy(set);
		return rc;
	}
	set->utc_known = utc_offset(xt_trace_info(set->members[0].trace), &set->utc_offset_ns);
	*ret = set;
	return 0;
}
