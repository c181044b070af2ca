/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lat.c - the pass over a set: records in order into the engine, its figures out
 */
#include "merge/lat-engine.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/err.h"

static const struct { const char *name, *help; } kinds[] = {
#define X(id_, name_, help_) { name_, help_ },
	MRG_LAT_KINDS(X)
#undef X
};

static const struct { const char *name, *help; } parts[] = {
#define X(id_, name_, help_) { name_, help_ },
	MRG_LAT_PARTS(X)
#undef X
};

const char *mrg_lat_kind_name(enum mrg_lat_kind kind)
{
	return kinds[kind].name;
}

const char *mrg_lat_kind_help(enum mrg_lat_kind kind)
{
	return kinds[kind].help;
}

enum mrg_lat_kind mrg_lat_kind_find(const char *name)
{
	unsigned int kind = 0;

	while (kind < MRG_LAT_NR_KINDS && strcmp(kinds[kind].name, name) != 0)
		kind++;
	return (enum mrg_lat_kind)kind;
}

const char *mrg_lat_part_name(enum mrg_lat_part part)
{
	return parts[part].name;
}

const char *mrg_lat_part_help(enum mrg_lat_part part)
{
	return parts[part].help;
}

int mrg_lat_vm_of(const struct xt_trace *host, int tid)
{
	const struct xt_info *info = xt_trace_info(host);
	int tgid;
	size_t i;

	for (i = 0; i < info->nr_vcpus; i++) {
		if (info->vcpus[i].tid == tid && info->vcpus[i].vm_pid > 0)
			return info->vcpus[i].vm_pid;
	}
	tgid = xt_trace_tgid(host, tid);
	return tgid > 0 ? tgid : tid;
}

/* ---- records ---- */

/*
 * Events of a CPU are missing from somewhere before this point on: all that was
 * under way there is unknown, and so is every interval of this kernel that began
 * before (a wake-up may be among what is missing).
 */
void lat_lose(struct mrg_lat *lat, const struct lat_rec *rec, const uint8_t *count)
{
	struct lat_task *task = rec->cpu->current;
	uint64_t nr = 0;

	if (count)
		memcpy(&nr, count, sizeof(nr));
	lat->result->lost += nr;
	lat->result->lost_places++;
	rec->sys->lost_ns = rec->ns;
	rec->cpu->depth = 0;
	rec->cpu->current = NULL;
	rec->cpu->run_since = rec->ns;
	while (rec->cpu->waiters)
		lat_stop_waiting(rec->sys, rec->cpu->waiters);
	if (!task)
		return;
	task->run = LAT_UNKNOWN;
	task->calling = false;
	if (task->vcpu)
		lat_vcpu_lose(task->vcpu);
}

static void mark(struct mrg_lat *lat, const struct lat_rec *rec)
{
	struct xt_rec raw = { .data = rec->data, .size = rec->size };
	struct kev_gs call;
	const uint8_t *text;
	uint32_t len;

	text = rec->event->text ? xt_field_bytes(rec->event->text, &raw, &len) : NULL;
	if (text && kev_marker_parse(&call, (const char *)text, len) == 0)
		lat_guest_call(lat, rec, &call);
}

static void guest_event(struct mrg_lat *lat, const struct lat_rec *rec)
{
	struct kev_gs call = { .kind = rec->event->gs, .nr = lat_field(rec, LAT_NR) };

	if (call.kind == KEV_GS_HC_START || call.kind == KEV_GS_HC_END)
		lat_guest_call(lat, rec, &call);
}

