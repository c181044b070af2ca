/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pager.h - long output on a terminal goes through $PAGER (less -FRX) */
#ifndef MRG_PAGER_H
#define MRG_PAGER_H

#include <sys/types.h>

struct rt_err;

struct mrg_pager {
	pid_t pid;	/* 0: none */
	int fd;		/* where to write */
};

/* Starts a pager where stdout is a terminal and one is wanted; else ->fd is stdout. */
void mrg_pager_start(struct mrg_pager *pager);
/* Lets the person read to the end; -ENOENT when there was no such pager. */
int mrg_pager_finish(struct mrg_pager *pager, struct rt_err *err);

#endif /* MRG_PAGER_H */
