/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stop.c - event and histogram triggers that end a recording
 *
 * The syntax of the triggers is that of Documentation/trace/events.rst and
 * histogram.rst.  Histograms of times make a ring buffer stamp every event in full, so
 * they stand in an instance of their own; a synthetic event reaches all instances that
 * enable it.
 */
#include "xtrace/stop-local.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/cmd.h"
#include "lib/cpulist.h"
#include "lib/err.h"
#include "lib/root.h"
#include "xtrace/select.h"

#define EVENT_PREFIX "xtrace_late_"
#define SYSTEM "synthetic"
#define CLOCK "mono"		/* of the histograms: they would choose one by themselves */
#define MAP_ENTRIES 8192	/* keys in flight; the kernel's default is 2048 */
#define BUFFER_BYTES (16ull << 10)
#define FILTER_MAX 1024

/* ---- synthetic events ---- */

static int write_synthetic(const struct xt_tracefs *fs, const char *text, struct rt_err *err)
{
	return rt_root_append(fs->root, text, err, "%s/synthetic_events", fs->dir);
}

static int define(struct xt_stops *stops, unsigned int i, struct rt_err *err)
{
	struct xt_late_rule *rule = &stops->lates[i];
	char text[96];

	snprintf(rule->event, sizeof(rule->event), EVENT_PREFIX "%d_%u", (int)getpid(), i);
	snprintf(text, sizeof(text), "%s u64 ns; %s who", rule->event, rule->kind->end.who_type);
	return write_synthetic(&stops->fs, text, err);
}

/* One that is in use cannot be removed: a wrong guess about its owner does no harm. */
static void sweep(const struct xt_tracefs *fs)
{
	char *text, *line, *save = NULL, name[64];
	int pid, nr;

	if (rt_root_read(fs->root, &text, NULL, NULL, "%s/synthetic_events", fs->dir) < 0)
		return;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, EVENT_PREFIX "%d_%d", &pid, &nr) != 2 ||
		    rt_root_exists(fs->root, "proc/%d", pid))
			continue;
		snprintf(name, sizeof(name), "!" EVENT_PREFIX "%d_%d", pid, nr);
		write_synthetic(fs, name, NULL);
	}
	free(text);
}

int xt_stops_define(struct xt_stops *stops, const struct xt_tracefs *fs,
		    const struct rt_strv *rules, struct rt_err *err)
{
	int rc = 0;
	size_t i;

	stops->fs = *fs;
	if (rules->n > XT_LATES_MAX)
		return rt_err_say(err, -E2BIG, "expected at most %d latencies, found %zu",
				  XT_LATES_MAX, rules->n);
	for (i = 0; i < rules->n && rc == 0; i++)
		rc = xt_late_parse(&stops->lates[i], rules->v[i], err);
	if (rc < 0 || !rules->n)
		return rc;
	if (!rt_root_exists(fs->root, "%s/synthetic_events", fs->dir))
		return rt_err_say(err, RT_ECANNOT, "this kernel cannot measure latencies: it has "
				  "no synthetic events (CONFIG_HIST_TRIGGERS)");
	stops->nr_lates = rules->n;
	for (i = 0; i < rules->n && rc == 0; i++) {
		rc = define(stops, i, err);
		stops->nr_defined += rc == 0;
	}
	return rc;
}

/* ---- what is recorded for them ---- */

int xt_stops_select(const struct xt_stops *stops, struct xt_select *sel,
		    const struct rt_strv *words, struct rt_err *err)
{
	char name[64];
	unsigned int i;
	int rc = 0;
	size_t w;

	for (w = 0; w < words->n && rc == 0; w++)
		rc = xt_select_stop(sel, words->v[w], err);
	for (i = 0; i < stops->nr_defined && rc == 0; i++) {
		snprintf(name, sizeof(name), SYSTEM ":%s", stops->lates[i].event);
		rc = xt_select_add(sel, name, err);
	}
	return rc;
}

/* ---- triggers ---- */

static int trigger(const struct xt_instance *inst, const char *system, const char *event,
		   const char *command, const char *filter, struct rt_err *err)
{
	struct rt_buf text = { 0 };
	int rc = -ENOMEM;

	rt_buf_printf(&text, "%s%s%s", command, *filter ? " if " : "", filter);
	if (rt_buf_str(&text))
		rc = xt_instance_trigger(inst, system, event, text.data, err);
	rt_buf_finish(&text);
	return rc;
}

static int arm_late(struct xt_stops *stops, unsigned int i, struct rt_err *err)
{
	const struct xt_late_rule *rule = &stops->lates[i];
	const struct xt_late_end *begin = &rule->kind->begin, *end = &rule->kind->end;
	char command[256], filter[FILTER_MAX];
	int rc;

	rc = xt_late_filter(stops->fs.root, rule, begin, filter, sizeof(filter), err);
	if (rc < 0)
		return rc;
	snprintf(command, sizeof(command),
		 "hist:keys=%s:ts%u=common_timestamp:size=%u:clock=" CLOCK, begin->key, i,
		 MAP_ENTRIES);
	rc = trigger(&stops->inst, begin->system, begin->event, command, filter, err);
	if (rc == 0)
		rc = xt_late_filter(stops->fs.root, rule, end, filter, sizeof(filter), err);
	if (rc < 0)
		return rc;
	snprintf(command, sizeof(command), "hist:keys=%s:lat%u=common_timestamp-$ts%u"
		 ":onmatch(%s.%s).%s($lat%u,%s):size=%u:clock=" CLOCK, end->key, i, i,
		 begin->system, begin->event, rule->event, i, end->who, MAP_ENTRIES);
	return trigger(&stops->inst, end->system, end->event, command, filter, err);
}

