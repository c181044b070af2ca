/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd-task-affinity.c - task-affinity: where threads may run, and moving them
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cmd.h"
#include "lib/err.h"
#include "lib/root.h"
#include "lib/text.h"
#include "tuning/affinity.h"
#include "tuning/persist.h"
#include "tuning/tasks.h"
#include "tuning/topo.h"

#define JOURNAL	"task-affinity"
#define ROUNDS	50	/* a program that starts threads faster than we move them */

static struct rt_strv sets;
static const char *cpus_text, *columns_text, *cgroup, *root_path;
static uint64_t interval_ns = TUNE_AFFINITY_ONCE;
static bool dry_run, persist, undo, json, kernel_only, user_only;

static const struct rt_opt task_opts[] = {
	RT_LIST('s', "set", &sets, "FROM=TO",
		"move threads from the CPUs FROM to the CPUs TO"),
	RT_STRING('c', "cpus", &cpus_text, "CPUSET", "only those that may run on these CPUs"),
	RT_STRING('g', "cgroup", &cgroup, "GLOB", "only those in cgroups of such a path"),
	RT_BOOL('k', "kernel", &kernel_only, "only the kernel's threads"),
	RT_BOOL('u', "user", &user_only, "only the threads of programs"),
	RT_STRING('o', "columns", &columns_text, "LIST",
		  "columns: tid,pid,cpus,cpu,policy,prio,move,name (page: more)"),
	RT_TIME('i', "interval", &interval_ns, "SECONDS", "show them again every SECONDS"),
	RT_BOOL('n', "dry-run", &dry_run, "tell what would be done, and change nothing"),
	RT_BOOL(0, "persist", &persist, "with --set: at each boot too, for services by systemd"),
	RT_BOOL(0, "undo", &undo, "take back all that this command has moved"),
	RT_BOOL(0, "json", &json, "print JSON"),
	RT_STRING(0, "root", &root_path, "DIR", "find /proc and /sys below DIR"),
	RT_END
};

/* What a run works on. */
struct state {
	struct rt_root root;
	struct tune_topo *topo;
	struct tune_tasks tasks;
	struct rt_cpuset cpus;		/* --cpus */
	char **words;
	int nr_words;
	unsigned int what;		/* to read of each thread */
	bool shown;			/* once: what was named may end from then on */
	bool told;			/* of those that are hidden */
};

/* ---- choosing ---- */

static bool word_matches(const struct tune_task *task, const char *word)
{
	uint64_t number;

	if (rt_parse_u64(word, 1, INT32_MAX, &number) == 0)
		return task->tid == (pid_t)number || task->tgid == (pid_t)number;
	return rt_glob(word, task->comm, false);
}

static bool named(const struct state *s, const struct tune_task *task)
{
	int i;

	for (i = 0; i < s->nr_words; i++)
		if (word_matches(task, s->words[i]))
			return true;
	return s->nr_words == 0;
}

static bool chosen(const struct state *s, const struct tune_task *task)
{
	if ((kernel_only && !task->kthread) || (user_only && task->kthread))
		return false;
	if (cgroup && !rt_glob(cgroup, tune_task_cgroup(&s->tasks, task), false))
		return false;
	if (cpus_text && !(task->has_affinity && rt_cpuset_overlaps(&task->allowed, &s->cpus)))
		return false;
	return named(s, task);
}

static int check_words(const struct state *s, struct rt_err *err)
{
	bool found;
	size_t t;
	int i;

	for (i = 0; i < s->nr_words; i++) {
		for (found = false, t = 0; t < s->tasks.n && !found; t++)
			found = word_matches(&s->tasks.v[t], s->words[i]);
		if (!found)
			return rt_err_say(err, -ENOENT, "no thread has the number or name \"%s\"",
					  s->words[i]);
	}
	return 0;
}

static void unload(struct state *s)
{
	tune_tasks_finish(&s->tasks);
	tune_topo_destroy(s->topo);
	s->topo = NULL;
}

/* Who is not root, where /proc is mounted with hidepid, does not see all. */
static void tell_hidden(struct state *s)
{
	bool some = s->tasks.hidden || (!root_path && !tune_tasks_find(&s->tasks, 1));

	if (some && !s->told)
		fprintf(stderr, "task-affinity: /proc hides threads of others (hidepid): they are "
			"left out\n");
	s->told |= some;
}

