/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spans.h - when a vCPU may have run guest code, as its host's trace knows it
 *
 * A span begins at a kvm_entry and ends at the next kvm_exit of the vCPU's
 * thread, on whichever CPU of the host it was.  Where the host lost events, and
 * before and behind its trace, the vCPU may have run as well: there the spans
 * are as long as the ignorance, and the same piece is listed as unknown.  What
 * lies between two spans is certain: no guest code ran there.
 */
#ifndef MRG_SPANS_H
#define MRG_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merge/extract.h"

struct mrg_lane;

#define MRG_TIME_MIN (INT64_MIN / 4)
#define MRG_TIME_MAX (INT64_MAX / 4)

struct mrg_span {
	int64_t start, end;	/* merged ns */
};

struct mrg_vcpu {
	int tid;
	uint32_t vcpu;			/* MRG_NO_VCPU unknown */
	struct mrg_span *spans;		/* sorted, apart from each other; first and last are open */
	size_t nr;
	struct mrg_span *unknown;	/* sorted parts of spans where nothing is known */
	size_t nr_unknown;
	int64_t first, last;		/* what the trace covers of it */
	int64_t run_first, run_last;	/* its first and last run */
	bool opened_first, opened_last;	/* by mrg_vcpu_open(); as it was built: */
	int64_t built_first, built_last;
	int next_tid;			/* thread that went on as this vCPU, 0 for none, */
	int64_t next_at;		/* and when it was there first */
};

struct mrg_vcpus {
	struct mrg_vcpu *v;
	size_t nr;
};

/**
 * mrg_vcpus_build() - the spans of every vCPU thread in a host's trace.
 * @lanes: the host's lanes with their clocks; times of the result are merged ones.
 *
 * A thread is taken to have run only on CPUs where it was seen.
 * Return: 0 or -ENOMEM.
 */
int mrg_vcpus_build(struct mrg_vcpus *ret, const struct mrg_data *data,
		    const struct mrg_lane *lanes);
void mrg_vcpus_finish(struct mrg_vcpus *vcpus);

/*
 * A thread may be a guest's vCPU for a part of the trace only: a CPU is plugged in or
 * out, or the guest migrates.  Open: nothing is known before its first run and behind
 * its last one.  Closed, as it was built: it did not run there.
 */
void mrg_vcpu_open(struct mrg_vcpu *v);
void mrg_vcpu_close(struct mrg_vcpu *v, bool first, bool last);

/*
 * @v went on as @next, which began later; both are open.  Where the trace has all of
 * both, the vCPU did not run in between.  0 or -ENOMEM.
 */
int mrg_vcpu_join(struct mrg_vcpu *v, const struct mrg_vcpu *next);
void mrg_vcpu_finish(struct mrg_vcpu *v);

/* Of one thread: its runs in order of time (merged ns in ->ts), and the sorted gaps. */
int mrg_vcpu_build(struct mrg_vcpu *ret, const struct mrg_run *runs, size_t nr,
		   const struct mrg_span *gaps, size_t nr_gaps, int64_t from, int64_t to);

/* The last span that starts at or before @t; @hint is where the search begins. */
static inline size_t mrg_span_at(const struct mrg_span *spans, size_t nr, int64_t t, size_t hint)
{
	size_t i = hint < nr ? hint : nr - 1;

	while (i > 0 && spans[i].start > t)
		i--;
	while (i + 1 < nr && spans[i + 1].start <= t)
		i++;
	return i;
}

size_t mrg_span_search(const struct mrg_span *spans, size_t nr, int64_t t);

#endif /* MRG_SPANS_H */
