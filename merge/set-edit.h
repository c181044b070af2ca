/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * set-edit.h - for those who find clocks: give a lane its clock
 */
#ifndef MRG_SET_EDIT_H
#define MRG_SET_EDIT_H

#include "merge/set.h"

/* Replaces a lane's clock by copies of @nr epochs and their segments.  0 or -ENOMEM. */
int mrg_lane_set(struct mrg_lane *lane, const struct mrg_epoch *epochs, size_t nr);

void mrg_lane_clocks_finish(struct mrg_lane *lane);

/* Every member has its own clock again, whatever a merged directory says.  0 or -ENOMEM. */
int mrg_set_forget(struct mrg_set *set);

/* Another label; 0, -EINVAL when it is empty or too long or a member has it, or -ENOMEM. */
/* Whether it can stand in a line as one word. */
bool mrg_label_fits(const char *label);
int mrg_set_label(struct mrg_set *set, size_t member, const char *label, struct rt_err *err);

/* A member's times again as merged times, after its lanes were set. */
void mrg_set_times(struct mrg_set *set);

#endif /* MRG_SET_EDIT_H */
