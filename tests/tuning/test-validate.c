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
 *	link PATH TARGET
 *	task PID KIND CPUS PRIORITY NAME	a process: kernel, bound (to its CPU) or user
 *
 * "\xNN" stands for a byte.
 */
#include "tuning/validate.h"

#include "lib/buf.h"
#include "lib/cpulist.h"
#include "lib/err.h"
#include "lib/text.h"
#include "tests/tuning/tree.h"

#define FIXTURES	"tests/fixtures/validate/"
#define TARGET		"2-3,6-7"
#define DEVICE		"0000:01:00.0"
#define MAX_CHECKS	256

static const char *const theme_files[] = {
	"kernel", "boot", "kvm", "power", "memory", "sched", "irq", "service", "virt", "device",
};

static struct tree *tree;
static bool passes[MAX_CHECKS], fails[MAX_CHECKS];

/* ---- trees ---- */

/* What a file of the base holds, and what of the tree is no longer as the base. */
struct file {
	char path[160];
	struct rt_buf content;
	bool link;		/* the content is where it leads */
};

static struct file base[512];
static char touched[64][160];
static size_t nr_base, nr_touched;
static bool reading_base;

static void write_file(const struct file *what)
{
	const char *data = what->content.data ? what->content.data : "";
	char full[512];
	FILE *file;

	snprintf(full, sizeof(full), "%s/%s", tree->path, what->path);
	unlink(full);
	tree_put(tree, what->path, "");
	if (what->link) {
		assert_int_equal(unlink(full), 0);
		assert_int_equal(symlink(data, full), 0);
		return;
	}
	file = fopen(full, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, what->content.len, file), what->content.len);
	assert_int_equal(fclose(file), 0);
}

