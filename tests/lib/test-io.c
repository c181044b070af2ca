/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-io.c - lib/io.c: writes that come in pieces, directories that cannot be listed */
#include "lib/io.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/unit.h"

enum { MORE_THAN_A_PIPE_HOLDS = 1 << 20 };

static void *count_bytes(void *arg)
{
	static char into[5000];
	size_t *total = arg;
	int fd = (int)*total;
	ssize_t n;

	for (*total = 0; (n = read(fd, into, sizeof(into))) > 0; )
		*total += (size_t)n;
	return NULL;
}

TEST(what_takes_many_writes_is_written_whole)
{
	char *data = calloc(1, MORE_THAN_A_PIPE_HOLDS);
	pthread_t reader;
	size_t total;
	int ends[2];

	assert_non_null(data);
	assert_int_equal(pipe(ends), 0);
	total = (size_t)ends[0];
	assert_int_equal(pthread_create(&reader, NULL, count_bytes, &total), 0);
	assert_int_equal(rt_write_all(ends[1], data, MORE_THAN_A_PIPE_HOLDS), 0);
	close(ends[1]);
	pthread_join(reader, NULL);
	assert_int_equal(total, MORE_THAN_A_PIPE_HOLDS);
	close(ends[0]);
	free(data);
}

TEST(a_full_disk_is_told)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(rt_write_all(fd, "some", 4), -ENOSPC);
	assert_int_equal(rt_write_all(fd, NULL, 0), 0);
	close(fd);
}

TEST(a_directory_is_listed)
{
	DIR *dir = rt_opendir(open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct dirent *entry;
	bool found = false;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		found |= strcmp(entry->d_name, "status") == 0;
	closedir(dir);
	assert_true(found);
}

TEST(an_open_that_failed_keeps_its_reason)
{
	assert_null(rt_opendir(open("/proc/self/none", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
	assert_int_equal(errno, ENOENT);
}

TEST(what_is_no_directory_is_closed)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_null(rt_opendir(fd));
	assert_int_equal(errno, ENOTDIR);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

TEST(what_goes_to_no_terminal_is_not_coloured)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	unsetenv("NO_COLOR");
	assert_false(rt_wants_colour(fd));
	close(fd);
	assert_false(rt_wants_colour(-1));
}

TEST(a_terminal_is_coloured_unless_no_color_says_something)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	assert_true(fd >= 0);
	unsetenv("NO_COLOR");
	assert_true(rt_wants_colour(fd));
	setenv("NO_COLOR", "", 1);
	assert_true(rt_wants_colour(fd));
	setenv("NO_COLOR", "1", 1);
	assert_false(rt_wants_colour(fd));
	close(fd);
}

TEST(a_width_is_the_terminals_or_that_of_columns_or_80)
{
	const struct winsize size = { .ws_row = 24, .ws_col = 43 };
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	assert_true(fd >= 0);
	setenv("COLUMNS", "61", 1);
	assert_int_equal(rt_terminal_width(-1), 61);
	assert_int_equal(ioctl(fd, TIOCSWINSZ, &size), 0);
	assert_int_equal(rt_terminal_width(fd), 43);
	close(fd);
	setenv("COLUMNS", "nonsense", 1);
	assert_int_equal(rt_terminal_width(-1), 80);
	unsetenv("COLUMNS");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_takes_many_writes_is_written_whole),
		cmocka_unit_test(a_full_disk_is_told),
		cmocka_unit_test(a_directory_is_listed),
		cmocka_unit_test(an_open_that_failed_keeps_its_reason),
		cmocka_unit_test(what_is_no_directory_is_closed),
		cmocka_unit_test(what_goes_to_no_terminal_is_not_coloured),
		cmocka_unit_test(a_terminal_is_coloured_unless_no_color_says_something),
		cmocka_unit_test(a_width_is_the_terminals_or_that_of_columns_or_80),
	};

	return RUN_TESTS(tests);
}
