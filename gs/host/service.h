/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * service.h - what is done with the calls of guests: joined, counted, limited,
 * and handed on as lines and flushes
 *
 * Guests are not trusted.  What one VM does costs memory and lines of its own
 * account only.  No I/O here.
 */
#ifndef GS_HOST_SERVICE_H
#define GS_HOST_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kvm-events/kvm-events.h"

struct gs_service;
struct xt_vms;

#define GS_VM_NAME_MAX 64
#define GS_MAX_VMS 1024

/* A call of a guest as it was traced. */
struct gs_traced {
	uint64_t ns;		/* trace clock */
	int tid;		/* vCPU thread */
	unsigned int cpu;	/* of the host */
	bool valid;		/* else its registers break the protocol, and gs is not set */
	struct kev_gs gs;
};

struct gs_flush {
	char vm[GS_VM_NAME_MAX];	/* fit for a line */
	int vm_pid;
	unsigned int cpu;		/* of the host, where the call was made */
	uint64_t ns, scope, incident;
};

/* Where things go; called from within the functions below. */
struct gs_sinks {
	void *arg;
	void (*line)(void *arg, const char *line);
	void (*flush)(void *arg, const struct gs_flush *flush);
};

#define GS_PATIENCE_S	2	/* default: a busy machine may stop a guest's CPU for a second */

struct gs_service_opts {
	unsigned int lines;	/* a second and VM; ten seconds' worth at once; 0: any number */
	unsigned int flushes;
	unsigned int patience_s;	/* for a message's next fragment; 0: GS_PATIENCE_S */
	int64_t real_offset;	/* trace clock + this is the time of day; gs_service_set_time() */
};

/* What a VM has done since it was first seen. */
struct gs_vm_stats {
	char name[GS_VM_NAME_MAX];
	int pid;
	uint64_t calls, pings, messages, data, data_bytes, flushes;
	uint64_t incomplete;	/* messages and data of which something never came */
	uint64_t invalid;	/* calls that break the protocol */
	uint64_t lines_dropped, flushes_dropped;
};

int gs_service_create(struct gs_service **ret, const struct gs_service_opts *opts,
		      const struct gs_sinks *sinks);
/* What is under way is reported as incomplete, what was dropped is told. */
void gs_service_destroy(struct gs_service *service);
void gs_service_set_time(struct gs_service *service, int64_t real_offset);

/*
 * The VMs as they are now, copied.  Those of the call before are still known, for
 * calls that were made before they ended; those of the call before that are gone.
 */
int gs_service_set_vms(struct gs_service *service, const struct xt_vms *vms, uint64_t ns);
bool gs_service_knows(const struct gs_service *service, int tid);

void gs_service_call(struct gs_service *service, const struct gs_traced *call);
/* The buffer of a CPU was full: so many calls were not seen. */
void gs_service_lost(struct gs_service *service, unsigned int cpu, uint64_t nr, uint64_t ns);
/* Some times a second: what has waited too long is given up, what was dropped is told. */
void gs_service_tick(struct gs_service *service, uint64_t ns);

uint64_t gs_service_total_lost(const struct gs_service *service);
/* The @i-th VM; false behind the last. */
bool gs_service_stats(const struct gs_service *service, size_t i, struct gs_vm_stats *ret);

#endif /* GS_HOST_SERVICE_H */
