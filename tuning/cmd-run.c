/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd-run.c - kvmrt-run: start a command, or change threads that run, with CPUs, a
 * policy, a memory policy and locked memory
 *
 * Without --lock and --copies the command takes this process's place.  With them
 * this process stays, passes signals on and ends as the command does.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/cmd.h"
#include "lib/err.h"
#include "lib/root.h"
#include "lib/text.h"
#include "tuning/run.h"
#include "tuning/tasks.h"
#include "tuning/topo.h"

#define FAILED		125	/* as env(1): ours, not the command's */
#define NOT_EXECUTABLE	126
#define NOT_FOUND	127
#define MAX_COPIES	4096
#define LOCK_LIBRARY	"/../lib/libkvmrt_lock.so"	/* from our own folder */

static const char *bias, *policy, *deadline, *memory, *nice_text;
static struct rt_strv pids, tids, names;
static uint64_t quantum_ns;
static unsigned int copies = 1, priority;
static bool lock_memory, dry_run;
static struct tune_run wanted = { .policy = TUNE_KEEP, .memory = TUNE_KEEP };

static const struct rt_opt run_opts[] = {
	RT_STRING('b', "bias", &bias, "CPUSET", "CPUs to run on; also the words boot and active"),
	RT_UINT('c', "copies", &copies, "N", 1, MAX_COPIES, "start the command N times"),
	RT_STRING('s', "policy", &policy, "POLICY", "fifo, rr, other, batch, idle, deadline"),
	RT_UINT('P', "priority", &priority, "N", 1, 99, "of fifo and rr (1)"),
	RT_STRING(0, "nice", &nice_text, "N", "niceness, -20 to 19"),
	RT_TIME('q', "quantum", &quantum_ns, "TIME", "how long it runs in its turn (other, batch)"),
	RT_STRING('D', "deadline", &deadline, "R/D/P",
		  "runtime, deadline, period of policy deadline"),
	RT_BOOL('R', "reset-on-fork", &wanted.reset_on_fork, "children get the usual policy"),
	RT_STRING('m', "memory", &memory, "POLICY",
		  "default, local, preferred:N, bind:N, interleave:N"),
	RT_BOOL('L', "lock", &lock_memory, "lock all its memory, present and future"),
	RT_LIST('p', "pid", &pids, "PID", "change this process, with all its threads"),
	RT_LIST('t', "tid", &tids, "TID", "change this thread"),
	RT_LIST('n', "name", &names, "NAME", "change the threads of this name or glob"),
	RT_BOOL(0, "dry-run", &dry_run, "tell which threads would be changed"),
	RT_END
};

/* ---- the settings ---- */

static int take_policy(struct rt_err *err)
{
	int rc = policy ? tune_run_policy(&wanted, policy, err) : 0;
	bool real_time = wanted.priority > 0;

	if (rc < 0)
		return rc;
	if (priority && !real_time)
		return rt_usage(err, "--priority goes with --policy fifo or rr; others have "
				"--nice");
	if (priority)
		wanted.priority = priority;
	if (!deadline != !(policy && strcasestr(policy, "deadline")))
		return rt_usage(err, "--policy deadline and --deadline go together");
	if (nice_text && (real_time || deadline))
		return rt_usage(err, "--nice goes with --policy other, batch or idle");
	if (quantum_ns && (real_time || deadline || (policy && strcasestr(policy, "idle"))))
		return rt_usage(err, "--quantum goes with --policy other or batch; that of rr is "
				"one for all: /proc/sys/kernel/sched_rr_timeslice_ms");
	wanted.slice = quantum_ns;
	return deadline ? tune_run_deadline(&wanted, deadline, err) : 0;
}

