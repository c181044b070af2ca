/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-source.c - gs/host/source.c: calls out of an instance made of plain files */
#include "gs/host/source.h"
#include "tests/unit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gs/host/service.h"
#include "lib/err.h"
#include "lib/root.h"
#include "tests/xtrace/make.h"

#define SIZE 4096
#define TRACING "sys/kernel/tracing"
#define INST TRACING "/instances/" GS_SOURCE_INSTANCE
#define MODULE_INST TRACING "/instances/" GS_SOURCE_MODULE_INSTANCE
#define COMMON \
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n" \
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n" \
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n" \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"

static const char hypercall_format[] = "name: kvm_hypercall\nID: 11\nformat:\n" COMMON
	"\tfield:unsigned long nr;\toffset:8;\tsize:8;\tsigned:0;\n"
	"\tfield:unsigned long a0;\toffset:16;\tsize:8;\tsigned:0;\n"
	"\tfield:unsigned long a1;\toffset:24;\tsize:8;\tsigned:0;\n"
	"\tfield:unsigned long a2;\toffset:32;\tsize:8;\tsigned:0;\n"
	"\tfield:unsigned long a3;\toffset:40;\tsize:8;\tsigned:0;\n\nprint fmt: \"\"\n";

#define MODULE_FORMAT(name, id, fields) "name: " name "\nID: " id "\nformat:\n" COMMON \
	"\tfield:s32 vm_pid;\toffset:8;\tsize:4;\tsigned:1;\n" \
	"\tfield:u32 vcpu_id;\toffset:12;\tsize:4;\tsigned:0;\n" fields "\nprint fmt: \"\"\n"
#define FRAGMENT \
	"\tfield:u32 id;\toffset:16;\tsize:4;\tsigned:0;\n" \
	"\tfield:u32 offset;\toffset:20;\tsize:4;\tsigned:0;\n" \
	"\tfield:u32 length;\toffset:24;\tsize:4;\tsigned:0;\n" \
	"\tfield:__data_loc u8[] data;\toffset:28;\tsize:4;\tsigned:0;\n"

static char *folder;
static struct rt_root root;
static struct gs_source *source;
static struct gs_traced last;
static unsigned int calls;
static uint64_t lost;

static void on_call(void *arg, const struct gs_traced *traced)
{
	(void)arg;
	last = *traced;
	calls++;
}

static void on_lost(void *arg, unsigned int cpu, uint64_t nr, uint64_t ns)
{
	(void)arg, (void)cpu, (void)ns;
	lost += nr;
}

static void make_dirs(const char *path)
{
	char command[512];

	snprintf(command, sizeof(command), "mkdir -p '%s/%s'", folder, path);
	assert_int_equal(system(command), 0);
}

static void remove_dir(const char *path)
{
	char command[512];

	snprintf(command, sizeof(command), "rm -r '%s/%s'", folder, path);
	assert_int_equal(system(command), 0);
}

static void put_text(const char *name, const char *text)
{
	free(make_file(folder, name, text, strlen(text)));
}

static void put_event_in(const char *dir, const char *event, const char *id, const char *format)
{
	static const char *const files[] = { "enable", "filter", "trigger" };
	char name[256];
	size_t i;

	snprintf(name, sizeof(name), "%s/events/%s", dir, event);
	make_dirs(name);
	for (i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "%s/events/%s/%s", dir, event, files[i]);
		put_text(name, "0\n");
	}
	snprintf(name, sizeof(name), "%s/events/%s/id", dir, event);
	put_text(name, id);
	snprintf(name, sizeof(name), "%s/events/%s/format", dir, event);
	put_text(name, format);
}

static void put_event(const char *event, const char *id, const char *format)
{
	put_event_in(TRACING, event, id, format);
	put_event_in(INST, event, id, format);
	put_event_in(MODULE_INST, event, id, format);
}

