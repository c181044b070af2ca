/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * boot-room.c - memory to lock, set aside for a VM while it is started
 *
 * Two VMs that are started at once, by one command or by several, would each find the
 * memory that one of them takes.  What a start needs is claimed in the journals' lock file
 * (see boot-hold.c): a range of it far behind the bytes of the VMs, whose place tells the
 * nodes and whose length the MiB.  The kernel frees a claim however its holder ends.
 */
#include "config/boot-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "config/room.h"
#include "lib/err.h"

/* An offset: CLAIMS, the nodes as bits, and where in the space of these very nodes. */
#define CLAIMS		((off_t)1 << 60)
#define MIB_BITS	32
#define NODE_BITS	24
#define CLAIMS_END	(CLAIMS + ((off_t)1 << (MIB_BITS + NODE_BITS)))
#define ALL_NODES	((1u << NODE_BITS) - 1)
#define GUARD		(CLAIMS - 1)	/* held from the look at the claims to one more */

/* Nodes that have no bit, or none in particular: every claim counts. */
static unsigned int nodes_of(const struct rt_cpuset *nodes)
{
	unsigned int bits = 0;

	for (unsigned int node = 0; node < NODE_BITS; node++)
		bits |= rt_cpuset_has(nodes, node) ? 1u << node : 0;
	return rt_cpuset_count(nodes) == (unsigned int)__builtin_popcount(bits) && bits ? bits :
	       ALL_NODES;
}

static int lock(int fd, int command, short type, off_t start, off_t len)
{
	struct flock range = { .l_type = type, .l_whence = SEEK_SET, .l_start = start,
			       .l_len = len };
	int rc;

	while ((rc = fcntl(fd, command, &range)) < 0 && errno == EINTR)
		;
	return rc < 0 ? -errno : 0;
}

/* Others' claims on some nodes. */
struct claims {
	unsigned int nodes;
	uint64_t mib;
	off_t one;	/* of them */
	off_t free;	/* behind those of exactly these nodes */
};

/* The kernel shows one that is in the range: then what is before and behind it. */
static void count(struct claims *claims, int fd, off_t from, off_t end)
{
	struct flock range = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = from,
			       .l_len = end - from };
	unsigned int nodes;

	if (from >= end || fcntl(fd, F_OFD_GETLK, &range) < 0 || range.l_type == F_UNLCK)
		return;
	nodes = (unsigned int)((range.l_start - CLAIMS) >> MIB_BITS);
	if (nodes & claims->nodes) {
		claims->mib += (uint64_t)range.l_len;
		claims->one = range.l_start;
	}
	if (nodes == claims->nodes && range.l_start + range.l_len > claims->free)
		claims->free = range.l_start + range.l_len;
	count(claims, fd, from, range.l_start);
	count(claims, fd, range.l_start + range.l_len, end);
}

static struct claims claims_of_others(const struct kcfg_run *run)
{
	struct claims claims = { .nodes = nodes_of(&run->place->mem_nodes) };

	claims.free = CLAIMS + ((off_t)claims.nodes << MIB_BITS);
	count(&claims, run->claim, CLAIMS, CLAIMS_END);
	return claims;
}

/* -EAGAIN: there is too little beside the others' claims, one of which is in @ret_one. */
static int try(const struct kcfg_run *run, uint64_t memory, uint64_t limit, off_t *ret_one,
	       struct rt_err *err)
{
	const struct kcfg_place *place = run->place;
	struct claims claims = claims_of_others(run);
	uint64_t need = memory + kcfg_room_own(place->vm);
	int rc = kcfg_room_check(place, run->boot->root, memory, limit, 0, err);

	if (rc < 0)
		return rc;
	*ret_one = claims.one;
	if (kcfg_room_check(place, run->boot->root, memory, limit, claims.mib << 20, NULL) < 0)
		return -EAGAIN;
	return lock(run->claim, F_OFD_SETLKW, F_WRLCK, claims.free, (off_t)((need >> 20) + 1));
}

static int try_guarded(const struct kcfg_run *run, uint64_t memory, uint64_t limit,
		       off_t *ret_one, struct rt_err *err)
{
	int rc = lock(run->claim, F_OFD_SETLKW, F_WRLCK, GUARD, 1);

	if (rc == 0)
		rc = try(run, memory, limit, ret_one, err);
	lock(run->claim, F_OFD_SETLK, F_UNLCK, GUARD, 1);
	return rc;
}

int kcfg_run_claim(struct kcfg_run *run, uint64_t memory, uint64_t limit, struct rt_err *err)
{
	off_t one = 0;
	int rc;

	if (!run->place->lock_memory || run->place->vm->hugepages)
		return 0;
	run->claim = kcfg_hold_file(run->boot->root);
	/* as kcfg_run_hold(), which has told of all else */
	if (run->claim < 0)
		return kcfg_room_check(run->place, run->boot->root, memory, limit, 0, err);
	while ((rc = try_guarded(run, memory, limit, &one, err)) == -EAGAIN) {
		kcfg_run_say(run, "other VMs are being started with the memory: waiting for that");
		lock(run->claim, F_OFD_SETLKW, F_RDLCK, one, 1);
		lock(run->claim, F_OFD_SETLK, F_UNLCK, one, 1);
	}
	return rc;
}

void kcfg_run_end_claim(struct kcfg_run *run)
{
	if (run->claim >= 0)
		close(run->claim);
	run->claim = -1;
}
