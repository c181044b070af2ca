/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lat-select.h - metrics as a person names them: KIND(NAME)@HOST
 *
 * "wakeup(rtapp)", "exit(HLT)@host1", "irq(*timer*)", "syscall", "*".  NAME and
 * HOST are globs; what is left out matches all.
 */
#ifndef MRG_LAT_SELECT_H
#define MRG_LAT_SELECT_H

#include "merge/lat.h"

struct mrg_lat_select {
	enum mrg_lat_kind kind;		/* MRG_LAT_NR_KINDS: any */
	char name[MRG_LAT_NAME_MAX];	/* "": any */
	char host[MRG_LABEL_MAX];	/* "": any */
};

/*
 * @len bytes of @text; all of it must be the metric's name.
 * Return: 0, or -EINVAL with what was expected.
 */
int mrg_lat_select_parse(struct mrg_lat_select *ret, const char *text, size_t len,
			 struct rt_err *err);
bool mrg_lat_select_match(const struct mrg_lat_select *select, enum mrg_lat_kind kind,
			  const char *name, const char *host);

/* The groups of events that a kind's intervals are made of, "sched,timer"; "" of any or none. */
const char *mrg_lat_select_groups(const struct mrg_lat_select *select);

#endif /* MRG_LAT_SELECT_H */
