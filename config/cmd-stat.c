/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd-stat.c - kvmrt-stat: which VMs run, and whether their threads are where they belong */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config/session.h"
#include "config/verdict.h"
#include "lib/cmd.h"
#include "lib/err.h"
#include "lib/table.h"

static bool threads, all, json;
static uint64_t interval;
static struct kcfg_session session = { .who = "kvmrt-stat" };

static const struct rt_opt stat_opts[] = {
	RT_STRING('f', "file", &session.path, "FILE", "the configuration, not " KCFG_PATH),
	RT_BOOL('t', "threads", &threads, "a line for every thread of the VMs that run"),
	RT_BOOL('a', "all", &all, "disabled VMs too"),
	RT_TIME('i', "interval", &interval, "SECONDS", "again and again"),
	RT_BOOL(0, "json", &json, "as JSON"),
	RT_STRING(0, "root", &session.root_path, "DIR", "below DIR instead of /"),
	RT_STRING(0, "topology", &session.topology, "FILE",
		  "the host is another: an hwloc XML file, or a description"),
	RT_END
};

enum vm_column { VM_NAME, VM_STATE, VM_RT, VM_CPUS, VM_PID, VM_THREADS, VM_WRONG, NR_VM };
static const struct rt_column vm_columns[NR_VM] = {
	[VM_NAME] = { "NAME", "name", RT_COL_STRING, "of the VM in the file" },
	[VM_STATE] = { "STATE", "state", RT_COL_STRING, "running, starting, paused, off, ..." },
	[VM_RT] = { "RT", "rt", RT_COL_BOOL, "real-time" },
	[VM_CPUS] = { "CPUS", "cpus", RT_COL_STRING, "of its threads, as the file says" },
	[VM_PID] = { "PID", "pid", RT_COL_NUMBER, "QEMU's" },
	[VM_THREADS] = { "THREADS", "threads", RT_COL_NUMBER, "that work for it" },
	[VM_WRONG] = { "MISPLACED", "misplaced", RT_COL_NUMBER, "of them" },
};

enum thread_column {
	T_VM, T_TID, T_ROLE, T_NUMBER, T_NAME, T_ALLOWED, T_CPU, T_POLICY, T_PRIORITY, T_VERDICT,
	NR_THREAD
};
static const struct rt_column thread_columns[NR_THREAD] = {
	[T_VM] = { "VM", "vm", RT_COL_STRING, "its name in the file" },
	[T_TID] = { "TID", "tid", RT_COL_NUMBER, "thread" },
	[T_ROLE] = { "ROLE", "role", RT_COL_STRING, "what it is for" },
	[T_NUMBER] = { "NR", "number", RT_COL_NUMBER, "of the vCPU or iothread" },
	[T_NAME] = { "THREAD", "thread", RT_COL_STRING, "its name" },
	[T_ALLOWED] = { "CPUS", "cpus", RT_COL_STRING, "on which it may run" },
	[T_CPU] = { "NOW", "now", RT_COL_NUMBER, "where it ran last" },
	[T_POLICY] = { "POLICY", "policy", RT_COL_STRING, "of its scheduling" },
	[T_PRIORITY] = { "PRIO", "priority", RT_COL_NUMBER, "under fifo and rr" },
	[T_VERDICT] = { "VERDICT", "verdict", RT_COL_STRING, "ok, or what is not as it should be" },
};

static bool wanted(const struct kcfg_vm *vm)
{
	return all || !vm->disabled;
}

static void put_cpus(struct rt_table *table, unsigned int column, const struct rt_cpuset *set)
{
	static char text[5 * RT_MAX_CPUS];

	if (!rt_cpuset_empty(set) && rt_cpuset_format(set, text, sizeof(text)) == 0)
		rt_table_str(table, column, text);
}

static unsigned int misplaced(const struct kcfg_place *place, const struct kcfg_live *live)
{
	unsigned int n = 0;
	char why[512];

	for (size_t i = 0; i < live->nr_threads; i++)
		n += !kcfg_verdict(why, sizeof(why), place, &live->threads[i]);
	return n;
}

