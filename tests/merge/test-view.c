/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-view.c - merge/view.c and its parts: what is shown of records, and in which form */
#include "merge/view.h"

#include <pthread.h>
#include <unistd.h>

#include "lib/cpulist.h"
#include "tests/merge/scene.h"
#include "tests/unit.h"

/* ---- lines ---- */

TEST(a_line_is_time_cpu_and_event_with_its_arguments)
{
	struct scene *scene = scene_create("alpha", 2);
	struct scene_view view = { 0 };

	scene_vcpu(scene, 157, 150, 1, "rt0");
	scene_timer(scene, 1, 5, 7);
	scene_switch(scene, 1, 6, 7, "a b", 9, "c\033d");
	scene_entry(scene, 0, 7, 157, 1);
	scene_exit(scene, 0, 8, 157, 1, 0x78);
	scene_exit(scene, 0, 9, 158, 0, 0x7777);
	scene_beat(scene, 1, 10, 7, 4000000000u, "thump");
	scene_expect(&view, scene,
		     "1.000000005 1 INTERRUPT_ENTER [apic_timer]\n"
		     "1.000000006 1 SCHED_SWITCH [a b 7 S -> c\\x1bd 9]\n"
		     "1.000000007 0 KVM_ENTER_VM_PID [150 vcpu 1]\n"
		     "1.000000008 0 KVM_EXIT_VM_PID [150 vcpu 1 HLT]\n"
		     "1.000000009 0 KVM_EXIT_VM_PID [158 vcpu 0 30583]\n"
		     "1.000000010 1 HEART_BEAT [value=4000000000 text=thump]\n");
	scene_destroy(scene);
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* Mostly plain, with what ends a text or must be escaped here and there. */
static uint16_t random_text(uint32_t *state, uint8_t *text)
{
	static const uint8_t odd[] = { '\0', '\n', '\\', 0x7f, 0x80, 0xff, ' ', 0x1f };
	uint16_t len = (uint16_t)(next_random(state) % 40), i;

	for (i = 0; i < len; i++)
		text[i] = (uint8_t)('!' + next_random(state) % 90);
	if (len > 0 && next_random(state) % 2)
		text[next_random(state) % len] = odd[next_random(state) % sizeof(odd)];
	return len;
}

static struct scene *waves(unsigned int nr)
{
	static const uint64_t edges[] = {
		0, 9, 9999, 10000, 99999999, 100000000, 9999999999999999999ull,
		10000000000000000000ull, 0xffffffff81234567ull, UINT64_MAX,
	};
	struct scene *scene = scene_create("alpha", 1);
	uint32_t state = 7;
	uint64_t number;
	uint8_t text[64];
	unsigned int i;

	for (i = 0; i < nr; i++) {
		number = edges[next_random(&state) % (sizeof(edges) / sizeof(*edges))];
		number -= next_random(&state) % 2;
		scene_wave(scene, 0, 3000ull * i, 7, number, text, random_text(&state, text));
		if (i % 16 == 0)
			scene_syscall(scene, 0, 3000ull * i + 1, 7, (long)(i / 16), number);
		if (i % 16 == 1)
			scene_syscall_done(scene, 0, 3000ull * i + 1, 7, (long)(i / 16),
					   (long)number);
	}
	scene_finish(scene);
	return scene;
}

/* Each line without its first field. */
static char *without_first(const char *text)
{
	char *ret = strdup(text), *to = ret;
	const char *line, *end;

	for (line = text; *line; line = end + 1) {
		end = strchr(line, '\n');
		line = strchr(line, ' ') + 1;
		to = mempcpy(to, line, (size_t)(end + 1 - line));
	}
	*to = '\0';
	return ret;
}

/* Lines that begin with the time have a way of their own to be printed. */
TEST(usual_lines_are_printed_as_all_others)
{
	struct scene_view quick = { .opts = { .fields = { MRG_FIELD_TIME, MRG_FIELD_EVENT },
					      .nr_fields = 2 } };
	struct scene_view other = { .opts = { .fields = { MRG_FIELD_EVENT }, .nr_fields = 1 } };
	struct scene *scene = waves(2000);
	const char *path = scene_path(scene);
	char *a = scene_show(&quick, &path, 1), *b = scene_show(&other, &path, 1);
	char *events = without_first(a);

	assert_non_null(strstr(b, "FILE_READ ["));
	assert_string_equal(events, b);
	free(events);
	free(a);
	free(b);
	scene_destroy(scene);
}

TEST(lost_events_are_said_with_their_number_where_it_is_known)
{
	struct scene *scene = scene_create("alpha", 1);
	struct scene_view view = { .with = { "kvm_exit" } };

	scene_timer(scene, 0, 1, 7);
	scene_lost(scene, 0, 2, 12);
	scene_timer(scene, 0, 3, 7);
	scene_lost(scene, 0, 4, 0);
	scene_timer(scene, 0, 5, 7);
	scene_expect(&view, scene,
		     "1.000000003 0 LOST [12 events]\n"
		     "1.000000005 0 LOST [unknown number of events]\n");
	scene_destroy(scene);
}

TEST(system_calls_on_files_show_their_descriptor)
{
	struct scene *scene = scene_create("alpha", 1);
	struct scene_view view = { 0 };

	scene_syscall(scene, 0, 1, 7, 257, 0xffffff9c);
	scene_syscall_done(scene, 0, 2, 7, 257, 3);
	scene_syscall(scene, 0, 3, 7, 0, 3);
	scene_syscall_done(scene, 0, 4, 7, 0, 100);
	scene_syscall(scene, 0, 5, 7, 1, 0xffffffff);
	scene_syscall_done(scene, 0, 6, 7, 257, -2);
	scene_syscall(scene, 0, 7, 7, 9999, 0);
	scene_expect(&view, scene,
		     "1.000000001 0 SYSCALL_ENTER [openat]\n"
		     "1.000000002 0 SYSCALL_EXIT [openat]\n"
		     "1.000000002 0 FILE_OPEN [3]\n"
		     "1.000000003 0 SYSCALL_ENTER [read]\n"
		     "1.000000003 0 FILE_READ [3]\n"
		     "1.000000004 0 SYSCALL_EXIT [read]\n"
		     "1.000000005 0 SYSCALL_ENTER [write]\n"
		     "1.000000005 0 FILE_WRITE [4294967295]\n"
		     "1.000000006 0 SYSCALL_EXIT [openat]\n"
		     "1.000000007 0 SYSCALL_ENTER [9999]\n");
	view.with[0] = "FILE_READ";
	scene_expect(&view, scene, "1.000000003 0 FILE_READ [3]\n");
	view.with[0] = NULL;
	view.without[0] = "FILE_*";
	view.without[1] = "SYSCALL_EXIT";
	scene_expect(&view, scene,
		     "1.000000001 0 SYSCALL_ENTER [openat]\n"
		     "1.000000003 0 SYSCALL_ENTER [read]\n"
		     "1.000000005 0 SYSCALL_ENTER [write]\n"
		     "1.000000007 0 SYSCALL_ENTER [9999]\n");
	scene_destroy(scene);
}

/* ---- what guests say to their hosts ---- */

TEST(a_hypercall_ends_with_the_next_entry_of_its_vcpu)
{
	struct scene *scene = scene_create("alpha", 2);
	struct scene_view view = { .with = { "KVM_HOST_HC_ENTER", "KVM_HOST_HC_EXIT" } };

	scene_hypercall(scene, 0, 1, 157, 5, 0, 1, 2, 3);
	scene_entry(scene, 1, 2, 158, 0);
	scene_entry(scene, 0, 3, 157, 1);
	scene_entry(scene, 0, 4, 157, 1);
	scene_hypercall(scene, 1, 5, 158, 0x1234, 0, 0, 0, 0);
	scene_entry(scene, 1, 6, 158, 0);
	scene_expect(&view, scene,
		     "1.000000001 0 KVM_HOST_HC_ENTER [KICK_CPU 0x0 0x1 0x2 0x3]\n"
		     "1.000000003 0 KVM_HOST_HC_EXIT [KICK_CPU derived]\n"
		     "1.000000005 1 KVM_HOST_HC_ENTER [0x1234 0x0 0x0 0x0 0x0]\n"
		     "1.000000006 1 KVM_HOST_HC_EXIT [0x1234 derived]\n");
	scene_destroy(scene);
}

static void send(struct scene *scene, uint64_t ns, int pid, const char *text,
		 unsigned int offset)
{
	size_t length = strlen(text), size = length - offset;
	uint64_t args[3];

	gs_frag_pack(args, text + offset, (uint16_t)(size < GS_FRAG_SIZE ? size : GS_FRAG_SIZE));
	scene_hypercall(scene, 0, ns, pid, GS_NR_LOG_MSG,
			gs_frag_head(9, (uint16_t)offset, (uint16_t)length), args[0], args[1],
			args[2]);
}

#define NULS(s) s s
#define MESSAGE "VM1 is about to start A, and says it at length"

TEST(messages_in_hypercalls_are_joined_and_told_apart_by_their_vm)
{
	struct scene *scene = scene_create("alpha", 1);
	struct scene_view view = { .with = { "KVMRT_GS_*" } };

	scene_vcpu(scene, 157, 150, 1, "rt0");
	scene_vcpu(scene, 257, 250, 0, "rt1");
	scene_hypercall(scene, 0, 1, 157, GS_NR_PING, 0xabc, 0, 0, 0);
	send(scene, 2, 157, MESSAGE, 0);
	send(scene, 3, 257, MESSAGE, 0);
	send(scene, 4, 157, MESSAGE, 24);
	scene_hypercall(scene, 0, 5, 257, GS_NR_XTRACE_FLUSH, 1, 0x77, 0, 0);
	scene_timer(scene, 0, 6, 7);
	scene_expect(&view, scene,
		     "1.000000001 0 KVMRT_GS_PING_HOST [150 vcpu 1 0xabc]\n"
		     "1.000000004 0 KVMRT_GS_LOG_MSG_HOST [150 id 0x9 " MESSAGE "]\n"
		     "1.000000005 0 KVMRT_GS_FLUSH_HOST [250 vcpu 0 scope vm incident 0x77]\n"
		     /* What has not come to its end by the end is said, and how much is missing. */
		     "1.000000005 0 KVMRT_GS_LOG_MSG_HOST [250 id 0x9 missing 22 "
		     "VM1 is about to start A," NULS(NULS(NULS("\\x00\\x00"))) NULS(NULS("\\x00"))
		     NULS("\\x00") "]\n");
	view.with[0] = NULL;
	view.where = "\"*about to start*length\"";
	scene_expect(&view, scene,
		     "1.000000004 0 KVMRT_GS_LOG_MSG_HOST [150 id 0x9 " MESSAGE "]\n");
	scene_destroy(scene);
}

TEST(fragments_of_the_module_are_joined_as_well)
{
	struct scene *scene = scene_create("alpha", 1);
	struct scene_view view = { 0 };

	scene_fragment(scene, 0, 1, 157, 150, 3, 0, 30, "012345678901234567890123");
	scene_timer(scene, 0, 2, 7);
	scene_fragment(scene, 0, 3, 157, 150, 3, 24, 30, "abcdef");
	/* No fragment of any message. */
	scene_fragment(scene, 0, 4, 157, 150, 3, 5, 30, "abc");
	scene_expect(&view, scene,
		     "1.000000002 0 INTERRUPT_ENTER [apic_timer]\n"
		     "1.000000003 0 KVMRT_GS_LOG_MSG_HOST [150 id 0x3 "
		     "012345678901234567890123abcdef]\n"
		     "1.000000004 0 KVMRT_GS_LOG_MSG_HOST [150 vcpu 0 id 0x3 "
		     "offset 5 length 30 abc]\n");
	scene_destroy(scene);
}

TEST(marks_of_a_guest_without_the_module_are_what_they_say)
{
	struct scene *scene = scene_create("vm1", 1);
	struct scene_view view = { 0 };

	scene_mark(scene, 0, 1, 7, "job 17 starts");
	scene_mark(scene, 0, 2, 7, "kvmrt_gs: ping cookie=0x1");
	scene_mark(scene, 0, 3, 7, "kvmrt_gs: log_msg id=0x1 offset=0x0 length=0x2 data=6869");
	scene_mark(scene, 0, 4, 7, "kvmrt_gs: hc_end nr=0x5 ret=-22");
	scene_mark(scene, 0, 5, 7, "kvmrt_gs: nonsense");
	scene_expect(&view, scene,
		     "1.000000001 0 CUSTOM [job 17 starts]\n"
		     "1.000000002 0 KVMRT_GS_PING_GUEST [0x1]\n"
		     "1.000000003 0 KVMRT_GS_LOG_MSG_GUEST [id 0x1 hi]\n"
		     "1.000000004 0 KVM_GUEST_HC_END [KICK_CPU result -22]\n"
		     "1.000000005 0 CUSTOM [kvmrt_gs: nonsense]\n");
	scene_destroy(scene);
}

/* ---- filters ---- */

/* Two events a nanosecond, on three CPUs. */
static struct scene *make_busy(unsigned int nr)
{
	struct scene *scene = scene_create("alpha", 3);
	unsigned int i;

	for (i = 0; i < nr; i++)
		scene_beat(scene, i % 3, i / 2, 100 + (int)(i % 5), i, "");
	scene_finish(scene);
	return scene;
}

/* The values of the beats that are shown: "0 1 -- 5 ". */
static void beats(struct scene_view *view, const struct scene *scene, const char *expected)
{
	const char *const paths[] = { scene_path(scene) };
	char *shown = scene_show(view, paths, 1), *line, *rest, *value, got[4096] = "";

	assert_string_equal(view->error, "");
	for (line = strtok_r(shown, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		value = strstr(line, "value=");
		sprintf(got + strlen(got), "%.*s ", value ? (int)strcspn(value + 6, " ") : 2,
			value ? value + 6 : line);
	}
	assert_string_equal(got, expected);
	free(shown);
}

TEST(tasks_cpus_and_times_are_chosen)
{
	struct scene *scene = make_busy(12);
	const int pids[] = { 101, 104 };
	struct scene_view view = { .opts = { .pids = pids, .nr_pids = 2 } };
	struct rt_cpuset cpus = { 0 };

	beats(&view, scene, "1 4 6 9 11 ");
	view = (struct scene_view){ .opts = { .from = SCENE_NS + 2, .to = SCENE_NS + 3 } };
	beats(&view, scene, "4 5 6 7 ");
	assert_int_equal(rt_cpuset_parse(&cpus, "1", NULL), 0);
	view = (struct scene_view){ .opts = { .cpus = &cpus } };
	beats(&view, scene, "1 4 7 10 ");
	scene_destroy(scene);
}

TEST(the_first_and_the_last_events_are_counted)
{
	struct scene *scene = make_busy(12);
	struct scene_view view = { .opts = { .limit = 3 } };

	beats(&view, scene, "0 1 3 ");
	view = (struct scene_view){ .opts = { .tail = 3 } };
	beats(&view, scene, "8 10 11 ");
	view = (struct scene_view){ .opts = { .tail = 100 }, .where = "value >= 9" };
	beats(&view, scene, "9 10 11 ");
	scene_destroy(scene);
}

/* ---- context ---- */

/* One beat a microsecond on each of two CPUs in turn. */
static struct scene *make_steady(unsigned int nr)
{
	struct scene *scene = scene_create("alpha", 2);
	unsigned int i;

	for (i = 0; i < nr; i++)
		scene_beat(scene, i % 2, 1000 * i, 7, i, "");
	scene_finish(scene);
	return scene;
}

TEST(events_around_a_match_are_shown_once_with_a_line_between_groups)
{
	struct scene *scene = make_steady(40);
	struct scene_view view = { .opts = { .before = 2, .after = 1 }, .where = "value == 10" };

	beats(&view, scene, "8 9 10 11 ");
	view.where = "value == 0 or value == 39";
	beats(&view, scene, "0 1 -- 37 38 39 ");
	view.where = "value == 10 or value == 14 or value == 19";
	beats(&view, scene, "8 9 10 11 12 13 14 15 -- 17 18 19 20 ");
	view.opts.limit = 2;
	beats(&view, scene, "8 9 10 11 12 13 14 15 ");
	view.opts.limit = 0;
	view.opts.tail = 2;
	beats(&view, scene, "12 13 14 15 -- 17 18 19 20 ");
	view.where = "value == 99";
	beats(&view, scene, "");
	scene_destroy(scene);
}

TEST(what_happened_around_a_match_is_shown_by_time)
{
	struct scene *scene = make_steady(40);
	struct scene_view view = { .opts = { .around_ns = 1500 }, .where = "value == 10" };

	beats(&view, scene, "9 10 11 ");
	view.opts.around_ns = 2000;
	beats(&view, scene, "8 9 10 11 12 ");
	view.opts.after = 4;
	beats(&view, scene, "8 9 10 11 12 13 14 ");
	view.where = "value == 10 or value == 30";
	beats(&view, scene, "8 9 10 11 12 13 14 -- 28 29 30 31 32 33 34 ");
	scene_destroy(scene);
}

TEST(context_does_not_depend_on_threads_and_windows)
{
	struct scene *scene = scene_create("alpha", 4);
	const char *const paths[] = { scene_path(scene) };
	struct scene_view view = {
		.opts = { .before = 700, .after = 3, .threads = 1 }, .where = "text == x",
	};
	char *one, *four;
	unsigned int i;

	for (i = 0; i < 20000; i++) {
		scene_beat(scene, i % 4, 100 * i, 7, i, i % 5000 == 4999 ? "x" : "");
		if (i % 5000 == 4999)
			scene_flush(scene);
	}
	scene_finish(scene);
	one = scene_show(&view, paths, 1);
	view.opts.threads = 4;
	four = scene_show(&view, paths, 1);
	assert_string_equal(one, four);
	assert_contains(one, "value=4299 ");
	assert_contains(one, "value=5002 ");
	assert_null(strstr(one, "value=4298 "));
	assert_null(strstr(one, "value=5003 "));
	free(one);
	free(four);
	scene_destroy(scene);
}

TEST(lost_events_are_said_also_outside_of_the_context)
{
	struct scene *scene = scene_create("alpha", 1);
	struct scene_view view = { .opts = { .before = 1 }, .where = "value == 5" };

	scene_beat(scene, 0, 1, 7, 1, "");
	scene_lost(scene, 0, 2, 3);
	scene_beat(scene, 0, 3, 7, 4, "");
	scene_beat(scene, 0, 4, 7, 5, "");
	scene_finish(scene);
	beats(&view, scene, "1. 4 5 ");
	scene_destroy(scene);
}

/* ---- spans ---- */

TEST(spans_begin_and_end_with_events_that_need_not_be_shown)
{
	struct scene *scene = make_steady(20);
	struct scene_view view = { .begin = "value == 3", .end = "value == 5" };
	struct rt_cpuset cpus = { 0 };

	beats(&view, scene, "3 4 5 ");
	view = (struct scene_view){ .begin = "value == 3 or value == 9",
				    .end = "value == 5 or value == 10" };
	beats(&view, scene, "3 4 5 -- 9 10 ");
	assert_int_equal(rt_cpuset_parse(&cpus, "0", NULL), 0);
	view.opts.cpus = &cpus;
	beats(&view, scene, "4 -- 10 ");
	view = (struct scene_view){ .begin = "value == 17" };
	beats(&view, scene, "17 18 19 ");
	view = (struct scene_view){ .end = "value == 2 or value == 5" };
	beats(&view, scene, "0 1 2 ");
	view = (struct scene_view){ .begin = "value == 3", .end = "value == 3 or value == 5" };
	beats(&view, scene, "3 4 5 ");
	scene_destroy(scene);
}

TEST(a_span_and_context_and_the_last_matches_go_together)
{
	struct scene *scene = make_steady(20);
	struct scene_view view = {
		.opts = { .before = 3, .after = 3 }, .where = "value == 6 or value == 9",
		.begin = "value == 5", .end = "value == 7",
	};

	beats(&view, scene, "5 6 7 ");
	view.end = NULL;
	view.opts.tail = 1;
	beats(&view, scene, "6 7 8 9 10 11 12 ");
	scene_destroy(scene);
}

TEST(derived_lines_can_be_the_borders_without_being_shown)
{
	struct scene *scene = scene_create("alpha", 1);
	struct scene_view view = {
		.with = { "HEART_BEAT" }, .begin = "event == KVM_HOST_HC_EXIT",
		.end = "event == FILE_READ and fd == 3",
	};

	scene_beat(scene, 0, 1, 7, 1, "");
	scene_hypercall(scene, 0, 2, 157, 5, 0, 1, 2, 3);
	scene_entry(scene, 0, 3, 157, 1);
	scene_beat(scene, 0, 4, 7, 4, "");
	scene_syscall(scene, 0, 5, 7, 0, 4);
	scene_beat(scene, 0, 6, 7, 6, "");
	scene_syscall(scene, 0, 7, 7, 0, 3);
	scene_beat(scene, 0, 8, 7, 8, "");
	scene_finish(scene);
	beats(&view, scene, "4 6 ");
	scene_destroy(scene);
}

/* ---- forms ---- */

TEST(fields_are_shown_as_asked_for)
{
	struct scene *scene = scene_create("alpha", 1);
	struct scene_view view = {
		.opts = {
			.fields = { MRG_FIELD_HOST, MRG_FIELD_PID, MRG_FIELD_COMM, MRG_FIELD_DELTA,
				    MRG_FIELD_BUFFER, MRG_FIELD_RAW },
			.nr_fields = 6,
		},
	};

	scene_comm(scene, 7, "d d");
	scene_exit(scene, 0, 5, 7, 1, 0x78);
	scene_switch(scene, 0, 1000000007, 8, "x", 9, "y");
	scene_timer(scene, 0, 1000000008, 9);
	scene_expect(&view, scene,
		     "alpha 7 d d +0.000000000 - kvm:kvm_exit [exit_reason=120 isa=2 vcpu_id=1]\n"
		     "alpha 8 <...> +1.000000002 - sched:sched_switch [prev_comm=x prev_pid=8 "
		     "prev_prio=0 prev_state=1 next_comm=y next_pid=9 next_prio=0]\n"
		     "alpha 9 y +0.000000001 - irq_vectors:local_timer_entry [vector=236]\n");
	scene_destroy(scene);
}

#define LINE(ns) "{\"time\":\"1.00000000" #ns "\",\"time_ns\":100000000" #ns \
	",\"host\":\"alpha\",\"cpu\":0,"
#define TASK "\"pid\":7,\"comm\":\"<...>\","

TEST(json_is_an_object_a_line_whatever_the_bytes)
{
	struct scene *scene = scene_create("alpha", 1);
	struct scene_view view = { .opts = { .format = &mrg_format_json } };

	scene_beat(scene, 0, 1, 7, 5, "a\"\\\n\xff");
	scene_syscall(scene, 0, 2, 7, 0, 3);
	scene_lost(scene, 0, 3, 12);
	scene_record(scene, 0, 4, 7, 999, "", 0);
	scene_expect(&view, scene,
		     LINE(1) TASK "\"event\":\"HEART_BEAT\",\"tracepoint\":"
		     "\"heart:beat\",\"args\":{\"value\":5,"
		     "\"text\":\"a\\\"\\\\\\n\xef\xbf\xbd\"}}\n"
		     LINE(2) TASK "\"event\":\"SYSCALL_ENTER\",\"tracepoint\":"
		     "\"raw_syscalls:sys_enter\",\"args\":{\"syscall\":\"read\"}}\n"
		     LINE(2) TASK "\"event\":\"FILE_READ\",\"derived\":true,"
		     "\"text\":\"3\"}\n"
		     LINE(4) "\"pid\":0,\"comm\":\"-\",\"event\":\"LOST\",\"lost\":12}\n"
		     LINE(4) TASK "\"event\":\"EVENT\",\"id\":999}\n");
	scene_destroy(scene);
}

TEST(csv_quotes_what_needs_it)
{
	struct scene *scene = scene_create("alpha", 1);
	struct scene_view view = { .opts = { .format = &mrg_format_csv } };

	scene_beat(scene, 0, 1, 7, 5, "a,\"b\"");
	scene_timer(scene, 0, 2, 7);
	scene_expect(&view, scene,
		     "time,host,cpu,pid,comm,event,args\n"
		     "1.000000001,alpha,0,7,<...>,HEART_BEAT,\"value=5 text=a,\"\"b\"\"\"\n"
		     "1.000000002,alpha,0,7,<...>,INTERRUPT_ENTER,apic_timer\n");
	scene_destroy(scene);
}

TEST(times_are_relative_raw_or_as_the_clock_has_them)
{
	struct scene *scene = scene_create("alpha", 1);
	struct scene_view view = { .opts = { .time = MRG_TIME_REL } };

	scene_timer(scene, 0, 1, 7);
	scene_timer(scene, 0, 1500000001, 7);
	scene_expect(&view, scene,
		     "0.000000000 0 INTERRUPT_ENTER [apic_timer]\n"
		     "1.500000000 0 INTERRUPT_ENTER [apic_timer]\n");
	view.opts.time = MRG_TIME_RAW;
	view.opts.limit = 1;
	scene_expect(&view, scene, "1000000001 0 INTERRUPT_ENTER [apic_timer]\n");
	scene_destroy(scene);
}

TEST(utc_is_refused_where_the_trace_does_not_tell)
{
	struct scene *scene = make_steady(1);
	const char *const paths[] = { scene_path(scene) };
	struct scene_view view = { .opts = { .time = MRG_TIME_UTC } };

	free(scene_show(&view, paths, 1));
	assert_int_equal(view.rc, -EINVAL);
	assert_contains(view.error, "does not say how its clock and UTC go together");
	scene_destroy(scene);
}

TEST(counts_are_by_event_and_by_cpu)
{
	struct scene *scene = make_busy(12);
	const char *const paths[] = { scene_path(scene) };
	struct scene_view view = { .stat = true, .where = "value < 5" };
	char *shown = scene_show(&view, paths, 1);

	assert_contains(shown, "HEART_BEAT  heart:beat      5");
	assert_contains(shown, "alpha  -         0       2");
	assert_contains(shown, "alpha  -         2       1");
	free(shown);
	scene_destroy(scene);
}

TEST(an_event_that_nobody_has_is_refused_with_what_is_near)
{
	struct scene *scene = make_steady(1);
	const char *const paths[] = { scene_path(scene) };
	struct scene_view view = { .with = { "HEART_BEET" } };

	free(scene_show(&view, paths, 1));
	assert_int_equal(view.rc, -EINVAL);
	assert_contains(view.error, "\"HEART_BEET\": no such event; did you mean HEART_BEAT?");
	scene_destroy(scene);
}

/* ---- recordings that go on ---- */

static void *record_more(void *arg)
{
	struct scene *scene = arg;

	usleep(300000);
	scene_beat(scene, 0, 2000, 7, 2, "");
	scene_beat(scene, 1, 3000, 7, 3, "");
	scene_flush(scene);
	scene_beat(scene, 0, 4000, 7, 4, "");
	scene_finish(scene);
	return NULL;
}

TEST(a_recording_is_followed_to_its_end_with_cpus_that_come_later)
{
	struct scene *scene = scene_create("alpha", 2);
	struct scene_view view = { .follow = true };
	pthread_t recorder;

	scene_beat(scene, 0, 1000, 7, 1, "");
	scene_flush(scene);
	assert_int_equal(pthread_create(&recorder, NULL, record_more, scene), 0);
	beats(&view, scene, "1 2 3 4 ");
	pthread_join(recorder, NULL);
	assert_string_equal(view.warning, "");
	scene_destroy(scene);
}

static void add_beats(struct scene *scene, unsigned int from, unsigned int to)
{
	for (unsigned int i = from; i <= to; i++)
		scene_beat(scene, 0, i * 1000, 7, i, "");
	scene_flush(scene);
}

static void *record_in_rounds(void *arg)
{
	usleep(2800000);	/* what is there has settled, and is shown as far as it is known */
	add_beats(arg, 7, 12);
	scene_finish(arg);
	return NULL;
}

/* What is in front of a match may have been there long before it. */
TEST(context_of_a_recording_that_goes_on_reaches_back)
{
	struct scene *scene = scene_create("alpha", 1);
	struct scene_view view = {
		.follow = true, .where = "value == 2 or value == 5 or value == 8 or value == 12",
		.opts = { .before = 2 },
	};
	pthread_t recorder;

	add_beats(scene, 1, 6);
	assert_int_equal(pthread_create(&recorder, NULL, record_in_rounds, scene), 0);
	beats(&view, scene, "1 2 3 4 5 6 7 8 -- 10 11 12 ");
	pthread_join(recorder, NULL);
	scene_destroy(scene);
}

static void *record_behind_a_pause(void *arg)
{
	usleep(2800000);	/* what is there has settled */
	scene_gap(arg, 0, XT_GAP_PAUSE, 2000, 8000);
	scene_beat(arg, 0, 9000, 7, 3, "");
	scene_finish(arg);
	return NULL;
}

static void *record_late(void *arg)
{
	usleep(2800000);
	scene_beat(arg, 0, 3000, 7, 3, "");
	scene_finish(arg);
	return NULL;
}

/* Follows a recording whose CPU 1 is ahead of CPU 0 by 4000 ns, of which @record adds more. */
static void follow_two(void *(*record)(void *scene), const char *expected, const char *warning)
{
	struct scene *scene = scene_create("alpha", 2);
	struct scene_view view = { .follow = true };
	pthread_t recorder;

	scene_beat(scene, 0, 1000, 7, 1, "");
	scene_beat(scene, 1, 5000, 7, 2, "");
	scene_flush(scene);
	assert_int_equal(pthread_create(&recorder, NULL, record, scene), 0);
	beats(&view, scene, expected);
	pthread_join(recorder, NULL);
	assert_contains(view.warning, warning);
	assert_true(warning[0] || !view.warning[0]);
	scene_destroy(scene);
}

TEST(only_events_that_came_late_are_called_late)
{
	follow_two(record_behind_a_pause, "1 2 1. 3 ", "");	/* "1." begins the loss's line */
	follow_two(record_late, "1 2 ", "cpu0: events came more than 2 s late");
}

static void *record_older_last(void *arg)
{
	struct scene *scene = arg;

	usleep(300000);
	scene_beat(scene, 1, 3000, 7, 2, "");
	scene_flush(scene);
	usleep(500000);
	scene_beat(scene, 0, 1000, 7, 1, "");
	scene_flush(scene);
	usleep(2500000);
	scene_finish(scene);
	return NULL;
}

/* The CPU whose first event is on disk first need not have the first event. */
TEST(the_begin_of_a_recording_is_waited_for_until_nothing_older_can_come)
{
	struct scene *scene = scene_create("alpha", 2);
	const char *const paths[] = { scene_path(scene) };
	struct scene_view view = {
		.follow = true, .wait = true, .opts = { .time = MRG_TIME_REL },
	};
	pthread_t recorder;
	char *shown;

	assert_int_equal(pthread_create(&recorder, NULL, record_older_last, scene), 0);
	shown = scene_show(&view, paths, 1);
	pthread_join(recorder, NULL);
	assert_contains(shown, "0.000000000 0 ");
	assert_contains(shown, "0.000002000 1 ");
	free(shown);
	scene_destroy(scene);
}

static void *record_nothing(void *arg)
{
	usleep(300000);
	scene_finish(arg);
	return NULL;
}

TEST(a_recording_that_ends_without_an_event_is_not_waited_for)
{
	struct scene *scene = scene_create("alpha", 1);
	struct scene_view view = {
		.follow = true, .wait = true, .opts = { .time = MRG_TIME_REL },
	};
	pthread_t recorder;

	assert_int_equal(pthread_create(&recorder, NULL, record_nothing, scene), 0);
	beats(&view, scene, "");
	pthread_join(recorder, NULL);
	scene_destroy(scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_time_cpu_and_event_with_its_arguments),
		cmocka_unit_test(usual_lines_are_printed_as_all_others),
		cmocka_unit_test(lost_events_are_said_with_their_number_where_it_is_known),
		cmocka_unit_test(system_calls_on_files_show_their_descriptor),
		cmocka_unit_test(a_hypercall_ends_with_the_next_entry_of_its_vcpu),
		cmocka_unit_test(messages_in_hypercalls_are_joined_and_told_apart_by_their_vm),
		cmocka_unit_test(fragments_of_the_module_are_joined_as_well),
		cmocka_unit_test(marks_of_a_guest_without_the_module_are_what_they_say),
		cmocka_unit_test(tasks_cpus_and_times_are_chosen),
		cmocka_unit_test(the_first_and_the_last_events_are_counted),
		cmocka_unit_test(events_around_a_match_are_shown_once_with_a_line_between_groups),
		cmocka_unit_test(what_happened_around_a_match_is_shown_by_time),
		cmocka_unit_test(context_does_not_depend_on_threads_and_windows),
		cmocka_unit_test(lost_events_are_said_also_outside_of_the_context),
		cmocka_unit_test(spans_begin_and_end_with_events_that_need_not_be_shown),
		cmocka_unit_test(a_span_and_context_and_the_last_matches_go_together),
		cmocka_unit_test(derived_lines_can_be_the_borders_without_being_shown),
		cmocka_unit_test(fields_are_shown_as_asked_for),
		cmocka_unit_test(json_is_an_object_a_line_whatever_the_bytes),
		cmocka_unit_test(csv_quotes_what_needs_it),
		cmocka_unit_test(times_are_relative_raw_or_as_the_clock_has_them),
		cmocka_unit_test(utc_is_refused_where_the_trace_does_not_tell),
		cmocka_unit_test(counts_are_by_event_and_by_cpu),
		cmocka_unit_test(an_event_that_nobody_has_is_refused_with_what_is_near),
		cmocka_unit_test(a_recording_is_followed_to_its_end_with_cpus_that_come_later),
		cmocka_unit_test(context_of_a_recording_that_goes_on_reaches_back),
		cmocka_unit_test(only_events_that_came_late_are_called_late),
		cmocka_unit_test(
			the_begin_of_a_recording_is_waited_for_until_nothing_older_can_come),
		cmocka_unit_test(a_recording_that_ends_without_an_event_is_not_waited_for),
	};

	return RUN_TESTS(tests);
}
