/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sync-member.h - a member of a merge while its clock is looked for
 *
 * What sync.c and the methods (sync-tsc.c, sync-gs.c, sync-windows.c through
 * sync.c, sync-tod.c) share.
 */
#ifndef MRG_SYNC_MEMBER_H
#define MRG_SYNC_MEMBER_H

#include "merge/set.h"
#include "merge/spans.h"
#include "merge/sync-windows.h"

struct rt_buf;
struct rt_err;
struct mrg_seed;

struct mrg_party {
	struct mrg_member *member;
	struct mrg_data *data;
	struct mrg_segment own;		/* recorded time to the member's own ns */
	bool usable;			/* ... which are known */
	bool cycles;			/* ... but not from the trace's conversion */
	bool host;			/* has windows of vCPUs */
	bool placed;			/* its lanes have their clocks */
	bool stranger;			/* its events fit into no windows, or need not */
	bool too_few;			/* they fit somewhere, but do not prove where */
	struct mrg_vcpus vcpus;		/* of a placed host */
	bool *used;			/* by vCPU: some guest's */
	struct mrg_times *times;	/* own ns, by lane; data's memory when they are alike */
	int64_t **converted;		/* by lane: owned times, or NULL */
	size_t *vcpu;			/* by lane: whose windows it was compared with */
	struct mrg_seed *seed;		/* of a guest that was read in slices, or NULL */
};

/* What the trace covers, in its own ns; @from behind @to where it has no events. */
void mrg_party_cover(const struct mrg_party *party, int64_t *from, int64_t *to);

/*
 * Gives each lane the clock that its lines say.  @lines: the lanes of the first
 * epoch, then those of the second, and so on; @epochs of them.  A lane without
 * lines in an epoch follows the first that has some.
 */
int mrg_party_set_lines(struct mrg_party *party, const struct mrg_lane_lines *lines,
			size_t epochs);

/* One offset and nothing known about its error. */
int mrg_party_set_offset(struct mrg_party *party, int64_t offset);

/*
 * A thread is one guest's alone; but another session of that guest, @p, has the same
 * ones.  @lent: those of its other sessions are free for it, else used again.
 */
void mrg_party_lend(struct mrg_party *parties, size_t nr, const struct mrg_party *p, bool lent);

/*
 * A method.  0: @guest's lanes are set.  -ENODATA, -ESRCH: it cannot be used here,
 * @err says why in half a sentence.
 */
typedef int (*mrg_method_fn)(struct mrg_party *guest, struct mrg_party *host, struct rt_err *err);

/*
 * A method for @p; where its events fit into no free threads, once more with those of what
 * may be the same guest: of a trace.dat, which does not name its boot, nobody knows.
 */
int mrg_party_find(struct mrg_party *parties, size_t nr, struct mrg_party *p,
		   struct mrg_party *host, mrg_method_fn find, struct rt_err *err);

int mrg_sync_tsc(struct mrg_party *guest, struct mrg_party *host, struct rt_err *err);
int mrg_sync_gs(struct mrg_party *guest, struct mrg_party *host, struct rt_err *err);
int mrg_sync_windows(struct mrg_party *guest, struct mrg_party *host, struct rt_err *err);
/* Two sessions of one kernel. */
int mrg_sync_same(struct mrg_party *guest, struct mrg_party *host, struct rt_err *err);
int mrg_sync_tod(struct mrg_party *guest, struct mrg_party *host, struct rt_err *err);

/* One attempt by the windows, without words; *@ret_check counts what breaks the law. */
int mrg_windows_try(struct mrg_party *guest, struct mrg_party *host, struct mrg_check *ret_check);

/**
 * mrg_sync_chain() - again, for a guest whose vCPUs' threads changed in mid-trace.
 * @check: what breaks the law when nothing changed, or NULL when nothing fitted so.
 *
 * Return: as a method, without words.  *@guest is left as the better of both has it.
 */
int mrg_sync_chain(struct mrg_party *guest, struct mrg_party *host, const struct mrg_check *check);

/* Two sessions of one kernel. */
bool mrg_same_boot(const struct xt_trace *a, const struct xt_trace *b);

/* Two sessions of one kernel with one clock: what mrg_sync_same() takes. */
bool mrg_same_clock(const struct xt_trace *a, const struct xt_trace *b);

/* Guest cycles from @from on, with the vCPU's @offset, to merged ns; @host: its cycles to ns. */
struct mrg_segment mrg_tsc_segment(const struct xt_vcpu *v, const struct mrg_segment *host,
				   uint64_t from, int64_t offset);

#endif /* MRG_SYNC_MEMBER_H */