static unsigned int put_vm(struct rt_table *table, const struct kcfg_place *place,
			   const struct kcfg_live *live)
{
	unsigned int wrong;

	rt_table_row(table);
	rt_table_str(table, VM_NAME, place->vm->name);
	rt_table_bool(table, VM_RT, place->vm->rt);
	put_cpus(table, VM_CPUS, &place->used);
	if (!live) {
		rt_table_str(table, VM_STATE, place->vm->disabled ? "disabled" : "off");
		return 0;
	}
	wrong = misplaced(place, live);
	rt_table_str(table, VM_STATE, kcfg_state_name(live->state));
	rt_table_u64(table, VM_PID, live->pid);
	rt_table_u64(table, VM_THREADS, live->nr_threads);
	rt_table_u64(table, VM_WRONG, wrong);
	return wrong;
}

static unsigned int put_thread(struct rt_table *table, const struct kcfg_place *place,
			       const struct kcfg_thread *thread)
{
	const struct tune_task *task = thread->task;
	char why[512];
	bool ok = kcfg_verdict(why, sizeof(why), place, thread);

	rt_table_row(table);
	rt_table_str(table, T_VM, place->vm->name);
	rt_table_u64(table, T_TID, task->tid);
	rt_table_str(table, T_ROLE, kcfg_role_name(thread->role));
	if (thread->number >= 0)
		rt_table_u64(table, T_NUMBER, thread->number);
	rt_table_str(table, T_NAME, task->comm);
	put_cpus(table, T_ALLOWED, &task->allowed);
	rt_table_u64(table, T_CPU, task->cpu);
	rt_table_str(table, T_POLICY, tune_policy_name(task->policy));
	if (task->rt_priority)
		rt_table_u64(table, T_PRIORITY, task->rt_priority);
	rt_table_str(table, T_VERDICT, ok ? "ok" : why);
	return !ok;
}

/* Return: 1 when a thread is misplaced, 0, or -errno. */
static int show(const struct kcfg_place **places, int n, struct rt_err *err)
{
	struct kcfg_lives lives = { 0 };
	const struct kcfg_live *live;
	struct rt_table *table = NULL;
	unsigned int wrong = 0;
	int rc;

	rc = rt_table_create(&table, threads ? thread_columns : vm_columns,
			     threads ? NR_THREAD : NR_VM);
	if (rc == 0)
		rc = kcfg_lives_read(&lives, &session.root, err);
	for (int i = 0; rc == 0 && i < n; i++) {
		live = kcfg_lives_find(&lives, places[i]->vm->uuid);
		if (!threads)
			wrong += put_vm(table, places[i], live);
		for (size_t j = 0; threads && live && j < live->nr_threads; j++)
			wrong += put_thread(table, places[i], &live->threads[j]);
	}
	if (rc == 0)
		rc = json ? rt_table_print_json(table, stdout, err)
			  : rt_table_print(table, stdout, err);
	fflush(stdout);
	rt_table_destroy(table);
	kcfg_lives_finish(&lives);
	return rc < 0 ? rc : wrong > 0;
}

static void nap(void)
{
	struct timespec step = { interval / 1000000000, interval % 1000000000 };

	nanosleep(&step, NULL);
}

static int run(int argc, char **argv, struct rt_err *err)
{
	const struct kcfg_place **places = NULL;
	int rc, n = 0;

	rc = kcfg_session_open(&session, KCFG_NEED_FILE, err);
	if (rc == 0)
		rc = n = kcfg_session_pick(&session, argv, argc, wanted, &places, err);
	while (rc >= 0) {
		rc = show(places, n, err);
		if (rc < 0 || !interval)
			break;
		nap();
		if (!json)
			putchar('\n');
	}
	free(places);
	kcfg_session_close(&session);
	return rc;
}

static const struct rt_cmd stat_cmd = {
	.name = "kvmrt-stat",
	.summary = "show which VMs run, and whether their threads are where they belong",
	.synopsis = "[options] [VM...]",
	.details = "Reads libvirt's status files and /proc alone, and so disturbs no vCPU. The\n"
		   "exit status is 1 when a thread is not where the file wants it.",
	.opts = stat_opts,
	.max_args = UINT_MAX,
	.effect = RT_READS,
	.complete = RT_COMPLETE_NONE,
	.run = run,
};

int main(int argc, char **argv)
{
	return rt_cmd_main(&stat_cmd, argc, argv);
}