static void put_instance(const char *dir)
{
	char name[256];

	snprintf(name, sizeof(name), "%s/per_cpu/cpu0", dir);
	make_dirs(name);
	snprintf(name, sizeof(name), "%s/events", dir);
	make_dirs(name);
	snprintf(name, sizeof(name), "%s/per_cpu/cpu0/trace_pipe_raw", dir);
	put_text(name, "");
	snprintf(name, sizeof(name), "%s/events/header_page", dir);
	put_text(name, make_header_page);
	snprintf(name, sizeof(name), "%s/trace_clock", dir);
	put_text(name, "local global [mono] tai\n");
	snprintf(name, sizeof(name), "%s/buffer_size_kb", dir);
	put_text(name, "7\n");
	snprintf(name, sizeof(name), "%s/tracing_on", dir);
	put_text(name, "0\n");
}

static void put_module(const char *enabled)
{
	put_event("kvmrt_gs/ping_host", "21\n", MODULE_FORMAT("ping_host", "21",
		  "\tfield:u64 cookie;\toffset:16;\tsize:8;\tsigned:0;\n"));
	put_event("kvmrt_gs/flush_host", "22\n", MODULE_FORMAT("flush_host", "22",
		  "\tfield:u64 scope;\toffset:16;\tsize:8;\tsigned:0;\n"
		  "\tfield:u64 incident;\toffset:24;\tsize:8;\tsigned:0;\n"));
	put_event("kvmrt_gs/log_msg_host", "23\n", MODULE_FORMAT("log_msg_host", "23", FRAGMENT));
	put_event("kvmrt_gs/log_data_host", "24\n", MODULE_FORMAT("log_data_host", "24", FRAGMENT));
	make_dirs("sys/module/kvmrt_gs_host/parameters");
	put_text("sys/module/kvmrt_gs_host/parameters/kvmrt_gs_hc_host_enabled", enabled);
}

#define LATER (1ull << 60)

static uint64_t at_ns;	/* of the next record */

static int setup(void **state)
{
	(void)state;
	folder = make_folder();
	assert_int_equal(rt_root_init(&root, folder, NULL), 0);
	put_instance(INST);
	put_instance(MODULE_INST);
	put_event("kvm/kvm_hypercall", "11\n", hypercall_format);
	calls = 0;
	lost = 0;
	source = NULL;
	at_ns = 100;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	gs_source_destroy(source, false);
	rt_root_finish(&root);
	make_remove(folder);
	return 0;
}

static int create(struct rt_err *err)
{
	const struct gs_source_fns fns = { NULL, on_call, on_lost };

	return gs_source_create(&source, &root, 512 << 10, &fns, err);
}

/* A record of @size bytes of these words behind the common fields. */
static void record(uint16_t id, int pid, const void *fields, uint32_t size)
{
	uint32_t words[32] = { 0 }, nr = 2 + size / 4;
	uint8_t page[SIZE];
	char path[256];
	int fd;

	make_page(page, SIZE, at_ns);
	words[0] = nr;		/* type_len: words of data */
	words[1] = id;
	words[2] = pid;
	memcpy(words + 3, fields, size);
	make_words(page, words, nr + 1);
	snprintf(path, sizeof(path), "%s/%s/per_cpu/cpu0/trace_pipe_raw", folder,
		 id < 20 ? INST : MODULE_INST);
	fd = open(path, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, page, SIZE), SIZE);
	close(fd);
}

static void expect_text(const char *name, const char *text)
{
	char path[256], *found;
	size_t len;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	found = make_slurp(path, &len);
	assert_true(len >= strlen(text));
	assert_memory_equal(found, text, strlen(text));
	free(found);
}

TEST(kvms_event_is_filtered_for_our_numbers_and_its_registers_are_decoded)
{
	const uint64_t registers[5] = { GS_NR_PING, 0x77 };

	assert_int_equal(create(NULL), 0);
	expect_text(INST "/events/kvm/kvm_hypercall/filter",
		    "nr >= 0x4b475300 && nr <= 0x4b475304");
	expect_text(INST "/events/kvm/kvm_hypercall/enable", "1");
	expect_text(INST "/tracing_on", "1");
	record(11, 4711, registers, sizeof(registers));
	assert_int_equal(gs_source_read(source, UINT64_MAX, NULL), 1);
	assert_int_equal(calls, 1);
	assert_true(last.valid && last.gs.kind == KEV_GS_PING && last.gs.arg[0] == 0x77);
	assert_int_equal(last.tid, 4711);
	assert_int_equal(last.ns, 100);
}