static int take_nice(struct rt_err *err)
{
	char *end;
	long nice;

	if (!nice_text)
		return 0;
	nice = strtol(nice_text, &end, 10);
	if (end == nice_text || *end || nice < -20 || nice > 19)
		return rt_usage(err, "--nice: expected -20 to 19, found \"%s\"", nice_text);
	wanted.has_nice = true;
	wanted.nice = (int)nice;
	return 0;
}

/* The machine is looked at only where an option is about its CPUs or nodes. */
static int take_places(struct rt_err *err)
{
	struct tune_topo *topo;
	struct rt_root root;
	int rc;

	if (!bias && !memory)
		return 0;
	rc = rt_root_init(&root, NULL, err);
	if (rc < 0)
		return rc;
	rc = tune_topo_load(&topo, &root, err);
	rt_root_finish(&root);
	if (rc < 0)
		return rc;
	if (bias)
		rc = tune_run_bias(&wanted, topo, bias, err);
	if (rc == 0 && memory)
		rc = tune_run_memory(&wanted, topo, memory, err);
	tune_topo_destroy(topo);
	return rc;
}

/* ---- threads that run ---- */

static int number_of(const char *text, const char *option, pid_t *ret, struct rt_err *err)
{
	uint64_t number;

	if (rt_parse_u64(text, 1, INT32_MAX, &number) < 0)
		return rt_usage(err, "--%s: expected a number, found \"%s\"", option, text);
	*ret = (pid_t)number;
	return 0;
}

/* Marks what one word means; a word that means nothing is a failure. */
static int mark(struct tune_tasks *tasks, bool *marks, const char *option, const char *word,
		struct rt_err *err)
{
	bool found = false, match;
	pid_t number = 0;
	size_t i;
	int rc;

	rc = option[0] == 'n' ? 0 : number_of(word, option, &number, err);
	if (rc < 0)
		return rc;
	for (i = 0; i < tasks->n; i++) {
		match = option[0] == 'p' ? tasks->v[i].tgid == number :
			option[0] == 't' ? tasks->v[i].tid == number :
			tasks->v[i].tid != getpid() && rt_glob(word, tasks->v[i].comm, false);
		marks[i] |= match;
		found |= match;
	}
	return found ? 0 : rt_err_say(err, -ESRCH, "--%s: there is no \"%s\"", option, word);
}

static int mark_all(struct tune_tasks *tasks, bool *marks, struct rt_err *err)
{
	const struct {
		const char *option;
		const struct rt_strv *words;
	} lists[] = { { "pid", &pids }, { "tid", &tids }, { "name", &names } };
	size_t list, i;
	int rc = 0;

	for (list = 0; list < 3; list++)
		for (i = 0; i < lists[list].words->n && rc == 0; i++)
			rc = mark(tasks, marks, lists[list].option, lists[list].words->v[i], err);
	return rc;
}

/* Each thread; memory belongs to the process, so it is locked once. */
static int change_one(const struct tune_task *task, pid_t *locked)
{
	struct rt_err err = { 0 };
	int rc;

	if (dry_run) {
		printf("%d %s\n", task->tid, task->comm);
		return 0;
	}
	rc = tune_run_apply(&wanted, task->tid, &err);
	if (rc == 0 && lock_memory && task->tgid != *locked) {
		*locked = task->tgid;
		rc = task->kthread ? rt_err_say(&err, -EINVAL, "a thread of the kernel has no "
						"memory to lock") :
		     tune_lock_process(task->tid, &err);
	}
	if (rc < 0)
		fprintf(stderr, "kvmrt-run: thread %d \"%s\": %s\n", task->tid, task->comm,
			err.text);
	return rc;
}

