/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-cmd-parse.c - lib/cmd-parse.c: command lines, good and bad */
#include "lib/cmd-internal.h"

#include <limits.h>

#include "lib/err.h"
#include "tests/lib/sample-cmd.h"
#include "tests/unit.h"

static const struct rt_cmd sample = {
	.name = "sample", .synopsis = "[options] DIR...", .opts = sample_opts, .max_args = 2,
};

static struct {
	char *args[16];
	int nr;
	enum rt_ask ask;
	struct rt_err err;
} out;

/* Parses words that are parted by single blanks. */
static int parse_as(const struct rt_cmd *cmd, const char *line)
{
	static char copy[256];
	char *argv[16] = { "sample" }, *rest = copy;
	int argc = 1;

	free(got.events.v);
	memset(&got, 0, sizeof(got));
	memset(&out, 0, sizeof(out));
	snprintf(copy, sizeof(copy), "%s", line);
	while (*line && (argv[argc] = strsep(&rest, " ")) != NULL)
		argc++;
	return rt_cmd_parse(cmd, argc, argv, out.args, &out.nr, &out.ask, &out.err);
}

static int parse(const char *line)
{
	return parse_as(&sample, line);
}

static void assert_usage(const char *line, const char *sentence)
{
	assert_int_equal(parse(line), RT_EUSAGE);
	assert_string_equal(out.err.text, sentence);
}

TEST(nothing_is_asked_by_an_empty_line)
{
	assert_int_equal(parse(""), 0);
	assert_int_equal(out.nr, 0);
	assert_int_equal(out.ask, RT_ASK_RUN);
}

TEST(long_options_take_the_next_word_or_what_follows_the_sign)
{
	assert_int_equal(parse("--output x --count=7 --all"), 0);
	assert_string_equal(got.output, "x");
	assert_int_equal(got.count, 7);
	assert_true(got.all);
	assert_int_equal(parse("--output=a=b"), 0);
	assert_string_equal(got.output, "a=b");
	assert_int_equal(parse("--output="), 0);
	assert_string_equal(got.output, "");
}

TEST(short_options_can_be_joined)
{
	assert_int_equal(parse("-afn5 -o x -mstop"), 0);
	assert_true(got.all && got.force);
	assert_int_equal(got.count, 5);
	assert_string_equal(got.output, "x");
	assert_string_equal(got.mode, "stop");
}

TEST(every_type_writes_its_variable)
{
	assert_int_equal(parse("-b 64k -d 10ms -e a -e b --event=c -m stream"), 0);
	assert_int_equal(got.size, 65536);
	assert_int_equal(got.wait, 10000000);
	assert_int_equal(got.events.n, 3);
	assert_string_equal(got.events.v[0], "a");
	assert_string_equal(got.events.v[2], "c");
	assert_string_equal(got.mode, "stream");
	assert_int_equal(parse("one --between a -b two"), 0);
	assert_string_equal(got.between[0], "a");
	assert_string_equal(got.between[1], "-b");
	assert_int_equal(out.nr, 2);
	assert_int_equal(parse("--between=a b"), 0);
	assert_string_equal(got.between[1], "b");
	assert_int_equal(out.nr, 0);
}

TEST(arguments_may_stand_between_options)
{
	assert_int_equal(parse("one -a - --count 3"), 0);
	assert_int_equal(out.nr, 2);
	assert_string_equal(out.args[0], "one");
	assert_string_equal(out.args[1], "-");
	assert_null(out.args[2]);
	assert_int_equal(got.count, 3);
}

TEST(two_dashes_end_the_options)
{
	assert_int_equal(parse("-a -- -f"), 0);
	assert_int_equal(out.nr, 1);
	assert_string_equal(out.args[0], "-f");
	assert_false(got.force);
}

TEST(an_own_command_keeps_its_options)
{
	struct rt_cmd cmd = sample;

	cmd.own_command = true;
	cmd.max_args = UINT_MAX;
	assert_int_equal(parse_as(&cmd, "-a sleep -f --help"), 0);
	assert_int_equal(out.nr, 3);
	assert_string_equal(out.args[2], "--help");
	assert_false(got.force);
	assert_int_equal(out.ask, RT_ASK_RUN);
	assert_int_equal(parse_as(&cmd, "-a -- -f"), 0);
	assert_string_equal(out.args[0], "-f");
}

TEST(unknown_options_come_with_a_near_one)
{
	assert_usage("--ouptut=x", "unknown option --ouptut; did you mean --output?");
	assert_usage("--out", "unknown option --out; did you mean --output?");
	assert_usage("--hepl", "unknown option --hepl; did you mean --help?");
	assert_usage("--xyzzy", "unknown option --xyzzy");
	assert_usage("-ax", "unknown option -x");
}

