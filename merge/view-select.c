/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * select.c - which events are wanted: -e and -x against the events of a set
 *
 * A word is one of our names, a name or glob of tracefs, or a group.  What a word
 * says about an event's own line and about lines derived from it (FILE_READ) is
 * decided once for each event, before anything is read.
 */
#include "merge/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/text.h"

#define MAX_DERIVED 64		/* names in the catalogue that are derived */

struct mrg_select {
	const struct mrg_set *set;
	bool **own;			/* [member][id] */
	bool all, unknown;		/* those too that no trace describes */
	const char *derived[MAX_DERIVED];	/* those wanted */
	size_t nr_derived;
};

struct words {
	const char *const *v;
	size_t nr;
	bool *used;		/* the word means something */
};

/* ---- one word ---- */

/* "kvm:kvm_*", "kvm_*" against an event of tracefs. */
static bool matches_tracefs(const char *word, const char *system, const char *event)
{
	const char *colon = strchr(word, ':');
	char head[128];
	size_t len;

	if (!colon)
		return rt_glob(word, event, false);
	len = (size_t)(colon - word);
	if (len >= sizeof(head))
		return false;
	memcpy(head, word, len);
	head[len] = '\0';
	return rt_glob(head, system, false) && rt_glob(colon + 1, event, false);
}

static bool matches_group(const char *word, const char *system, const char *event)
{
	const char *const *globs = kev_group_find(word);

	for (; globs && *globs; globs++) {
		if (matches_tracefs(*globs, system, event))
			return true;
	}
	return false;
}

bool mrg_word_is_event(const char *word, const struct xt_event *event)
{
	char made[256];

	if (matches_tracefs(word, event->system, event->name) ||
	    matches_group(word, event->system, event->name))
		return true;
	if (event->kev)
		return rt_glob(kev_full_name(word), event->kev->name, true);
	return rt_glob(word, kev_default_name(made, sizeof(made), event->system, event->name),
		       true);
}

static bool any_event(const struct words *words, const struct xt_event *event)
{
	bool any = false;
	size_t i;

	for (i = 0; i < words->nr; i++) {
		if (mrg_word_is_event(words->v[i], event))
			any = words->used[i] = true;
	}
	return any;
}

/* A derived line is asked for by its name, or together with what it is made of. */
bool mrg_word_is_derived(const char *word, const struct kev_name *name)
{
	const char *colon = strchr(name->from, ':');
	char system[64];

	if (rt_glob(word, name->name, true))
		return true;
	if (!colon || (size_t)(colon - name->from) >= sizeof(system))
		return false;
	memcpy(system, name->from, (size_t)(colon - name->from));
	system[colon - name->from] = '\0';
	return matches_tracefs(word, system, colon + 1) ||
	       matches_group(word, system, colon + 1);
}

static bool any_derived(const struct words *words, const struct kev_name *name)
{
	bool any = false;
	size_t i;

	for (i = 0; i < words->nr; i++) {
		if (mrg_word_is_derived(words->v[i], name))
			any = words->used[i] = true;
	}
	return any;
}

/* ---- words that mean nothing ---- */

bool mrg_word_in_catalogue(const char *word)
{
	const char *full = kev_full_name(word);
	const struct kev_event *row;
	size_t i;

	if (kev_group_find(word))
		return true;
	for (i = 0; (row = kev_event_at(i)) != NULL; i++) {
		if (rt_glob(full, row->name, true) ||
		    matches_tracefs(word, row->system, row->event))
			return true;
	}
	return false;
}

#define MAX_CANDIDATES 8192
#define MADE_NAME 96		/* bytes of a name that is made of a tracefs one */

struct candidates {
	const char *v[MAX_CANDIDATES];
	char made[MAX_CANDIDATES][MADE_NAME];
	size_t nr;
};

static void add_candidate(struct candidates *all, const char *name)
{
	size_t i;

	/* Host and guest have most events both. */
	for (i = 0; i < all->nr; i++)
		if (strcmp(all->v[i], name) == 0)
			return;
	if (all->nr < MAX_CANDIDATES)
		all->v[all->nr++] = name;
}

/* Everything that may be typed: names of ours, groups, events of the set. */
static void list_candidates(struct candidates *all, const struct mrg_set *set)
{
	const struct xt_event *event;
	unsigned int id, ids;
	size_t i, m;

	for (i = 0; kev_name_at(i); i++)
		add_candidate(all, kev_name_at(i)->name);
	for (i = 0; kev_group_at(i); i++)
		add_candidate(all, kev_group_at(i));
	for (m = 0; m < set->nr; m++) {
		ids = xt_trace_max_event_id(set->members[m].trace);
		for (id = 0; id <= ids; id++) {
			event = xt_trace_event(set->members[m].trace, id);
			if (!event)
				continue;
			add_candidate(all, event->name);
			if (!event->kev && all->nr < MAX_CANDIDATES)
				add_candidate(all, kev_default_name(all->made[all->nr], MADE_NAME,
								    event->system, event->name));
		}
	}
}