void lat_feed(struct mrg_lat *lat, const struct lat_rec *rec)
{
	switch (rec->event->role) {
	case KEV_GUEST_BEGIN: lat_guest_begin(lat, rec); break;
	case KEV_GUEST_END: lat_guest_end(lat, rec); break;
	case KEV_USER_BEGIN: lat_user_begin(lat, rec); break;
	case KEV_HYPERCALL: lat_hypercall(lat, rec); break;
	case KEV_HYPERCALL_DONE: lat_hypercall_done(lat, rec); break;
	case KEV_IRQ_BEGIN: lat_irq_begin(lat, rec, LAT_FRAME_IRQ); break;
	case KEV_IRQ_END: lat_irq_end(lat, rec, LAT_FRAME_IRQ); break;
	case KEV_SOFTIRQ_BEGIN: lat_irq_begin(lat, rec, LAT_FRAME_SOFTIRQ); break;
	case KEV_SOFTIRQ_END: lat_irq_end(lat, rec, LAT_FRAME_SOFTIRQ); break;
	case KEV_TIMER_ARM: lat_timer_arm(lat, rec); break;
	case KEV_TIMER_CANCEL: lat_timer_cancel(lat, rec); break;
	case KEV_TIMER_BEGIN: lat_timer_begin(lat, rec); break;
	case KEV_TIMER_END: lat_timer_end(lat, rec); break;
	case KEV_SWITCH: lat_switch(lat, rec); break;
	case KEV_WAKING:
	case KEV_WAKEUP: lat_wake(lat, rec); break;
	case KEV_MIGRATE: lat_migrate(lat, rec); break;
	case KEV_TASK_EXIT: lat_task_exit(lat, rec); break;
	case KEV_SYSCALL_ENTER: lat_syscall_enter(lat, rec); break;
	case KEV_SYSCALL_EXIT: lat_syscall_exit(lat, rec); break;
	case KEV_FAULT: lat_fault(rec); break;
	case KEV_MARK: mark(lat, rec); break;
	case KEV_GS_GUEST: guest_event(lat, rec); break;
	default: break;
	}
}

static void take_item(struct mrg_lat *lat, const struct mrg_item *item)
{
	const struct mrg_stream_lane *lane = mrg_stream_lane(lat->stream, item->lane);
	struct lat_system *sys = &lat->systems[lane->member_index];
	unsigned int id = mrg_item_id(item);
	struct lat_rec rec = {
		.ns = item->time, .data = item->data, .size = item->size, .sys = sys,
		.system = lane->member_index, .cpu_nr = (uint16_t)lane->info->cpu,
		.cpu = &sys->cpus[lane->info->cpu],
	};

	if (item->flags & MRG_ITEM_LOST) {
		lat_lose(lat, &rec, item->data);
		return;
	}
	lat->result->events++;
	if (id >= sys->nr_events || item->size < 8)
		return;
	rec.event = &sys->events[id];
	if (rec.event->role != KEV_NONE && item->size >= rec.event->min_size)
		lat_feed(lat, &rec);
	if (rec.event->marks)
		lat_section_item(lat, &rec, item);
}

static int take_window(void *arg, const struct mrg_window *window)
{
	struct mrg_lat *lat = arg;
	uint32_t i;

	for (i = 0; i < window->nr; i++)
		take_item(lat, &window->items[i]);
	if (window->nr > 0) {
		if (lat->result->first_ns == 0)
			lat->result->first_ns = window->items[0].time;
		lat->result->last_ns = window->items[window->nr - 1].time;
	}
	return lat->no_memory ? -ENOMEM : 0;
}

static void warn(void *arg, const char *text)
{
	struct mrg_lat *lat = arg;

	if (lat->opts->warn)
		lat->opts->warn(lat->opts->warn_arg, text);
}

/* ---- making and unmaking ---- */

static int create_system(struct mrg_lat *lat, size_t m)
{
	const struct xt_trace *trace = lat->set->members[m].trace;
	struct lat_system *sys = &lat->systems[m];
	unsigned int i, cpu;

	for (i = 0; i < xt_trace_nr_lanes(trace); i++) {
		cpu = xt_trace_lane(trace, i)->cpu;
		if (cpu >= sys->nr_cpus)
			sys->nr_cpus = cpu + 1;
	}
	sys->cpus = calloc(sys->nr_cpus + 1, sizeof(*sys->cpus));
	sys->irqs.max = sys->functions.max = sys->lateness.max = 65536;
	if (!sys->cpus || lat_steps_create(sys, &lat->set->members[m], xt_trace_info(trace)) < 0)
		return -ENOMEM;
	lat->result->steps += sys->nr_steps;
	return lat_events_create(sys, trace);
}

