/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-prompt.c - xtrace/prompt.c: lines from a pipe, and typed on a terminal */
#include "xtrace/prompt.h"

#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/err.h"
#include "tests/unit.h"

static const char *const words[] = { "flush", "pause", "resume", "status", "stop", NULL };

struct heard {
	char text[256];
	const char *last;
};

static bool hear(void *arg, char *line)
{
	struct heard *heard = arg;

	line[strcspn(line, "\n")] = '\0';
	strcat(strcat(heard->text, line), "|");
	return !heard->last || strcmp(line, heard->last) != 0;
}

TEST(lines_of_a_pipe_are_taken_one_by_one)
{
	static const char lines[] = "flush\n\nmark a  b\nno newline";
	struct heard heard = { .last = NULL };
	int fds[2], old = dup(STDIN_FILENO);

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], lines, strlen(lines)), strlen(lines));
	close(fds[1]);
	dup2(fds[0], STDIN_FILENO);
	close(fds[0]);
	assert_int_equal(xt_prompt_run("> ", words, hear, &heard, NULL), 0);
	dup2(old, STDIN_FILENO);
	close(old);
	assert_string_equal(heard.text, "flush||mark a  b|no newline|");
}

/* On a terminal of its own: exits 0 when it heard @expected. */
static void converse(const char *expected)
{
	struct heard heard = { .last = "quit" };

	setenv("TERM", "dumb", 1);
	if (xt_prompt_run("ready> ", words, hear, &heard, NULL) < 0)
		_exit(2);
	_exit(strcmp(heard.text, expected) == 0 ? 0 : 1);
}

/* What the terminal has shown so far. */
static char screen[16384];
static size_t screen_len;

static bool read_screen(int terminal, size_t most)
{
	ssize_t got;

	if (most > sizeof(screen) - 1 - screen_len)
		most = sizeof(screen) - 1 - screen_len;
	got = read(terminal, screen + screen_len, most);
	if (got <= 0)
		return false;
	screen_len += got;
	screen[screen_len] = '\0';
	return true;
}

/* Up to the next prompt, or to the end of the conversation. */
static void await_prompt(int terminal)
{
	static const char prompt[] = "ready> ";
	size_t seen = 0;
	while (prompt[seen] && read_screen(terminal, 1)) {
		char c = screen[screen_len - 1];

		seen = c == prompt[seen] ? seen + 1 : c == prompt[0];
	}
}

/*
 * Each line at its own prompt.  Around it the terminal may take a control key for
 * itself and leave a byte in the line, so while nothing happens the line is emptied
 * and its last key is typed again.
 */
static void typed(const char *keys, const char *expected)
{
	struct pollfd terminal = { .events = POLLIN };
	const char again[] = { 'U' - '@', keys[strlen(keys) - 1] };
	const char *rest;
	int wait_status;
	size_t len;
	pid_t pid = forkpty(&terminal.fd, NULL, NULL, NULL);

	screen_len = 0;
	assert_true(pid >= 0);
	if (pid == 0)
		converse(expected);
	for (rest = keys; *rest; rest += len) {
		len = strcspn(rest, "\r");
		len += rest[len] == '\r';
		await_prompt(terminal.fd);
		assert_int_equal(write(terminal.fd, rest, len), len);
	}
	/* Until its end, so that it never waits for room. */
	for (;;) {
		if (poll(&terminal, 1, 200) == 0)
			assert_int_equal(write(terminal.fd, again, 2), 2);
		else if (!read_screen(terminal.fd, sizeof(screen)))
			break;
	}
	assert_int_equal(waitpid(pid, &wait_status, 0), pid);
	close(terminal.fd);
	assert_true(WIFEXITED(wait_status));
	assert_int_equal(WEXITSTATUS(wait_status), 0);
}

TEST(the_tabulator_completes_a_word)
{
	typed("fl\t\rquit\r", "flush |quit|");
	typed("FL\t\rquit\r", "FLush |quit|");
	typed("flush sta\t\rquit\r", "flush status |quit|");
}

TEST(what_several_words_begin_with_is_completed_so_far)
{
	typed("s\tatus\rquit\r", "status|quit|");
}

TEST(what_could_follow_is_listed_when_nothing_can_be_added)
{
	typed("st\tatus\rquit\r", "status|quit|");
	assert_non_null(strstr(screen, "\nstatus  stop  \r\n"));
}

TEST(a_word_that_none_begins_with_stays)
{
	typed("xyz\t\rquit\r", "xyz|quit|");
}

TEST(lines_before_come_back)
{
	typed("flush\r\020\rquit\r", "flush|flush|quit|");
}

TEST(the_end_of_input_ends_it)
{
	typed("flush\r\004", "flush|");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_a_pipe_are_taken_one_by_one),
		cmocka_unit_test(the_tabulator_completes_a_word),
		cmocka_unit_test(what_several_words_begin_with_is_completed_so_far),
		cmocka_unit_test(what_could_follow_is_listed_when_nothing_can_be_added),
		cmocka_unit_test(a_word_that_none_begins_with_stays),
		cmocka_unit_test(lines_before_come_back),
		cmocka_unit_test(the_end_of_input_ends_it),
	};

	return RUN_TESTS(tests);
}
