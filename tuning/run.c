/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * run.c - CPUs, policies and memory policies: from words, and to a thread
 */
#include "tuning/run.h"

#include <ctype.h>
#include <errno.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/cmd.h"
#include "lib/err.h"
#include "lib/root.h"
#include "lib/text.h"
#include "tuning/sched.h"
#include "tuning/shield.h"
#include "tuning/topo.h"

#define MAX_NODES	1024	/* CONFIG_NODES_SHIFT is 10 at most */

/* ---- words ---- */

int tune_run_bias(struct tune_run *run, const struct tune_topo *topo, const char *text,
		  struct rt_err *err)
{
	const char *word = text + (text[0] == '~');
	const struct rt_cpuset *named = strcmp(word, "boot") == 0 ? &topo->present :
					strcmp(word, "active") == 0 ? &topo->online : NULL;
	struct rt_err why = { 0 };
	struct rt_cpuset set;

	if (named) {
		set = *word == *text ? *named : topo->present;
		if (word != text)
			rt_cpuset_minus(&set, named);
	} else if (tune_cpuset_resolve(&set, topo, text, &why) < 0) {
		return rt_usage(err, "--bias: %s", why.text);
	}
	if (!rt_cpuset_overlaps(&set, &topo->online))
		return rt_usage(err, "--bias: \"%s\" names no CPU that is online", text);
	run->cpus = set;
	run->has_cpus = true;
	return 0;
}

static const struct {
	const char *word;
	int policy;
} policies[] = {
	{ "fifo", SCHED_FIFO }, { "rr", SCHED_RR }, { "other", SCHED_OTHER },
	{ "batch", SCHED_BATCH }, { "idle", SCHED_IDLE }, { "deadline", TUNE_SCHED_DEADLINE },
};

#define NR_POLICIES (sizeof(policies) / sizeof(policies[0]))

int tune_run_policy(struct tune_run *run, const char *text, struct rt_err *err)
{
	const char *word = strncasecmp(text, "SCHED_", 6) == 0 ? text + 6 : text;
	size_t i;

	for (i = 0; i < NR_POLICIES; i++) {
		if (strcasecmp(policies[i].word, word) != 0)
			continue;
		run->policy = policies[i].policy;
		if (run->policy == SCHED_FIFO || run->policy == SCHED_RR)
			run->priority = 1;
		return 0;
	}
	return rt_usage(err, "--policy: expected fifo, rr, other, batch, idle or deadline, found "
			"\"%s\"", text);
}

int tune_run_deadline(struct tune_run *run, const char *text, struct rt_err *err)
{
	uint64_t *const times[] = { &run->runtime, &run->deadline, &run->period };
	char copy[128], *rest = copy, *word;
	size_t i;

	snprintf(copy, sizeof(copy), "%s", text);
	for (i = 0; i < 3; i++) {
		word = strsep(&rest, "/");
		if (!word || rt_parse_time(word, times[i]) < 0 || *times[i] == 0)
			return rt_usage(err, "--deadline: expected RUNTIME/DEADLINE/PERIOD such as "
					"\"2ms/10ms/10ms\", found \"%s\"", text);
	}
	if (rest || run->runtime > run->deadline || run->deadline > run->period)
		return rt_usage(err, "--deadline: expected RUNTIME <= DEADLINE <= PERIOD, found "
				"\"%s\"", text);
	return 0;
}

static const struct memory {
	const char *word;
	int mode;
	bool nodes;
} memories[] = {
	{ "default", MPOL_DEFAULT, false }, { "local", MPOL_LOCAL, false },
	{ "preferred", MPOL_PREFERRED, true }, { "bind", MPOL_BIND, true },
	{ "interleave", MPOL_INTERLEAVE, true },
};

#define NR_MEMORIES (sizeof(memories) / sizeof(memories[0]))

static int parse_nodes(struct tune_run *run, const struct tune_topo *topo, const char *text,
		       struct rt_err *err)
{
	struct rt_err why = { 0 };

	if (rt_cpuset_parse(&run->nodes, text, &why) < 0)
		return rt_usage(err, "--memory: %s", why.text);
	if (rt_cpuset_empty(&run->nodes))
		return rt_usage(err, "--memory: expected nodes behind the \":\"");
	rt_cpuset_for_each(node, &run->nodes)
		if (!tune_topo_group(topo, TUNE_NODE, node))
			return rt_usage(err, "--memory: this machine has no node %d", node);
	if (run->memory == MPOL_PREFERRED && rt_cpuset_count(&run->nodes) != 1)
		return rt_usage(err, "--memory: preferred takes one node, found \"%s\"", text);
	return 0;
}

int tune_run_memory(struct tune_run *run, const struct tune_topo *topo, const char *text,
		    struct rt_err *err)
{
	size_t len = strcspn(text, ":"), i;

	for (i = 0; i < NR_MEMORIES; i++) {
		const struct memory *memory = &memories[i];

		if (strlen(memory->word) != len || strncmp(memory->word, text, len) != 0)
			continue;
		if (memory->nodes != (text[len] == ':'))
			return rt_usage(err, "--memory: \"%s\" is followed by %s, found \"%s\"",
					memory->word, memory->nodes ? "\":NODES\"" : "nothing",
					text);
		run->memory = memory->mode;
		return memory->nodes ? parse_nodes(run, topo, text + len + 1, err) : 0;
	}
	return rt_usage(err, "--memory: expected default, local, preferred:NODE, bind:NODES or "
			"interleave:NODES, found \"%s\"", text);
}

