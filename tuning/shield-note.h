/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shield-note.h - what a journal notes of the shield that it made
 *
 * "shield irq=2-3 loc=2-3 proc=2-3 mem=2-3 tier=partition assign=0-1:eth0": whoever shields CPUs
 * gives his journal such a note, so that tune_shield_current() knows them.
 * " for=NAME" at its end, for people, may say whom they are shielded for.
 */
#ifndef TUNE_SHIELD_NOTE_H
#define TUNE_SHIELD_NOTE_H

#include "tuning/shield.h"

/* Owned by the caller, free(3); NULL without memory.  @tier: the one that was honoured. */
char *tune_shield_note(const struct tune_shield *shield, enum tune_tier tier);

/*
 * Start @ret with { 0 }; ->tier is the one that was honoured.  -EINVAL for what is no
 * such note, -ENOMEM.
 */
int tune_shield_parse_note(struct tune_shield *ret, const char *note, struct rt_err *err);
void tune_irq_assigns_finish(struct tune_irq_assigns *assigns);
/* Takes @irq over, also when it fails. */
int tune_irq_assigns_add(struct tune_irq_assigns *assigns, const struct rt_cpuset *cpus,
			 char *irq);

/* Each shield by itself, the one made last first; their ->assigns are left empty. */
struct tune_shields {
	struct tune_shield *v;	/* owned */
	size_t nr;
};

/* Needs no root.  tune_shields_finish() them. */
int tune_shields_read(struct tune_shields *ret, const struct rt_root *root, struct rt_err *err);
void tune_shields_finish(struct tune_shields *shields);
/* As if they were one: what tune_shield_current() gives. */
struct tune_shield tune_shields_together(const struct tune_shields *shields);

/* What the shields of other names have, into ->taken. */
int tune_shield_find_taken(struct tune_shield *shield, const struct rt_root *root,
			   struct rt_err *err);

/**
 * tune_shield_current() - the CPUs that are shielded now, by all journals together.
 *
 * Needs no root.  ->assigns is left empty.
 */
int tune_shield_current(struct tune_shield *ret, const struct rt_root *root, struct rt_err *err);
/* The same as far as journals can be read: for who keeps off shielded CPUs, and says nothing. */
struct tune_shield tune_shield_known(const struct rt_root *root);

#endif /* TUNE_SHIELD_NOTE_H */
