/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan.h - changes to a machine: listed, written down, done, and undone exactly
 *
 * A plan is a list of steps.  Each step is in the journal, with a copy of what it
 * changes, before it is done, so that what a crash left half done can be undone
 * as well.
 */
#ifndef GUEST_PLAN_H
#define GUEST_PLAN_H

#include <stdbool.h>
#include <stddef.h>

struct gs_plan;
struct rt_err;
struct rt_root;

#define GS_PLAN_STATE "var/lib/kvmrt-guest-setup"
#define GS_COMMAND_MAX 8		/* words */

/* @commands: run commands too; a tree that is not this machine's has none. */
int gs_plan_create(struct gs_plan **ret, const struct rt_root *root, bool commands);
void gs_plan_destroy(struct gs_plan *plan);

/* The file @path (below the root, no slash in front) has this text; nothing when it has it. */
int gs_plan_write(struct gs_plan *plan, const char *path, const char *text, size_t len,
		  struct rt_err *err);
/* There is no such file. */
int gs_plan_remove(struct gs_plan *plan, const char *path, struct rt_err *err);
/*
 * A command, words parted by single blanks; @undo is run in its place when all is
 * undone, may be NULL.  Its failure ends the plan, unless @optional.
 */
int gs_plan_run(struct gs_plan *plan, const char *command, const char *undo, bool optional,
		struct rt_err *err);

unsigned int gs_plan_size(const struct gs_plan *plan);	/* steps */
/* To stdout, a line a step, with what changes in a file. */
void gs_plan_print(const struct gs_plan *plan);
int gs_plan_apply(struct gs_plan *plan, struct rt_err *err);

/*
 * Undoes all that plans have done under @root since the last time, the newest first.
 * Return: 0; 1: a command failed, which was printed, and all else is undone; or -errno.
 */
int gs_plan_undo(const struct rt_root *root, bool commands, bool dry_run, struct rt_err *err);

/* Status of a command, its output dropped; -errno when it cannot be run. */
int gs_run(const char *command);
/* The first line that a command says; -errno, or -ECHILD when it failed. */
int gs_run_line(const char *command, char *buf, size_t size);

#endif /* GUEST_PLAN_H */
