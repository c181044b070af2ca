/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * live.h - the events of an instance while they come, in the order of time
 *
 * For a daemon that looks from time to time.  It never blocks and never polls
 * the kernel's files, so that no traced CPU has to wake it.
 */
#ifndef XT_LIVE_H
#define XT_LIVE_H

#include <stdint.h>

struct rt_err;
struct xt_event;
struct xt_instance;
struct xt_live;
struct xt_rec;

/**
 * xt_live_create() - opens the buffers of all CPUs; knows no event yet.
 * @inst: borrowed for the life of the reader.
 */
int xt_live_create(struct xt_live **ret, const struct xt_instance *inst, struct rt_err *err);
void xt_live_destroy(struct xt_live *live);

/*
 * Reads the format of an event, so that its records are told; enabling it is the
 * caller's.  Once more for an event that has come back (a module's).
 * Return: 0; -ENOENT: this kernel has no such event.
 */
int xt_live_know(struct xt_live *live, const char *system, const char *event, struct rt_err *err);

/* @event NULL: events were lost on @cpu; rec as XT_REC_LOST says. */
typedef void (*xt_live_fn)(void *arg, unsigned int cpu, const struct xt_event *event,
			   const struct xt_rec *rec);

/**
 * xt_live_read() - tells all that was recorded before @until, and takes it away.
 * @until: the trace clock's time before this call.  What is younger waits for
 * the next call, when all CPUs' events of that time are there: so the order
 * holds over all calls.
 *
 * Return: how many records were told, or -errno.
 */
long xt_live_read(struct xt_live *live, uint64_t until, xt_live_fn fn, void *arg,
		  struct rt_err *err);

#endif /* XT_LIVE_H */
