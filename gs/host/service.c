/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * service.c - what is done with the calls of guests
 *
 * A VM has a joiner of its own, so that no other can push its messages out.  A
 * thread that nobody knows (a VM that came and went between two looks) is a VM of
 * its own, named by its number.
 */
#include "gs/host/service.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "gs/host/limit.h"
#include "gs/host/line.h"
#include "xtrace/xtrace.h"
#include "xtrace/xtrec.h"

#define JOINER_SLOTS	32		/* messages of a VM under way: about 130 KiB */
#define TELL_NS		5000000000ull	/* between two lines about dropped ones */
#define STRANGER_NS	60000000000ull	/* silence after which a thread of no VM is forgotten */
#define BURST_S		10

struct vm {
	struct gs_service *service;	/* borrowed */
	struct gs_vm_stats stats;
	struct kev_joiner *joiner;	/* owned; made at the first fragment */
	struct gs_limit lines, flushes;
	uint64_t lines_told, flushes_told;	/* of those dropped */
	uint64_t told_ns;
	int vcpu;			/* of the call in hand; -1 unknown */
	bool stranger;			/* a thread of no VM that is known */
	uint64_t called_ns;		/* last */
};

struct threads {
	struct xt_vcpu *v;		/* owned */
	size_t nr;
};

struct gs_service {
	struct gs_service_opts opts;
	struct gs_sinks sinks;
	struct threads now, before;
	struct vm *vms[GS_MAX_VMS];
	size_t nr_vms;
	uint64_t lost, lost_told, lost_told_ns;
	unsigned int lost_cpu;		/* whose buffer was full last */
	uint64_t last_ns;		/* the youngest time that was heard of */
};

/* ---- lines ---- */

static uint64_t real(const struct gs_service *service, uint64_t ns)
{
	return ns + service->opts.real_offset;
}

static bool may_write(struct vm *vm, uint64_t ns)
{
	unsigned int rate = vm->service->opts.lines;

	if (gs_limit_take(&vm->lines, rate, rate * BURST_S, ns))
		return true;
	vm->stats.lines_dropped++;
	return false;
}

static void write_line(const struct gs_service *service, const struct gs_line *line)
{
	service->sinks.line(service->sinks.arg, line->text);
}

/* Not limited: at most one in some seconds. */
static void tell_dropped(struct vm *vm, uint64_t ns, bool now)
{
	uint64_t lines = vm->stats.lines_dropped - vm->lines_told;
	uint64_t flushes = vm->stats.flushes_dropped - vm->flushes_told;
	struct gs_line line;

	if (lines + flushes == 0 || (!now && vm->told_ns && ns < vm->told_ns + TELL_NS))
		return;
	gs_line_begin(&line, real(vm->service, ns), vm->stats.name, -1);
	if (lines)
		gs_line_printf(&line, "%" PRIu64 " messages dropped (limit %u a second)", lines,
			       vm->service->opts.lines);
	if (flushes)
		gs_line_printf(&line, "%s%" PRIu64 " flushes dropped (limit %u a second)",
			       lines ? ", " : "", flushes, vm->service->opts.flushes);
	write_line(vm->service, &line);
	vm->lines_told = vm->stats.lines_dropped;
	vm->flushes_told = vm->stats.flushes_dropped;
	vm->told_ns = ns;
}

static void on_message(void *arg, const struct kev_message *msg)
{
	struct vm *vm = arg;
	struct gs_line line;

	vm->stats.incomplete += msg->missing != 0;
	if (msg->from.kind == KEV_GS_LOG_DATA) {
		vm->stats.data++;
		vm->stats.data_bytes += msg->length - msg->missing;
		return;
	}
	vm->stats.messages++;
	if (!may_write(vm, msg->last_ns))
		return;
	/* Whole ones are so by the call in hand; a thread may have changed its vCPU meanwhile. */
	gs_line_begin(&line, real(vm->service, msg->last_ns), vm->stats.name,
		      msg->missing ? -1 : vm->vcpu);
	gs_line_message(&line, msg);
	write_line(vm->service, &line);
}

/* ---- VMs and their threads ---- */

