/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lat-metric.c - the figures: metrics by what they measure, and the longest intervals
 */
#include "merge/lat-engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Metrics whose keys have the same hash, one behind the other.  The result frees them. */
struct cell {
	struct mrg_lat_metric metric;	/* first: the result knows only this */
	struct cell *next;
};

static uint64_t hash(enum mrg_lat_kind kind, uint16_t member, int vm_pid, int vcpu,
		     const char *name)
{
	uint64_t h = 0xcbf29ce484222325ull ^ (uint64_t)kind ^ (uint64_t)member << 8 ^
		     (uint64_t)(uint32_t)vm_pid << 24 ^ (uint64_t)(uint32_t)vcpu << 48;

	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * 0x100000001b3ull;
	return h;
}

static bool is_same(const struct mrg_lat_metric *a, const struct mrg_lat_metric *b)
{
	return a->kind == b->kind && a->member == b->member && a->vm_pid == b->vm_pid &&
	       a->vcpu == b->vcpu && strcmp(a->name, b->name) == 0;
}

static bool keep(struct mrg_lat *lat, struct mrg_lat_metric *metric)
{
	struct mrg_lat_result *result = lat->result;
	struct mrg_lat_metric **more;

	if (result->nr >= LAT_MAX_METRICS) {
		result->cut = true;
		return false;
	}
	if ((result->nr & (result->nr - 1)) == 0) {	/* room is a power of two */
		more = realloc(result->metrics, (result->nr ? 2 * result->nr : 1) *
			       sizeof(struct mrg_lat_metric *));
		if (!more) {
			lat->no_memory = true;
			return false;
		}
		result->metrics = more;
	}
	result->metrics[result->nr++] = metric;
	return true;
}

struct mrg_lat_metric *lat_metric(struct mrg_lat *lat, enum mrg_lat_kind kind, uint16_t member,
				  const struct lat_vcpu *vcpu, const char *name)
{
	int vm_pid = vcpu ? vcpu->vm_pid : 0, index = vcpu ? vcpu->index : -1;
	struct mrg_lat_metric key = {
		.kind = kind, .member = member, .vm_pid = vm_pid, .vcpu = index,
	};
	struct cell *first, *cell;
	uint64_t h;

	snprintf(key.name, sizeof(key.name), "%s", name);
	h = hash(kind, member, vm_pid, index, key.name);
	first = mrg_lat_map_get(&lat->metrics, h);
	for (cell = first; cell; cell = cell->next) {
		if (is_same(&cell->metric, &key))
			return &cell->metric;
	}
	cell = calloc(1, sizeof(*cell));
	if (!cell || !keep(lat, &cell->metric)) {
		lat->no_memory |= !cell;
		free(cell);
		return NULL;
	}
	cell->metric = key;
	if (first) {
		cell->next = first->next;
		first->next = cell;
	} else if (mrg_lat_map_put(&lat->metrics, h, cell) < 0) {
		lat->no_memory = true;	/* listed, and so freed with the result */
	}
	return &cell->metric;
}

/* ---- the longest ---- */

static uint64_t length(const struct lat_kept *kept)
{
	return kept->to - kept->from;
}

static void sift_down(struct lat_worst *worst, struct lat_kept one)
{
	unsigned int i = 0, child;

	while ((child = 2 * i + 1) < worst->nr) {
		if (child + 1 < worst->nr &&
		    length(&worst->v[child + 1]) < length(&worst->v[child]))
			child++;
		if (length(&worst->v[child]) >= length(&one))
			break;
		worst->v[i] = worst->v[child];
		i = child;
	}
	worst->v[i] = one;
}

