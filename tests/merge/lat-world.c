/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lat-world.c - a kernel without a trace: events as the latency engine wants them */
#include "tests/merge/lat-world.h"

#include "tests/unit.h"

#define HOST "tests/fixtures/pair/host.dat"

struct payload {		/* of every event here */
	uint16_t id, flags;
	int32_t pid;		/* common_pid */
	uint64_t a, b, c;
	char comm[LAT_COMM], prev_comm[LAT_COMM];
};

#define AT(member, size_, signed_) \
	{ .offset = offsetof(struct payload, member), .size = (size_), .shift = 64 - 8 * (size_), \
	  .is_signed = (signed_) }

static struct lat_event event_of(enum kev_role role)
{
	struct lat_event event = {
		.role = (uint8_t)role, .f = { AT(a, 8, false), AT(b, 8, false), AT(c, 8, false) },
		.hrtimer = true,
	};

	if (role == KEV_SWITCH || role == KEV_WAKING)
		event.comm = offsetof(struct payload, comm);
	if (role == KEV_SWITCH)
		event.prev_comm = offsetof(struct payload, prev_comm);
	return event;
}

void world_init(struct world *w)
{
	static const char *const host[] = { HOST };
	struct mrg_set *set;

	memset(w, 0, sizeof(*w));
	/* names of VMs and symbols are asked of a real trace */
	assert_int_equal(mrg_set_open(&set, host, 1, NULL), 0);
	w->set = *set;
	w->opts.worst = 3;
	w->lat = (struct mrg_lat){ .set = set, .opts = &w->opts, .result = &w->result };
	assert_int_equal(lat_create(&w->lat), 0);
	w->system = (struct lat_system){ .cpus = w->cpus, .nr_cpus = WORLD_CPUS };
	w->system.irqs.max = w->system.functions.max = w->system.lateness.max = 100;
}

void world_finish(struct world *w)
{
	struct mrg_set *set = (struct mrg_set *)w->lat.set;

	lat_destroy(&w->lat);
	mrg_lat_map_finish(&w->system.irqs);
	mrg_lat_map_finish(&w->system.functions);
	mrg_lat_map_finish(&w->system.lateness);
	mrg_lat_result_finish(&w->result);
	mrg_set_destroy(set);
}

void world_event(struct world *w, uint64_t ns, unsigned int cpu, int pid, enum kev_role role,
		 uint64_t a, uint64_t b, uint64_t c)
{
	const struct lat_event about = event_of(role);
	struct payload payload = { .pid = pid, .a = a, .b = b, .c = c };
	struct lat_rec rec = {
		.ns = ns, .data = (const uint8_t *)&payload, .size = sizeof(payload),
		.event = &about, .sys = &w->system, .cpu = &w->cpus[cpu], .cpu_nr = (uint16_t)cpu,
	};

	snprintf(payload.comm, sizeof(payload.comm), "task%d", (int)a);
	snprintf(payload.prev_comm, sizeof(payload.prev_comm), "task%d", (int)b);
	if (role == KEV_NONE)
		lat_lose(&w->lat, &rec, NULL);
	else
		lat_feed(&w->lat, &rec);
}

const struct mrg_lat_metric *world_find(const struct world *w, enum mrg_lat_kind kind,
					const char *name)
{
	size_t i;

	for (i = 0; i < w->result.nr; i++) {
		if (w->result.metrics[i]->kind == kind &&
		    strcmp(w->result.metrics[i]->name, name) == 0)
			return w->result.metrics[i];
	}
	return NULL;
}

uint64_t world_sum(const struct world *w, enum mrg_lat_kind kind, const char *name)
{
	const struct mrg_lat_metric *metric = world_find(w, kind, name);

	return metric ? metric->hist.sum : 0;
}
