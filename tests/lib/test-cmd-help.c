/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-cmd-help.c - lib/cmd-help.c: what a command says about itself */
#include "lib/cmd-internal.h"

#include "tests/lib/sample-cmd.h"
#include "tests/unit.h"

static const struct rt_cmd sample = {
	.name = "sample",
	.summary = "take samples",
	.synopsis = "[options] DIR...",
	.details = "A first paragraph that is long enough to be broken into two lines by the "
		   "one who lays it out.\n\nA second one.",
	.opts = sample_opts,
	.max_args = 2,
	.complete = RT_COMPLETE_DIR,
};

static char *text_of(void (*fn)(const struct rt_cmd *cmd, FILE *to), const struct rt_cmd *cmd)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	fn(cmd, to);
	fclose(to);
	return text;
}

TEST(help_is_laid_out_from_the_table)
{
	char *text = text_of(rt_cmd_help, &sample);

	assert_string_equal(text,
		"Usage: sample [options] DIR...\n"
		"\n"
		"sample - take samples\n"
		"\n"
		"Options:\n"
		"  -a, --all                 take everything\n"
		"  -f, --force               replace what is there\n"
		"  -n, --count N             how many\n"
		"  -b, --buffer-size SIZE    room for each\n"
		"  -d, --wait TIME           how long to wait for what may come before the\n"
		"                            command gives up and ends\n"
		"  -o, --output FILE         write to FILE\n"
		"  -m, --mode stream|overwrite|stop\n"
		"                            what happens when full\n"
		"  -e, --event EVENT         an event to take; may be repeated\n"
		"      --between FROM TO     where to look\n"
		"  -h, --help                show this help and end\n"
		"      --version             show the version and end\n"
		"\n"
		"A first paragraph that is long enough to be broken into two lines by the one who\n"
		"lays it out.\n"
		"\n"
		"A second one.\n");
	free(text);
}

TEST(options_are_dumped_a_line_each)
{
	struct rt_cmd cmd = sample;
	char *text = text_of(rt_cmd_dump_options, &cmd);

	assert_contains(text, "command\tsample\tdir\t-\t2\ttake samples\n");
	assert_contains(text, "option\ta\tall\tbool\t-\ttake everything\n");
	assert_contains(text, "option\tn\tcount\tuint\tN\thow many\n");
	assert_contains(text, "option\tm\tmode\tchoice\tstream|overwrite|stop\twhat");
	assert_contains(text, "option\th\thelp\tbool\t-\t");
	assert_contains(text, "option\t-\tversion\tbool\t-\t");
	free(text);
	cmd.own_command = true;
	cmd.fail_status = 125;
	text = text_of(rt_cmd_dump_options, &cmd);
	assert_contains(text, "command\tsample\tcommand+dir\t-\t125\t");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(help_is_laid_out_from_the_table),
		cmocka_unit_test(options_are_dumped_a_line_each),
	};

	return RUN_TESTS(tests);
}