/* ---- to a thread ---- */

/* CPUs that shield has in a partition are open to those who are in its group. */
static void enter_shield(const struct tune_run *run, pid_t tid)
{
	struct rt_root root;

	if (rt_root_init(&root, NULL, NULL) < 0)
		return;
	tune_shield_enter(&root, &run->cpus, tid, NULL);
	rt_root_finish(&root);
}

static int set_cpus(const struct tune_run *run, pid_t tid, struct rt_err *err)
{
	char list[4096];

	if (syscall(SYS_sched_setaffinity, tid, sizeof(run->cpus.bits), run->cpus.bits) == 0)
		return 0;
	if (errno == EINVAL) {
		enter_shield(run, tid);
		if (syscall(SYS_sched_setaffinity, tid, sizeof(run->cpus.bits), run->cpus.bits) ==
		    0)
			return 0;
	}
	if (rt_cpuset_format(&run->cpus, list, sizeof(list)) < 0)
		snprintf(list, sizeof(list), "%u CPUs", rt_cpuset_count(&run->cpus));
	if (errno == EINVAL)
		return rt_err_say(err, -EINVAL, "CPUs %s: forbidden by its control group, or it "
				  "is a thread of one CPU", list);
	if (errno == EPERM && geteuid() != 0)
		return rt_err_say(err, -EPERM, "CPUs %s: it is not yours: needs root "
				  "(CAP_SYS_NICE)", list);
	return rt_err_set(err, -errno, "CPUs %s", list);
}

static bool is_fair(uint32_t policy)
{
	return policy == SCHED_OTHER || policy == SCHED_BATCH;
}

static void want(const struct tune_run *run, struct tune_sched_attr *attr)
{
	attr->flags = run->reset_on_fork ? TUNE_RESET_ON_FORK : attr->flags & TUNE_RESET_ON_FORK;
	if (run->policy != TUNE_KEEP) {
		attr->policy = (uint32_t)run->policy;
		attr->priority = run->priority;
		attr->runtime = run->runtime;
		attr->deadline = run->deadline;
		attr->period = run->period;
	}
	if (run->has_nice)
		attr->nice = run->nice;
	if (is_fair(attr->policy))
		attr->runtime = run->slice;
}

/* errno of sched_setattr(2), in words that tell what is missing. */
static int tell_denied(const struct tune_sched_attr *attr, struct rt_err *err)
{
	if (errno != EPERM)
		return rt_err_set(err, -errno, "cannot set the policy");
	if (geteuid() != 0)
		return rt_err_say(err, -EPERM, "cannot set the policy: needs root "
				  "(CAP_SYS_NICE)%s", attr->policy == TUNE_SCHED_DEADLINE ? "" :
				  is_fair(attr->policy) ? ", or a limit as of \"ulimit -e\"" :
				  ", or a limit as of \"ulimit -r\"");
	if (attr->policy == TUNE_SCHED_DEADLINE)
		return rt_err_say(err, -EPERM, "policy deadline: the thread must be "
				  "allowed on all CPUs of its scheduling domain");
	return rt_err_set(err, -EPERM, "cannot set the policy");
}

static int set_policy(const struct tune_run *run, pid_t tid, struct rt_err *err)
{
	struct tune_sched_attr attr, now;

	if (tune_sched_get(tid, &attr) < 0)
		return rt_err_set(err, -errno, "cannot read the policy");
	want(run, &attr);
	if (run->slice && !is_fair(attr.policy))
		return rt_err_say(err, RT_ECANNOT, "only a thread of the policy other or batch "
				  "has a quantum of its own");
	if (tune_sched_set(tid, &attr) < 0)
		return tell_denied(&attr, err);
	if (tune_sched_get(tid, &now) < 0)
		return rt_err_set(err, -errno, "cannot read the policy back");
	if (now.policy != attr.policy || now.priority != attr.priority)
		return rt_err_say(err, -EIO, "expected policy %u %u, found %u %u", attr.policy,
				  attr.priority, now.policy, now.priority);
	if (run->has_nice && now.nice != run->nice)
		return rt_err_say(err, -EIO, "expected niceness %d, found %d", run->nice,
				  now.nice);
	if (run->slice && now.runtime != run->slice)
		return rt_err_say(err, RT_ECANNOT, "the kernel did not take the quantum: that "
				  "needs Linux 6.12, and 100us to 100ms");
	return 0;
}

int tune_run_apply(const struct tune_run *run, pid_t tid, struct rt_err *err)
{
	int rc = run->has_cpus ? set_cpus(run, tid, err) : 0;

	if (rc == 0 && (run->policy != TUNE_KEEP || run->has_nice || run->slice ||
			run->reset_on_fork))
		rc = set_policy(run, tid, err);
	return rc;
}

int tune_run_apply_memory(const struct tune_run *run, struct rt_err *err)
{
	unsigned long mask[MAX_NODES / 64] = { 0 };
	bool nodes = !rt_cpuset_empty(&run->nodes);

	if (run->memory == TUNE_KEEP)
		return 0;
	memcpy(mask, run->nodes.bits, sizeof(mask));
	if (syscall(SYS_set_mempolicy, run->memory, nodes ? mask : NULL,
		    nodes ? MAX_NODES + 1 : 0) < 0)
		return rt_err_set(err, -errno, "cannot set the memory policy");
	return 0;
}
