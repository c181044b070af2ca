/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * journal-plan.c - a list of changes, for journal.c to make or for people to read
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lib/array.h"
#include "lib/err.h"
#include "lib/json.h"
#include "lib/table.h"
#include "tuning/journal.h"

static const char *const cost_texts[] = {
	[TUNE_COST_NONE] = "nothing",
	[TUNE_COST_TASK] = "this task moves",
	[TUNE_COST_MEMORY] = "memory of its tasks moves to other nodes",
	[TUNE_COST_IRQ] = "this interrupt moves",
	[TUNE_COST_DOMAINS] = "scheduling domains are built anew",
	[TUNE_COST_HOTPLUG] = "all CPUs stop for a moment",
};

static const char *const state_words[] = {
	[TUNE_PLANNED] = "planned",
	[TUNE_MADE] = "made",
	[TUNE_SAME] = "same",
	[TUNE_GONE] = "gone",
	[TUNE_REFUSED] = "refused",
};

const char *tune_cost_text(enum tune_cost cost)
{
	return cost_texts[cost];
}

static void finish_change(struct tune_change *change)
{
	free(change->target);
	free(change->wanted);
	free(change->before);
	free(change->why);
	free(change->refused);
}

void tune_plan_cut(struct tune_plan *plan, size_t nr)
{
	while (plan->nr > nr)
		finish_change(&plan->changes[--plan->nr]);
}

void tune_plan_finish(struct tune_plan *plan)
{
	tune_plan_cut(plan, 0);
	free(plan->changes);
	plan->changes = NULL;
	plan->room = 0;
}

static int push(struct tune_plan *plan, struct tune_change *change)
{
	size_t room = plan->room ? plan->room * 2 : 64;
	struct tune_change *changes;

	if (plan->nr == plan->room) {
		changes = reallocarray(plan->changes, room, sizeof(*changes));
		if (!changes)
			return -ENOMEM;
		plan->changes = changes;
		plan->room = room;
	}
	plan->changes[plan->nr++] = *change;
	return 0;
}

/* The value that an earlier change of the plan gives the knob, or NULL. */
static const char *planned_value(const struct tune_plan *plan, enum tune_knob_kind kind,
				 const char *target)
{
	size_t i;

	for (i = plan->nr; i-- > 0; )
		if (plan->changes[i].state == TUNE_PLANNED && plan->changes[i].kind == kind &&
		    strcmp(plan->changes[i].target, target) == 0)
			return plan->changes[i].wanted;
	return NULL;
}

int tune_plan_value(const struct tune_plan *plan, enum tune_knob_kind kind, const char *target,
		    char **ret, struct rt_err *err)
{
	const char *planned = planned_value(plan, kind, target);
	char *copy;

	if (!planned)
		return tune_knob_read(plan->root, kind, target, ret, err);
	copy = strdup(planned);
	if (!copy)
		return rt_err_set(err, -ENOMEM, "a plan");
	*ret = copy;
	return 0;
}

int tune_plan_add(struct tune_plan *plan, enum tune_knob_kind kind, const char *target,
		  const char *wanted, unsigned int flags, enum tune_cost cost,
		  struct rt_err *err, const char *why, ...)
{
	struct tune_change change = { .kind = kind, .flags = flags, .cost = cost };
	va_list ap;
	int rc;

	rc = tune_plan_value(plan, kind, target, &change.before, err);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	if (change.before && tune_knob_equal(kind, change.before, wanted) &&
	    !(flags & TUNE_HOLD)) {
		free(change.before);
		return 0;
	}
	va_start(ap, why);
	if (vasprintf(&change.why, why, ap) < 0)
		change.why = NULL;
	va_end(ap);
	change.target = strdup(target);
	change.wanted = strdup(wanted);
	if (!change.why || !change.target || !change.wanted || push(plan, &change) < 0) {
		finish_change(&change);
		return rt_err_set(err, -ENOMEM, "a plan");
	}
	return 0;
}

/* ---- for people and programs ---- */

enum { COL_KNOB, COL_FROM, COL_TO, COL_WHY, COL_COST, NR_COLS };

static const struct rt_column columns[] = {
	[COL_KNOB] = { "KNOB", "knob", RT_COL_STRING, "what is set" },
	[COL_FROM] = { "FROM", "from", RT_COL_STRING, "as it is" },
	[COL_TO] = { "TO", "to", RT_COL_STRING, "as it is to be" },
	[COL_WHY] = { "WHY", "why", RT_COL_STRING, "what for" },
	[COL_COST] = { "DISTURBS", "disturbs", RT_COL_STRING, "what making it does to others" },
};

static const char *shown(const char *value)
{
	return value && !value[0] ? "\"\"" : value;
}

void tune_plan_print(const struct tune_plan *plan, FILE *to)
{
	char name[TUNE_TARGET_MAX + 32];
	struct rt_table *table;
	size_t i, held = 0;

	if (rt_table_create(&table, columns, NR_COLS) < 0)
		return;
	for (i = 0; i < plan->nr; i++) {
		const struct tune_change *change = &plan->changes[i];

		if (change->before &&
		    tune_knob_equal(change->kind, change->before, change->wanted)) {
			held++;
			continue;
		}
		rt_table_row(table);
		rt_table_str(table, COL_KNOB, tune_knob_name(name, sizeof(name), plan->root,
							     change->kind, change->target));
		rt_table_str(table, COL_FROM, shown(change->before));
		rt_table_str(table, COL_TO, shown(change->wanted));
		rt_table_str(table, COL_WHY, change->why);
		rt_table_str(table, COL_COST, tune_cost_text(change->cost));
	}
	rt_table_print(table, to, NULL);
	rt_table_destroy(table);
	if (held)
		fprintf(to, "%zu more are only written down: the kernel may forget them\n", held);
}

void tune_plan_json(const struct tune_plan *plan, struct rt_json *json)
{
	const struct tune_change *change;

	rt_json_open(json, '[');
	for (change = plan->changes; change < rt_array_end(plan->changes, plan->nr); change++) {
		rt_json_open(json, '{');
		rt_json_put_str(json, "kind", tune_knob_word(change->kind));
		rt_json_put_str(json, "target", change->target);
		rt_json_put_str(json, "from", change->before);
		rt_json_put_str(json, "to", change->wanted);
		rt_json_put_str(json, "why", change->why);
		rt_json_put_str(json, "disturbs", tune_cost_text(change->cost));
		rt_json_put_str(json, "state", state_words[change->state]);
		rt_json_put_str(json, "refused", change->refused);
		rt_json_close(json, '}');
	}
	rt_json_close(json, ']');
}
