/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * source.h - the calls of all guests, out of trace instances of our own
 *
 * One instance has nothing but KVM's event of our numbers, filtered in the kernel, the
 * other the host module's events.  They are left standing when the daemon is killed, and
 * taken over by the next one with what came meanwhile.
 *
 * Where the host module is there and answers, its own events are taken instead of
 * KVM's: what it refuses is refused here too.
 */
#ifndef GS_HOST_SOURCE_H
#define GS_HOST_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

struct gs_traced;
struct gs_source;
struct rt_err;
struct rt_root;

#define GS_SOURCE_INSTANCE		"kvmrt-gsd"
#define GS_SOURCE_MODULE_INSTANCE	GS_SOURCE_INSTANCE "-module"	/* once it has come */

struct gs_source_fns {
	void *arg;
	void (*call)(void *arg, const struct gs_traced *call);
	void (*lost)(void *arg, unsigned int cpu, uint64_t nr, uint64_t ns);
};

/* @bytes: a CPU and instance.  0; RT_ECANNOT: no tracefs, no right, no KVM in this kernel. */
int gs_source_create(struct gs_source **ret, const struct rt_root *root, uint64_t bytes,
		     const struct gs_source_fns *fns, struct rt_err *err);
/* @remove: the instances too, as at an orderly end. */
void gs_source_destroy(struct gs_source *source, bool remove);

/* Looks for KVM's and our module's events: they come and go with their modules. */
int gs_source_refresh(struct gs_source *source, struct rt_err *err);
bool gs_source_has_kvm(const struct gs_source *source);
bool gs_source_has_module(const struct gs_source *source);

/* Tells all calls before @until (CLOCK_MONOTONIC); how many, or -errno. */
long gs_source_read(struct gs_source *source, uint64_t until, struct rt_err *err);

#endif /* GS_HOST_SOURCE_H */