int lat_create(struct mrg_lat *lat)
{
	size_t m;
	int rc = 0;

	lat->tasks.max = LAT_MAX_TASKS;
	lat->timers.max = LAT_MAX_TIMERS;
	lat->metrics.max = LAT_MAX_METRICS;
	lat->systems = calloc(lat->set->nr + 1, sizeof(*lat->systems));
	lat->result->samples = calloc(MRG_LAT_SAMPLES, sizeof(*lat->result->samples));
	if (!lat->systems || !lat->result->samples || lat_worst_create(lat) < 0)
		return -ENOMEM;
	for (m = 0; m < lat->set->nr && rc == 0; m++)
		rc = create_system(lat, m);
	return rc;
}

void lat_destroy(struct mrg_lat *lat)
{
	size_t i;

	for (i = 0; lat->systems && i < lat->set->nr; i++) {
		free(lat->systems[i].events);
		free(lat->systems[i].cpus);
		free(lat->systems[i].steps);
		mrg_lat_map_finish(&lat->systems[i].irqs);
		mrg_lat_map_finish(&lat->systems[i].functions);
		mrg_lat_map_finish(&lat->systems[i].lateness);
	}
	free(lat->systems);
	for (i = 0; i < lat->tasks.size; i++)
		lat_task_free(lat->tasks.cells[i].value);
	mrg_lat_map_finish(&lat->tasks);
	for (i = 0; i < lat->timers.size; i++)
		free(lat->timers.cells[i].value);
	mrg_lat_map_finish(&lat->timers);
	mrg_lat_map_finish(&lat->metrics);
	lat_worst_destroy(lat);
}

int lat_run(struct mrg_lat *lat, struct rt_err *err)
{
	const struct mrg_sink sink = { .arg = lat, .write = take_window, .warn = warn };
	struct mrg_stream_opts opts = MRG_STREAM_ALL;
	int rc;

	opts.threads = lat->opts->threads;
	opts.from = lat->opts->from;
	opts.to = lat->opts->to;
	rc = mrg_stream_create(&lat->stream, lat->set, &opts, &sink, err);
	if (rc < 0)
		return rc;
	rc = mrg_stream_run(lat->stream, err);
	mrg_stream_destroy(lat->stream);
	if (rc == -ENOMEM)
		return rt_err_set(err, rc, "cannot keep all figures");
	return rc;
}

int mrg_lat_run(struct mrg_lat_result *ret, const struct mrg_set *set,
		const struct mrg_lat_opts *opts, struct rt_err *err)
{
	struct mrg_lat lat = { .set = set, .opts = opts, .result = ret };
	int rc;

	*ret = (struct mrg_lat_result){ 0 };
	rc = lat_create(&lat);
	if (rc < 0)
		rc = rt_err_set(err, rc, "cannot prepare the analysis");
	if (rc == 0 && opts->begin)
		rc = lat_section_create(&lat, err);
	if (rc == 0)
		rc = lat_run(&lat, err);
	if (rc == 0 && (lat_metrics_result(&lat) < 0 || lat_worst_result(&lat) < 0))
		rc = rt_err_set(err, -ENOMEM, "cannot keep all figures");
	lat_section_destroy(&lat);
	lat_destroy(&lat);
	return rc;
}

void mrg_lat_result_finish(struct mrg_lat_result *result)
{
	size_t i;

	for (i = 0; i < result->nr; i++) {
		mrg_hist_finish(&result->metrics[i]->hist);
		free(result->metrics[i]);
	}
	free(result->metrics);
	free(result->worst);
	free(result->samples);
	*result = (struct mrg_lat_result){ 0 };
}