TEST(registers_that_break_the_protocol_are_told_as_such)
{
	const uint64_t registers[5] = { GS_NR_XTRACE_FLUSH, 9 };

	assert_int_equal(create(NULL), 0);
	record(11, 1, registers, sizeof(registers));
	assert_int_equal(gs_source_read(source, UINT64_MAX, NULL), 1);
	assert_int_equal(calls, 1);
	assert_false(last.valid);
}

TEST(a_module_that_answers_is_believed_instead_of_kvm)
{
	const uint64_t registers[5] = { GS_NR_PING, 1 };
	const uint32_t flush[6] = { 100, 0, 2, 0, 0x42, 0 };
	const uint32_t fragment[7] = { 100, 0, 5, 0, 2, 32 | 2 << 16, 'h' | 'i' << 8 };

	put_module("Y\n");
	assert_int_equal(create(NULL), 0);
	assert_true(gs_source_has_module(source));
	at_ns = LATER;
	record(11, 101, registers, sizeof(registers));
	record(22, 101, flush, sizeof(flush));
	assert_int_equal(gs_source_read(source, UINT64_MAX, NULL), 2);
	assert_int_equal(calls, 1);
	assert_true(last.valid && last.gs.kind == KEV_GS_FLUSH);
	assert_true(last.gs.arg[0] == 2 && last.gs.arg[1] == 0x42);
	record(23, 102, fragment, sizeof(fragment));
	assert_int_equal(gs_source_read(source, UINT64_MAX, NULL), 1);
	assert_true(last.valid && last.gs.kind == KEV_GS_LOG_MSG);
	assert_int_equal(last.gs.frag.id, 5);
	assert_int_equal(last.gs.frag.size, 2);
	assert_memory_equal(last.gs.frag.data, "hi", 2);
}

TEST(a_module_that_is_disabled_leaves_kvms_event)
{
	put_module("N\n");
	assert_int_equal(create(NULL), 0);
	assert_false(gs_source_has_module(source));
}

TEST(a_module_that_comes_later_is_found)
{
	assert_int_equal(create(NULL), 0);
	assert_false(gs_source_has_module(source));
	put_module("Y\n");
	assert_int_equal(gs_source_refresh(source, NULL), 0);
	assert_true(gs_source_has_module(source));
	expect_text(MODULE_INST "/events/kvmrt_gs/log_msg_host/enable", "1");
	put_text("sys/module/kvmrt_gs_host/parameters/kvmrt_gs_hc_host_enabled", "N\n");
	assert_int_equal(gs_source_refresh(source, NULL), 0);
	assert_false(gs_source_has_module(source));
}

TEST(calls_before_a_module_came_and_after_it_went_are_those_of_kvm)
{
	const uint64_t before[5] = { GS_NR_PING, 1 }, after[5] = { GS_NR_PING, 2 };

	put_module("Y\n");
	assert_int_equal(create(NULL), 0);
	record(11, 101, before, sizeof(before));
	assert_int_equal(gs_source_read(source, UINT64_MAX, NULL), 1);
	assert_true(calls == 1 && last.gs.arg[0] == 1);
	assert_true(gs_source_has_module(source));
	put_text("sys/module/kvmrt_gs_host/parameters/kvmrt_gs_hc_host_enabled", "N\n");
	at_ns = LATER;
	record(11, 101, after, sizeof(after));
	assert_int_equal(gs_source_read(source, UINT64_MAX, NULL), 1);
	assert_true(calls == 2 && last.gs.arg[0] == 2);
	assert_false(gs_source_has_module(source));
}

/* The kernel has emptied the module's instance then. */
TEST(calls_that_a_module_took_away_with_it_are_those_of_kvm)
{
	const uint64_t registers[5] = { GS_NR_PING, 1 };

	put_module("Y\n");
	assert_int_equal(create(NULL), 0);
	at_ns = LATER;
	record(11, 101, registers, sizeof(registers));
	remove_dir(MODULE_INST "/events/kvmrt_gs");
	remove_dir("sys/module/kvmrt_gs_host");
	assert_int_equal(gs_source_read(source, UINT64_MAX, NULL), 1);
	assert_true(calls == 1 && last.gs.kind == KEV_GS_PING);
	assert_false(gs_source_has_module(source));
}

