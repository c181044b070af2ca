/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * knob-internal.h - the kinds that are not files, for the table in knob.c
 *
 * All as tune_knob_read() and tune_knob_write().
 */
#ifndef TUNE_KNOB_INTERNAL_H
#define TUNE_KNOB_INTERNAL_H

#include "tuning/knob.h"

int tune_member_read(const struct rt_root *root, const char *target, char **ret,
		     struct rt_err *err);
int tune_member_write(const struct rt_root *root, const char *target, const char *value,
		      struct rt_err *err);
int tune_affinity_read(const struct rt_root *root, const char *target, char **ret,
		       struct rt_err *err);
int tune_affinity_write(const struct rt_root *root, const char *target, const char *value,
			struct rt_err *err);
int tune_sched_read(const struct rt_root *root, const char *target, char **ret,
		    struct rt_err *err);
int tune_sched_write(const struct rt_root *root, const char *target, const char *value,
		     struct rt_err *err);

int tune_irqbalance_read(const struct rt_root *root, const char *target, char **ret,
			 struct rt_err *err);
int tune_irqbalance_write(const struct rt_root *root, const char *target, const char *value,
			  struct rt_err *err);

#endif /* TUNE_KNOB_INTERNAL_H */