static const struct xt_vcpu *find_thread(const struct threads *threads, int tid)
{
	size_t i;

	for (i = 0; i < threads->nr; i++)
		if (threads->v[i].tid == tid)
			return &threads->v[i];
	return NULL;
}

static const struct xt_vcpu *find_vcpu(const struct gs_service *service, int tid)
{
	const struct xt_vcpu *vcpu = find_thread(&service->now, tid);

	return vcpu ? vcpu : find_thread(&service->before, tid);
}

static struct vm *find_vm(const struct gs_service *service, int pid)
{
	size_t i;

	for (i = 0; i < service->nr_vms; i++)
		if (service->vms[i]->stats.pid == pid)
			return service->vms[i];
	return NULL;
}

bool gs_service_knows(const struct gs_service *service, int tid)
{
	return find_vcpu(service, tid) || find_vm(service, tid);
}

static struct vm *add_vm(struct gs_service *service, int pid, const char *name)
{
	struct vm *vm;

	if (service->nr_vms == GS_MAX_VMS)
		return NULL;
	vm = calloc(1, sizeof(*vm));
	if (!vm)
		return NULL;
	vm->service = service;
	vm->stats.pid = pid;
	if (name[0])
		gs_line_name(vm->stats.name, sizeof(vm->stats.name), name);
	else
		snprintf(vm->stats.name, sizeof(vm->stats.name), "pid%d", pid);
	service->vms[service->nr_vms++] = vm;
	return vm;
}

/* Who made the call, with its vCPU in ->vcpu; NULL when there is no room for one more. */
static struct vm *caller(struct gs_service *service, const struct gs_traced *call)
{
	const struct xt_vcpu *vcpu = find_vcpu(service, call->tid);
	int pid = vcpu ? vcpu->vm_pid : call->tid;
	struct vm *vm = find_vm(service, pid);

	if (!vm)
		vm = add_vm(service, pid, vcpu ? vcpu->vm : "");
	if (!vm)
		return NULL;
	vm->vcpu = vcpu ? (int)vcpu->vcpu : -1;
	vm->stranger = !vcpu;
	vm->called_ns = call->ns;
	return vm;
}

static void end_vm(struct vm *vm, uint64_t ns)
{
	if (vm->joiner)
		kev_joiner_expire(vm->joiner, UINT64_MAX);
	tell_dropped(vm, ns, true);
	kev_joiner_destroy(vm->joiner);
	free(vm);
}

static bool has_threads(const struct gs_service *service, int pid)
{
	size_t i;

	for (i = 0; i < service->now.nr; i++)
		if (service->now.v[i].vm_pid == pid)
			return true;
	for (i = 0; i < service->before.nr; i++)
		if (service->before.v[i].vm_pid == pid)
			return true;
	return false;
}

/* A stranger's account must outlast the looks for VMs: with it its limits would go. */
static bool is_gone(const struct gs_service *service, const struct vm *vm, uint64_t ns)
{
	if (vm->stranger)
		return ns > vm->called_ns + STRANGER_NS;
	return !has_threads(service, vm->stats.pid);
}

int gs_service_set_vms(struct gs_service *service, const struct xt_vms *vms, uint64_t ns)
{
	struct threads next = { .nr = vms->nr };
	size_t i, kept = 0;

	next.v = malloc((vms->nr + 1) * sizeof(*next.v));
	if (!next.v)
		return -ENOMEM;
	if (vms->nr)
		memcpy(next.v, vms->v, vms->nr * sizeof(*next.v));
	free(service->before.v);
	service->before = service->now;
	service->now = next;
	for (i = 0; i < service->nr_vms; i++) {
		if (is_gone(service, service->vms[i], ns))
			end_vm(service->vms[i], ns);
		else
			service->vms[kept++] = service->vms[i];
	}
	service->nr_vms = kept;
	return 0;
}

/* ---- calls ---- */

static void take_fragment(struct vm *vm, const struct gs_traced *call)
{
	const struct kev_speaker from = { .kind = call->gs.kind, .id = call->gs.frag.id };

	if (!vm->joiner && kev_joiner_create(&vm->joiner, JOINER_SLOTS, on_message, vm) < 0)
		return;
	kev_joiner_add(vm->joiner, &from, &call->gs.frag, call->ns);
}

