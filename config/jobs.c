/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jobs.c - a few threads that take the next VM until there is none */
#include "config/jobs.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "config/xml.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int kcfg_jobs_init(struct kcfg_jobs *jobs, struct kcfg_session *session,
		   const struct kcfg_place **places, size_t n)
{
	*jobs = (struct kcfg_jobs){ .session = session, .n = n };
	jobs->v = calloc(n + 1, sizeof(*jobs->v));
	if (!jobs->v)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		jobs->v[i].place = places[i];
	return 0;
}

void kcfg_jobs_finish(struct kcfg_jobs *jobs)
{
	free(jobs->v);
}

static struct kcfg_job *take(struct kcfg_jobs *jobs)
{
	struct kcfg_job *job = NULL;

	pthread_mutex_lock(&lock);
	while (jobs->next < jobs->n && jobs->v[jobs->next].rc < 0)
		jobs->next++;
	if (jobs->next < jobs->n)
		job = &jobs->v[jobs->next++];
	pthread_mutex_unlock(&lock);
	return job;
}

static void stop(struct kcfg_jobs *jobs)
{
	pthread_mutex_lock(&lock);
	jobs->next = jobs->n;
	pthread_mutex_unlock(&lock);
}

/* When one has waited for libvirt in vain, the others know. */
static int join_libvirt(struct kcfg_jobs *jobs, struct kcfg_virt **ret, struct kcfg_job *job)
{
	const char *uri = jobs->session->uri;
	int rc;

	if (jobs->lost)
		rc = kcfg_virt_open(ret, uri, &job->err);
	else
		rc = kcfg_virt_open_more(ret, uri, &job->err);
	if (rc == 0)
		return 0;
	jobs->lost = true;
	return rt_err_wrap(&job->err, rc, "%s", job->place->vm->name);
}

struct kcfg_boot kcfg_jobs_boot(const struct kcfg_jobs *jobs)
{
	const struct kcfg_session *s = jobs->session;

	return (struct kcfg_boot){ .root = &s->root, .topo = s->topo, .places = &s->places,
				   .log = jobs->log, .dry_run = jobs->dry_run };
}

static void *work(void *arg)
{
	struct kcfg_jobs *jobs = arg;
	struct kcfg_boot boot = kcfg_jobs_boot(jobs);
	struct kcfg_job *job;

	while ((job = take(jobs))) {
		job->rc = boot.virt ? 0 : join_libvirt(jobs, &boot.virt, job);
		if (job->rc == 0)
			job->rc = jobs->run(&boot, job);
		if (job->rc < 0 && jobs->stop_at_failure)
			stop(jobs);
	}
	kcfg_virt_close(boot.virt);
	return NULL;
}

void kcfg_jobs_run(struct kcfg_jobs *jobs)
{
	pthread_t threads[KCFG_MAX_JOBS];
	size_t n = jobs->serial ? 0 : jobs->n < KCFG_MAX_JOBS ? jobs->n : KCFG_MAX_JOBS, begun = 0;

	/* libxml2 must not be used by several threads for the first time at once */
	kcfg_xml_init();
	jobs->next = 0;
	for (size_t i = 0; i < jobs->n; i++)
		if (jobs->v[i].rc == 0)
			jobs->v[i].rc = 1;
	while (begun < n && pthread_create(&threads[begun], NULL, work, jobs) == 0)
		begun++;
	if (!begun)
		work(jobs);
	while (begun)
		pthread_join(threads[--begun], NULL);
}
