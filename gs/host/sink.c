/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sink.c - where lines and flushes of guests go: kernel log, syslog, sessions
 */
#include "gs/host/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "gs/host/service.h"
#include "gs/host/syslog.h"
#include "lib/buf.h"
#include "lib/cpulist.h"
#include "lib/err.h"
#include "lib/root.h"
#include "xtrace/xtrace.h"
#include "xtrace/xtrec.h"

#define MAX_PENDING 32		/* requests of one session */

/* ---- lines ---- */

/*
 * Opened for each line: the kernel counts lines by descriptor, and drops more
 * than ten in five seconds without a word.
 */
static bool to_kmsg(const struct rt_root *root, const char *line)
{
	char text[1024];
	int len = snprintf(text, sizeof(text), "<%d>kvmrt-gsd: %s\n", LOG_DAEMON | LOG_INFO, line);
	int fd = rt_root_open(root, NULL, O_WRONLY | O_APPEND, "dev/kmsg");
	bool done;

	if (fd < 0)
		return false;
	done = write(fd, text, len) == len;
	close(fd);
	return done;
}

void gs_sink_line(struct gs_sink *sink, const char *line)
{
	sink->lines++;
	if (sink->kmsg && !to_kmsg(sink->root, line))
		sink->failed++;
	if (sink->syslog && !gs_syslog(LOG_INFO, "%s", line))
		sink->failed++;
}

/* ---- CPUs ---- */

/* Field 39 of stat: where the thread ran last.  The name in field 2 may hold anything. */
static int last_cpu(const struct rt_root *root, int vm_pid, int tid)
{
	char stat[1024], *p;
	int field;

	if (rt_root_read_line(root, stat, sizeof(stat), NULL, "proc/%d/task/%d/stat", vm_pid,
			      tid) < 0)
		return -1;
	p = strrchr(stat, ')');
	for (field = 2; p && field < 39; field++)
		p = strchr(p + 1, ' ');
	return p ? atoi(p + 1) : -1;
}

static bool add_pinned(const struct rt_root *root, const struct xt_vcpu *vcpu, unsigned int online,
		       struct rt_cpuset *ret)
{
	struct rt_cpuset pinned;
	char *status, *list;
	bool is_pinned = false;

	if (rt_root_read(root, &status, NULL, NULL, "proc/%d/task/%d/status", vcpu->vm_pid,
			 vcpu->tid) < 0)
		return false;
	list = strstr(status, "\nCpus_allowed_list:\t");
	if (list) {
		list += strlen("\nCpus_allowed_list:\t");
		list[strcspn(list, "\n")] = '\0';
		is_pinned = rt_cpuset_parse(&pinned, list, NULL) == 0 &&
			    rt_cpuset_count(&pinned) < online;
	}
	free(status);
	if (is_pinned)
		rt_cpuset_or(ret, &pinned);
	return is_pinned;
}

bool gs_sink_flush_cpus(const struct rt_root *root, const struct xt_vms *vms,
			const struct gs_flush *flush, struct rt_cpuset *ret)
{
	struct rt_cpuset online;
	unsigned int nr;
	size_t i;
	int cpu;

	memset(ret, 0, sizeof(*ret));
	if (flush->scope == GS_SCOPE_ALL || xt_place_read(root, &online, "online", NULL) < 0)
		return false;
	rt_cpuset_add(ret, flush->cpu);
	nr = rt_cpuset_count(&online);
	for (i = 0; flush->scope == GS_SCOPE_VM && i < vms->nr; i++) {
		const struct xt_vcpu *vcpu = &vms->v[i];

		if (vcpu->vm_pid != flush->vm_pid || add_pinned(root, vcpu, nr, ret))
			continue;
		cpu = last_cpu(root, vcpu->vm_pid, vcpu->tid);
		if (cpu >= 0 && rt_cpuset_has(&online, cpu))
			rt_cpuset_add(ret, cpu);
	}
	return true;
}

/* ---- sessions ---- */