/* Return: 0, FAILED where a thread could not be changed, or -errno. */
static int change(struct rt_err *err)
{
	struct tune_tasks tasks = { 0 };
	bool *marks = NULL, failed = false;
	struct rt_root root;
	pid_t locked = 0;
	size_t i;
	int rc;

	rc = rt_root_init(&root, NULL, err);
	if (rc < 0)
		return rc;
	rc = tune_tasks_read(&tasks, &root, 0, err);
	if (rc == 0) {
		marks = calloc(tasks.n, sizeof(*marks));
		rc = marks ? mark_all(&tasks, marks, err) :
		     rt_err_set(err, -ENOMEM, "%zu threads", tasks.n);
	}
	for (i = 0; rc == 0 && i < tasks.n; i++)
		if (marks[i])
			failed |= change_one(&tasks.v[i], &locked) < 0;
	free(marks);
	tune_tasks_finish(&tasks);
	rt_root_finish(&root);
	return rc < 0 ? rc : failed ? FAILED : 0;
}

/* ---- a command ---- */

/* So that what the command starts itself locks its memory too: run-preload.c. */
static void pass_lock_on(void)
{
	const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };
	const char *before = getenv("LD_PRELOAD");
	char path[PATH_MAX + sizeof(LOCK_LIBRARY)], *both = NULL, *slash;
	ssize_t len = readlink("/proc/self/exe", path, PATH_MAX);

	setrlimit(RLIMIT_MEMLOCK, &none);
	path[len > 0 ? len : 0] = '\0';
	slash = strrchr(path, '/');
	if (slash)
		strcpy(slash, LOCK_LIBRARY);
	if (!slash || access(path, R_OK) < 0)
		fprintf(stderr, "kvmrt-run: %s is not there: what the command starts is not "
			"locked\n", path);
	else if (asprintf(&both, "%s%s%s", path, before ? ":" : "", before ? before : "") >= 0)
		setenv("LD_PRELOAD", both, 1);
	free(both);
}

static int prepare(struct rt_err *err)
{
	int rc;

	if (lock_memory)
		pass_lock_on();
	rc = tune_run_apply_memory(&wanted, err);
	return rc < 0 ? rc : tune_run_apply(&wanted, 0, err);
}

/* Comes back only when it failed, with the status to end with. */
static int become(char **argv)
{
	int code;

	execvp(argv[0], argv);
	code = errno;
	fprintf(stderr, "kvmrt-run: cannot run \"%s\": %s\n", argv[0], strerror(code));
	return code == ENOENT ? NOT_FOUND : NOT_EXECUTABLE;
}

static void child(char **argv, const sigset_t *signals)
{
	struct rt_err err = { 0 };

	sigprocmask(SIG_SETMASK, signals, NULL);
	if (prepare(&err) < 0) {
		fprintf(stderr, "kvmrt-run: %s\n", err.text);
		_exit(FAILED);
	}
	if (lock_memory && ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0) {
		fprintf(stderr, "kvmrt-run: cannot be traced: %s\n", strerror(errno));
		_exit(FAILED);
	}
	_exit(become(argv));
}

/*
 * Waits for the command's first instruction, which exec announces with SIGTRAP, and
 * locks there.  A child that ended is left for the one who waits for it.
 */
static int lock_child(pid_t pid, struct rt_err *err)
{
	siginfo_t info;
	int rc, status;

	for (;;) {
		if (waitid(P_PID, (id_t)pid, &info, WEXITED | WSTOPPED | WNOWAIT) < 0)
			return rt_err_set(err, -errno, "cannot wait for the command");
		if (info.si_code != CLD_TRAPPED && info.si_code != CLD_STOPPED)
			return 0;
		waitpid(pid, &status, __WALL);
		if (WSTOPSIG(status) == SIGTRAP)
			break;
		ptrace(PTRACE_CONT, pid, NULL, (void *)(intptr_t)WSTOPSIG(status));
	}
	rc = tune_lock_traced(pid, err);
	if (rc < 0)
		kill(pid, SIGKILL);	/* rather not at all than not locked */
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	return rc;
}

struct crowd {
	pid_t pids[MAX_COPIES];
	unsigned int n, left;
	int status;		/* of the first that did not end well */
};

