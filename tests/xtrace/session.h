/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * session.h - whole sessions of recording, for tests, on this machine's own kernel
 *
 * Tests skip where no trace instance can be made; sessions stand below a /run of
 * the test's own.
 */
#ifndef TESTS_XTRACE_SESSION_H
#define TESTS_XTRACE_SESSION_H

#include <sched.h>
#include <stdbool.h>

#include "lib/cmd.h"
#include "xtrace/record.h"

struct fixture {
	struct tree *tree;
	char name[32], output[512], instance[128];
	struct xt_record_opts opts;
	struct rt_strv events, none;
	char said[4096];
	cpu_set_t cpus;		/* the test's, which it has again behind each */
};

/* For cmocka: *@state is a struct fixture. */
int session_set_up(void **state);
int session_tear_down(void **state);

int session_can_record(void);
/* Takes what a session says into ->said of @arg. */
void session_hear(void *arg, const char *line);
/* Of ->opts, for which the test may have set others; both skip the test where none can be. */
struct xt_record *session_create(struct fixture *f);
struct xt_record *session_start(struct fixture *f);
/* It leaves a complete directory and nothing else. */
void session_finish(struct fixture *f, struct xt_record *record);

const char *session_state(const struct xt_record *record);
void session_left_nothing(const struct fixture *f);
void session_is_complete(const struct fixture *f, bool complete);
/* Into its own instance, or the one beside it with @suffix. */
void session_mark(const struct fixture *f, const char *suffix, const char *text);
bool session_run_on(unsigned int cpu);
/* How often the trace of @cpu tells of lost events; its times must ascend. */
unsigned int session_count_lost(const struct fixture *f, unsigned int cpu);

#define SESSION(test) cmocka_unit_test_setup_teardown(test, session_set_up, session_tear_down)

#endif /* TESTS_XTRACE_SESSION_H */