static int load(struct state *s, struct rt_err *err)
{
	int rc = tune_topo_load(&s->topo, &s->root, err);

	if (rc == 0 && cpus_text)
		rc = tune_affinity_cpus(&s->cpus, s->topo, "--cpus", cpus_text, err);
	if (rc == 0)
		rc = tune_tasks_read(&s->tasks, &s->root, s->what, err);
	if (rc == 0 && s->tasks.n == 0)
		rc = rt_err_say(err, RT_ECANNOT, "no thread in %s/proc: nothing is mounted there, "
				"or recorded", s->root.path);
	if (rc == 0)
		tell_hidden(s);
	return rc < 0 || s->shown ? rc : check_words(s, err);
}

/* ---- showing ---- */

enum {
	COL_TID, COL_PID, COL_CPUS, COL_CPU, COL_POLICY, COL_PRIO, COL_MOVE, COL_NAME,
	NR_USUAL, COL_KIND = NR_USUAL, COL_NICE, COL_STATE, COL_CGROUP, NR_COLS
};

static const struct rt_column columns[NR_COLS] = {
	[COL_TID] = { "TID", "tid", RT_COL_NUMBER, "the thread's number" },
	[COL_PID] = { "PID", "pid", RT_COL_NUMBER, "its process's" },
	[COL_CPUS] = { "CPUS", "cpus", RT_COL_STRING, "where it may run" },
	[COL_CPU] = { "CPU", "cpu", RT_COL_NUMBER, "where it ran last" },
	[COL_POLICY] = { "POLICY", "policy", RT_COL_STRING, "how it is scheduled" },
	[COL_PRIO] = { "PRIO", "prio", RT_COL_NUMBER, "its real-time priority" },
	[COL_MOVE] = { "MOVE", "move", RT_COL_STRING, "may it be moved" },
	[COL_NAME] = { "NAME", "name", RT_COL_STRING, "its name" },
	[COL_KIND] = { "KIND", "kind", RT_COL_STRING, "user, kernel, or both" },
	[COL_NICE] = { "NICE", "nice", RT_COL_NUMBER, "its niceness" },
	[COL_STATE] = { "STATE", "state", RT_COL_STRING, "R runs, S sleeps, ..." },
	[COL_CGROUP] = { "CGROUP", "cgroup", RT_COL_STRING, "its control group" },
};

static void show_row(struct rt_table *table, const unsigned int *at, const struct tune_tasks *tasks,
		     const struct tune_task *task)
{
	rt_table_row(table);
	rt_table_i64(table, at[COL_TID], task->tid);
	rt_table_i64(table, at[COL_PID], task->tgid);
	if (task->has_affinity)
		tune_affinity_cell(table, at[COL_CPUS], &task->allowed);
	rt_table_u64(table, at[COL_CPU], task->cpu);
	rt_table_str(table, at[COL_POLICY], tune_policy_name(task->policy));
	if (task->rt_priority)
		rt_table_i64(table, at[COL_PRIO], task->rt_priority);
	rt_table_str(table, at[COL_MOVE], tune_task_hold_name(task->hold));
	rt_table_str(table, at[COL_NAME], task->comm);
	rt_table_str(table, at[COL_KIND], task->kthread ? "kernel" : task->borrowed ? "both" :
		     "user");
	rt_table_i64(table, at[COL_NICE], task->nice);
	rt_table_printf(table, at[COL_STATE], "%c", task->state);
	rt_table_str(table, at[COL_CGROUP], tune_task_cgroup(tasks, task));
}

static int show(void *arg, struct rt_err *err)
{
	struct state *s = arg;
	struct tune_columns pick;
	struct rt_table *table;
	size_t i;
	int rc;

	rc = tune_columns_pick(&pick, columns, NR_COLS, NR_USUAL, columns_text, err);
	if (rc < 0)
		return rc;
	if (pick.at[COL_CGROUP] != UINT_MAX)
		s->what |= TUNE_TASKS_CGROUP;
	unload(s);
	rc = load(s, err);
	if (rc < 0)
		return rc;
	rc = rt_table_create(&table, pick.v, pick.n);
	if (rc < 0)
		return rt_err_set(err, rc, "%zu threads", s->tasks.n);
	for (i = 0; i < s->tasks.n; i++)
		if (chosen(s, &s->tasks.v[i]))
			show_row(table, pick.at, &s->tasks, &s->tasks.v[i]);
	s->shown = true;
	return tune_affinity_print(table, json, err);
}