static void pass_on(const struct crowd *crowd, const siginfo_t *info)
{
	unsigned int i;

	/* the terminal sends to all of its foreground itself */
	if (info->si_code > 0)
		return;
	for (i = 0; i < crowd->n; i++)
		if (crowd->pids[i])
			kill(crowd->pids[i], info->si_signo);
}

static void reap(struct crowd *crowd)
{
	int status, code;
	unsigned int i;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
		for (i = 0; i < crowd->n; i++) {
			if (crowd->pids[i] != pid)
				continue;
			crowd->pids[i] = 0;
			crowd->left--;
			if (!crowd->status)
				crowd->status = code;
		}
	}
}

static int start_copies(struct crowd *crowd, char **argv, const sigset_t *signals,
			struct rt_err *err)
{
	int rc = 0;
	pid_t pid;

	while (crowd->n < copies && rc == 0) {
		pid = fork();
		if (pid == 0)
			child(argv, signals);
		if (pid < 0)
			return rt_err_set(err, -errno, "cannot start copy %u", crowd->n + 1);
		crowd->pids[crowd->n++] = pid;
		crowd->left++;
		if (lock_memory)
			rc = lock_child(pid, err);
	}
	return rc;
}

/* Starts them, and ends as the first that did not end well. */
static int run_copies(char **argv, struct rt_err *err)
{
	static const int passed[] = {
		SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGCONT, SIGALRM, SIGWINCH,
	};
	static struct crowd crowd;
	sigset_t ours, before;
	siginfo_t info;
	size_t i;
	int rc;

	sigemptyset(&ours);
	sigaddset(&ours, SIGCHLD);
	for (i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
		sigaddset(&ours, passed[i]);
	sigprocmask(SIG_BLOCK, &ours, &before);
	rc = start_copies(&crowd, argv, &before, err);
	if (rc < 0)
		for (i = 0; i < crowd.n; i++)
			kill(crowd.pids[i], SIGTERM);
	for (reap(&crowd); crowd.left; reap(&crowd))
		if (sigwaitinfo(&ours, &info) > 0 && info.si_signo != SIGCHLD)
			pass_on(&crowd, &info);
	return rc < 0 ? rc : crowd.status;
}

static int start(char **argv, struct rt_err *err)
{
	int rc;

	if (lock_memory || copies > 1)
		return run_copies(argv, err);
	rc = prepare(err);
	return rc < 0 ? rc : become(argv);
}

/* ---- the command line ---- */

static int run(int argc, char **argv, struct rt_err *err)
{
	bool running = pids.n || tids.n || names.n;
	int rc;

	if (running == (argc > 0))
		return rt_usage(err, running ? "a command goes not with --pid, --tid or --name" :
				"expected a command, or --pid, --tid or --name");
	if (running && (copies > 1 || memory))
		return rt_usage(err, "--%s goes with a command: %s", memory ? "memory" : "copies",
				memory ? "a memory policy only a thread itself can set" :
				"what runs is there once");
	if (dry_run && !running)
		return rt_usage(err, "--dry-run goes with --pid, --tid or --name");
	rc = take_policy(err);
	if (rc == 0)
		rc = take_nice(err);
	if (rc == 0)
		rc = take_places(err);
	if (rc < 0)
		return rc;
	return running ? change(err) : start(argv, err);
}

static const struct rt_cmd run_cmd = {
	.name = "kvmrt-run",
	.summary = "give a command, or running threads, CPUs, policy, locked memory",
	.synopsis = "[options] COMMAND [ARG...] | -p PID | -t TID | -n NAME",
	.opts = run_opts,
	.max_args = UINT_MAX,
	.effect = RT_CHANGES_HOST,
	.own_command = true,
	.complete = RT_COMPLETE_FILE,
	.fail_status = FAILED,
	.run = run,
};

int main(int argc, char **argv)
{
	return rt_cmd_main(&run_cmd, argc, argv);
}
