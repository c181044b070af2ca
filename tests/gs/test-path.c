/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-path.c - the way to the host follows what is there and what is permitted */
#include "gs/path.h"
#include "tests/unit.h"

#include <sys/resource.h>

#include "tests/gs/fake.h"

TEST(the_instruction_is_tried_once_and_then_used)
{
	struct gs_path path;

	assert_int_equal(gs_path_find(&path), 0);
	assert_int_equal(gs_path_find(&path), 0);
	assert_int_equal(path.fd < 0, 1);
	assert_int_equal(path.insn, GS_INSN_VMMCALL);
	assert_int_equal(fake.tries, 1);
	assert_int_equal(fake.looks, 1);
}

TEST(without_permission_nothing_is_tried)
{
	struct gs_path path;

	fake_boot("quiet kvmrt_gs_hc_guest_enabled=1\n");
	assert_int_equal(gs_path_find(&path), -EPERM);
	fake_boot("quiet kvmrt_gs_syscall_enabled=1\n");
	assert_int_equal(gs_path_find(&path), -EPERM);
	assert_int_equal(gs_path_find(&path), -EPERM);
	assert_int_equal(fake.tries, 0);
	assert_int_equal(fake.looks, 2);
}

TEST(a_machine_without_kvm_is_no_matter_of_permission)
{
	struct gs_path path;

	fake.insn = GS_INSN_NONE;
	assert_int_equal(gs_path_find(&path), -ENODEV);
	fake_boot("quiet\n");
	assert_int_equal(gs_path_find(&path), -ENODEV);
}

TEST(an_instruction_that_faults_is_never_used)
{
	struct gs_path path;

	fake.insn = GS_INSN_DEADLY;
	assert_int_equal(gs_path_find(&path), -ENODEV);
	assert_int_equal(gs_path_find(&path), -ENODEV);
	assert_int_equal(fake.tries, 1);
	assert_int_equal(fake.nr, 0);
}

TEST(a_look_that_was_not_possible_is_taken_again)
{
	struct gs_path path;

	fake.insn = GS_INSN_NO_LOOK;
	assert_int_equal(gs_path_find(&path), -ENODEV);
	fake.insn = GS_INSN_VMCALL;
	assert_int_equal(gs_path_find(&path), 0);
	assert_int_equal(path.insn, GS_INSN_VMCALL);
}

TEST(a_device_that_this_user_may_not_open_is_not_gone_round)
{
	const uid_t user = geteuid();
	struct gs_path path;
	int rc;

	fake_file(fake_device, "");
	assert_int_equal(chmod(fake_device, 0), 0);
	if (user == 0)
		assert_int_equal(seteuid(65534), 0);
	rc = gs_path_find(&path);
	assert_int_equal(seteuid(user), 0);
	assert_int_equal(rc, -EACCES);
	assert_int_equal(fake.looks, 0);
}

TEST(a_plain_file_of_the_devices_name_is_no_device)
{
	struct gs_path path;

	fake_file(fake_device, "");
	assert_int_equal(gs_path_find(&path), 0);
	assert_int_equal(path.fd < 0, 1);
}

TEST(a_descriptor_that_the_program_closed_and_used_again_is_not_called)
{
	struct gs_path path;
	int fd, again;

	gs_places.device = "/dev/null";	/* a device, though none of ours */
	assert_int_equal(gs_path_find(&path), 0);
	fd = path.fd;
	assert_true(fd >= 0);
	close(fd);
	fake_file(fake_device, "");
	again = open(fake_device, O_RDWR);
	assert_int_equal(again, fd);
	assert_int_equal(gs_path_find(&path), 0);
	assert_int_not_equal(path.fd, fd);
	close(again);
	gs_path_reset();
}

/* The number of files that this process may open from now on. */
static void allow_files(rlim_t nr)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = nr;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

TEST(a_shortage_of_descriptors_is_told_and_not_taken_for_a_refusal)
{
	struct gs_path path;

	allow_files(0);
	assert_int_equal(gs_path_find(&path), -EMFILE);
	allow_files(64);
	assert_int_equal(gs_path_find(&path), 0);
	assert_int_equal(path.insn, GS_INSN_VMMCALL);
}

TEST(a_way_that_is_known_needs_no_descriptor)
{
	struct gs_path path;
	int rc;

	assert_int_equal(gs_path_find(&path), 0);
	allow_files(0);
	rc = gs_path_find(&path);
	allow_files(64);
	assert_int_equal(rc, 0);
	assert_int_equal(path.insn, GS_INSN_VMMCALL);
}

TEST(errno_is_not_touched)
{
	struct gs_path path;

	errno = 1234;
	assert_int_equal(gs_path_find(&path), 0);
	assert_int_equal(errno, 1234);
}

TEST(a_look_tells_what_decides)
{
	struct gs_look look;

	fake_boot("kvmrt_gs_syscall_enabled=1\n");
	gs_path_look(&look);
	assert_int_equal(look.device, -ENOENT);
	assert_false(look.words.guest);
	assert_true(look.words.syscall);
	assert_int_equal(look.insn, GS_INSN_VMMCALL);
	assert_int_equal(look.path, -EPERM);
	assert_false(look.marks);
}

TEST(a_look_has_the_hosts_answer)
{
	struct gs_look look;

	fake.answer = GS_ANSWER_DENIED;
	gs_path_look(&look);
	assert_int_equal(look.path, 0);
	assert_int_equal(look.answer, GS_ANSWER_DENIED);
	fake_boot("quiet\n");
	gs_path_look(&look);
	assert_int_equal(look.answer, GS_ANSWER_NOSYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(the_instruction_is_tried_once_and_then_used),
		FAKE_TEST(without_permission_nothing_is_tried),
		FAKE_TEST(a_machine_without_kvm_is_no_matter_of_permission),
		FAKE_TEST(an_instruction_that_faults_is_never_used),
		FAKE_TEST(a_look_that_was_not_possible_is_taken_again),
		FAKE_TEST(a_device_that_this_user_may_not_open_is_not_gone_round),
		FAKE_TEST(a_plain_file_of_the_devices_name_is_no_device),
		FAKE_TEST(a_descriptor_that_the_program_closed_and_used_again_is_not_called),
		FAKE_TEST(a_shortage_of_descriptors_is_told_and_not_taken_for_a_refusal),
		FAKE_TEST(a_way_that_is_known_needs_no_descriptor),
		FAKE_TEST(a_look_has_the_hosts_answer),
		FAKE_TEST(errno_is_not_touched),
		FAKE_TEST(a_look_tells_what_decides),
	};

	return RUN_TESTS(tests);
}