/* ---- moving ---- */

/* A thread that a move is about; once it stands here it is not tried again. */
struct moving {
	pid_t tid, tgid;
	uint64_t start;
	char comm[sizeof(((struct tune_task *)NULL)->comm)];
	enum tune_task_hold hold;
	struct rt_cpuset from, to;
	size_t change;		/* in this round's plan; SIZE_MAX: none */
	bool moved;		/* or is there already */
	char *result, *cgroup;	/* owned; that of its unit */
};

struct job {
	struct tune_moves moves;
	struct moving *v;
	size_t n, room;
	struct tune_plan plan;
	bool stays;		/* one that could have been moved, or was named */
};

static bool tried(const struct job *job, const struct tune_task *task)
{
	size_t i;

	for (i = 0; i < job->n; i++)
		if (job->v[i].tid == task->tid && job->v[i].start == task->start)
			return true;
	return false;
}

static struct moving *new_moving(struct job *job, const struct tune_task *task,
				 const char *in_cgroup)
{
	size_t room = job->room ? job->room * 2 : 64;
	struct moving *v = job->v;

	if (job->n == job->room) {
		v = reallocarray(v, room, sizeof(*v));
		if (!v)
			return NULL;
		job->v = v;
		job->room = room;
	}
	v += job->n++;
	*v = (struct moving){
		.tid = task->tid, .tgid = task->tgid, .start = task->start, .hold = task->hold,
		.from = task->allowed, .change = SIZE_MAX, .cgroup = strdup(in_cgroup),
	};
	memcpy(v->comm, task->comm, sizeof(v->comm));
	return v->cgroup ? v : NULL;
}

static int plan_one(struct job *job, struct moving *moving, struct rt_err *err)
{
	char target[TUNE_TARGET_MAX], list[TUNE_VALUE_MAX];
	size_t before = job->plan.nr;
	int rc;

	if (moving->hold != TUNE_TASK_FREE)
		return 0;
	tune_target_thread(target, sizeof(target), moving->tid, moving->start);
	rc = rt_cpuset_format(&moving->to, list, sizeof(list));
	if (rc == 0)
		rc = tune_plan_add(&job->plan, TUNE_KNOB_AFFINITY, target, list, TUNE_OPTIONAL,
				   TUNE_COST_TASK, err, "%s", moving->comm);
	if (rc < 0 || job->plan.nr == before)
		return rc;
	if (job->plan.changes[before].before) {
		moving->change = before;
		return 0;
	}
	/* it has ended */
	tune_plan_cut(&job->plan, before);
	free(job->v[--job->n].cgroup);
	return 0;
}

/* Those that the moves are about and that have not been tried. */
static int plan_round(const struct state *s, struct job *job, struct rt_err *err)
{
	const struct tune_task *task;
	struct moving *moving;
	struct rt_cpuset to;
	size_t i;
	int rc = 0;

	for (i = 0; i < s->tasks.n && rc == 0; i++) {
		task = &s->tasks.v[i];
		if (!chosen(s, task) || !task->has_affinity || task->tid == getpid() ||
		    !tune_moves_apply(&job->moves, &task->allowed, &to) || tried(job, task))
			continue;
		moving = new_moving(job, task, tune_task_unit(&s->tasks, task));
		if (!moving)
			return rt_err_set(err, -ENOMEM, "%zu threads", job->n);
		moving->to = to;
		rc = plan_one(job, moving, err);
	}
	return rc;
}

/* A thread that ended between its change and the look at it is no failure. */
static bool has_ended(const struct job *job, const struct moving *moving)
{
	char target[TUNE_TARGET_MAX], *now;
	int rc;

	tune_target_thread(target, sizeof(target), moving->tid, moving->start);
	rc = tune_knob_read(job->plan.root, TUNE_KNOB_AFFINITY, target, &now, NULL);
	if (rc == 0)
		free(now);
	return rc == -ENOENT;
}

