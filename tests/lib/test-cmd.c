/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-cmd.c - lib/cmd.c: exit status and what is printed where */
#include "lib/cmd.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/err.h"
#include "tests/lib/sample-cmd.h"
#include "tests/unit.h"

static int run(int argc, char **argv, struct rt_err *err)
{
	const char *what = argc ? argv[0] : "";
	int i;

	printf("data\n");
	if (strcmp(what, "finding") == 0)
		return 4;
	if (strcmp(what, "fail") == 0)
		return rt_err_set(err, -ENOENT, "cannot open \"x\"");
	if (strcmp(what, "silent") == 0)
		return -ENOENT;
	if (strcmp(what, "cannot") == 0)
		return rt_err_say(err, RT_ECANNOT, "no tracefs here");
	if (strcmp(what, "foreign") == 0)
		return rt_err_say(err, -EINVAL, "found \"\x1b[2J\xc2\x9b" "2J\xc3\xa9\"\n  ^");
	if (strcmp(what, "usage") == 0)
		return rt_usage(err, "two words expected, found %d", argc);
	for (i = 0; strcmp(what, "much") == 0 && i < 100000; i++)
		printf("data and more data\n");
	return 0;
}

static const struct rt_cmd sample = {
	.name = "sample", .summary = "take samples", .synopsis = "[options] [WORD]",
	.opts = sample_opts, .max_args = 1, .run = run,
};

static char out_text[4096], err_text[4096];

static void slurp(FILE *from, char *text, size_t size)
{
	rewind(from);
	text[fread(text, 1, size - 1, from)] = '\0';
	fclose(from);
}

/* Runs the command in a child with @word; its stdout goes to @out_fd, or is kept where -1. */
static int status_of(const struct rt_cmd *cmd, const char *word, int out_fd)
{
	FILE *out = tmpfile(), *err = tmpfile();
	char *argv[] = { "sample", (char *)word, NULL };
	int wait_status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		signal(SIGPIPE, SIG_IGN);
		dup2(out_fd < 0 ? fileno(out) : out_fd, 1);
		dup2(fileno(err), 2);
		exit(rt_cmd_main(cmd, word ? 2 : 1, argv));
	}
	assert_int_equal(waitpid(pid, &wait_status, 0), pid);
	slurp(out, out_text, sizeof(out_text));
	slurp(err, err_text, sizeof(err_text));
	assert_true(WIFEXITED(wait_status));
	return WEXITSTATUS(wait_status);
}

TEST(done_is_0_and_says_nothing)
{
	assert_int_equal(status_of(&sample, NULL, -1), 0);
	assert_string_equal(out_text, "data\n");
	assert_string_equal(err_text, "");
}

TEST(a_finding_is_its_own_status)
{
	assert_int_equal(status_of(&sample, "finding", -1), 4);
	assert_string_equal(err_text, "");
}

TEST(a_failure_is_1_and_a_sentence)
{
	assert_int_equal(status_of(&sample, "fail", -1), 1);
	assert_string_equal(err_text, "sample: cannot open \"x\": No such file or directory\n");
	assert_int_equal(status_of(&sample, "silent", -1), 1);
	assert_string_equal(err_text, "sample: No such file or directory\n");
}

TEST(a_terminal_obeys_nothing_that_was_found)
{
	assert_int_equal(status_of(&sample, "foreign", -1), 1);
	assert_string_equal(err_text, "sample: found \"?[2J?2J\xc3\xa9\"\n  ^\n");
}

TEST(wrong_usage_is_2_and_points_at_the_help)
{
	assert_int_equal(status_of(&sample, "--xyzzy", -1), 2);
	assert_string_equal(out_text, "");
	assert_string_equal(err_text, "sample: unknown option --xyzzy\nTry 'sample --help'.\n");
	assert_int_equal(status_of(&sample, "usage", -1), 2);
	assert_string_equal(err_text,
			    "sample: two words expected, found 1\nTry 'sample --help'.\n");
}

TEST(a_machine_that_cannot_is_3)
{
	assert_int_equal(status_of(&sample, "cannot", -1), 3);
	assert_string_equal(err_text, "sample: no tracefs here\n");
}

TEST(a_command_that_passes_a_status_on_has_one_of_its_own)
{
	struct rt_cmd cmd = sample;

	cmd.fail_status = 125;
	assert_int_equal(status_of(&cmd, "fail", -1), 125);
	assert_int_equal(status_of(&cmd, "usage", -1), 125);
	assert_int_equal(status_of(&cmd, "cannot", -1), 125);
	assert_int_equal(status_of(&cmd, "finding", -1), 4);
}

TEST(help_and_version_are_data)
{
	assert_int_equal(status_of(&sample, "--help", -1), 0);
	assert_contains(out_text, "Usage: sample [options] [WORD]\n");
	assert_string_equal(err_text, "");
	assert_int_equal(status_of(&sample, "--version", -1), 0);
	assert_string_equal(out_text, "sample " KVMRT_VERSION "\n");
	assert_int_equal(status_of(&sample, "--dump-options", -1), 0);
	assert_contains(out_text, "command\tsample\t");
}

TEST(a_full_disk_is_told_once)
{
	int full = open("/dev/full", O_WRONLY);

	assert_int_equal(status_of(&sample, NULL, full), 1);
	assert_string_equal(err_text, "sample: cannot write to the standard output: "
			    "No space left on device\n");
	assert_int_equal(status_of(&sample, "much", full), 1);
	assert_contains(err_text, "standard output");
	assert_int_equal(status_of(&sample, "fail", full), 1);
	assert_string_equal(err_text, "sample: cannot open \"x\": No such file or directory\n");
	close(full);
}

TEST(a_reader_that_left_is_no_failure_worth_a_word)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	assert_int_equal(status_of(&sample, NULL, fds[1]), 141);
	assert_string_equal(err_text, "");
	assert_int_equal(status_of(&sample, "much", fds[1]), 141);
	assert_string_equal(err_text, "");
	close(fds[1]);
}

TEST(a_closed_standard_output_is_told)
{
	struct rt_cmd cmd = sample;
	int wait_status, fds[2];
	char text[256] = "";
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	fflush(NULL);
	pid = fork();
	if (!pid) {
		char *argv[] = { "sample", NULL };

		dup2(fds[1], 2);
		close(1);
		exit(rt_cmd_main(&cmd, 1, argv));
	}
	assert_int_equal(waitpid(pid, &wait_status, 0), pid);
	assert_int_equal(WEXITSTATUS(wait_status), 1);
	assert_true(read(fds[0], text, sizeof(text) - 1) > 0);
	assert_string_equal(text, "sample: cannot write to the standard output: "
			    "Bad file descriptor\n");
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(done_is_0_and_says_nothing),
		cmocka_unit_test(a_finding_is_its_own_status),
		cmocka_unit_test(a_failure_is_1_and_a_sentence),
		cmocka_unit_test(a_terminal_obeys_nothing_that_was_found),
		cmocka_unit_test(wrong_usage_is_2_and_points_at_the_help),
		cmocka_unit_test(a_machine_that_cannot_is_3),
		cmocka_unit_test(a_command_that_passes_a_status_on_has_one_of_its_own),
		cmocka_unit_test(help_and_version_are_data),
		cmocka_unit_test(a_full_disk_is_told_once),
		cmocka_unit_test(a_reader_that_left_is_no_failure_worth_a_word),
		cmocka_unit_test(a_closed_standard_output_is_told),
	};

	return RUN_TESTS(tests);
}
