/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Against libvirt's test driver: each thread of the jobs has a connection of its own. */
#include "config/jobs.h"

#include <stdatomic.h>

#include "tests/unit.h"

#define NR 40

static struct kcfg_session session = { .uri = "test:///default" };
static struct kcfg_place place[NR];
static const struct kcfg_place *places[NR];
static struct kcfg_vm vm = { .name = (char *)"one" };
static atomic_int calls;

static int count(struct kcfg_boot *boot, struct kcfg_job *job)
{
	assert_non_null(boot->virt);
	job->outcome = job->place - place;
	calls++;
	return job->outcome == 3 ? rt_err_say(&job->err, -EIO, "the fourth fails") : 0;
}

static void init(struct kcfg_jobs *jobs, size_t n)
{
	for (size_t i = 0; i < NR; i++) {
		place[i].vm = &vm;
		places[i] = &place[i];
	}
	assert_int_equal(kcfg_jobs_init(jobs, &session, places, n), 0);
	jobs->run = count;
	calls = 0;
}

TEST(every_vm_has_its_turn_once)
{
	struct kcfg_jobs jobs;

	init(&jobs, NR);
	kcfg_jobs_run(&jobs);
	assert_int_equal(calls, NR);
	for (size_t i = 0; i < NR; i++) {
		assert_int_equal(jobs.v[i].outcome, i);
		assert_int_equal(jobs.v[i].rc, i == 3 ? -EIO : 0);
	}
	assert_string_equal(jobs.v[3].err.text, "the fourth fails");
	kcfg_jobs_finish(&jobs);
}

TEST(a_failure_stops_those_whose_turn_has_not_come)
{
	struct kcfg_jobs jobs;

	init(&jobs, NR);
	jobs.serial = true;
	jobs.stop_at_failure = true;
	kcfg_jobs_run(&jobs);
	assert_int_equal(calls, 4);
	assert_int_equal(jobs.v[4].rc, 1);
	kcfg_jobs_finish(&jobs);
}

TEST(who_failed_in_one_run_is_left_out_of_the_next)
{
	struct kcfg_jobs jobs;

	init(&jobs, NR);
	jobs.serial = true;
	kcfg_jobs_run(&jobs);
	calls = 0;
	kcfg_jobs_run(&jobs);
	assert_int_equal(calls, NR - 1);
	assert_int_equal(jobs.v[3].rc, -EIO);
	assert_string_equal(jobs.v[3].err.text, "the fourth fails");
	kcfg_jobs_finish(&jobs);
}

static int fail_at_first(struct kcfg_boot *boot, struct kcfg_job *job)
{
	(void)boot;
	return rt_err_say(&job->err, -EIO, "the first fails");
}

TEST(who_was_well_in_one_run_has_its_turn_to_come_in_the_next)
{
	struct kcfg_jobs jobs;

	init(&jobs, 2);
	jobs.serial = true;
	jobs.stop_at_failure = true;
	kcfg_jobs_run(&jobs);
	assert_int_equal(jobs.v[1].rc, 0);
	jobs.run = fail_at_first;
	kcfg_jobs_run(&jobs);
	assert_int_equal(jobs.v[1].rc, 1);
	kcfg_jobs_finish(&jobs);
}

TEST(no_libvirt_is_a_failure_of_each)
{
	struct kcfg_jobs jobs;

	session.uri = "nonsense";
	init(&jobs, 2);
	kcfg_jobs_run(&jobs);
	assert_int_equal(calls, 0);
	assert_int_equal(jobs.v[1].rc, -EINVAL);
	assert_contains(jobs.v[1].err.text, "one: expected a URI of libvirt");
	kcfg_jobs_finish(&jobs);
	session.uri = "test:///default";
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_vm_has_its_turn_once),
		cmocka_unit_test(a_failure_stops_those_whose_turn_has_not_come),
		cmocka_unit_test(who_failed_in_one_run_is_left_out_of_the_next),
		cmocka_unit_test(who_was_well_in_one_run_has_its_turn_to_come_in_the_next),
		cmocka_unit_test(no_libvirt_is_a_failure_of_each),
	};

	return RUN_TESTS(tests);
}