TEST(values_that_do_not_fit_are_named)
{
	assert_usage("--count=11", "--count: expected a number from 1 to 10, found \"11\"");
	assert_usage("-n x", "-n: expected a number from 1 to 10, found \"x\"");
	assert_usage("-b 1k", "-b: expected a size from 4 KiB to 1 MiB (suffixes k, m, g), "
		     "found \"1k\"");
	assert_usage("-b 1q", "-b: expected a size from 4 KiB to 1 MiB (suffixes k, m, g), "
		     "found \"1q\"");
	assert_usage("-d later", "-d: expected a time such as 1.5, 10ms, 200us, 3s or 2m, "
		     "found \"later\"");
	assert_usage("-m strem", "-m: expected one of stream|overwrite|stop, found \"strem\"; "
		     "did you mean \"stream\"?");
	assert_usage("-m xyzzy", "-m: expected one of stream|overwrite|stop, found \"xyzzy\"");
	assert_usage("--mode=", "--mode: expected one of stream|overwrite|stop, found \"\"");
}

TEST(a_value_too_many_or_too_few_is_named)
{
	assert_usage("--all=yes", "--all: expected no value, found \"yes\"");
	assert_usage("--output", "--output: expected a value (FILE), found the end");
	assert_usage("-ao", "-o: expected a value (FILE), found the end");
	assert_usage("--between a", "--between: expected a value (FROM TO), found the end");
}

TEST(the_number_of_arguments_is_checked)
{
	struct rt_cmd cmd = sample;

	assert_usage("a b c", "expected at most 2 arguments, found also \"c\"");
	cmd.max_args = 0;
	assert_int_equal(parse_as(&cmd, "a"), RT_EUSAGE);
	assert_string_equal(out.err.text, "expected no argument, found \"a\"");
	cmd.max_args = cmd.min_args = 2;
	assert_int_equal(parse_as(&cmd, ""), RT_EUSAGE);
	assert_string_equal(out.err.text, "expected \"[options] DIR...\", found no argument");
	assert_int_equal(parse_as(&cmd, "a"), RT_EUSAGE);
	assert_string_equal(out.err.text, "expected \"[options] DIR...\", found 1 argument only");
}

TEST(help_and_version_come_before_any_count)
{
	struct rt_cmd cmd = sample;

	cmd.min_args = 1;
	assert_int_equal(parse_as(&cmd, "--help --xyzzy"), 0);
	assert_int_equal(out.ask, RT_ASK_HELP);
	assert_int_equal(parse_as(&cmd, "-ah"), 0);
	assert_int_equal(out.ask, RT_ASK_HELP);
	assert_int_equal(parse_as(&cmd, "--version"), 0);
	assert_int_equal(out.ask, RT_ASK_VERSION);
	assert_int_equal(parse_as(&cmd, "--dump-options"), 0);
	assert_int_equal(out.ask, RT_ASK_DUMP);
}

TEST(a_table_may_use_h_itself)
{
	static bool human;
	static const struct rt_opt opts[] = {
		RT_BOOL('h', "human", &human, "sizes for people"),
		RT_END
	};
	const struct rt_cmd cmd = { .name = "sample", .synopsis = "", .opts = opts };

	assert_int_equal(parse_as(&cmd, "-h"), 0);
	assert_int_equal(out.ask, RT_ASK_RUN);
	assert_true(human);
}

TEST(a_command_may_have_no_options)
{
	const struct rt_cmd cmd = { .name = "sample", .synopsis = "" };

	assert_int_equal(parse_as(&cmd, "--help"), 0);
	assert_int_equal(out.ask, RT_ASK_HELP);
	assert_int_equal(parse_as(&cmd, "-z"), RT_EUSAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_asked_by_an_empty_line),
		cmocka_unit_test(long_options_take_the_next_word_or_what_follows_the_sign),
		cmocka_unit_test(short_options_can_be_joined),
		cmocka_unit_test(every_type_writes_its_variable),
		cmocka_unit_test(arguments_may_stand_between_options),
		cmocka_unit_test(two_dashes_end_the_options),
		cmocka_unit_test(an_own_command_keeps_its_options),
		cmocka_unit_test(unknown_options_come_with_a_near_one),
		cmocka_unit_test(values_that_do_not_fit_are_named),
		cmocka_unit_test(a_value_too_many_or_too_few_is_named),
		cmocka_unit_test(the_number_of_arguments_is_checked),
		cmocka_unit_test(help_and_version_come_before_any_count),
		cmocka_unit_test(a_table_may_use_h_itself),
		cmocka_unit_test(a_command_may_have_no_options),
	};

	return RUN_TESTS(tests);
}
