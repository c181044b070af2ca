/* SPDX-License-Identifier: GPL-2.0-or-later */
/* session.c - whole sessions of recording, for tests, on this machine's own kernel */
#include "tests/xtrace/session.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/err.h"
#include "tests/unit.h"
#include "tests/xtrace/tree.h"
#include "xtrace/xtrace.h"

void session_hear(void *arg, const char *line)
{
	struct fixture *f = arg;

	snprintf(f->said + strlen(f->said), sizeof(f->said) - strlen(f->said), "%s\n", line);
}

int session_can_record(void)
{
	char path[128];

	snprintf(path, sizeof(path), "/" TREE_TRACING "/instances/kvmrt-unit%d", (int)getpid());
	return geteuid() == 0 && mkdir(path, 0755) == 0 && rmdir(path) == 0;
}

int session_set_up(void **state)
{
	static const char *words[] = { "sched_switch" };
	struct fixture *f = calloc(1, sizeof(*f));
	char link[512];
	void *tree;

	if (!f || sched_getaffinity(0, sizeof(f->cpus), &f->cpus) < 0 || tree_set_up(&tree) < 0)
		return -1;
	f->tree = tree;
	tree_make_dir(tree, "run");
	snprintf(link, sizeof(link), "%s/proc", f->tree->path);
	assert_int_equal(symlink("/proc", link), 0);
	snprintf(link, sizeof(link), "%s/sys", f->tree->path);
	assert_int_equal(symlink("/sys", link), 0);
	snprintf(f->name, sizeof(f->name), "unit%d", (int)getpid());
	snprintf(f->output, sizeof(f->output), "%s/out", f->tree->path);
	snprintf(f->instance, sizeof(f->instance), TREE_TRACING "/instances/xtrace-%s", f->name);
	f->events = (struct rt_strv){ words, 1 };
	f->opts = (struct xt_record_opts){
		.output = f->output, .name = f->name, .mode = "stream", .clock = "mono",
		.events = &f->events, .excludes = &f->none, .filters = &f->none, .pids = &f->none,
		.stops = &f->none, .late_stops = &f->none,
		.buffer_bytes = 256 << 10,
	};
	*state = f;
	return 0;
}

int session_tear_down(void **state)
{
	struct fixture *f = *state;
	void *tree = f->tree;

	sched_setaffinity(0, sizeof(f->cpus), &f->cpus);
	if (tree_has(f->tree, f->instance))
		unlinkat(f->tree->root.fd, f->instance, AT_REMOVEDIR);
	tree_tear_down(&tree);
	free(f);
	return 0;
}

struct xt_record *session_create(struct fixture *f)
{
	struct xt_record *record;
	struct rt_err err = { 0 };

	if (!session_can_record())
		skip();
	if (xt_record_create(&record, &f->tree->root, &f->opts, session_hear, f, &err) < 0)
		fail_msg("%s", err.text);
	return record;
}

struct xt_record *session_start(struct fixture *f)
{
	struct xt_record *record = session_create(f);

	assert_int_equal(xt_record_start(record, NULL), 0);
	return record;
}

const char *session_state(const struct xt_record *record)
{
	struct xt_record_status status;

	xt_record_status(record, &status);
	return status.state;
}

void session_left_nothing(const struct fixture *f)
{
	char path[64];

	assert_false(tree_has(f->tree, f->instance));
	snprintf(path, sizeof(path), "run/xtrace/%s", f->name);
	assert_false(tree_has(f->tree, path));
}

void session_is_complete(const struct fixture *f, bool complete)
{
	struct xt_trace *trace;

	assert_int_equal(xt_trace_open(&trace, f->output, NULL), 0);
	assert_int_equal(xt_trace_info(trace)->complete, complete);
	xt_trace_destroy(trace);
}

void session_finish(struct fixture *f, struct xt_record *record)
{
	assert_int_equal(xt_record_finish(record, NULL), 0);
	assert_string_equal(session_state(record), "finished");
	session_left_nothing(f);
	xt_record_destroy(record);
	session_is_complete(f, true);
}

void session_mark(const struct fixture *f, const char *suffix, const char *text)
{
	assert_int_equal(rt_root_write(&f->tree->root, text, NULL, "%s%s/trace_marker",
				       f->instance, suffix), 0);
}

bool session_run_on(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) == 0;
}

/* How often the trace of @cpu tells of lost events; its times must ascend. */
unsigned int session_count_lost(const struct fixture *f, unsigned int cpu)
{
	struct xt_trace *trace;
	struct xt_pages *pages;
	struct xt_cursor cursor;
	struct xt_rec rec;
	unsigned int n = 0;
	uint64_t ts = 0;

	assert_int_equal(xt_trace_open(&trace, f->output, NULL), 0);
	for (unsigned int l = 0; l < xt_trace_nr_lanes(trace); l++) {
		for (size_t c = 0; xt_trace_lane(trace, l)->cpu == cpu &&
				   c < xt_trace_lane(trace, l)->nr_chunks; c++) {
			assert_int_equal(xt_lane_load(trace, l, c, 1, &pages, NULL), 0);
			for (size_t p = 0; p < pages->nr; p++) {
				xt_cursor_start(&cursor, pages->base + p * pages->page_size,
						pages->page_size, 0);
				while (xt_cursor_next(&cursor, &rec)) {
					n += (rec.flags & XT_REC_LOST) != 0;
					assert_true(rec.ts >= ts);
					ts = rec.ts;
				}
			}
			xt_pages_put(pages);
		}
	}
	xt_trace_destroy(trace);
	return n;
}
