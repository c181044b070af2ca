/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * state.c - per vCPU thread: in the guest or not, and the hypercall in flight
 *
 * Open addressing with linear probing over a table of fixed size, at most half
 * full; a thread that ends is taken out by moving its followers back.
 */
#include "kvm-events/kvm-events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_THREADS	(1u << 20)
#define MAX_HOSTS	64	/* hosts of one merge whose module is known to be there */

struct cell {
	bool used;
	struct kev_vcpu vcpu;
};

struct kev_state {
	size_t max, nr;			/* threads */
	size_t mask;			/* number of cells - 1 */
	uint64_t hosts_with_module;	/* bit a host */
	struct cell cells[];
};

int kev_state_create(struct kev_state **ret, size_t max)
{
	struct kev_state *state;
	size_t nr_cells = 2;

	if (max == 0 || max > MAX_THREADS)
		return -EINVAL;
	while (nr_cells < 2 * max)
		nr_cells *= 2;
	state = calloc(1, sizeof(*state) + nr_cells * sizeof(state->cells[0]));
	if (!state)
		return -ENOMEM;
	state->max = max;
	state->mask = nr_cells - 1;
	*ret = state;
	return 0;
}

void kev_state_destroy(struct kev_state *state)
{
	free(state);
}

static size_t home(const struct kev_state *state, uint32_t host, int32_t pid)
{
	uint64_t key = (uint64_t)host << 32 | (uint32_t)pid;

	return (key * 0x9e3779b97f4a7c15ull >> 32) & state->mask;
}

/* The thread's cell, or the free one where it would be put. */
static size_t probe(const struct kev_state *state, uint32_t host, int32_t pid)
{
	size_t i = home(state, host, pid);

	while (state->cells[i].used && (state->cells[i].vcpu.host != host ||
					state->cells[i].vcpu.pid != pid))
		i = (i + 1) & state->mask;
	return i;
}

const struct kev_vcpu *kev_state_find(const struct kev_state *state, uint32_t host, int32_t pid)
{
	const struct cell *cell = &state->cells[probe(state, host, pid)];

	return cell->used ? &cell->vcpu : NULL;
}

/* The thread, taken up if it is new; NULL when the table is full. */
static struct kev_vcpu *get(struct kev_state *state, uint32_t host, int32_t pid)
{
	struct cell *cell = &state->cells[probe(state, host, pid)];

	if (cell->used)
		return &cell->vcpu;
	if (state->nr == state->max)
		return NULL;
	state->nr++;
	cell->used = true;
	cell->vcpu = (struct kev_vcpu){ .host = host, .pid = pid };
	return &cell->vcpu;
}

static void forget(struct kev_state *state, uint32_t host, int32_t pid)
{
	size_t hole = probe(state, host, pid), i = hole;

	if (!state->cells[hole].used)
		return;
	state->nr--;
	for (;;) {
		size_t from;

		state->cells[hole].used = false;
		do {
			i = (i + 1) & state->mask;
			if (!state->cells[i].used)
				return;
			from = home(state, state->cells[i].vcpu.host, state->cells[i].vcpu.pid);
		} while (((i - from) & state->mask) < ((i - hole) & state->mask));
		state->cells[hole] = state->cells[i];
		hole = i;
	}
}

void kev_state_has_module(struct kev_state *state, uint32_t host)
{
	if (host < MAX_HOSTS)
		state->hosts_with_module |= 1ull << host;
}

/* The host's module reports the end of guest services itself, and only of those. */
static bool reported_by_module(const struct kev_state *state, const struct kev_vcpu *vcpu)
{
	return vcpu->host < MAX_HOSTS && state->hosts_with_module >> vcpu->host & 1 &&
	       vcpu->hc_nr >= GS_NR_FIRST && vcpu->hc_nr <= GS_NR_LAST;
}

static uint64_t span(uint64_t from, uint64_t to)
{
	return from && to > from ? to - from : 0;
}

static void begin(const struct kev_state *state, struct kev_vcpu *vcpu,
		  const struct kev_step *step, struct kev_change *change)
{
	change->broken = vcpu->in_guest;
	if (!vcpu->in_guest)
		change->span_ns = span(vcpu->end_ns, step->ns);
	if (vcpu->in_hypercall && !reported_by_module(state, vcpu)) {
		change->hc_done = true;
		change->hc_nr = vcpu->hc_nr;
		change->hc_ns = vcpu->hc_ns;
	}
	vcpu->in_hypercall = false;
	vcpu->in_guest = true;
	vcpu->vcpu_id = step->vcpu_id;
	vcpu->begin_ns = step->ns;
}

static void end(struct kev_vcpu *vcpu, const struct kev_step *step, struct kev_change *change)
{
	change->broken = !vcpu->in_guest && (vcpu->begin_ns || vcpu->end_ns);
	if (vcpu->in_guest)
		change->span_ns = span(vcpu->begin_ns, step->ns);
	vcpu->in_guest = false;
	vcpu->in_hypercall = false;
	vcpu->vcpu_id = step->vcpu_id;
	vcpu->end_ns = step->ns;
	vcpu->reason = step->nr;
}

static void hypercall(struct kev_vcpu *vcpu, const struct kev_step *step)
{
	vcpu->in_hypercall = true;
	vcpu->hc_nr = step->nr;
	vcpu->hc_ns = step->ns;
}

/* A step of KVM's own; the caller has seen to it that it is one. */
static int follow(struct kev_state *state, const struct kev_step *step, struct kev_change *change)
{
	struct kev_vcpu *vcpu = get(state, step->host, step->pid);

	if (!vcpu)
		return -ENOSPC;
	if (step->role == KEV_GUEST_BEGIN) {
		begin(state, vcpu, step, change);
	} else if (step->role == KEV_GUEST_END) {
		end(vcpu, step, change);
	} else if (step->role == KEV_HYPERCALL) {
		hypercall(vcpu, step);
	} else {
		kev_state_has_module(state, step->host);
		vcpu->in_hypercall = false;
	}
	return 0;
}

int kev_state_feed(struct kev_state *state, const struct kev_step *step, struct kev_change *ret)
{
	struct kev_change change = { 0 };
	int rc = 0;

	switch (step->role) {
	case KEV_GUEST_BEGIN:
	case KEV_GUEST_END:
	case KEV_HYPERCALL:
	case KEV_HYPERCALL_DONE:
		rc = follow(state, step, &change);
		break;
	case KEV_TASK_EXIT:
		forget(state, step->host, step->pid);
		break;
	default:
		break;
	}
	if (rc == 0)
		*ret = change;
	return rc;
}
