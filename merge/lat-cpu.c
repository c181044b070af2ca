/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lat-cpu.c - what interrupts the task of a CPU, and timers
 *
 * Interrupts nest.  An end that does not fit the innermost begin takes what lies
 * above its own begin with it: those ends were lost or are not traced.
 */
#include "merge/lat-engine.h"

#include <stdio.h>
#include <stdlib.h>

enum mrg_lat_part lat_cpu_part(const struct lat_cpu *cpu, enum mrg_lat_part base)
{
	unsigned int i = cpu->depth;

	while (i > 0) {
		i--;
		if (cpu->frames[i].kind == LAT_FRAME_IRQ)
			return MRG_LAT_PART_IRQ;
		if (cpu->frames[i].kind == LAT_FRAME_SOFTIRQ)
			return MRG_LAT_PART_SOFTIRQ;
	}
	return base;
}

/* The vCPU's thread that is disturbed, if it is one. */
static void note_vcpu(const struct lat_rec *rec)
{
	struct lat_task *task = rec->cpu->current;

	if (task && task->vcpu)
		lat_vcpu_part(task->vcpu, lat_cpu_part(rec->cpu, task->vcpu->base), rec->ns);
}

/* ---- names ---- */

static struct mrg_lat_metric *irq_metric(struct mrg_lat *lat, const struct lat_rec *rec)
{
	uint64_t key = rec->event->fixed ? (uint64_t)(uintptr_t)rec->event->fixed
					 : lat_field(rec, LAT_NR);
	struct mrg_lat_metric *metric = mrg_lat_map_get(&rec->sys->irqs, key);
	struct xt_rec raw = { .data = rec->data, .size = rec->size };
	char name[MRG_LAT_NAME_MAX];
	const uint8_t *text = NULL;
	uint32_t len = 0;

	if (metric)
		return metric;
	if (rec->event->text)
		text = xt_field_bytes(rec->event->text, &raw, &len);
	if (rec->event->fixed)
		snprintf(name, sizeof(name), "%s", rec->event->fixed);
	else
		snprintf(name, sizeof(name), "%llu %.*s", (unsigned long long)key,
			 len < 32 ? (int)len : 32, text ? (const char *)text : "");
	metric = lat_metric(lat, MRG_LAT_IRQ, rec->system, NULL, name);
	if (metric && mrg_lat_map_put(&rec->sys->irqs, key, metric) < 0)
		lat->result->cut = true;
	return metric;
}

static struct mrg_lat_metric *softirq_metric(struct mrg_lat *lat, const struct lat_rec *rec)
{
	uint64_t vec = lat_field(rec, LAT_NR);
	const char *name = kev_softirq_name(vec);

	if (vec >= 32)
		return NULL;
	if (!rec->sys->softirqs[vec])
		rec->sys->softirqs[vec] = lat_metric(lat, MRG_LAT_SOFTIRQ, rec->system, NULL,
						     name ? name : "?");
	return rec->sys->softirqs[vec];
}

/* The metric of a timer's function, which is an address that may have a symbol. */
static struct mrg_lat_metric *function_metric(struct mrg_lat *lat, const struct lat_rec *rec,
					      enum mrg_lat_kind kind, uint64_t function)
{
	struct mrg_lat_map *map = kind == MRG_LAT_TIMER ? &rec->sys->lateness
							 : &rec->sys->functions;
	struct mrg_lat_metric *metric = mrg_lat_map_get(map, function);
	char name[MRG_LAT_NAME_MAX];
	const char *symbol;
	uint64_t start;

	if (metric)
		return metric;
	symbol = xt_trace_symbol(lat->set->members[rec->system].trace, function, &start);
	if (symbol)
		snprintf(name, sizeof(name), "%s", symbol);
	else
		snprintf(name, sizeof(name), "%#llx", (unsigned long long)function);
	metric = lat_metric(lat, kind, rec->system, NULL, name);
	if (metric && mrg_lat_map_put(map, function, metric) < 0)
		lat->result->cut = true;
	return metric;
}

/* ---- interrupts ---- */

static void push(const struct lat_rec *rec, enum lat_frame_kind kind, uint64_t id,
		 struct mrg_lat_metric *metric)
{
	struct lat_cpu *cpu = rec->cpu;

	if (cpu->depth == LAT_DEPTH)	/* deeper than the kernel can go: ends are missing */
		cpu->depth = 0;
	cpu->frames[cpu->depth++] = (struct lat_frame){
		.kind = kind, .id = id, .begin = rec->ns, .metric = metric,
	};
	note_vcpu(rec);
}

/* For who asks what the CPU, or the vCPU's thread that runs on it, was doing. */
static void probe_frame(const struct lat_rec *rec, const struct lat_frame *frame)
{
	const struct lat_task *task = rec->cpu->current;
	enum lat_deed deed = frame->kind == LAT_FRAME_SOFTIRQ ? LAT_SOFTIRQ : LAT_INTERRUPT;
	const char *name = frame->metric ? frame->metric->name : "?";

	if (frame->kind == LAT_FRAME_TIMER)
		return;		/* within its interrupt */
	lat_probe_add(rec->cpu->probe, deed, name, frame->begin, rec->ns);
	if (task && task->vcpu)
		lat_probe_add(task->vcpu->probe, deed, name, frame->begin, rec->ns);
}