static void take_flush(struct vm *vm, const struct gs_traced *call)
{
	static const char *const scopes[] = { "current CPU", "CPUs of the VM", "all CPUs" };
	struct gs_service *service = vm->service;
	unsigned int rate = service->opts.flushes;
	struct gs_flush flush = {
		.vm_pid = vm->stats.pid, .cpu = call->cpu, .ns = call->ns,
		.scope = call->gs.arg[0], .incident = call->gs.arg[1],
	};
	struct gs_line line;

	vm->stats.flushes++;
	if (!gs_limit_take(&vm->flushes, rate, rate * BURST_S, call->ns)) {
		vm->stats.flushes_dropped++;
		return;
	}
	memcpy(flush.vm, vm->stats.name, sizeof(flush.vm));
	service->sinks.flush(service->sinks.arg, &flush);
	if (!may_write(vm, call->ns))
		return;
	gs_line_begin(&line, real(service, call->ns), vm->stats.name, vm->vcpu);
	gs_line_printf(&line, "flush of the trace, %s, incident %#" PRIx64, scopes[flush.scope],
		       flush.incident);
	write_line(service, &line);
}

void gs_service_call(struct gs_service *service, const struct gs_traced *call)
{
	struct vm *vm = caller(service, call);

	service->last_ns = call->ns;
	if (!vm)
		return;
	vm->stats.calls++;
	if (!call->valid) {
		vm->stats.invalid++;
		return;
	}
	switch (call->gs.kind) {
	case KEV_GS_PING:
		vm->stats.pings++;
		break;
	case KEV_GS_FLUSH:
		take_flush(vm, call);
		break;
	case KEV_GS_LOG_MSG:
	case KEV_GS_LOG_DATA:
		take_fragment(vm, call);
		break;
	default:
		break;
	}
}

static void tell_lost(struct gs_service *service, uint64_t ns, bool now)
{
	struct gs_line line;

	if (service->lost == service->lost_told ||
	    (!now && service->lost_told_ns && ns < service->lost_told_ns + TELL_NS))
		return;
	gs_line_begin(&line, real(service, ns), "host", -1);
	gs_line_printf(&line, "%" PRIu64 " calls of guests were not seen: the buffer of CPU %u was "
		       "full", service->lost - service->lost_told, service->lost_cpu);
	write_line(service, &line);
	service->lost_told = service->lost;
	service->lost_told_ns = ns;
}

void gs_service_lost(struct gs_service *service, unsigned int cpu, uint64_t nr, uint64_t ns)
{
	service->lost += nr;
	service->lost_cpu = cpu;
	tell_lost(service, ns, false);
}

void gs_service_tick(struct gs_service *service, uint64_t ns)
{
	uint64_t patience = (service->opts.patience_s ?: GS_PATIENCE_S) * UINT64_C(1000000000);
	size_t i;

	service->last_ns = ns;
	tell_lost(service, ns, false);
	for (i = 0; i < service->nr_vms; i++) {
		struct vm *vm = service->vms[i];

		if (vm->joiner && ns > patience)
			kev_joiner_expire(vm->joiner, ns - patience);
		tell_dropped(vm, ns, false);
	}
}

/* ---- life and figures ---- */

int gs_service_create(struct gs_service **ret, const struct gs_service_opts *opts,
		      const struct gs_sinks *sinks)
{
	struct gs_service *service = calloc(1, sizeof(*service));

	if (!service)
		return -ENOMEM;
	service->opts = *opts;
	service->sinks = *sinks;
	*ret = service;
	return 0;
}

void gs_service_destroy(struct gs_service *service)
{
	size_t i;

	if (!service)
		return;
	for (i = 0; i < service->nr_vms; i++)
		end_vm(service->vms[i], service->last_ns);
	tell_lost(service, service->last_ns, true);
	free(service->now.v);
	free(service->before.v);
	free(service);
}

void gs_service_set_time(struct gs_service *service, int64_t real_offset)
{
	service->opts.real_offset = real_offset;
}

uint64_t gs_service_total_lost(const struct gs_service *service)
{
	return service->lost;
}

bool gs_service_stats(const struct gs_service *service, size_t i, struct gs_vm_stats *ret)
{
	if (i >= service->nr_vms)
		return false;
	*ret = service->vms[i]->stats;
	return true;
}
