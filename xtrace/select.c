/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * select.c - from the words of -e, -x and -F to the events of this kernel
 *
 * What our names and groups mean is in kvm-events/; what this kernel has is in
 * its available_events.  Here the two meet.
 */
#include "xtrace/select.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kvm-events/kvm-events.h"
#include "lib/array.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/root.h"
#include "lib/text.h"
#include "xtrace/tracefs.h"

#define MAX_WORD 256
#define NR_NEAR 3

/* What to do with each event that a word stands for. */
struct verdict {
	bool chosen;
	const struct xt_sel_filter *filter;
	const char *stop;
};

static size_t count_lines(const char *text)
{
	size_t nr = 0;

	for (; *text; text++)
		nr += *text == '\n';
	return nr + 1;
}

int xt_select_init(struct xt_select *ret, const struct xt_tracefs *fs, struct rt_err *err)
{
	struct xt_select sel = { 0 };
	char *line, *colon, *save = NULL;
	int rc;

	rc = rt_root_read(fs->root, &sel.text, NULL, err, "%s/available_events", fs->dir);
	if (rc < 0)
		return rc;
	sel.v = calloc(count_lines(sel.text), sizeof(*sel.v));
	if (!sel.v) {
		free(sel.text);
		return rt_err_set(err, -ENOMEM, "cannot keep the list of events");
	}
	for (line = strtok_r(sel.text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		colon = strchr(line, ':');
		if (!colon)
			continue;
		*colon = '\0';
		sel.v[sel.nr].system = line;
		sel.v[sel.nr].event = colon + 1;
		sel.nr++;
	}
	*ret = sel;
	return 0;
}

void xt_select_finish(struct xt_select *sel)
{
	size_t i;

	for (i = 0; i < sel->nr_filters; i++)
		free(sel->filters[i].is_for);
	free(sel->filters);
	free(sel->v);
	free(sel->text);
	memset(sel, 0, sizeof(*sel));
}

/* ---- what a word stands for ---- */

static void decide(struct xt_select *sel, size_t i, const struct verdict *verdict)
{
	sel->v[i].chosen = verdict->chosen;
	if (verdict->filter)
		verdict->filter->is_for[i] = true;
	if (verdict->stop)
		sel->v[i].stop = verdict->stop;
}

/* @system or @event NULL: any. */
static size_t match(struct xt_select *sel, const char *system, const char *event,
		    const struct verdict *verdict)
{
	size_t i, nr = 0;

	for (i = 0; i < sel->nr; i++) {
		if (system && !rt_glob(system, sel->v[i].system, false))
			continue;
		if (event && !rt_glob(event, sel->v[i].event, false))
			continue;
		decide(sel, i, verdict);
		nr++;
	}
	return nr;
}

static size_t match_pair(struct xt_select *sel, const char *pair, const struct verdict *verdict)
{
	const char *colon = strchr(pair, ':');
	char system[MAX_WORD];

	snprintf(system, sizeof(system), "%.*s", (int)(colon - pair), pair);
	return match(sel, system, colon[1] ? colon + 1 : "*", verdict);
}

static size_t match_group(struct xt_select *sel, const char *const *globs,
			  const struct verdict *verdict)
{
	size_t nr = 0;

	for (; *globs; globs++)
		nr += match_pair(sel, *globs, verdict);
	return nr;
}

/* Our names, with globs; *@known says whether the catalogue has any such name. */
static size_t match_ours(struct xt_select *sel, const char *word, const struct verdict *verdict,
			 bool *known)
{
	const struct kev_event *row;
	size_t i, nr = 0;

	for (i = 0; (row = kev_event_at(i)); i++) {
		if (!rt_glob(word, row->name, true))
			continue;
		*known = true;
		nr += match(sel, row->system, row->event, verdict);
	}
	return nr;
}

/* ---- words that mean nothing ---- */

/* @texts has room for all pairs. */
static size_t collect_words(const struct xt_select *sel, bool pairs, const char **ret,
			    char *texts, size_t max)
{
	const struct kev_event *row;
	const char *group;
	size_t i, nr = 0;

	for (i = 0; i < sel->nr && nr < max; i++) {
		if (pairs) {
			ret[nr++] = texts;
			texts += sprintf(texts, "%s:%s", sel->v[i].system, sel->v[i].event) + 1;
		} else {
			ret[nr++] = sel->v[i].event;
		}
	}
	for (i = 0; !pairs && (row = kev_event_at(i)) && nr < max; i++)
		ret[nr++] = row->name;
	for (i = 0; !pairs && (group = kev_group_at(i)) && nr < max; i++)
		ret[nr++] = group;
	return nr;
}

static size_t texts_room(const struct xt_select *sel)
{
	size_t i, room = 1;

	for (i = 0; i < sel->nr; i++)
		room += strlen(sel->v[i].system) + strlen(sel->v[i].event) + 2;
	return room;
}

static int unknown(const struct xt_select *sel, const char *word, struct rt_err *err)
{
	size_t max = sel->nr + 4096, nr;
	char *texts = malloc(texts_room(sel));
	const char *near[NR_NEAR];
	const char **words;
	unsigned int i, nr_near = 0;
	char list[512] = "";

	words = calloc(max, sizeof(*words));
	if (words && texts) {
		nr = collect_words(sel, strchr(word, ':'), words, texts, max);
		nr_near = rt_nearest(word, words, nr, near, NR_NEAR);
	}
	for (i = 0; i < nr_near; i++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%.120s",
			 i ? ", " : "; near it: ", near[i]);
	free(words);
	free(texts);
	return rt_err_say(err, -ENOENT, "unknown event \"%s\"%s", word, list);
}

static int apply_word(struct xt_select *sel, const char *word, const struct verdict *verdict,
		      struct rt_err *err)
{
	const char *const *group;
	bool known = false;
	size_t nr = 0;

	if (!*word || strlen(word) >= MAX_WORD)
		return rt_err_say(err, -EINVAL, "expected the name of an event, found \"%.40s\"",
				  word);
	group = kev_group_find(word);
	if (group) {
		nr = match_group(sel, group, verdict);
		known = true;
	} else if (strchr(word, ':')) {
		nr = match_pair(sel, word, verdict);
	} else {
		nr = match_ours(sel, word, verdict, &known);
		nr += match(sel, NULL, word, verdict);
		if (nr == 0)
			nr = match(sel, word, NULL, verdict);
	}
	if (nr > 0)
		return 0;
	if (known)
		return rt_err_say(err, RT_ECANNOT, "this kernel has no event for \"%s\"", word);
	return unknown(sel, word, err);
}

/* Words with commas between them, as xtrace-view has them: an empty one means nothing. */
static int apply_words(struct xt_select *sel, const char *words, const struct verdict *verdict,
		       struct rt_err *err)
{
	char *copy = strdup(words), *word, *rest;
	int rc = 0;

	if (!copy)
		return rt_err_set(err, -ENOMEM, "cannot choose events");
	word = strtok_r(copy, ",", &rest);
	if (!word)
		rc = rt_err_say(err, -EINVAL, "expected the name of an event, found \"%s\"", words);
	for (; word && rc == 0; word = strtok_r(NULL, ",", &rest))
		rc = apply_word(sel, word, verdict, err);
	free(copy);
	return rc;
}

int xt_select_add(struct xt_select *sel, const char *words, struct rt_err *err)
{
	const struct verdict verdict = { .chosen = true };

	return apply_words(sel, words, &verdict, err);
}

int xt_select_remove(struct xt_select *sel, const char *words, struct rt_err *err)
{
	const struct verdict verdict = { .chosen = false };

	return apply_words(sel, words, &verdict, err);
}

/* Is @word, up to @len, "SYSTEM:EVENT" of this kernel? */
static bool is_pair(const struct xt_select *sel, const char *word, size_t len)
{
	char pair[MAX_WORD], *colon;
	size_t i;

	if (len >= sizeof(pair))
		return false;
	memcpy(pair, word, len);
	pair[len] = '\0';
	colon = strchr(pair, ':');
	*colon++ = '\0';
	for (i = 0; i < sel->nr; i++) {
		if (rt_glob(pair, sel->v[i].system, false) &&
		    rt_glob(colon, sel->v[i].event, false))
			return true;
	}
	return false;
}

static int add_filter(struct xt_select *sel, const char *text, struct rt_err *err)
{
	struct xt_sel_filter *filters;
	bool *is_for = calloc(sel->nr + 1, sizeof(*is_for));

	filters = realloc(sel->filters, (sel->nr_filters + 1) * sizeof(*filters));
	if (filters)
		sel->filters = filters;
	if (!filters || !is_for) {
		free(is_for);
		return rt_err_set(err, -ENOMEM, "cannot keep a filter");
	}
	filters[sel->nr_filters++] = (struct xt_sel_filter){ .text = text, .is_for = is_for };
	return 0;
}

int xt_select_filter(struct xt_select *sel, const char *word, struct rt_err *err)
{
	const char *colon = strchr(word, ':'), *second;
	struct verdict verdict = { .chosen = true };
	char name[MAX_WORD];
	int rc;

	/* EVENT may have a colon of its own. */
	second = colon ? strchr(colon + 1, ':') : NULL;
	if (second && is_pair(sel, word, second - word))
		colon = second;
	if (!colon || !colon[1] || colon == word || (size_t)(colon - word) >= sizeof(name))
		return rt_err_say(err, -EINVAL, "expected EVENT:FILTER, found \"%.80s\"", word);
	snprintf(name, sizeof(name), "%.*s", (int)(colon - word), word);
	rc = add_filter(sel, colon + 1, err);
	if (rc < 0)
		return rc;
	verdict.filter = &sel->filters[sel->nr_filters - 1];
	return apply_word(sel, name, &verdict, err);
}

int xt_select_stop(struct xt_select *sel, const char *word, struct rt_err *err)
{
	const char *condition = strstr(word, " if ");
	struct verdict verdict = { .chosen = true };
	char name[MAX_WORD];
	size_t len = condition ? (size_t)(condition - word) : strlen(word);

	while (len && word[len - 1] == ' ')
		len--;
	verdict.stop = condition ? condition + strlen(" if ") : "";
	if (!len || len >= sizeof(name) || (condition && !*verdict.stop))
		return rt_err_say(err, -EINVAL, "expected EVENT or EVENT if FILTER, found "
				  "\"%.80s\"", word);
	snprintf(name, sizeof(name), "%.*s", (int)len, word);
	return apply_word(sel, name, &verdict, err);
}

/* ---- what is chosen ---- */

size_t xt_select_count(const struct xt_select *sel)
{
	size_t i, nr = 0;

	for (i = 0; i < sel->nr; i++)
		nr += sel->v[i].chosen;
	return nr;
}

bool xt_select_has(const struct xt_select *sel, const char *system, const char *event)
{
	size_t i;

	for (i = 0; i < sel->nr; i++) {
		if (sel->v[i].chosen && !strcmp(sel->v[i].system, system) &&
		    !strcmp(sel->v[i].event, event))
			return true;
	}
	return false;
}

/* All events of the system of v[@first] are chosen; they stand one behind the other. */
static bool whole_system(const struct xt_select *sel, size_t first)
{
	const char *system = sel->v[first].system;
	size_t i;

	for (i = 0; i < sel->nr; i++) {
		if (!sel->v[i].chosen && strcmp(sel->v[i].system, system) == 0)
			return false;
	}
	return true;
}

/* One write for a system spares a kernel with hundreds of events as many rounds of patching. */
static bool enable_system(struct xt_select *sel, const struct xt_instance *inst, size_t first)
{
	const char *system = sel->v[first].system;
	size_t i;

	if (!whole_system(sel, first) || xt_instance_enable(inst, system, NULL, NULL) < 0)
		return false;
	for (i = first; i < sel->nr; i++) {
		if (strcmp(sel->v[i].system, system) == 0)
			sel->v[i].enabled = true;
	}
	return true;
}

/* "(A) || (B)": an event has one filter in the kernel.  A single one is left as it is. */
static void join_filters(const struct xt_select *sel, size_t event, struct rt_buf *to)
{
	const char *only = NULL;
	size_t i, nr = 0;

	for (i = 0; i < sel->nr_filters; i++) {
		if (!sel->filters[i].is_for[event])
			continue;
		only = sel->filters[i].text;
		rt_buf_printf(to, "%s(%s)", nr++ ? " || " : "", only);
	}
	if (nr == 1) {
		to->len = 0;
		rt_buf_puts(to, only);
	}
}

/* Of filters that were refused together, names the one that is so by itself. */
static int blame_filter(const struct xt_select *sel, const struct xt_instance *inst, size_t event,
			struct rt_err *err)
{
	const struct xt_sel_event *of = &sel->v[event];
	size_t i;
	int rc = 0;

	for (i = 0; i < sel->nr_filters && rc == 0; i++) {
		if (sel->filters[i].is_for[event])
			rc = xt_instance_filter(inst, of->system, of->event, sel->filters[i].text,
						err);
	}
	return rc;
}

static int set_filter(const struct xt_select *sel, const struct xt_instance *inst, size_t event,
		      struct rt_err *err)
{
	const struct xt_sel_event *of = &sel->v[event];
	struct rt_buf text = { 0 };
	int rc = 0, why = 0;

	join_filters(sel, event, &text);
	if (!rt_buf_str(&text))
		rc = rt_err_set(err, -ENOMEM, "cannot join filters");
	else if (text.len)
		rc = xt_instance_filter(inst, of->system, of->event, text.data, err);
	if (rc < 0 && !text.failed)
		why = blame_filter(sel, inst, event, err);
	rt_buf_finish(&text);
	return why < 0 ? why : rc;
}

int xt_select_apply(struct xt_select *sel, const struct xt_instance *inst,
		    void (*refused)(void *arg, const struct xt_sel_event *event,
				    const struct rt_err *why), void *arg, struct rt_err *err)
{
	struct xt_sel_event *event;
	struct rt_err why;
	size_t i;
	int rc;

	for (i = 0; i < sel->nr; i++) {
		rc = sel->v[i].chosen ? set_filter(sel, inst, i, err) : 0;
		if (rc < 0)
			return rc;
	}
	for (event = sel->v; event < rt_array_end(sel->v, sel->nr); event++) {
		if (!event->chosen || event->enabled || enable_system(sel, inst, event - sel->v))
			continue;
		memset(&why, 0, sizeof(why));
		rc = xt_instance_enable(inst, event->system, event->event, &why);
		event->enabled = rc == 0;
		if (rc < 0)
			refused(arg, event, &why);
	}
	return 0;
}
