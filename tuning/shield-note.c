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
		if (kind == TUNE_SHIELD_MEM && !list[0])
			continue;
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
	while (rc == 0 && (word = strtok_r(NULL, " ", &save)) && strncmp(word, "for=", 4) != 0)
		rc = parse_word(ret, word);
	free(copy);
	if (rc < 0) {
		tune_irq_assigns_finish(&ret->assigns);
		return rt_err_say(err, rc, "expected a shield's note, found \"%.60s\"", note);
	}
	return 0;
}

/* ---- all of them ---- */

/* "shield-x" is x's; another journal with a shield's note is called as it is. */
static void take_name(struct tune_shield *shield, const char *journal)
{
	size_t len = strlen(FIRST_WORD);

	if (strncmp(journal, FIRST_WORD "-", len + 1) == 0)
		journal += len + 1;
	else if (strcmp(journal, FIRST_WORD) == 0)
		journal = "";
	snprintf(shield->name, sizeof(shield->name), "%s", journal);
}

static int add_shield(struct tune_shields *shields, const struct rt_root *root,
		      const char *name, struct rt_err *err)
{
	struct tune_shield *shield = &shields->v[shields->nr];
	struct tune_journal *journal;
	int rc;

	rc = tune_journal_look(&journal, root, name, err);
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	*shield = (struct tune_shield){ 0 };
	if (tune_shield_parse_note(shield, tune_journal_note(journal), NULL) == 0) {
		take_name(shield, name);
		shields->nr++;
	}
	tune_irq_assigns_finish(&shield->assigns);
	tune_journal_close(journal);
	return 0;
}

/* All that can be read; the first failure is returned. */
static int read_shields(struct tune_shields *shields, const struct rt_root *root,
			struct rt_err *err)
{
	int rc, first = 0;
	char **names;
	size_t nr, i;

	rc = tune_journal_list(&names, &nr, root, err);
	if (rc < 0)
		return rc;
	shields->v = calloc(nr + 1, sizeof(*shields->v));
	if (!shields->v)
		first = rt_err_set(err, -ENOMEM, "%zu shields", nr);
	for (i = 0; i < nr && shields->v; i++) {
		rc = add_shield(shields, root, names[i], first ? NULL : err);
		first = first ? first : rc;
	}
	tune_journal_list_free(names, nr);
	return first;
}

int tune_shields_read(struct tune_shields *ret, const struct rt_root *root, struct rt_err *err)
{
	struct tune_shields shields = { 0 };
	int rc;

	rc = read_shields(&shields, root, err);
	if (rc < 0)
		tune_shields_finish(&shields);
	else
		*ret = shields;
	return rc;
}

void tune_shields_finish(struct tune_shields *shields)
{
	free(shields->v);
	*shields = (struct tune_shields){ 0 };
}

static void add_cpus(struct rt_cpuset to[TUNE_NR_SHIELDS], const struct tune_shield *shield)
{
	int kind;

	for (kind = 0; kind < TUNE_NR_SHIELDS; kind++)
		rt_cpuset_or(&to[kind], &shield->cpus[kind]);
}

int tune_shield_find_taken(struct tune_shield *shield, const struct rt_root *root,
			   struct rt_err *err)
{
	struct tune_shields all;
	size_t i;
	int rc;

	rc = tune_shields_read(&all, root, err);
	if (rc < 0)
		return rc;
	memset(shield->taken, 0, sizeof(shield->taken));
	for (i = 0; i < all.nr; i++)
		if (strcmp(all.v[i].name, shield->name) != 0)
			add_cpus(shield->taken, &all.v[i]);
	tune_shields_finish(&all);
	return 0;
}

struct tune_shield tune_shields_together(const struct tune_shields *shields)
{
	struct tune_shield all = { 0 };
	size_t i;

	for (i = 0; i < shields->nr; i++) {
		add_cpus(all.cpus, &shields->v[i]);
		if (!shields->v[i].name[0] || all.tier == TUNE_TIER_AUTO)
			all.tier = shields->v[i].tier;
	}
	return all;
}

int tune_shield_current(struct tune_shield *ret, const struct rt_root *root, struct rt_err *err)
{
	struct tune_shields all;
	int rc;

	rc = tune_shields_read(&all, root, err);
	if (rc < 0)
		return rc;
	*ret = tune_shields_together(&all);
	tune_shields_finish(&all);
	return 0;
}

struct tune_shield tune_shield_known(const struct rt_root *root)
{
	struct tune_shields all = { 0 };
	struct tune_shield together;

	read_shields(&all, root, NULL);
	together = tune_shields_together(&all);
	tune_shields_finish(&all);
	return together;
}
