/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lat-vcpu.c - vCPUs: out of the guest why, for how long, and doing what
 *
 * A vCPU's thread becomes known by its first kvm_entry or kvm_exit.  All of its
 * time between an exit and the next entry belongs to exactly one part.
 */
#include "merge/lat-engine.h"

#include <stdio.h>
#include <stdlib.h>

static struct lat_vcpu *get_vcpu(struct mrg_lat *lat, const struct lat_rec *rec,
				 struct lat_task **ret_task)
{
	struct lat_task *task = lat_task(lat, rec, lat_common_pid(rec));

	*ret_task = task;
	if (!task)
		return NULL;
	if (!task->vcpu) {
		task->vcpu = calloc(1, sizeof(*task->vcpu));
		if (!task->vcpu) {
			lat->no_memory = true;
			return NULL;
		}
		task->vcpu->vm_pid = mrg_lat_vm_of(lat->set->members[rec->system].trace,
						    task->pid);
		task->vcpu->where = LAT_NOWHERE;
		task->vcpu->exits.max = 4096;
		if (lat->probing)
			task->vcpu->probe = lat_probe_of(lat->probing, rec->system, task->pid);
	}
	/* It runs here: seen to, also where no sched events are traced. */
	lat_stop_waiting(rec->sys, task);
	task->run = LAT_RUNNING;
	task->cpu = rec->cpu_nr;
	if (rec->cpu->current != task) {
		rec->cpu->current = task;
		rec->cpu->run_since = rec->ns;
	}
	return task->vcpu;
}

void lat_vcpu_free(struct lat_vcpu *vcpu)
{
	mrg_lat_map_finish(&vcpu->exits);
	free(vcpu);
}

/* A halted vCPU sleeps in state S, as one does that waits for QEMU. */
static void probe_sleep(const struct lat_vcpu *vcpu, uint64_t to)
{
	const char *how = NULL;

	if (vcpu->sleep == 'T')
		how = "stopped by a signal";
	else if (vcpu->sleep == 't')
		how = "stopped by a debugger";
	else if (vcpu->sleep == 'D')
		how = "for memory, a disk or a lock (state D)";
	if (how && vcpu->part == MRG_LAT_PART_HALT)
		lat_probe_add(vcpu->probe, LAT_SLEPT, how, vcpu->since, to);
}

void lat_vcpu_part(struct lat_vcpu *vcpu, enum mrg_lat_part part, uint64_t ns)
{
	if (vcpu->where == LAT_OUT && ns > vcpu->since) {
		vcpu->parts[vcpu->part] += ns - vcpu->since;
		lat_probe_add(vcpu->probe, LAT_PART, mrg_lat_part_name(vcpu->part), vcpu->since,
			      ns);
		probe_sleep(vcpu, ns);
	}
	vcpu->part = (uint8_t)part;
	if (ns > vcpu->since)
		vcpu->since = ns;
}

static struct mrg_lat_metric *exit_metric(struct mrg_lat *lat, const struct lat_rec *rec,
					  struct lat_vcpu *vcpu)
{
	uint64_t key = vcpu->reason << 2 | (vcpu->isa & 3);
	struct mrg_lat_metric *metric = mrg_lat_map_get(&vcpu->exits, key);
	const char *name = kev_exit_name(vcpu->isa, vcpu->reason);
	char number[24];

	if (metric)
		return metric;
	snprintf(number, sizeof(number), "%llu", (unsigned long long)vcpu->reason);
	metric = lat_metric(lat, MRG_LAT_EXIT, rec->system, vcpu, name ? name : number);
	if (metric && mrg_lat_map_put(&vcpu->exits, key, metric) < 0)
		lat->result->cut = true;
	return metric;
}

