/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stop-late.c - latencies that the kernel can measure by itself, and the words for them
 *
 * A latency is the time between two events that agree in a key.  Names are turned into
 * the kernel's filter here; how the events are joined is in stop.c.
 */
#include "xtrace/stop-local.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kvm-events/kvm-events.h"
#include "lib/err.h"
#include "lib/root.h"
#include "lib/text.h"

#define MOST_NUMBERS 1024	/* of a table of names: syscalls are the longest */

/* A task waits for nothing while its vCPU or its CPU is idle: such an exit has no limit. */
#define IDLE_EXIT "HLT"

static const struct xt_late_kind kinds[] = {
	{
		.name = "wakeup", .argument = "task", .match = XT_MATCH_TEXT,
		.begin = { "sched", "sched_waking", "pid", "comm", NULL, NULL },
		.end = { "sched", "sched_switch", "next_pid", "next_comm", "next_pid", "pid_t" },
	},
	{
		.name = "exit", .argument = "reason", .match = XT_MATCH_EXIT,
		.begin = { "kvm", "kvm_exit", "common_pid", "exit_reason", NULL, NULL },
		.end = { "kvm", "kvm_entry", "common_pid", NULL, "common_pid", "int" },
	},
	{
		.name = "irq", .argument = "name", .match = XT_MATCH_TEXT,
		.begin = { "irq", "irq_handler_entry", "common_cpu", "name", NULL, NULL },
		.end = { "irq", "irq_handler_exit", "common_cpu", NULL, "common_pid", "int" },
	},
	{
		.name = "softirq", .argument = "name", .match = XT_MATCH_SOFTIRQ,
		.begin = { "irq", "softirq_entry", "common_cpu", "vec", NULL, NULL },
		.end = { "irq", "softirq_exit", "common_cpu", "vec", "common_pid", "int" },
	},
	{
		.name = "syscall", .argument = "name", .match = XT_MATCH_SYSCALL,
		.begin = { "raw_syscalls", "sys_enter", "common_pid", "id", NULL, NULL },
		.end = { "raw_syscalls", "sys_exit", "common_pid", "id", "common_pid", "int" },
	},
};

#define NR_KINDS (sizeof(kinds) / sizeof(kinds[0]))

const struct xt_late_kind *xt_late_kind_at(unsigned int i)
{
	return i < NR_KINDS ? &kinds[i] : NULL;
}

static const struct xt_late_kind *find_kind(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < NR_KINDS; i++) {
		if (strlen(kinds[i].name) == len && strncmp(kinds[i].name, name, len) == 0)
			return &kinds[i];
	}
	return NULL;
}

static int bad_rule(const char *text, struct rt_err *err)
{
	char list[128] = "";
	size_t i;

	for (i = 0; i < NR_KINDS; i++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s(%s)",
			 i ? ", " : "", kinds[i].name, kinds[i].argument);
	return rt_err_say(err, -EINVAL, "expected KIND(NAME)>TIME with a KIND of %s, found "
			  "\"%.80s\"", list, text);
}

/* "(NAME)" or nothing; true when it ends at @end. */
static bool take_name(struct xt_late_rule *rule, const char *at, const char *end)
{
	size_t len = end - at;

	if (!len)
		return true;
	if (len < 3 || at[0] != '(' || end[-1] != ')' || len - 2 >= sizeof(rule->name))
		return false;
	memcpy(rule->name, at + 1, len - 2);
	rule->name[len - 2] = '\0';
	return !strpbrk(rule->name, "\"\\\n");
}

int xt_late_parse(struct xt_late_rule *ret, const char *text, struct rt_err *err)
{
	struct xt_late_rule rule = { 0 };
	const char *more = strrchr(text, '>'), *end = more;

	while (end && end > text && end[-1] == ' ')
		end--;
	rule.kind = more ? find_kind(text, strcspn(text, "(> ")) : NULL;
	if (!rule.kind || !take_name(&rule, text + strlen(rule.kind->name), end))
		return bad_rule(text, err);
	more += strspn(more, "> ");
	if (rt_parse_time(more, &rule.limit_ns) < 0 || !rule.limit_ns)
		return rt_err_say(err, -EINVAL, "expected a time behind \"%.*s\", such as 100us, "
				  "found \"%.40s\"", (int)(end - text), text, more);
	*ret = rule;
	return 0;
}

/* ---- names as the kernel's filter ---- */

static const char *exit_name(const struct rt_root *root, uint64_t nr)
{
	return kev_exit_name(rt_root_exists(root, "sys/module/kvm_amd") ? KEV_ISA_SVM : KEV_ISA_VMX,
			     nr);
}

static const char *number_name(const struct rt_root *root, enum xt_late_match match, uint64_t nr)
{
	switch (match) {
	case XT_MATCH_EXIT:
		return exit_name(root, nr);
	case XT_MATCH_SOFTIRQ:
		return kev_softirq_name(nr);
	case XT_MATCH_SYSCALL:
		return kev_syscall_name(nr);
	case XT_MATCH_TEXT:
		break;
	}
	return NULL;
}

/* "vec == 1 || vec == 2": all numbers whose names match. */
static int match_numbers(const struct rt_root *root, const struct xt_late_rule *rule,
			 const char *field, char *ret, size_t size, struct rt_err *err)
{
	size_t len = 0;
	uint64_t nr;

	ret[0] = '\0';
	for (nr = 0; nr < MOST_NUMBERS; nr++) {
		const char *name = number_name(root, rule->kind->match, nr);

		if (!name || !rt_glob(rule->name, name, true))
			continue;
		len += snprintf(ret + len, size - len, "%s%s == %llu", len ? " || " : "", field,
				(unsigned long long)nr);
		if (len >= size)
			return rt_err_say(err, -E2BIG, "%s(%s) means too many at once",
					  rule->kind->name, rule->name);
	}
	if (!len)
		return rt_err_say(err, -EINVAL, "expected a %s in %s(...), found \"%s\"",
				  rule->kind->argument, rule->kind->name, rule->name);
	return 0;
}

static int idle_exit(const struct rt_root *root, const char *field, char *ret, size_t size)
{
	uint64_t nr;

	ret[0] = '\0';
	for (nr = 0; nr < MOST_NUMBERS; nr++) {
		const char *name = exit_name(root, nr);

		if (name && strcmp(name, IDLE_EXIT) == 0)
			snprintf(ret, size, "%s != %llu", field, (unsigned long long)nr);
	}
	return 0;
}

int xt_late_filter(const struct rt_root *root, const struct xt_late_rule *rule,
		   const struct xt_late_end *end, char *ret, size_t size, struct rt_err *err)
{
	ret[0] = '\0';
	if (!end->field)
		return 0;
	if (!rule->name[0])
		return rule->kind->match == XT_MATCH_EXIT ?
		       idle_exit(root, end->field, ret, size) : 0;
	if (rule->kind->match != XT_MATCH_TEXT)
		return match_numbers(root, rule, end->field, ret, size, err);
	snprintf(ret, size, "%s ~ \"%s\"", end->field, rule->name);
	return 0;
}