static void pop(struct mrg_lat *lat, const struct lat_rec *rec, enum lat_frame_kind kind,
		uint64_t id)
{
	struct lat_cpu *cpu = rec->cpu;
	unsigned int i = cpu->depth;

	while (i > 0 && (cpu->frames[i - 1].kind != kind || cpu->frames[i - 1].id != id))
		i--;
	if (i == 0)
		return;		/* it began before the trace, or its begin was lost */
	lat_add_or_unknown(lat, cpu->frames[i - 1].metric, rec, cpu->frames[i - 1].begin,
			   lat_common_pid(rec));
	if (lat->probing)
		probe_frame(rec, &cpu->frames[i - 1]);
	cpu->depth = i - 1;
	note_vcpu(rec);
}

void lat_leave_frames(struct lat_cpu *cpu)
{
	while (cpu->depth > 0) {
		cpu->depth--;
		if (cpu->frames[cpu->depth].metric)
			cpu->frames[cpu->depth].metric->unknown++;
	}
}

/* An interrupt's number, or what stands for it where its kind has an event of its own. */
static uint64_t irq_id(const struct lat_rec *rec, enum lat_frame_kind kind)
{
	if (kind == LAT_FRAME_IRQ && rec->event->fixed)
		return (uint64_t)rec->event->fixed[0] << 56 |
		       (uint64_t)strlen(rec->event->fixed) << 48;
	return lat_field(rec, LAT_NR);
}

void lat_irq_begin(struct mrg_lat *lat, const struct lat_rec *rec, enum lat_frame_kind kind)
{
	push(rec, kind, irq_id(rec, kind),
	     kind == LAT_FRAME_IRQ ? irq_metric(lat, rec) : softirq_metric(lat, rec));
}

void lat_irq_end(struct mrg_lat *lat, const struct lat_rec *rec, enum lat_frame_kind kind)
{
	pop(lat, rec, kind, irq_id(rec, kind));
}

/* ---- timers ---- */

static uint64_t timer_key(const struct lat_rec *rec)
{
	/* kernel addresses have their upper 16 bits alike: room for the kernel's number */
	return lat_field(rec, LAT_ADDR) ^ (uint64_t)rec->system << 48;
}

void lat_timer_arm(struct mrg_lat *lat, const struct lat_rec *rec)
{
	struct lat_timer *timer;

	if (!rec->event->hrtimer || rec->event->f[LAT_EXPIRES].size == 0)
		return;
	timer = mrg_lat_map_get(&lat->timers, timer_key(rec));
	if (!timer) {
		timer = malloc(sizeof(*timer));
		if (!timer || mrg_lat_map_put(&lat->timers, timer_key(rec), timer) < 0) {
			free(timer);
			lat->result->cut = true;
			return;
		}
	}
	timer->expires = lat_field(rec, LAT_EXPIRES);
	timer->function = lat_field(rec, LAT_FUNCTION);
	timer->armed = rec->ns;
}

void lat_timer_cancel(struct mrg_lat *lat, const struct lat_rec *rec)
{
	if (rec->event->hrtimer)
		free(mrg_lat_map_take(&lat->timers, timer_key(rec)));
}

/*
 * When it was to expire; 0 unknown.  The kernel says both its "now" and what was asked for, on
 * the timer's clock.  Where that has slack it may come earlier, with another timer: on time.
 */
static uint64_t due_of(const struct lat_timer *timer, const struct lat_rec *rec)
{
	uint64_t now = lat_field(rec, LAT_NOW), late = 0;

	if (rec->event->f[LAT_NOW].size == 0)
		return 0;
	if (now > timer->expires)
		late = now - timer->expires;
	return late < rec->ns ? rec->ns - late : 0;
}

/*
 * How late.  Where events were lost since, it may have been armed anew: nothing from before
 * holds.
 * Return: when it was to expire, or a time before the loss; 0 unknown.
 */
static uint64_t lateness(struct mrg_lat *lat, const struct lat_rec *rec)
{
	struct lat_timer *timer = mrg_lat_map_take(&lat->timers, timer_key(rec));
	struct mrg_lat_metric *metric;
	uint64_t due = 0;

	if (timer && timer->armed <= rec->sys->lost_ns) {
		metric = function_metric(lat, rec, MRG_LAT_TIMER, timer->function);
		if (metric)
			metric->unknown++;
		due = timer->armed;
	} else if (timer && (due = due_of(timer, rec)) > 0) {
		lat_add(lat, function_metric(lat, rec, MRG_LAT_TIMER, timer->function), rec, due,
			lat_common_pid(rec));
	}
	free(timer);
	return due;
}

void lat_timer_begin(struct mrg_lat *lat, const struct lat_rec *rec)
{
	uint64_t due = rec->event->hrtimer ? lateness(lat, rec) : 0;

	push(rec, LAT_FRAME_TIMER, lat_field(rec, LAT_ADDR),
	     function_metric(lat, rec, MRG_LAT_TIMERFN, lat_field(rec, LAT_FUNCTION)));
	rec->cpu->frames[rec->cpu->depth - 1].due = due;
}

void lat_timer_end(struct mrg_lat *lat, const struct lat_rec *rec)
{
	pop(lat, rec, LAT_FRAME_TIMER, lat_field(rec, LAT_ADDR));
}
