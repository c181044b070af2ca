/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd-shield-show.h - what shield prints: each CPU, and what remains on those shielded
 */
#ifndef TUNE_CMD_SHIELD_SHOW_H
#define TUNE_CMD_SHIELD_SHOW_H

#include <stdbool.h>

struct rt_err;
struct rt_root;

/*
 * To stdout.  With @json: { "tier": ..., "shields": [...], "cpus": [...], "left": [...] }.
 * @name: this shield alone; NULL: all together.  -ENOENT where there is none of that name.
 */
int tune_shield_show(const struct rt_root *root, const char *name, bool json,
		     struct rt_err *err);

#endif /* TUNE_CMD_SHIELD_SHOW_H */
