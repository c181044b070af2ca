/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kvmrt_gs.h - guest services: a guest's program speaks to its host
 *
 * Link with -lkvmrt_gs (or -lccur_kvmrt_gs, the same library).  All functions are
 * thread-safe, allocate nothing and keep no file open that a trace waits for;
 * kvmrt_gs_ping() and kvmrt_gs_xtrace_flush() may be called in signal handlers.
 * Failure is -1 with errno; libkvmrt_gs(3) lists each.
 */
#ifndef KVMRT_GS_H
#define KVMRT_GS_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Whose buffers kvmrt_gs_xtrace_flush() has saved. */
#define KVMRT_GS_XTRACE_CPU_CURRENT	0ul	/* of the host's CPU that this one runs on */
#define KVMRT_GS_XTRACE_CPU_VM		1ul	/* of all CPUs that serve this VM */
#define KVMRT_GS_XTRACE_CPU_ALL		2ul	/* of all CPUs of the host */

/* True when the host answers and both sides permit it; a call may fail all the same. */
bool kvmrt_gs_available(void);
bool kvmrt_gs_ping_available(void);
bool kvmrt_gs_log_msg_available(void);
bool kvmrt_gs_xtrace_flush_available(void);
bool kvmrt_gs_xtrace_log_data_available(void);

/* Return: 0. */
long kvmrt_gs_ping(unsigned long cookie);

/*
 * A line for the host's kernel log.
 * Return: how many bytes of it were taken; fewer than it has when it is longer
 * than a message can be (240 bytes).
 */
long kvmrt_gs_log_msg(char *msg);

/*
 * Return: 0.  The flush has a number of its own in the traces of both sides;
 * kvmrt_gs_last_incident() tells it.
 */
long kvmrt_gs_xtrace_flush(unsigned long scope);

/* Return: @size, which may be 1 to 4080. */
long kvmrt_gs_xtrace_log_data(void *data, long size);

/* The number of this thread's last flush; 0 before the first. */
unsigned long kvmrt_gs_last_incident(void);

/*
 * A host without our module has the calls in its trace but cannot answer them:
 * they fail with ENOSYS.  With @ok that is success, for the whole process.
 */
void kvmrt_gs_set_unanswered_ok(bool ok);

#ifdef __cplusplus
}
#endif

#endif /* KVMRT_GS_H */