static void hypercall_ends(struct mrg_lat *lat, const struct lat_rec *rec, struct lat_vcpu *vcpu)
{
	const char *name = kev_hypercall_name(vcpu->hc_nr);
	char number[24];

	if (vcpu->hc_ns == 0)
		return;
	snprintf(number, sizeof(number), "%#llx", (unsigned long long)vcpu->hc_nr);
	lat_add_or_unknown(lat, lat_metric(lat, MRG_LAT_HYPERCALL, rec->system, vcpu,
					   name ? name : number),
			   rec, vcpu->hc_ns, lat_common_pid(rec));
	vcpu->hc_ns = 0;
}

static void exit_ends(struct mrg_lat *lat, const struct lat_rec *rec, struct lat_vcpu *vcpu)
{
	struct mrg_lat_metric *metric = exit_metric(lat, rec, vcpu);
	unsigned int i;

	lat_vcpu_part(vcpu, MRG_LAT_PART_KVM, rec->ns);
	if (metric && lat_is_whole(rec, vcpu->exit_ns)) {
		for (i = 0; i < MRG_LAT_NR_PARTS; i++)
			metric->parts[i] += vcpu->parts[i];
	}
	lat_add_or_unknown(lat, metric, rec, vcpu->exit_ns, lat_common_pid(rec));
	if (metric)
		lat_probe_add(vcpu->probe, LAT_EXITED, metric->name, vcpu->exit_ns, rec->ns);
}

void lat_guest_begin(struct mrg_lat *lat, const struct lat_rec *rec)
{
	struct lat_task *task;
	struct lat_vcpu *vcpu = get_vcpu(lat, rec, &task);

	if (!vcpu)
		return;
	vcpu->index = (int)lat_field(rec, LAT_VCPU);
	if (vcpu->where == LAT_OUT) {
		hypercall_ends(lat, rec, vcpu);
		exit_ends(lat, rec, vcpu);
	}
	vcpu->where = LAT_IN_GUEST;
	vcpu->base = MRG_LAT_PART_KVM;
}

void lat_guest_end(struct mrg_lat *lat, const struct lat_rec *rec)
{
	struct lat_task *task;
	struct lat_vcpu *vcpu = get_vcpu(lat, rec, &task);

	if (!vcpu)
		return;
	vcpu->index = (int)lat_field(rec, LAT_VCPU);
	vcpu->where = LAT_OUT;
	vcpu->exit_ns = vcpu->since = rec->ns;
	vcpu->reason = lat_field(rec, LAT_REASON);
	vcpu->isa = (unsigned int)lat_field(rec, LAT_ISA);
	vcpu->base = MRG_LAT_PART_KVM;
	vcpu->part = MRG_LAT_PART_KVM;
	vcpu->hc_ns = 0;
	rec->cpu->depth = 0;	/* the guest ran: no interrupt of the host was under way */
	memset(vcpu->parts, 0, sizeof(vcpu->parts));
}

void lat_user_begin(struct mrg_lat *lat, const struct lat_rec *rec)
{
	struct lat_task *task;
	struct lat_vcpu *vcpu = get_vcpu(lat, rec, &task);

	if (!vcpu)
		return;
	vcpu->base = MRG_LAT_PART_USER;
	lat_vcpu_part(vcpu, lat_cpu_part(rec->cpu, MRG_LAT_PART_USER), rec->ns);
}

void lat_hypercall(struct mrg_lat *lat, const struct lat_rec *rec)
{
	struct lat_task *task;
	struct lat_vcpu *vcpu = get_vcpu(lat, rec, &task);

	if (!vcpu)
		return;
	vcpu->hc_nr = lat_field(rec, LAT_NR);
	vcpu->hc_ns = rec->ns;
}

void lat_hypercall_done(struct mrg_lat *lat, const struct lat_rec *rec)
{
	struct lat_task *task;
	struct lat_vcpu *vcpu = get_vcpu(lat, rec, &task);

	if (vcpu && vcpu->hc_nr == lat_field(rec, LAT_NR))
		hypercall_ends(lat, rec, vcpu);
}

void lat_vcpu_lose(struct lat_vcpu *vcpu)
{
	vcpu->where = LAT_NOWHERE;
	vcpu->hc_ns = 0;
}