int mrg_word_unknown(const struct mrg_set *set, const char *word, struct rt_err *err)
{
	struct candidates *all = calloc(1, sizeof(*all));
	const char *near[3], *colon = strchr(word, ':');
	unsigned int found = 0;
	int rc;

	if (all) {
		list_candidates(all, set);
		found = rt_nearest(colon ? colon + 1 : word, all->v, all->nr, near, 3);
	}
	if (found == 0)
		rc = rt_err_say(err, -EINVAL, "\"%s\": no event, name or group of these traces",
				word);
	else if (found == 1)
		rc = rt_err_say(err, -EINVAL, "\"%s\": no such event; did you mean %s?", word,
				near[0]);
	else if (found == 2)
		rc = rt_err_say(err, -EINVAL, "\"%s\": no such event; did you mean %s or %s?",
				word, near[0], near[1]);
	else
		rc = rt_err_say(err, -EINVAL, "\"%s\": no such event; did you mean %s, %s or %s?",
				word, near[0], near[1], near[2]);
	free(all);
	return rc;
}

static int check_words(const struct mrg_set *set, const struct words *words, struct rt_err *err)
{
	size_t i;

	for (i = 0; i < words->nr; i++) {
		if (!words->used[i] && !mrg_word_in_catalogue(words->v[i]))
			return mrg_word_unknown(set, words->v[i], err);
	}
	return 0;
}

/* ---- the selection ---- */

static int select_member(struct mrg_select *select, size_t m, const struct words *with,
			 const struct words *without)
{
	struct xt_trace *trace = select->set->members[m].trace;
	unsigned int id, max = xt_trace_max_event_id(trace);
	const struct xt_event *event;
	bool wanted;

	select->own[m] = calloc((size_t)max + 1, sizeof(bool));
	if (!select->own[m])
		return -ENOMEM;
	for (id = 0; id <= max; id++) {
		event = xt_trace_event(trace, id);
		if (!event) {
			select->own[m][id] = select->unknown;
			continue;
		}
		wanted = any_event(with, event) || with->nr == 0;
		select->own[m][id] = !any_event(without, event) && wanted;
	}
	return 0;
}

static void select_derived(struct mrg_select *select, const struct words *with,
			   const struct words *without)
{
	const struct kev_name *name;
	bool wanted;
	size_t i;

	for (i = 0; (name = kev_name_at(i)) != NULL; i++) {
		if (!name->from)
			continue;
		wanted = any_derived(with, name) || with->nr == 0;
		if (!any_derived(without, name) && wanted && select->nr_derived < MAX_DERIVED)
			select->derived[select->nr_derived++] = name->name;
	}
}

int mrg_select_create(struct mrg_select **ret, const struct mrg_set *set,
		      const char *const *with, size_t nr_with, const char *const *without,
		      size_t nr_without, struct rt_err *err)
{
	struct words in = { with, nr_with, NULL }, out = { without, nr_without, NULL };
	struct mrg_select *select = calloc(1, sizeof(*select));
	int rc = -ENOMEM;
	size_t m;

	in.used = calloc(nr_with + nr_without + 1, sizeof(bool));
	if (!select || !in.used) {
		rt_err_set(err, rc, "cannot select events");
		goto out;
	}
	out.used = in.used + nr_with;
	select->set = set;
	select->all = nr_with == 0 && nr_without == 0;
	select->unknown = nr_with == 0;
	select->own = calloc(set->nr + 1, sizeof(bool *));
	rc = select->own ? 0 : -ENOMEM;
	for (m = 0; m < set->nr && rc == 0; m++)
		rc = select_member(select, m, &in, &out);
	if (rc < 0) {
		rt_err_set(err, rc, "cannot select events");
		goto out;
	}
	/* Losses are shown whatever is asked for: this word asks for nothing else. */
	for (m = 0; m < nr_with; m++)
		in.used[m] |= strcasecmp(with[m], "LOST") == 0;
	select_derived(select, &in, &out);
	rc = check_words(set, &in, err);
	if (rc == 0)
		rc = check_words(set, &out, err);
out:
	free(in.used);
	if (rc < 0)
		mrg_select_destroy(select);
	else
		*ret = select;
	return rc;
}

void mrg_select_destroy(struct mrg_select *select)
{
	size_t m;

	if (!select)
		return;
	for (m = 0; select->own && m < select->set->nr; m++)
		free(select->own[m]);
	free(select->own);
	free(select);
}

bool mrg_select_name(const struct mrg_select *select, const char *name)
{
	size_t i;

	for (i = 0; i < select->nr_derived; i++) {
		if (strcmp(select->derived[i], name) == 0)
			return true;
	}
	return false;
}

bool mrg_select_event(const struct mrg_select *select, uint16_t member, unsigned int id)
{
	return select->own[member][id];
}

bool mrg_select_unknown(const struct mrg_select *select)
{
	return select->unknown;
}

bool mrg_select_all(const struct mrg_select *select)
{
	return select->all;
}
