/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lat-probe.c - what was done within one interval, summed by who did it */
#include "merge/lat-engine.h"

#include <stdio.h>

/* So many places are left for parts, which are few, and for the others of each deed. */
#define RESERVED (MRG_LAT_NR_PARTS + LAT_NR_DEEDS)

static struct lat_doer *find(struct lat_probe *probe, enum lat_deed deed, const char *name)
{
	unsigned int i;

	for (i = 0; i < probe->nr; i++) {
		if (probe->doers[i].deed == deed && strcmp(probe->doers[i].name, name) == 0)
			return &probe->doers[i];
	}
	return NULL;
}

static struct lat_doer *doer_of(struct lat_probe *probe, enum lat_deed deed, const char *name)
{
	struct lat_doer *doer = find(probe, deed, name);

	if (!doer && deed != LAT_PART && probe->nr >= LAT_MAX_DOERS - RESERVED) {
		name = LAT_OTHERS;
		doer = find(probe, deed, name);
	}
	if (doer)
		return doer;
	doer = &probe->doers[probe->nr++];
	doer->deed = deed;
	doer->prio = LAT_PRIO_NORMAL;
	snprintf(doer->name, sizeof(doer->name), "%s", name);
	return doer;
}

/* What of [*from, *to] lies within the probe's interval. */
static bool clip(const struct lat_probe *probe, uint64_t *from, uint64_t *to)
{
	if (*from < probe->from)
		*from = probe->from;
	if (*to > probe->to)
		*to = probe->to;
	return *from < *to;
}

/* Return: whose it is, NULL outside of the interval; *@ret_longest: no longer one before. */
static struct lat_doer *add(struct lat_probe *probe, enum lat_deed deed, const char *name,
			    uint64_t from, uint64_t to, bool *ret_longest)
{
	struct lat_doer *doer;

	if (!probe || !clip(probe, &from, &to))
		return NULL;
	doer = doer_of(probe, deed, name);
	doer->sum += to - from;
	doer->times++;
	*ret_longest = to - from > doer->longest;
	if (*ret_longest)
		doer->longest = to - from;
	return doer;
}

void lat_probe_add(struct lat_probe *probe, enum lat_deed deed, const char *name, uint64_t from,
		   uint64_t to)
{
	bool longest;

	add(probe, deed, name, from, to, &longest);
}

void lat_probe_wait(struct lat_probe *probe, unsigned int cpu, bool pushed, uint64_t from,
		    uint64_t to)
{
	if (!probe || !clip(probe, &from, &to) || to - from <= probe->wait_to - probe->wait_from)
		return;
	probe->wait_cpu = cpu;
	probe->wait_pushed = pushed;
	probe->wait_from = from;
	probe->wait_to = to;
}

void lat_probe_count(struct lat_probe *probe, enum lat_deed deed, const char *name, uint64_t ns)
{
	if (probe && ns >= probe->from && ns <= probe->to)
		doer_of(probe, deed, name)->times++;
}

/* Tasks of one name are one doer: the one told is that which had the longest time at once. */
void lat_probe_task(struct lat_probe *probe, enum lat_deed deed, const struct lat_task *task,
		    uint64_t from, uint64_t to)
{
	char name[LAT_COMM + 1] = { 0 };
	struct lat_doer *doer;
	bool longest = false;

	if (task)
		memcpy(name, task->comm[0] ? task->comm : "<...>", task->comm[0] ? LAT_COMM : 6);
	doer = add(probe, deed, name, from, to, &longest);
	if (!doer || !task || strcmp(doer->name, LAT_OTHERS) == 0)
		return;
	if (doer->pid > 0 && doer->pid != task->pid)
		doer->several = true;
	if (!longest)
		return;
	doer->pid = task->pid;
	doer->prio = task->prio;
	doer->system = task->system;
	doer->vm_pid = task->vcpu ? task->vcpu->vm_pid : 0;
	doer->vcpu = task->vcpu ? task->vcpu->index : 0;
	snprintf(doer->waker, sizeof(doer->waker), "%s", task->waker);
}

struct lat_probe *lat_probe_of(const struct lat_probing *probing, uint16_t system, int tid)
{
	return probing->tid == tid && probing->host == system ? probing->vcpu : NULL;
}

uint64_t lat_probe_sum(const struct lat_probe *probe, enum lat_deed deed,
		       const struct lat_doer **ret_most)
{
	const struct lat_doer *most = NULL;
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < probe->nr; i++) {
		if (probe->doers[i].deed != deed)
			continue;
		sum += probe->doers[i].sum;
		if (!most || probe->doers[i].sum > most->sum)
			most = &probe->doers[i];
	}
	if (ret_most)
		*ret_most = most;
	return sum;
}
