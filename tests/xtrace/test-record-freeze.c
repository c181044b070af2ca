/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-record-freeze.c - xtrace/record-freeze.c: calls to flush, of programs and of guests */
#include "xtrace/record.h"

#include "tests/unit.h"
#include "tests/xtrace/session.h"
#include "tests/xtrace/tree.h"
#include "xtrace/xtrace.h"

/* What a program of this machine leaves beside the session when it calls to flush. */
static void call(const struct fixture *f, unsigned int id)
{
	char text[64];

	snprintf(text, sizeof(text), "kvmrt_gs: flush scope=0x0 incident=0x%x", id);
	assert_int_equal(rt_root_write(&f->tree->root, text, NULL, "%s.gs/trace_marker",
				       f->instance), 0);
}

TEST(of_calls_without_a_flush_some_have_a_line_and_the_others_are_counted)
{
	struct fixture *f = *state;
	struct xt_record *record;
	unsigned int i;
	char *session;

	f->opts.incidents = 3;
	record = session_start(f);
	for (i = 0; i < 10; i++) {
		call(f, 0xa0 + i);
		if (i & 1)
			assert_int_equal(xt_record_check_freeze(record, NULL), 0);
	}
	session = tree_get(f->tree, "out/session");
	assert_null(strstr(session, "incident"));	/* not at every call */
	free(session);
	assert_int_equal(xt_record_tick(record, NULL), 0);
	session = tree_get(f->tree, "out/session");
	assert_contains(session, "incident = 0xa2 flush 0 ");
	assert_null(strstr(session, "incident = 0xa3 "));
	assert_contains(session, "\nincidents-not-noted = 7\n");
	free(session);
	session_finish(f, record);
}

/*
 * A session in which CPU 1 has an event, and then CPU 0 one as if a guest had called there, for
 * that CPU.
 */
static struct xt_record *start_and_call(struct fixture *f, unsigned int incidents)
{
	struct xt_record *record;

	if (!CPU_ISSET(0, &f->cpus) || !CPU_ISSET(1, &f->cpus))
		skip();
	f->opts.mode = "overwrite";
	f->opts.incidents = incidents;
	record = session_start(f);
	assert_true(session_run_on(1));
	session_mark(f, "", "before");
	assert_true(session_run_on(0));
	session_mark(f, ".gs", ": kvm_hypercall: nr 0x4b475303 a0 0x0 a1 0xabc a2 0x0");
	session_mark(f, "", "kvmrt_gs: hc_end nr=0x4b475303 ret=0");
	assert_int_equal(sched_setaffinity(0, sizeof(f->cpus), &f->cpus), 0);
	return record;
}

TEST(a_cpu_that_a_call_does_not_name_has_a_gap_as_well)
{
	struct fixture *f = *state;
	struct xt_record *record = start_and_call(f, 3);

	assert_true(xt_record_last_freeze(record, NULL) > 0);
	assert_true(session_run_on(1));
	session_mark(f, "", "behind");
	session_finish(f, record);
	assert_int_equal(session_count_lost(f, 1), 1);
}

TEST(what_a_call_that_ends_the_session_does_not_name_is_not_lost)
{
	struct fixture *f = *state;
	struct xt_record *record;
	struct xt_cpu_stats stats;

	f->opts.stop_on_flush = true;
	record = start_and_call(f, 1);
	assert_int_equal(xt_record_last_freeze(record, NULL), XT_FREEZE_LAST);
	assert_int_equal(xt_record_finish(record, NULL), 0);
	assert_int_equal(xt_record_stats(record, 1, &stats, NULL), 0);
	assert_int_equal(stats.lost, 0);
	assert_true(stats.overwritten > 0);
	session_finish(f, record);
}

static bool is_armed(const struct fixture *f)
{
	static const char *const points[] = { "ftrace/print", "kvm/kvm_hypercall" };
	bool armed = false;
	char *text;

	for (size_t i = 0; i < 2; i++) {
		if (rt_root_read(&f->tree->root, &text, NULL, NULL, "%s/events/%s/trigger",
				 f->instance, points[i]) < 0)
			continue;
		/* Without a trigger it lists those that there may be. */
		armed |= strstr(text, " if ") != NULL;
		free(text);
	}
	return armed;
}

TEST(no_call_freezes_what_nobody_will_save)
{
	struct fixture *f = *state;
	struct xt_record *record;

	f->opts.mode = "overwrite";
	f->opts.incidents = 1;
	record = session_start(f);
	session_mark(f, "", "kvmrt_gs: hc_end nr=0x4b475303 ret=0");
	assert_true(xt_record_last_freeze(record, NULL) > 0);
	assert_false(is_armed(f));
	session_finish(f, record);
}

TEST(no_call_takes_away_what_another_froze_and_nobody_has_saved_yet)
{
	struct fixture *f = *state;
	struct xt_record *record;

	f->opts.mode = "overwrite";
	record = session_start(f);
	assert_true(is_armed(f));
	session_mark(f, "", "kvmrt_gs: hc_end nr=0x4b475303 ret=0");
	/* It waits for the incident. */
	assert_int_equal(xt_record_check_freeze(record, NULL), 0);
	assert_false(is_armed(f));
	/* Who asks for a flush on behalf of a guest must not take it either. */
	assert_true(xt_record_freezes_itself(record));
	assert_int_equal(xt_record_tick(record, NULL), 0);
	assert_false(is_armed(f));
	assert_int_equal(xt_record_last_freeze(record, NULL), XT_FREEZE_SAVED);
	assert_true(is_armed(f));
	session_finish(f, record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SESSION(of_calls_without_a_flush_some_have_a_line_and_the_others_are_counted),
		SESSION(a_cpu_that_a_call_does_not_name_has_a_gap_as_well),
		SESSION(what_a_call_that_ends_the_session_does_not_name_is_not_lost),
		SESSION(no_call_freezes_what_nobody_will_save),
		SESSION(no_call_takes_away_what_another_froze_and_nobody_has_saved_yet),
	};

	return RUN_TESTS(tests);
}
