/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * draft.h - a copy of kvmrt.cfg for an editor, with findings as comments in it
 */
#ifndef KCFG_DRAFT_H
#define KCFG_DRAFT_H

#include <stddef.h>

#include "config/rules.h"

struct rt_buf;
struct rt_err;

/* Start it with { 0 }. */
struct kcfg_draft {
	char dir[512], path[528];	/* a folder that only we can read, and the file in it */
};

/* Writes a text into the copy, which is made where it is not there. */
int kcfg_draft_write(struct kcfg_draft *draft, const char *text, size_t len, struct rt_err *err);
/**
 * kcfg_draft_edit() - run the editor ($VISUAL, $EDITOR, or vi) and read what it left.
 *
 * Return: 0; -ECANCELED when it failed or the file is gone; or another -errno.
 */
int kcfg_draft_edit(const struct kcfg_draft *draft, struct rt_buf *ret, struct rt_err *err);
void kcfg_draft_remove(struct kcfg_draft *draft);

/* @text with each finding in a comment of ours in front of its line. */
void kcfg_annotate(struct rt_buf *out, const char *text, size_t len,
		   const struct kcfg_findings *findings);
/* Takes those comments out, wherever they have got to. */
void kcfg_unannotate(struct rt_buf *out, const char *text, size_t len);

/* A line for each VM or value that differs: "vm1: cpuset: "2-3" becomes "n1"". */
void kcfg_differences(struct rt_buf *out, const struct kcfg *old, const struct kcfg *new);

/* What a new file begins with: all in comments. */
void kcfg_template(struct rt_buf *out);

#endif /* KCFG_DRAFT_H */