TEST(a_module_that_came_back_with_its_numbers_is_armed_anew)
{
	const uint64_t registers[5] = { GS_NR_PING, 1 };

	put_module("Y\n");
	assert_int_equal(create(NULL), 0);
	put_module("Y\n");
	at_ns = LATER;
	record(11, 101, registers, sizeof(registers));
	assert_int_equal(gs_source_read(source, UINT64_MAX, NULL), 1);
	assert_int_equal(calls, 1);
	assert_false(gs_source_has_module(source));
	assert_int_equal(gs_source_refresh(source, NULL), 0);
	assert_true(gs_source_has_module(source));
	expect_text(MODULE_INST "/events/kvmrt_gs/log_msg_host/enable", "1");
}

TEST(a_module_of_which_an_event_is_not_all_there_yet_is_waited_for)
{
	put_module("Y\n");
	remove_dir(MODULE_INST "/events/kvmrt_gs/log_msg_host");
	assert_int_equal(create(NULL), 0);
	assert_true(gs_source_has_kvm(source));
	assert_false(gs_source_has_module(source));
	put_module("Y\n");
	assert_int_equal(gs_source_refresh(source, NULL), 0);
	assert_true(gs_source_has_module(source));
	expect_text(MODULE_INST "/events/kvmrt_gs/log_msg_host/enable", "1");
}

TEST(what_a_killed_one_left_is_read_and_its_buffer_not_emptied)
{
	const uint64_t registers[5] = { GS_NR_PING, 3 };

	put_text(INST "/buffer_size_kb", "600\n");
	record(11, 5, registers, sizeof(registers));
	assert_int_equal(create(NULL), 0);
	expect_text(INST "/buffer_size_kb", "600");
	assert_int_equal(gs_source_read(source, UINT64_MAX, NULL), 1);
	assert_true(last.valid && last.gs.arg[0] == 3);
}

TEST(a_buffer_that_a_killed_one_left_is_made_as_large_as_is_wanted)
{
	put_text(INST "/buffer_size_kb", "64\n");
	assert_int_equal(create(NULL), 0);
	expect_text(INST "/buffer_size_kb", "512");
	expect_text(INST "/trace_clock", "local global [mono] tai");
}

TEST(a_new_instance_gets_its_clock_and_size)
{
	put_text(INST "/trace_clock", "[local] global mono tai\n");
	assert_int_equal(create(NULL), 0);
	expect_text(INST "/trace_clock", "mono");
	expect_text(INST "/buffer_size_kb", "512");
}

TEST(a_host_without_tracefs_cannot)
{
	struct rt_err err = { 0 };

	remove_dir(TRACING);
	assert_int_equal(create(&err), RT_ECANNOT);
	assert_contains(err.text, "no tracefs");
}

#define SOURCE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SOURCE_TEST(kvms_event_is_filtered_for_our_numbers_and_its_registers_are_decoded),
		SOURCE_TEST(registers_that_break_the_protocol_are_told_as_such),
		SOURCE_TEST(a_module_that_answers_is_believed_instead_of_kvm),
		SOURCE_TEST(a_module_that_is_disabled_leaves_kvms_event),
		SOURCE_TEST(a_module_that_comes_later_is_found),
		SOURCE_TEST(calls_before_a_module_came_and_after_it_went_are_those_of_kvm),
		SOURCE_TEST(calls_that_a_module_took_away_with_it_are_those_of_kvm),
		SOURCE_TEST(a_module_that_came_back_with_its_numbers_is_armed_anew),
		SOURCE_TEST(a_module_of_which_an_event_is_not_all_there_yet_is_waited_for),
		SOURCE_TEST(what_a_killed_one_left_is_read_and_its_buffer_not_emptied),
		SOURCE_TEST(a_buffer_that_a_killed_one_left_is_made_as_large_as_is_wanted),
		SOURCE_TEST(a_new_instance_gets_its_clock_and_size),
		SOURCE_TEST(a_host_without_tracefs_cannot),
	};

	return RUN_TESTS(tests);
}
