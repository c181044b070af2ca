/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * meta.h - what a reader of a recording must know beside the events: the
 * machine, its clocks, the events' formats, names of tasks
 *
 * Each fact is stored once: most before recording starts, names at its end.
 */
#ifndef XT_META_H
#define XT_META_H

#include <stdbool.h>
#include <stdint.h>

struct rt_err;
struct rt_root;
struct xt_clock_sample;
struct xt_instance;
struct xt_select;
struct xt_store;
struct xt_tracefs;

/* Host name, release, ids, CPUs and their topology, into the session file. */
int xt_meta_machine(struct xt_store *store, const struct rt_root *root, struct rt_err *err);

/*
 * Formats of the events that are enabled, header_page, header_event and
 * printk_formats; kallsyms where a format prints symbols.
 */
int xt_meta_formats(struct xt_store *store, const struct xt_tracefs *fs,
		    const struct xt_select *sel, struct rt_err *err);

/* Names and thread groups as the kernel has saved them up to now. */
int xt_meta_tasks(struct xt_store *store, const struct xt_tracefs *fs, struct rt_err *err);

/* ---- clocks ---- */

/* All clocks read together, as tightly as a few tries get it. */
void xt_clock_sample_take(struct xt_clock_sample *ret);
/* A descriptor that becomes readable when the time of day is set; -errno where there is none. */
int xt_clock_watch(void);
/* Takes the news from it; false: the time of day was not set. */
bool xt_clock_was_set(int fd);
/* The kernel's own conversion of the TSC to ns; false where it offers none. */
bool xt_clock_tsc_conversion(uint32_t *ret_mult, uint32_t *ret_shift, uint64_t *ret_offset);
/* The trace clock @clock in the store, with TAI - UTC and the state of time synchronisation. */
int xt_meta_clock(struct xt_store *store, const struct rt_root *root, const char *clock,
		  struct rt_err *err);

/* ---- the table of task names, which all sessions of the machine share ---- */

/* Makes room for @entries names; what stood there before is kept in /run/xtrace. */
void xt_cmdlines_grow(const struct xt_tracefs *fs, unsigned int entries);
/* Puts the old size back when no session is left. */
void xt_cmdlines_restore(const struct xt_tracefs *fs, bool last_session);

#endif /* XT_META_H */
