/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scene.h - xtrace directories with records of a test's own, and what a view
 * shows of them
 */
#ifndef TESTS_MERGE_SCENE_H
#define TESTS_MERGE_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "merge/view.h"
#include "merge/where.h"
#include "xtrace/store.h"

#define SCENE_NS 1000000000ull	/* times of a scene count from here */

struct scene;

/* A recording that has begun: below $TMPDIR, of host @host, on @cpus CPUs. */
struct scene *scene_create(const char *host, unsigned int cpus);
const char *scene_path(const struct scene *scene);
/* What was added goes to disk, a block a CPU. */
void scene_flush(struct scene *scene);
/* Flushes, and ends the recording in order; once. */
void scene_finish(struct scene *scene);
/* Finishes it if need be, and takes the directory away. */
void scene_destroy(struct scene *scene);

/* Before the first flush: an event of one's own, by the fields of its format and its print fmt. */
void scene_format(struct scene *scene, unsigned int id, const char *system, const char *name,
		  const char *fields, const char *print);
/* Before the first flush: what its times count ("mono" else). */
void scene_clock(struct scene *scene, const char *clock);
/* ... cycles of 1 ns: @tsc of them when it was @real_ns. */
void scene_cycles(struct scene *scene, uint64_t tsc, uint64_t real_ns);
/* Before the first flush: as scene_vcpu(), and what KVM adds to the vCPU's cycles. */
void scene_tsc_offset(struct scene *scene, int tid, int vm_pid, unsigned int vcpu,
		      int64_t offset);
/* Before the first flush: thread @tid is @vcpu of process @vm_pid, called @vm. */
void scene_vcpu(struct scene *scene, int tid, int vm_pid, unsigned int vcpu, const char *vm);
/* Saved with the trace as the name of @pid. */
void scene_comm(struct scene *scene, int pid, const char *comm);

/* Records; @ns behind SCENE_NS, in the order of each CPU. */
void scene_entry(struct scene *scene, unsigned int cpu, uint64_t ns, int pid, uint32_t vcpu);
/* @reason of AMD's processors. */
void scene_exit(struct scene *scene, unsigned int cpu, uint64_t ns, int pid, uint32_t vcpu,
		uint32_t reason);
void scene_hypercall(struct scene *scene, unsigned int cpu, uint64_t ns, int pid, uint64_t nr,
		     uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3);
void scene_switch(struct scene *scene, unsigned int cpu, uint64_t ns, int from,
		  const char *from_comm, int to, const char *to_comm);
void scene_syscall(struct scene *scene, unsigned int cpu, uint64_t ns, int pid, long nr,
		   uint64_t arg0);
void scene_syscall_done(struct scene *scene, unsigned int cpu, uint64_t ns, int pid, long nr,
			long ret);
void scene_mark(struct scene *scene, unsigned int cpu, uint64_t ns, int pid, const char *text);
void scene_timer(struct scene *scene, unsigned int cpu, uint64_t ns, int pid);
/* heart:beat, which has no row in the catalogue: value, and a text. */
void scene_beat(struct scene *scene, unsigned int cpu, uint64_t ns, int pid, uint32_t value,
		const char *text);
/* heart:wave, without a row too: numbers of all kinds, and a text of its own length. */
void scene_wave(struct scene *scene, unsigned int cpu, uint64_t ns, int pid, uint64_t number,
		const uint8_t *text, uint16_t len);
/* The host's module: a fragment of a message from a guest. */
void scene_fragment(struct scene *scene, unsigned int cpu, uint64_t ns, int pid, int vm_pid,
		    uint32_t id, uint32_t offset, uint32_t length, const char *data);
/* A record of any id and bytes behind its common fields. */
void scene_record(struct scene *scene, unsigned int cpu, uint64_t ns, int pid, uint16_t id,
		  const void *data, size_t len);
/* So many events were lost here; 0: it is not known how many. */
void scene_lost(struct scene *scene, unsigned int cpu, uint64_t ns, uint64_t count);
/* Recording stood still on the CPU, which has records before; flushes. */
void scene_gap(struct scene *scene, unsigned int cpu, enum xt_gap_reason reason, uint64_t from,
	       uint64_t to);

/* ---- views ---- */

struct scene_view {
	struct mrg_view_opts opts;	/* ->to 0: all; ->format NULL: text */
	const char *with[4], *without[4];	/* -e, -x */
	const char *where, *begin, *end;
	bool follow, stat;
	bool wait;			/* for the begin of what is followed */
	int rc;				/* of the last run */
	char error[1024], warning[1024];
};

/* What such a view shows of the set of these paths; free(3) it. */
char *scene_show(struct scene_view *view, const char *const *paths, size_t nr);
/* Of one scene, that is finished, with times that count from SCENE_NS: "0.000000005". */
void scene_expect(struct scene_view *view, struct scene *scene, const char *text);

#endif /* TESTS_MERGE_SCENE_H */