static const char *result_of(struct job *job, struct moving *moving)
{
	const struct tune_change *change;

	if (moving->hold == TUNE_TASK_BOUND)
		return "bound: it belongs to its CPU";
	if (moving->hold == TUNE_TASK_WORKQUEUE)
		return "worker: moved by the mask of the work queues";
	if (moving->change == SIZE_MAX) {
		moving->moved = true;
		return "is there already";
	}
	change = &job->plan.changes[moving->change];
	switch (change->state) {
	case TUNE_GONE:
		return "has ended";
	case TUNE_REFUSED:
		if (has_ended(job, moving))
			return "has ended";
		job->stays = true;
		return change->refused;
	default:
		moving->moved = true;
		return change->state == TUNE_PLANNED ? "planned" : "moved";
	}
}

static int keep_results(const struct state *s, struct job *job, size_t first, struct rt_err *err)
{
	size_t i;

	for (i = first; i < job->n; i++) {
		struct moving *moving = &job->v[i];

		moving->result = strdup(result_of(job, moving));
		if (!moving->result)
			return rt_err_set(err, -ENOMEM, "%zu threads", job->n);
		job->stays |= moving->hold != TUNE_TASK_FREE && s->nr_words > 0;
	}
	tune_plan_finish(&job->plan);
	return 0;
}

/* Threads that started meanwhile may come from one that had not been moved: until none is new. */
static int move_all(struct state *s, struct job *job, struct rt_err *err)
{
	size_t first;
	int round, rc = 0;

	for (round = 0; round < ROUNDS && rc == 0; round++) {
		first = job->n;
		rc = plan_round(s, job, err);
		if (rc == 0 && job->n == first)
			return 0;
		if (rc == 0 && !dry_run && job->plan.nr)
			rc = tune_affinity_apply(&s->root, JOURNAL, sets.v[0], &job->plan, err);
		if (rc == 0)
			rc = keep_results(s, job, first, err);
		if (rc == 0 && dry_run)
			return 0;
		if (rc == 0)
			rc = tune_tasks_read(&s->tasks, &s->root, s->what, err);
	}
	return rc < 0 ? rc : rt_err_say(err, -EBUSY, "new threads keep coming: after %d rounds "
					"some are not moved", ROUNDS);
}

enum { SET_TID, SET_PID, SET_FROM, SET_TO, SET_RESULT, SET_NAME, NR_SET };

static const struct rt_column set_columns[NR_SET] = {
	[SET_TID] = { "TID", "tid", RT_COL_NUMBER, "the thread's number" },
	[SET_PID] = { "PID", "pid", RT_COL_NUMBER, "its process's" },
	[SET_FROM] = { "FROM", "from", RT_COL_STRING, "where it could run" },
	[SET_TO] = { "TO", "to", RT_COL_STRING, "where it should" },
	[SET_RESULT] = { "RESULT", "result", RT_COL_STRING, "moved, or why not" },
	[SET_NAME] = { "NAME", "name", RT_COL_STRING, "its name" },
};

static int report(const struct job *job, struct rt_err *err)
{
	struct rt_table *table;
	size_t i;
	int rc;

	rc = rt_table_create(&table, set_columns, NR_SET);
	if (rc < 0)
		return rt_err_set(err, rc, "%zu threads", job->n);
	for (i = 0; i < job->n; i++) {
		rt_table_row(table);
		rt_table_i64(table, SET_TID, job->v[i].tid);
		rt_table_i64(table, SET_PID, job->v[i].tgid);
		tune_affinity_cell(table, SET_FROM, &job->v[i].from);
		tune_affinity_cell(table, SET_TO, &job->v[i].to);
		rt_table_str(table, SET_RESULT, job->v[i].result);
		rt_table_str(table, SET_NAME, job->v[i].comm);
	}
	return tune_affinity_print(table, json, err);
}

/* The service's CPUs are those of all its threads as they are now, not moved or refused too. */
static void widen(struct tune_units *units, const struct state *s)
{
	const struct tune_task *task;

	for (task = s->tasks.v; task < s->tasks.v + s->tasks.n; task++)
		if (task->has_affinity)
			tune_units_widen(units, tune_task_unit(&s->tasks, task), &task->allowed);
}

