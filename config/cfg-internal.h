/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cfg-internal.h - the text beside the virtual machines: what cfg.c reads into,
 * and cfg-set.c changes
 */
#ifndef KCFG_CFG_INTERNAL_H
#define KCFG_CFG_INTERNAL_H

#include "config/cfg.h"

enum kcfg_line_kind {
	KCFG_LINE_OTHER,	/* empty, a comment, or what cannot be read */
	KCFG_LINE_SECTION,
	KCFG_LINE_ATTR,		/* the first line of an attribute, known or not */
	KCFG_LINE_MORE,		/* a further line of its value, an empty one inside it too */
};

struct kcfg_line {
	char *text;		/* owned; with its newline, which only the last may lack */
	size_t len;
	enum kcfg_line_kind kind;
};

/* Line n of the file is lines[n - 1]. */
struct kcfg_text {
	struct kcfg_line *lines;
	size_t nr, room;
	struct kcfg_vm *lost;	/* where attributes of a bad section go; NULL: there was none */
};

/* Puts a line (its bytes are copied) at @at, 0 being the first. */
int kcfg_text_insert(struct kcfg_text *text, size_t at, const char *line, size_t len,
		     enum kcfg_line_kind kind);
/* With the default of every attribute. */
struct kcfg_vm *kcfg_vm_create(void);
void kcfg_vm_destroy(struct kcfg_vm *vm);
int kcfg_append(struct kcfg *cfg, struct kcfg_vm *vm);

#endif /* KCFG_CFG_INTERNAL_H */
