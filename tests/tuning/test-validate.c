/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-validate.c - each row passes on a tree that is right, and fails on one that is not
 *
 * tests/fixtures/validate/base is a machine on which all rows pass.  The files
 * beside it have blocks, "fail ID" and what differs from the base:
 *
 *	path: a line		path:, and lines that begin with a tabulator
 *	- path			it is not there
 *	for 2-3			the CPUs that are to be real-time, if not the base's
 *
 * "\xNN" stands for a byte.
 */
#include "tests/unit.h"

#include <ctype.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/cpulist.h"
#include "lib/err.h"
#include "lib/root.h"
#include "tuning/validate.h"

#define FIXTURES	"tests/fixtures/validate/"
#define TARGET		"2-3,6-7"
#define MAX_CHECKS	256

static const char *const theme_files[] = { "kernel", "boot" };

static char tree[64];
static bool passes[MAX_CHECKS], fails[MAX_CHECKS];

/* ---- trees ---- */

static void make_folders(char *path)
{
	char *slash;

	for (slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
}

static void write_file(const char *path, const struct rt_buf *content)
{
	char full[512];
	FILE *file;

	snprintf(full, sizeof(full), "%s/%s", tree, path);
	make_folders(full);
	file = fopen(full, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(content->data ? content->data : "", 1, content->len, file),
			 content->len);
	assert_int_equal(fclose(file), 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_path(const char *path)
{
	char full[512];

	snprintf(full, sizeof(full), "%s/%s", tree, path);
	nftw(full, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void add_line(struct rt_buf *buf, const char *text)
{
	for (; *text; text++) {
		if (text[0] == '\\' && text[1] == 'x') {
			char byte = (char)strtol((char[]){ text[2], text[3], '\0' }, NULL, 16);

			rt_buf_add(buf, &byte, 1);
			text += 3;
		} else {
			rt_buf_add(buf, text, 1);
		}
	}
	rt_buf_puts(buf, "\n");
}

/* ---- the fixtures' text ---- */

struct reader {
	FILE *file;
	char line[4096];
	bool again;		/* the line was looked at, and belongs to the next */
};

static bool next_line(struct reader *reader)
{
	if (reader->again) {
		reader->again = false;
		return true;
	}
	if (!fgets(reader->line, sizeof(reader->line), reader->file))
		return false;
	reader->line[strcspn(reader->line, "\n")] = '\0';
	return true;
}

static void open_fixture(struct reader *reader, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), FIXTURES "%s", name);
	reader->again = false;
	reader->file = fopen(path, "r");
	if (!reader->file)
		fail_msg("no \"%s\": run it in the top folder", path);
}

/* "path: line", or "path:" and the lines behind it */
static void take_file(struct reader *reader)
{
	char path[256], *colon = strstr(reader->line, ": ");
	struct rt_buf content = { 0 };

	if (!colon && reader->line[0] && reader->line[strlen(reader->line) - 1] == ':')
		colon = reader->line + strlen(reader->line) - 1;
	if (!colon)
		fail_msg("fixture: not understood: \"%s\"", reader->line);
	snprintf(path, sizeof(path), "%.*s", (int)(colon - reader->line), reader->line);
	if (colon[1] && colon[2])
		add_line(&content, colon + 2);
	while (next_line(reader) && reader->line[0] == '\t')
		add_line(&content, reader->line + 1);
	reader->again = !feof(reader->file);
	write_file(path, &content);
	rt_buf_finish(&content);
}

/* One line of a block; false at the line that begins the next. */
static bool take_line(struct reader *reader, char *cpus, size_t size)
{
	static const char *const heads[] = { "pass ", "fail ", "unknown ", "moot " };
	size_t i;

	for (i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		if (strncmp(reader->line, heads[i], strlen(heads[i])) == 0)
			return false;
	}
	if (!reader->line[0] || reader->line[0] == '#')
		return true;
	if (strncmp(reader->line, "- ", 2) == 0)
		remove_path(reader->line + 2);
	else if (strncmp(reader->line, "for ", 4) == 0)
		snprintf(cpus, size, "%s", reader->line + 4);
	else
		take_file(reader);
	return true;
}

static void unpack_base(void)
{
	struct reader reader;
	char cpus[64];

	remove_path("");
	mkdir(tree, 0755);
	open_fixture(&reader, "base");
	while (next_line(&reader))
		assert_true(take_line(&reader, cpus, sizeof(cpus)));
	fclose(reader.file);
}

/* ---- judging ---- */

struct only {
	const char *id;
};

static bool is_only(const struct tune_check *check, void *arg)
{
	const struct only *only = arg;

	return strcmp(check->id, only->id) == 0;
}

static struct tune_report *report_of(const char *id, const char *cpus)
{
	struct only only = { id };
	struct tune_validate what = { .wanted = id ? is_only : NULL, .arg = &only };
	struct tune_report *report = NULL;
	struct rt_root root;
	struct rt_cpuset set;

	assert_int_equal(rt_cpuset_parse(&set, cpus, NULL), 0);
	what.cpus = &set;
	assert_int_equal(rt_root_init(&root, tree, NULL), 0);
	assert_int_equal(tune_validate_host(&report, &root, &what, NULL), 0);
	rt_root_finish(&root);
	return report;
}

static size_t index_of(const char *id)
{
	size_t i;

	for (i = 0; tune_check_at(i); i++) {
		if (strcmp(tune_check_at(i)->id, id) == 0)
			return i;
	}
	fail_msg("fixture: no row \"%s\"", id);
	return 0;
}

static void note(const struct tune_finding *finding)
{
	size_t i = index_of(finding->check->id);

	assert_true(i < MAX_CHECKS);
	passes[i] |= finding->verdict == TUNE_PASS;
	fails[i] |= finding->verdict == TUNE_FAIL;
	assert_true(finding->found[0]);
	assert_true((finding->verdict == TUNE_FAIL) == (finding->fix && finding->fix[0]));
}

static void judge_block(const char *file, const char *verdict, const char *id, const char *cpus)
{
	struct tune_report *report = report_of(id, cpus);

	if (report->n != 1)
		fail_msg("%s: no row \"%s\"", file, id);
	if (strcmp(tune_verdict_name(report->v[0].verdict), verdict) != 0)
		fail_msg("%s: %s: expected %s, found %s: %s", file, id, verdict,
			 tune_verdict_name(report->v[0].verdict), report->v[0].found);
	note(&report->v[0]);
	tune_report_destroy(report);
}

static void judge_file(const char *name)
{
	char verdict[16], id[64], cpus[64];
	struct reader reader;

	open_fixture(&reader, name);
	while (next_line(&reader)) {
		if (take_line(&reader, cpus, sizeof(cpus)))
			continue;
		assert_int_equal(sscanf(reader.line, "%15s %63s", verdict, id), 2);
		unpack_base();
		snprintf(cpus, sizeof(cpus), TARGET);
		while (next_line(&reader) && take_line(&reader, cpus, sizeof(cpus)))
			;
		reader.again = !feof(reader.file);
		judge_block(name, verdict, id, cpus);
	}
	fclose(reader.file);
}

/* ---- the tests ---- */

TEST(every_row_passes_on_the_base_or_is_moot_there)
{
	struct tune_report *report;
	size_t i;

	unpack_base();
	report = report_of(NULL, TARGET);
	for (i = 0; i < report->n; i++) {
		if (report->v[i].verdict != TUNE_PASS && report->v[i].verdict != TUNE_MOOT)
			fail_msg("base: %s: %s: %s", report->v[i].check->id,
				 tune_verdict_name(report->v[i].verdict), report->v[i].found);
		note(&report->v[i]);
	}
	tune_report_destroy(report);
}

TEST(every_block_has_the_verdict_at_its_head)
{
	size_t i;

	for (i = 0; i < sizeof(theme_files) / sizeof(theme_files[0]); i++)
		judge_file(theme_files[i]);
}

TEST(every_row_has_a_tree_that_passes_and_one_that_fails)
{
	size_t i;

	for (i = 0; tune_check_at(i); i++) {
		if (!passes[i] || !fails[i])
			fail_msg("%s: no tree on which it %s", tune_check_at(i)->id,
				 passes[i] ? "fails" : "passes");
	}
}

TEST(nothing_passes_where_nothing_can_be_read)
{
	struct tune_report *report;
	size_t i;

	remove_path("");
	mkdir(tree, 0755);
	report = report_of(NULL, TARGET);
	for (i = 0; i < report->n; i++) {
		if (report->v[i].verdict != TUNE_UNKNOWN)
			fail_msg("%s: expected unknown, found %s: %s", report->v[i].check->id,
				 tune_verdict_name(report->v[i].verdict), report->v[i].found);
	}
	assert_null(report->boot_fix);
	tune_report_destroy(report);
}

TEST(rows_are_told_apart_and_say_all_that_they_must)
{
	const struct tune_check *check;
	size_t i;

	for (i = 0; (check = tune_check_at(i)); i++) {
		assert_int_equal(index_of(check->id), i);
		assert_true(check->expected && check->why && check->fix && check->look);
		assert_true(check->reads || check->path);
	}
}

static int make_tree(void **state)
{
	(void)state;
	snprintf(tree, sizeof(tree), "/tmp/kvmrt-validate.XXXXXX");
	return mkdtemp(tree) ? 0 : -1;
}

static int drop_tree(void **state)
{
	(void)state;
	remove_path("");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_passes_on_the_base_or_is_moot_there),
		cmocka_unit_test(every_block_has_the_verdict_at_its_head),
		cmocka_unit_test(every_row_has_a_tree_that_passes_and_one_that_fails),
		cmocka_unit_test(nothing_passes_where_nothing_can_be_read),
		cmocka_unit_test(rows_are_told_apart_and_say_all_that_they_must),
	};

	return cmocka_run_group_tests(tests, make_tree, drop_tree);
}
