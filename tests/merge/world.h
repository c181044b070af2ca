/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * world.h - a host and a guest of which everything is known
 *
 * vCPUs run in random windows, events happen at random times inside of them,
 * and the guest's clock is any chain of lines.  What clock synchronisation finds
 * is compared with the truth.
 */
#ifndef TESTS_MERGE_WORLD_H
#define TESTS_MERGE_WORLD_H

#include "merge/extract.h"
#include "merge/set.h"
#include "merge/sync-windows.h"

#define WORLD_CPUS 8
#define WORLD_LINES 8

struct world_line {		/* from host time ->from on: guest = host - offset, and so on */
	int64_t from;		/* host ns */
	int64_t offset;		/* host less guest there */
	double rate;		/* of the offset, by host time */
};

struct world_plan {
	unsigned int seed;
	unsigned int cpus;
	int64_t length;			/* host ns */
	int64_t window_min, window_max;	/* length of a stay in the guest */
	int64_t gap_min, gap_max;
	unsigned int idle_every;	/* one gap in so many is up to 100 times as long; 0 never */
	double events;			/* per window, on the average */
	double guest_from, guest_to;	/* part of the time that the guest traced */
	double host_to;			/* part of the time that the host traced; 0: all */
	unsigned int strangers;		/* other vCPUs on the host */
	struct world_line lines[WORLD_LINES];
	unsigned int nr_lines;
	int64_t lane_skew;		/* guest CPU k's clock is k times this ahead */
	double late;			/* CPU k begins k times this part of the time later */
	int64_t noise;			/* a reading of the guest's clock is wrong by up to this */
	bool shuffle;			/* vCPUs of the host in another order than CPUs */
	double lost;			/* part of the host's time in which events were lost */
	double moves;			/* at this part of the time other threads go on; 0: never */
	unsigned int moved;		/* first CPU that does: those before stay */
	int64_t pause;			/* no CPU runs for so long then */
	bool away;			/* ... on another host: no trace has them */
};

struct world {
	struct mrg_vcpus vcpus;
	struct mrg_times lanes[WORLD_CPUS];
	int64_t *truth[WORLD_CPUS];	/* host times of the events */
	size_t vcpu[WORLD_CPUS];	/* which vCPU each lane is, at first */
	unsigned int nr;
};

void world_make(struct world *world, const struct world_plan *plan);
void world_finish(struct world *world);

/*
 * A lane as the ring buffer tells it when its clock is set back by @by at @when
 * (guest's time): the sub-buffer of that moment goes on as if the step's own event
 * had come at once, the next one begins with the new time.  @told: the kernel wrote that
 * event's time as it was, as it does where an interrupt came into the writing of one.
 */
void world_set_back(const struct mrg_times *times, int64_t when, int64_t by, bool told,
		    struct mrg_lane_data *ret);
/* Events that are in no window where their sub-buffer's clock puts them. */
size_t world_outside(const struct mrg_lane_data *data, const struct mrg_lane *lane,
		     const struct mrg_vcpu *v);
uint64_t world_random(uint64_t below);

#endif /* TESTS_MERGE_WORLD_H */
