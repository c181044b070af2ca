/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-child.c - xtrace/child.c: a command that waits for its start, and those that cannot */
#include "xtrace/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/err.h"
#include "tests/unit.h"
#include "tests/xtrace/make.h"

static int status_of(struct xt_child *child)
{
	int wait_status;

	assert_int_equal(waitpid(child->pid, &wait_status, 0), child->pid);
	return xt_child_exit_status(wait_status);
}

TEST(a_command_waits_at_the_gate)
{
	char *argv[] = { "sh", "-c", "exit 7", NULL };
	struct xt_child child = { 0 };

	assert_int_equal(xt_child_create(&child, argv, NULL), 0);
	assert_int_equal(waitpid(child.pid, NULL, WNOHANG), 0);
	assert_int_equal(xt_child_start(&child, NULL), 0);
	assert_int_equal(status_of(&child), 7);
	xt_child_finish(&child);
}

TEST(a_gate_that_is_closed_for_good_ends_the_child_before_it_ran)
{
	char *folder = make_folder(), *argv[] = { "touch", NULL, NULL };
	struct xt_child child = { 0 };

	assert_true(asprintf(&argv[1], "%s/ran", folder) > 0);
	assert_int_equal(xt_child_create(&child, argv, NULL), 0);
	xt_child_finish(&child);
	assert_int_equal(status_of(&child), XT_STATUS_OURS);
	assert_int_equal(access(argv[1], F_OK), -1);
	free(argv[1]);
	make_remove(folder);
}

TEST(one_that_runs_goes_on_when_the_gate_is_closed)
{
	char *argv[] = { "sh", "-c", "sleep 0.2; exit 3", NULL };
	struct xt_child child = { 0 };

	assert_int_equal(xt_child_create(&child, argv, NULL), 0);
	assert_int_equal(xt_child_start(&child, NULL), 0);
	xt_child_finish(&child);
	assert_int_equal(status_of(&child), 3);
}

TEST(commands_are_looked_for_as_a_shell_does)
{
	struct rt_err err = { 0 };

	assert_int_equal(xt_child_check("sh", NULL), 0);
	assert_int_equal(xt_child_check("/bin/sh", NULL), 0);
	assert_int_equal(xt_child_check("no-such-command", &err), XT_STATUS_NOT_FOUND);
	assert_string_equal(err.text, "cannot run \"no-such-command\": No such file or directory");
	assert_int_equal(xt_child_check("/no/such/command", &err), XT_STATUS_NOT_FOUND);
	assert_int_equal(xt_child_check("/etc/passwd/x", &err), XT_STATUS_NOT_FOUND);
	assert_int_equal(xt_child_check("/tmp", &err), XT_STATUS_NOT_EXECUTABLE);
	assert_int_equal(xt_child_check("", &err), XT_STATUS_NOT_FOUND);
}

TEST(what_may_not_be_executed_is_told_from_what_is_missing)
{
	char *folder = make_folder(), *old = strdup(getenv("PATH"));
	struct rt_err err = { 0 };

	free(make_file(folder, "plain", "x", 1));
	setenv("PATH", folder, 1);
	assert_int_equal(xt_child_check("plain", &err), XT_STATUS_NOT_EXECUTABLE);
	assert_int_equal(xt_child_check("sh", &err), XT_STATUS_NOT_FOUND);
	setenv("PATH", old, 1);
	free(old);
	make_remove(folder);
}

TEST(a_script_without_its_interpreter_is_found_out_at_the_start)
{
	static const char text[] = "#!/no/such/interpreter\n";
	char *folder = make_folder(), *argv[] = { NULL, NULL };
	struct xt_child child = { 0 };
	struct rt_err err = { 0 };

	argv[0] = make_file(folder, "script", text, strlen(text));
	assert_int_equal(chmod(argv[0], 0755), 0);
	assert_int_equal(xt_child_check(argv[0], NULL), 0);
	assert_int_equal(xt_child_create(&child, argv, NULL), 0);
	assert_int_equal(xt_child_start(&child, &err), XT_STATUS_NOT_FOUND);
	assert_contains(err.text, "No such file or directory");
	assert_int_equal(child.pid, 0);
	xt_child_finish(&child);
	free(argv[0]);
	make_remove(folder);
}

TEST(a_signal_is_told_as_a_shell_does)
{
	char *argv[] = { "sh", "-c", "kill -TERM $$", NULL };
	struct xt_child child = { 0 };

	assert_int_equal(xt_child_create(&child, argv, NULL), 0);
	assert_int_equal(xt_child_start(&child, NULL), 0);
	assert_int_equal(status_of(&child), 128 + SIGTERM);
	xt_child_finish(&child);
}

TEST(there_may_be_no_child)
{
	struct xt_child none = { 0 };

	xt_child_finish(&none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_waits_at_the_gate),
		cmocka_unit_test(a_gate_that_is_closed_for_good_ends_the_child_before_it_ran),
		cmocka_unit_test(one_that_runs_goes_on_when_the_gate_is_closed),
		cmocka_unit_test(commands_are_looked_for_as_a_shell_does),
		cmocka_unit_test(what_may_not_be_executed_is_told_from_what_is_missing),
		cmocka_unit_test(a_script_without_its_interpreter_is_found_out_at_the_start),
		cmocka_unit_test(a_signal_is_told_as_a_shell_does),
		cmocka_unit_test(there_may_be_no_child),
	};

	return RUN_TESTS(tests);
}