static int arm_lates(struct xt_stops *stops, const struct xt_instance *session, const char *name,
		     struct rt_err *err)
{
	char full[XT_TRACEFS_PATH_MAX], filter[64];
	struct rt_cpuset unused = { { 0 } };
	unsigned int i;
	uint64_t got;
	int rc;

	snprintf(full, sizeof(full), "%s" XT_LATE_SUFFIX, name);
	rc = xt_instance_create(&stops->inst, &stops->fs, full, err);
	if (rc < 0)
		return rc;
	stops->has_inst = true;
	rt_cpuset_add(&unused, 0);
	xt_instance_set_size(&stops->inst, BUFFER_BYTES, &unused, true, &got, NULL);
	for (i = 0; i < stops->nr_lates && rc == 0; i++) {
		snprintf(filter, sizeof(filter), "ns > %llu",
			 (unsigned long long)stops->lates[i].limit_ns);
		rc = trigger(session, SYSTEM, stops->lates[i].event, "traceoff:1", filter, err);
		if (rc == 0)
			rc = arm_late(stops, i, err);
	}
	return rc;
}

int xt_stops_arm(struct xt_stops *stops, const struct xt_instance *session, const char *name,
		 const struct xt_select *sel, struct rt_err *err)
{
	int rc = 0;
	size_t i;

	for (i = 0; i < sel->nr && rc == 0; i++) {
		if (sel->v[i].stop)
			rc = trigger(session, sel->v[i].system, sel->v[i].event, "traceoff:1",
				     sel->v[i].stop, err);
	}
	if (rc == 0 && stops->nr_lates)
		rc = arm_lates(stops, session, name, err);
	return rc;
}

/* ---- the look at them ---- */

static bool fired(const struct xt_instance *session, const char *system, const char *event)
{
	uint64_t left;

	return xt_instance_trigger_left(session, system, event, "traceoff", &left, NULL) == 0 &&
	       left == 0;
}

bool xt_stops_fired(const struct xt_stops *stops, const struct xt_instance *session,
		    const struct xt_select *sel, char *ret_text, size_t size)
{
	unsigned int i;
	size_t e;

	for (e = 0; e < sel->nr; e++) {
		const struct xt_sel_event *event = &sel->v[e];

		if (!event->stop || !fired(session, event->system, event->event))
			continue;
		snprintf(ret_text, size, "%s:%s%s%s", event->system, event->event,
			 *event->stop ? " if " : "", event->stop);
		return true;
	}
	for (i = 0; i < stops->nr_lates; i++) {
		const struct xt_late_rule *rule = &stops->lates[i];

		if (!fired(session, SYSTEM, rule->event))
			continue;
		snprintf(ret_text, size, "%s(%s) > %.3f us", rule->kind->name, rule->name,
			 rule->limit_ns / 1e3);
		return true;
	}
	return false;
}

/*
 * As the kernel lists it, "hist:keys=...:... [active]", so is one taken away: "!hist:...".  But
 * the key is written as it was when armed: Linux 7.3 lists common_cpu as "common_cpucommon_cpu".
 */
static void remove_hists(const struct xt_instance *inst, const struct xt_late_end *end)
{
	static const char start[] = "hist:keys=";
	char *text, *line, *save = NULL, *rest, *state;
	char command[FILTER_MAX + 512];

	if (xt_instance_read(inst, &text, NULL, NULL, "events/%s/%s/trigger", end->system,
			     end->event) < 0)
		return;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		rest = strchr(line + strcspn(line, "="), ':');
		if (strncmp(line, start, strlen(start)) != 0 || !rest)
			continue;
		state = strrchr(rest, '[');
		if (state)
			state[-1] = '\0';
		snprintf(command, sizeof(command), "!%s%s%s", start, end->key, rest);
		xt_instance_trigger(inst, end->system, end->event, command, NULL);
	}
	free(text);
}

void xt_stops_clear(const struct xt_instance *inst)
{
	const struct xt_late_kind *kind;
	unsigned int i;

	for (i = 0; (kind = xt_late_kind_at(i)); i++)
		remove_hists(inst, &kind->end);
	for (i = 0; (kind = xt_late_kind_at(i)); i++)
		remove_hists(inst, &kind->begin);
}

int xt_stops_finish(struct xt_stops *stops)
{
	char text[64];
	int rc = 0;

	if (stops->has_inst) {
		xt_stops_clear(&stops->inst);
		rc = xt_instance_remove(&stops->inst, NULL);
	}
	stops->has_inst = false;
	while (stops->nr_defined) {
		snprintf(text, sizeof(text), "!%s", stops->lates[--stops->nr_defined].event);
		write_synthetic(&stops->fs, text, NULL);
	}
	/* Those of sessions that were killed; their instances went at our start. */
	if (stops->nr_lates)
		sweep(&stops->fs);
	return rc;
}