/* Threads do not outlast a boot; the services do that they belong to. */
static int keep_for_boot(const struct state *s, const struct job *job, struct rt_err *err)
{
	struct tune_units units = { 0 };
	size_t i, none = 0;
	int rc = 0;

	for (i = 0; i < job->n && rc >= 0; i++) {
		if (!job->v[i].moved)
			continue;
		rc = tune_units_add(&units, job->v[i].cgroup, &job->v[i].to);
		none += rc == 1;
	}
	widen(&units, s);
	rc = rc < 0 ? rt_err_set(err, rc, "--persist") :
	     dry_run ? 0 : tune_units_write(&units, &s->root, err);
	for (i = 0; i < units.n && rc == 0 && !json; i++)
		printf("%s %s/etc/systemd/system/%s.d/" TUNE_UNIT_FILE "\n",
		       dry_run ? "would be kept in" : "kept in", s->root.path, units.v[i].name);
	if (none && rc == 0 && !json)
		printf("%zu threads belong to no service: nothing is kept for them\n", none);
	tune_units_finish(&units);
	return rc;
}

static void finish_job(struct job *job)
{
	tune_plan_finish(&job->plan);
	while (job->n) {
		free(job->v[--job->n].result);
		free(job->v[job->n].cgroup);
	}
	free(job->v);
}

static int move(struct state *s, struct rt_err *err)
{
	struct job job = { .plan = { .root = &s->root } };
	int rc, shown;

	rc = load(s, err);
	if (rc == 0)
		rc = tune_moves_parse(&job.moves, s->topo, &sets, err);
	if (rc == 0)
		rc = move_all(s, &job, err);
	if (rc == 0) {
		/* before the table: who reads that in a pager may leave it early */
		rc = persist ? keep_for_boot(s, &job, err) : 0;
		shown = report(&job, rc < 0 ? NULL : err);
		rc = rc < 0 ? rc : shown;
	}
	if (rc == 0 && job.stays)
		rc = 1;
	finish_job(&job);
	return rc;
}

/* ---- the command line ---- */

static int check_options(int argc, struct rt_err *err)
{
	if (undo && (sets.n || argc || cpus_text || cgroup || kernel_only || user_only))
		return rt_usage(err, "--undo takes back all: it goes with no choice and no --set");
	if (kernel_only && user_only)
		return rt_usage(err, "--kernel goes not with --user");
	if (dry_run && !sets.n && !undo)
		return rt_usage(err, "--dry-run goes with --set or --undo");
	if (persist && !sets.n)
		return rt_usage(err, "--persist goes with --set");
	if (columns_text && (sets.n || undo))
		return rt_usage(err, "--columns goes with neither --set nor --undo");
	if (interval_ns != TUNE_AFFINITY_ONCE && (sets.n || undo))
		return rt_usage(err, "--interval goes with neither --set nor --undo");
	if (sets.n && root_path)
		return rt_usage(err, "--set moves threads of this machine: it goes not with "
				"--root");
	return 0;
}

static int task_affinity(int argc, char **argv, struct rt_err *err)
{
	struct state s = { .words = argv, .nr_words = argc, .what = TUNE_TASKS_AFFINITY };
	int rc = check_options(argc, err);

	if (rc == 0)
		rc = rt_root_init(&s.root, root_path, err);
	if (rc < 0)
		return rc;
	if (cgroup || persist)
		s.what |= TUNE_TASKS_CGROUP;
	if (!sets.n)
		s.what |= TUNE_TASKS_SEEN;
	rc = undo ? tune_affinity_undo(&s.root, JOURNAL, dry_run, json, err) :
	     sets.n ? move(&s, err) : tune_affinity_repeat(interval_ns, json, show, &s, err);
	unload(&s);
	rt_root_finish(&s.root);
	return rc;
}

static const struct rt_cmd task_cmd = {
	.name = "task-affinity",
	.summary = "show on which CPUs threads may run, and move them",
	.synopsis = "[options] [TID|PID|NAME]...",
	.details = "Without names all threads are meant; names may be globs, and a PID means all "
		   "threads of its process.  A CPUSET has numbers, ranges, and n(ode), c(ore), "
		   "d(ie), p(ackage) in front of them; ~ takes the others.",
	.opts = task_opts,
	.max_args = UINT_MAX,
	.effect = RT_CHANGES_HOST,
	.complete = RT_COMPLETE_NONE,
	.run = task_affinity,
};

int main(int argc, char **argv)
{
	return rt_cmd_main(&task_cmd, argc, argv);
}