static void sift_up(struct lat_worst *worst, struct lat_kept one)
{
	unsigned int i = worst->nr++;

	while (i > 0 && length(&worst->v[(i - 1) / 2]) > length(&one)) {
		worst->v[i] = worst->v[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	worst->v[i] = one;
}

static void consider(struct mrg_lat *lat, unsigned int group, const struct lat_kept *one)
{
	const struct mrg_lat_opts *opts = lat->opts;
	struct lat_worst *worst = &lat->worst[group];

	if (worst->nr == worst->max && length(one) <= length(&worst->v[0]))
		return;
	if (opts->wants ? !opts->wants(opts->wants_arg, group, one->metric)
			: one->metric->kind != MRG_LAT_WAKEUP)
		return;
	if (worst->nr < worst->max)
		sift_up(worst, *one);
	else
		sift_down(worst, *one);
}

static int by_length(const void *a, const void *b)
{
	const struct lat_kept *x = a, *y = b;

	if (length(x) != length(y))
		return length(x) < length(y) ? 1 : -1;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->metric < y->metric ? -1 : x->metric > y->metric;
}

/* ---- figures ---- */

void lat_add(struct mrg_lat *lat, struct mrg_lat_metric *metric, const struct lat_rec *rec,
	     uint64_t from, int pid)
{
	const struct lat_kept one = { metric, from, rec->ns, pid, rec->cpu_nr };
	unsigned int group;

	if (!metric)
		return;
	if (mrg_hist_add(&metric->hist, rec->ns - from) < 0)
		lat->no_memory = true;
	for (group = 0; group < lat->nr_groups; group++)
		consider(lat, group, &one);
}

void lat_add_or_unknown(struct mrg_lat *lat, struct mrg_lat_metric *metric,
			const struct lat_rec *rec, uint64_t from, int pid)
{
	if (lat_is_whole(rec, from))
		lat_add(lat, metric, rec, from, pid);
	else if (metric)
		metric->unknown++;
}

/* ---- the result ---- */

static int by_what(const void *a, const void *b)
{
	const struct mrg_lat_metric *x = *(const struct mrg_lat_metric *const *)a;
	const struct mrg_lat_metric *y = *(const struct mrg_lat_metric *const *)b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->member != y->member)
		return x->member < y->member ? -1 : 1;
	if (x->vm_pid != y->vm_pid)
		return x->vm_pid < y->vm_pid ? -1 : 1;
	if (x->vcpu != y->vcpu)
		return x->vcpu < y->vcpu ? -1 : 1;
	if (x->hist.sum != y->hist.sum)
		return x->hist.sum < y->hist.sum ? 1 : -1;
	return strcmp(x->name, y->name);
}

int lat_metrics_result(struct mrg_lat *lat)
{
	if (lat->result->nr > 0)
		qsort(lat->result->metrics, lat->result->nr, sizeof(struct mrg_lat_metric *),
		      by_what);
	return lat->no_memory ? -ENOMEM : 0;
}

static uint32_t index_of(const struct mrg_lat_result *result, const struct mrg_lat_metric *metric)
{
	uint32_t i = 0;

	while (result->metrics[i] != metric)
		i++;
	return i;
}

int lat_worst_create(struct mrg_lat *lat)
{
	unsigned int i, nr = lat->opts->nr_groups > 0 ? lat->opts->nr_groups : 1;

	if (lat->opts->worst == 0)
		return 0;
	lat->worst = calloc(nr, sizeof(*lat->worst));
	if (!lat->worst)
		return -ENOMEM;
	for (i = 0; i < nr; i++) {
		lat->worst[i].max = lat->opts->worst;
		lat->worst[i].v = calloc(lat->opts->worst, sizeof(*lat->worst[i].v));
		if (!lat->worst[i].v)
			return -ENOMEM;
		lat->nr_groups++;
	}
	return 0;
}

void lat_worst_destroy(struct mrg_lat *lat)
{
	while (lat->nr_groups > 0)
		free(lat->worst[--lat->nr_groups].v);
	free(lat->worst);
	lat->worst = NULL;
}

/* All groups' in one list, longest first; what is of several stands in it once. */
static size_t put_together(const struct mrg_lat *lat, struct lat_kept *all)
{
	size_t nr = 0, kept = 0, i;
	unsigned int g;

	for (g = 0; g < lat->nr_groups; g++) {
		memcpy(all + nr, lat->worst[g].v, lat->worst[g].nr * sizeof(*all));
		nr += lat->worst[g].nr;
	}
	qsort(all, nr, sizeof(*all), by_length);
	for (i = 0; i < nr; i++) {
		if (kept == 0 || by_length(&all[kept - 1], &all[i]) != 0)
			all[kept++] = all[i];
	}
	return kept;
}

int lat_worst_result(struct mrg_lat *lat)
{
	struct lat_kept *all = calloc((size_t)lat->nr_groups * lat->opts->worst + 1, sizeof(*all));
	struct mrg_lat_result *result = lat->result;
	size_t nr = all ? put_together(lat, all) : 0, i;

	result->worst = calloc(nr + 1, sizeof(*result->worst));
	if (!all || !result->worst) {
		free(all);
		return -ENOMEM;
	}
	for (i = 0; i < nr; i++)
		result->worst[i] = (struct mrg_lat_interval){
			.metric = index_of(result, all[i].metric), .from = all[i].from,
			.to = all[i].to, .pid = all[i].pid, .cpu = all[i].cpu,
		};
	result->nr_worst = nr;
	free(all);
	return 0;
}