static void remove_path(const char *path)
{
	char full[512];

	snprintf(full, sizeof(full), "%s/%s", tree->path, path);
	nftw(full, tree_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Notes what must be put back: the file, or the first folder above it that is new. */
static void touch(const char *path)
{
	char *at = touched[nr_touched], *slash;

	assert_true(nr_touched < sizeof(touched) / sizeof(touched[0]));
	nr_touched++;
	snprintf(at, sizeof(touched[0]), "%s", path);
	for (slash = strchr(at, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (!rt_root_exists(&tree->root, "%s", at))
			return;
		*slash = '/';
	}
}

/* Takes over the content. */
static void put_file(struct file *file)
{
	if (!reading_base)
		touch(file->path);
	write_file(file);
	if (reading_base) {
		assert_true(nr_base < sizeof(base) / sizeof(base[0]));
		base[nr_base++] = *file;
	} else {
		rt_buf_finish(&file->content);
	}
}

static void put_text(const char *path, const char *text)
{
	struct file file = { 0 };

	snprintf(file.path, sizeof(file.path), "%s", path);
	rt_buf_puts(&file.content, text);
	put_file(&file);
}

/* "link PATH TARGET" */
static void put_link(const char *line)
{
	struct file file = { .link = true };
	char target[256];

	assert_int_equal(sscanf(line, "link %159s %255s", file.path, target), 2);
	rt_buf_puts(&file.content, target);
	assert_non_null(rt_buf_str(&file.content));
	put_file(&file);
}

static void restore_base(void)
{
	size_t i, len;

	while (nr_touched > 0) {
		const char *path = touched[--nr_touched];

		remove_path(path);
		len = strlen(path);
		for (i = 0; i < nr_base; i++) {
			if (strncmp(base[i].path, path, len) == 0 &&
			    (!base[i].path[len] || base[i].path[len] == '/'))
				write_file(&base[i]);
		}
	}
}

static void clear_tree(void)
{
	if (tree)
		tree_destroy(tree);
	tree = tree_new();
}

/* The files of a process that rows read. */
static void put_task(const char *line)
{
	char kind[16], cpus[64], name[32], path[64], text[512];
	int pid, prio, flags;

	if (sscanf(line, "task %d %15s %63s %d %31[^\n]", &pid, kind, cpus, &prio, name) != 5)
		fail_msg("fixture: not understood: \"%s\"", line);
	flags = strcmp(kind, "user") == 0 ? 4194304 : strcmp(kind, "kernel") == 0 ? 2129984 :
		69238848;
	snprintf(path, sizeof(path), "proc/%d/stat", pid);
	snprintf(text, sizeof(text), "%d (%s) S 1 7 7 0 -1 %d 101 0 0 0 0 0 0 0 20 0 1 0 1249 31 3 "
		 "18 1 1 0 0 0 0 0 0 0 0 0 0 17 0 %d %d 0 0 0 0 0 0 0 0 0 0 0\n", pid, name, flags,
		 prio, prio > 0);
	put_text(path, text);
	snprintf(path, sizeof(path), "proc/%d/comm", pid);
	snprintf(text, sizeof(text), "%s\n", name);
	put_text(path, text);
	snprintf(path, sizeof(path), "proc/%d/status", pid);
	snprintf(text, sizeof(text), "Name:\t%s\nCapEff:\t000001ffffffffff\n"
		 "CapBnd:\t000001ffffffffff\nCpus_allowed_list:\t%s\n", name, cpus);
	put_text(path, text);
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
	char *colon = strstr(reader->line, ": ");
	struct file file = { 0 };

	if (!colon && reader->line[0] && reader->line[strlen(reader->line) - 1] == ':')
		colon = reader->line + strlen(reader->line) - 1;
	if (!colon)
		fail_msg("fixture: not understood: \"%s\"", reader->line);
	snprintf(file.path, sizeof(file.path), "%.*s", (int)(colon - reader->line), reader->line);
	if (colon[1] && colon[2])
		add_line(&file.content, colon + 2);
	while (next_line(reader) && reader->line[0] == '\t')
		add_line(&file.content, reader->line + 1);
	reader->again = !feof(reader->file);
	put_file(&file);
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
	if (strncmp(reader->line, "- ", 2) == 0) {
		touch(reader->line + 2);
		remove_path(reader->line + 2);
	} else if (strncmp(reader->line, "for ", 4) == 0) {
		snprintf(cpus, size, "%s", reader->line + 4);
	} else if (strncmp(reader->line, "link ", 5) == 0) {
		put_link(reader->line);
	} else if (strncmp(reader->line, "task ", 5) == 0) {
		put_task(reader->line);
	} else {
		take_file(reader);
	}
	return true;
}

static void unpack_base(void)
{
	struct reader reader;
	char cpus[64];

	clear_tree();
	open_fixture(&reader, "base");
	reading_base = true;
	while (next_line(&reader))
		assert_true(take_line(&reader, cpus, sizeof(cpus)));
	reading_base = false;
	fclose(reader.file);
}

/* ---- judging ---- */

struct only {
	const char *id;
};

static bool is_only(const struct tune_check *check, void *arg)
{
	const struct only *only = arg;

	return rt_glob(only->id, check->id, false);
}

static struct tune_report *report_of(const char *id, const char *cpus)
{
	struct only only = { id };
	struct tune_validate what = { .wanted = id ? is_only : NULL, .arg = &only };
	struct tune_report *report = NULL;
	struct rt_cpuset set;

	assert_int_equal(rt_cpuset_parse(&set, cpus, NULL), 0);
	what.cpus = &set;
	what.device = id && strncmp(id, "pt-", 3) == 0 ? DEVICE : NULL;
	assert_int_equal(tune_validate_host(&report, &tree->root, &what, NULL), 0);
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
		snprintf(cpus, sizeof(cpus), TARGET);
		while (next_line(&reader) && take_line(&reader, cpus, sizeof(cpus)))
			;
		reader.again = !feof(reader.file);
		judge_block(name, verdict, id, cpus);
		restore_base();
	}
	fclose(reader.file);
}

/* ---- the tests ---- */

static void all_pass_or_are_moot(const char *id)
{
	struct tune_report *report = report_of(id, TARGET);
	size_t i;

	for (i = 0; i < report->n; i++) {
		if (report->v[i].verdict != TUNE_PASS && report->v[i].verdict != TUNE_MOOT)
			fail_msg("base: %s: %s: %s", report->v[i].check->id,
				 tune_verdict_name(report->v[i].verdict), report->v[i].found);
		note(&report->v[i]);
	}
	tune_report_destroy(report);
}

TEST(every_row_passes_on_the_base_or_is_moot_there)
{
	unpack_base();
	all_pass_or_are_moot(NULL);
	all_pass_or_are_moot("pt-*");
}

TEST(every_block_has_the_verdict_at_its_head)
{
	size_t i;

	for (i = 0; i < sizeof(theme_files) / sizeof(theme_files[0]); i++)
		judge_file(theme_files[i]);
}

TEST(every_row_has_a_tree_that_passes_and_one_that_fails)
{
	struct rt_buf missing = { 0 };
	size_t i;

	for (i = 0; tune_check_at(i); i++) {
		if (!passes[i] || !fails[i])
			rt_buf_printf(&missing, " %s(%s)", tune_check_at(i)->id,
				      passes[i] ? "fail" : "pass");
	}
	if (missing.len)
		fail_msg("no tree for:%s", rt_buf_str(&missing));
}

TEST(nothing_passes_where_nothing_can_be_read)
{
	struct tune_report *report;
	size_t i;

	clear_tree();
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

static int drop_tree(void **state)
{
	(void)state;
	while (nr_base > 0)
		rt_buf_finish(&base[--nr_base].content);
	tree_destroy(tree);
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

	return cmocka_run_group_tests(tests, NULL, drop_tree);
}