struct job {
	struct job *next;
	const struct rt_root *root;		/* borrowed: as long as the process */
	char session[XT_SESSION_NAME_MAX];
	struct xt_request request;
};

static pthread_mutex_t jobs_lock = PTHREAD_MUTEX_INITIALIZER;
static struct job *jobs;			/* not answered yet */
static atomic_uint failed;

/* @session NULL: of all. */
static unsigned int count_jobs(const char *session)
{
	const struct job *job;
	unsigned int nr = 0;

	for (job = jobs; job; job = job->next)
		nr += !session || strcmp(job->session, session) == 0;
	return nr;
}

/* A session that hangs must not take the places of the others. */
static bool add_job(struct job *job)
{
	bool fits;

	pthread_mutex_lock(&jobs_lock);
	fits = count_jobs(job->session) < MAX_PENDING;
	if (fits) {
		job->next = jobs;
		jobs = job;
	}
	pthread_mutex_unlock(&jobs_lock);
	return fits;
}

static void remove_job(struct job *job)
{
	struct job **at;

	pthread_mutex_lock(&jobs_lock);
	for (at = &jobs; *at != job; at = &(*at)->next)
		;
	*at = job->next;
	pthread_mutex_unlock(&jobs_lock);
}

unsigned int gs_sink_flushes_pending(void)
{
	unsigned int nr;

	pthread_mutex_lock(&jobs_lock);
	nr = count_jobs(NULL);
	pthread_mutex_unlock(&jobs_lock);
	return nr;
}

unsigned int gs_sink_flush_wait(unsigned int ms)
{
	unsigned int waited;

	for (waited = 0; gs_sink_flushes_pending() && waited < ms; waited += 10)
		usleep(10000);
	return gs_sink_flushes_pending();
}

unsigned int gs_sink_flushes_failed(void)
{
	return atomic_load(&failed);
}

static void *ask(void *arg)
{
	struct job *job = arg;
	struct rt_buf reply = { 0 };
	struct rt_err err = { 0 };

	if (xt_control_call(job->root, job->session, &job->request, &reply, &err) < 0) {
		atomic_fetch_add(&failed, 1);
		gs_syslog(LOG_WARNING, "flush of session %s: %s", job->session, err.text);
	}
	rt_buf_finish(&reply);
	remove_job(job);
	free(job);
	return NULL;
}

static bool start_job(const struct rt_root *root, const char *session,
		      const struct xt_request *request)
{
	struct job *job = malloc(sizeof(*job));
	pthread_t thread;

	if (!job)
		goto fail;
	job->root = root;
	job->request = *request;
	memcpy(job->session, session, sizeof(job->session));
	if (!add_job(job)) {
		gs_syslog(LOG_WARNING, "flush of session %s: left out, %d others are not answered",
			  session, MAX_PENDING);
		goto fail;
	}
	if (pthread_create(&thread, NULL, ask, job) == 0) {
		pthread_detach(thread);
		return true;
	}
	remove_job(job);
fail:
	free(job);
	atomic_fetch_add(&failed, 1);
	return false;
}

unsigned int gs_sink_flush(const struct rt_root *root, const struct gs_flush *flush,
			   const struct rt_cpuset *cpus)
{
	struct xt_request request = { .verb = XT_VERB_FLUSH, .has_cpus = cpus != NULL };
	struct xt_session_list list;
	unsigned int nr = 0;
	size_t i;

	if (cpus)
		request.cpus = *cpus;
	snprintf(request.text, sizeof(request.text),
		 XT_CONTROL_GUEST "incident=%#" PRIx64 " scope=%" PRIu64 " vm=%s pid=%d ns=%"
		 PRIu64, flush->incident, flush->scope, flush->vm, flush->vm_pid, flush->ns);
	if (xt_session_list(&list, root, NULL) < 0)
		return 0;
	for (i = 0; i < list.nr; i++)
		nr += start_job(root, list.names[i], &request);
	xt_session_list_finish(&list);
	return nr;
}
