/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-room.c - config/room.c and boot-room.c: on hosts of a few files */
#include "config/room.h"
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/boot-internal.h"
#include "lib/err.h"
#include "lib/root.h"

#define MIB (1ull << 20)

static char folder[] = "/tmp/test-room.XXXXXX";
static struct rt_root root;
static struct kcfg_vm vm = { .nr_vcpus = 2 };
static struct kcfg_place place = { .vm = &vm, .lock_memory = true };

static void put(const char *path, const char *text)
{
	int fd = openat(root.fd, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

#define NODE_1 "sys/devices/system/node/node1/meminfo"

static int set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(rt_root_init(&root, folder, NULL), 0);
	mkdirat(root.fd, "proc", 0755);
	mkdirat(root.fd, "sys", 0755);
	mkdirat(root.fd, "sys/devices", 0755);
	mkdirat(root.fd, "sys/devices/system", 0755);
	mkdirat(root.fd, "sys/devices/system/node", 0755);
	mkdirat(root.fd, "sys/devices/system/node/node1", 0755);
	put("proc/meminfo", "MemTotal: 9999999 kB\nMemFree: 1048576 kB\nInactive(file): 524288 kB\n"
	    "Active(file): 262144 kB\nSReclaimable: 262144 kB\n");
	put(NODE_1, "Node 1 MemFree:  524288 kB\nNode 1 Active(file):  262144 kB\n");
	rt_cpuset_add(&place.mem_nodes, 1);
	return 0;
}

static int tear_down(void **state)
{
	char command[64];

	(void)state;
	rt_root_finish(&root);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

TEST(what_the_kernel_can_give_up_is_free)
{
	struct rt_cpuset any = { { 0 } };

	assert_int_equal(kcfg_room_free(&root, &any), 2048 * MIB);
	assert_int_equal(kcfg_room_free(&root, &place.mem_nodes), 768 * MIB);
}

TEST(guest_and_qemu_fit_into_the_nodes)
{
	struct rt_err err = { 0 };

	assert_int_equal(kcfg_room_check(&place, &root, 672 * MIB, 0, 0, &err), 0);
	assert_int_equal(kcfg_room_check(&place, &root, 673 * MIB, 0, 0, &err), -ENOMEM);
	assert_string_equal(err.text, "expected at least 769 MiB to lock (673 MiB of the guest and "
			    "96 MiB of QEMU), found 768 MiB free in node 1");
}

TEST(a_limit_in_the_xml_is_large_enough)
{
	struct rt_err err = { 0 };

	assert_int_equal(kcfg_room_check(&place, &root, 256 * MIB, 352 * MIB, 0, &err), 0);
	assert_int_equal(kcfg_room_check(&place, &root, 256 * MIB, 256 * MIB, 0, &err), -ENOMEM);
	assert_string_equal(err.text, "expected at least 352 MiB to lock (256 MiB of the guest and "
			    "96 MiB of QEMU), found 256 MiB as hard_limit in memtune of its XML");
}

TEST(nothing_is_asked_of_what_is_not_locked_or_not_known)
{
	struct kcfg_place other = place;
	struct kcfg_vm large = vm;

	other.lock_memory = false;
	assert_int_equal(kcfg_room_check(&other, &root, 99999 * MIB, 1, 0, NULL), 0);
	other.lock_memory = true;
	large.hugepages = 2 * MIB;
	other.vm = &large;
	assert_int_equal(kcfg_room_check(&other, &root, 99999 * MIB, 0, 0, NULL), 0);
	other = place;
	rt_cpuset_remove(&other.mem_nodes, 1);
	rt_cpuset_add(&other.mem_nodes, 7);
	assert_int_equal(kcfg_room_check(&other, &root, 99999 * MIB, 0, 0, NULL), 0);
}

/* ---- several VMs at once ---- */

/* A start of a VM in a thread of its own; ->said tells when it waits. */
struct start {
	struct kcfg_boot boot;
	struct kcfg_run run;
	struct rt_err err;
	pthread_t thread;
	FILE *said;
	int rc;
};

static void *claim(void *arg)
{
	struct start *start = arg;

	start->rc = kcfg_run_claim(&start->run, 400 * MIB, 0, &start->err);
	fclose(start->boot.log);
	return NULL;
}

static void begin(struct start *start, const struct kcfg_place *of)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	*start = (struct start){ .boot = { .root = &root, .log = fdopen(ends[1], "w") },
				 .said = fdopen(ends[0], "r") };
	kcfg_run_init(&start->run, &start->boot, of);
	assert_int_equal(pthread_create(&start->thread, NULL, claim, start), 0);
}

/* Return: what came of its claim; *@line: the first that it said, or "". */
static int end(struct start *start, char line[200])
{
	line[0] = '\0';
	if (!fgets(line, 200, start->said))
		line[0] = '\0';
	pthread_join(start->thread, NULL);
	fclose(start->said);
	return start->rc;
}

TEST(of_two_that_fit_alone_one_waits_for_the_other_and_is_refused)
{
	struct start first, second;
	char line[200];

	begin(&first, &place);
	assert_int_equal(end(&first, line), 0);
	begin(&second, &place);
	assert_non_null(fgets(line, sizeof(line), second.said));
	assert_contains(line, "other VMs are being started with the memory: waiting");
	put(NODE_1, "Node 1 MemFree: 278528 kB\n");
	kcfg_run_finish(&first.run);
	assert_int_equal(end(&second, line), -ENOMEM);
	assert_string_equal(second.err.text, "expected at least 496 MiB to lock (400 MiB of the "
			    "guest and 96 MiB of QEMU), found 272 MiB free in node 1");
	kcfg_run_finish(&second.run);
}

TEST(what_a_start_that_failed_had_claimed_is_there_for_the_next)
{
	struct start first, second, third;
	char line[200];

	put(NODE_1, "Node 1 MemFree: 786432 kB\n");
	begin(&first, &place);
	assert_int_equal(end(&first, line), 0);
	begin(&second, &place);
	assert_non_null(fgets(line, sizeof(line), second.said));
	kcfg_run_end_claim(&first.run);
	assert_int_equal(end(&second, line), 0);
	/* too little in any case: nobody is waited for */
	put(NODE_1, "Node 1 MemFree: 278528 kB\n");
	begin(&third, &place);
	assert_int_equal(end(&third, line), -ENOMEM);
	assert_string_equal(line, "");
	kcfg_run_finish(&first.run);
	kcfg_run_finish(&second.run);
	kcfg_run_finish(&third.run);
}

TEST(claims_on_other_nodes_do_not_count)
{
	struct kcfg_place elsewhere = { .vm = &vm, .lock_memory = true }, anywhere = elsewhere;
	struct start first, second, third, fourth;
	char line[200];

	put(NODE_1, "Node 1 MemFree: 786432 kB\n");
	put("proc/meminfo", "MemTotal: 9 kB\nMemFree: 1310720 kB\n");
	mkdirat(root.fd, "sys/devices/system/node/node0", 0755);
	put("sys/devices/system/node/node0/meminfo", "Node 0 MemFree: 524288 kB\n");
	rt_cpuset_add(&elsewhere.mem_nodes, 0);
	begin(&first, &place);
	begin(&second, &elsewhere);
	assert_int_equal(end(&first, line) | end(&second, line), 0);
	/* of 1280 MiB both have 992: there is no room for one more, wherever it is */
	begin(&third, &anywhere);
	assert_non_null(fgets(line, sizeof(line), third.said));
	put("proc/meminfo", "MemTotal: 9 kB\nMemFree: 2097152 kB\n");
	kcfg_run_end_claim(&first.run);
	kcfg_run_end_claim(&second.run);
	assert_int_equal(end(&third, line), 0);
	put("proc/meminfo", "MemTotal: 9 kB\nMemFree: 786432 kB\n");
	begin(&fourth, &place);
	assert_non_null(fgets(line, sizeof(line), fourth.said));
	kcfg_run_finish(&third.run);
	assert_int_equal(end(&fourth, line), 0);
	kcfg_run_finish(&first.run);
	kcfg_run_finish(&second.run);
	kcfg_run_finish(&fourth.run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_kernel_can_give_up_is_free),
		cmocka_unit_test(guest_and_qemu_fit_into_the_nodes),
		cmocka_unit_test(a_limit_in_the_xml_is_large_enough),
		cmocka_unit_test(nothing_is_asked_of_what_is_not_locked_or_not_known),
		cmocka_unit_test(of_two_that_fit_alone_one_waits_for_the_other_and_is_refused),
		cmocka_unit_test(what_a_start_that_failed_had_claimed_is_there_for_the_next),
		cmocka_unit_test(claims_on_other_nodes_do_not_count),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
