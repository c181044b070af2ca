/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-room.c - config/room.c: on hosts of a few files */
#include "config/room.h"
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

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
	put("sys/devices/system/node/node1/meminfo",
	    "Node 1 MemFree:  524288 kB\nNode 1 Active(file):  262144 kB\n");
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

	assert_int_equal(kcfg_room_check(&place, &root, 672 * MIB, 0, &err), 0);
	assert_int_equal(kcfg_room_check(&place, &root, 673 * MIB, 0, &err), -ENOMEM);
	assert_string_equal(err.text, "expected at least 769 MiB to lock (673 MiB of the guest and "
			    "96 MiB of QEMU), found 768 MiB free in node 1");
}

TEST(a_limit_in_the_xml_is_large_enough)
{
	struct rt_err err = { 0 };

	assert_int_equal(kcfg_room_check(&place, &root, 256 * MIB, 352 * MIB, &err), 0);
	assert_int_equal(kcfg_room_check(&place, &root, 256 * MIB, 256 * MIB, &err), -ENOMEM);
	assert_string_equal(err.text, "expected at least 352 MiB to lock (256 MiB of the guest and "
			    "96 MiB of QEMU), found 256 MiB as hard_limit in memtune of its XML");
}

TEST(nothing_is_asked_of_what_is_not_locked_or_not_known)
{
	struct kcfg_place other = place;
	struct kcfg_vm large = vm;

	other.lock_memory = false;
	assert_int_equal(kcfg_room_check(&other, &root, 99999 * MIB, 1, NULL), 0);
	other.lock_memory = true;
	large.hugepages = 2 * MIB;
	other.vm = &large;
	assert_int_equal(kcfg_room_check(&other, &root, 99999 * MIB, 0, NULL), 0);
	other = place;
	rt_cpuset_remove(&other.mem_nodes, 1);
	rt_cpuset_add(&other.mem_nodes, 7);
	assert_int_equal(kcfg_room_check(&other, &root, 99999 * MIB, 0, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_kernel_can_give_up_is_free),
		cmocka_unit_test(guest_and_qemu_fit_into_the_nodes),
		cmocka_unit_test(a_limit_in_the_xml_is_large_enough),
		cmocka_unit_test(nothing_is_asked_of_what_is_not_locked_or_not_known),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
