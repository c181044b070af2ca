/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shield-note.c - a shield as one line, and back
 */
#include "tuning/shield-note.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/err.h"

#define FIRST_WORD	"shield"

void tune_irq_assigns_finish(struct tune_irq_assigns *assigns)
{
	while (assigns->nr)
		free(assigns->v[--assigns->nr].irq);
	free(assigns->v);
	assigns->v = NULL;
}

int tune_irq_assigns_add(struct tune_irq_assigns *assigns, const struct rt_cpuset *cpus,
			 char *irq)
{
	struct tune_irq_assign *more;

	more = irq ? reallocarray(assigns->v, assigns->nr + 1, sizeof(*more)) : NULL;
	if (!more) {
		free(irq);
		return -ENOMEM;
	}
	assigns->v = more;
	more[assigns->nr++] = (struct tune_irq_assign){ .cpus = *cpus, .irq = irq };
	return 0;
}

char *tune_shield_note(const struct tune_shield *shield, enum tune_tier tier)
{
	struct rt_buf buf = { 0 };
	char list[RT_CPULIST_MAX], *text;
	size_t i;
	int kind;

	rt_buf_puts(&buf, FIRST_WORD);
	for (kind = 0; kind < TUNE_NR_SHIELDS; kind++) {
		rt_cpuset_format(&shield->cpus[kind], list, sizeof(list));
		rt_buf_printf(&buf, " %s=%s", tune_shield_word(kind), list);
	}
	rt_buf_printf(&buf, " tier=%s", tune_tier_word(tier));
	for (i = 0; i < shield->assigns.nr; i++) {
		rt_cpuset_format(&shield->assigns.v[i].cpus, list, sizeof(list));
		rt_buf_printf(&buf, " assign=%s:%s", list, shield->assigns.v[i].irq);
	}
	text = rt_buf_str(&buf) ? strdup(buf.data) : NULL;
	rt_buf_finish(&buf);
	return text;
}

static int parse_assign(struct tune_shield *ret, char *value)
{
	char *colon = strchr(value, ':');
	struct rt_cpuset cpus;

	if (!colon)
		return -EINVAL;
	*colon = '\0';
	if (rt_cpuset_parse(&cpus, value, NULL) < 0)
		return -EINVAL;
	return tune_irq_assigns_add(&ret->assigns, &cpus, strdup(colon + 1));
}

static int parse_word(struct tune_shield *ret, char *word)
{
	char *value = strchr(word, '=');
	int kind, tier;

	if (!value)
		return -EINVAL;
	*value++ = '\0';
	for (kind = 0; kind < TUNE_NR_SHIELDS; kind++)
		if (strcmp(word, tune_shield_word(kind)) == 0)
			return rt_cpuset_parse(&ret->cpus[kind], value, NULL);
	if (strcmp(word, "assign") == 0)
		return parse_assign(ret, value);
	tier = strcmp(word, "tier") == 0 ? tune_tier_find(value) : -EINVAL;
	if (tier >= 0)
		ret->tier = tier;
	return tier < 0 ? tier : 0;
}

int tune_shield_parse_note(struct tune_shield *ret, const char *note, struct rt_err *err)
{
	char *copy = strdup(note), *save = NULL, *word;
	int rc = 0;

	if (!copy)
		return rt_err_set(err, -ENOMEM, "a note");
	word = strtok_r(copy, " ", &save);
	if (!word || strcmp(word, FIRST_WORD) != 0)
		rc = -EINVAL;
	while (rc == 0 && (word = strtok_r(NULL, " ", &save)))
		rc = parse_word(ret, word);
	free(copy);
	if (rc < 0) {
		tune_irq_assigns_finish(&ret->assigns);
		return rt_err_say(err, rc, "expected a shield's note, found \"%.60s\"", note);
	}
	return 0;
}

static int add_current(struct tune_shield *ret, const struct rt_root *root, const char *name,
		       struct rt_err *err)
{
	struct tune_journal *journal;
	struct tune_shield shield = { 0 };
	int rc, kind;

	rc = tune_journal_look(&journal, root, name, err);
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	if (tune_shield_parse_note(&shield, tune_journal_note(journal), NULL) == 0) {
		for (kind = 0; kind < TUNE_NR_SHIELDS; kind++)
			rt_cpuset_or(&ret->cpus[kind], &shield.cpus[kind]);
		if (strcmp(name, FIRST_WORD) == 0 || ret->tier == TUNE_TIER_AUTO)
			ret->tier = shield.tier;
	}
	tune_irq_assigns_finish(&shield.assigns);
	tune_journal_close(journal);
	return 0;
}

int tune_shield_current(struct tune_shield *ret, const struct rt_root *root, struct rt_err *err)
{
	char **names;
	size_t nr, i;
	int rc;

	*ret = (struct tune_shield){ 0 };
	rc = tune_journal_list(&names, &nr, root, err);
	if (rc < 0)
		return rc;
	for (i = 0; i < nr && rc == 0; i++)
		rc = add_current(ret, root, names[i], err);
	tune_journal_list_free(names, nr);
	return rc;
}
