/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd-ctl.c - xtrace-ctl: flush, pause and stop a session that xtrace-run owns
 *
 * A command line, or a line typed at the prompt, is a list of steps; all are
 * understood before the first is done.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/buf.h"
#include "lib/cmd.h"
#include "lib/err.h"
#include "lib/json.h"
#include "lib/root.h"
#include "lib/table.h"
#include "lib/text.h"
#include "xtrace/control.h"
#include "xtrace/prompt.h"
#include "xtrace/session.h"
#include "xtrace/status.h"

#define MAX_STEPS 64
#define VERB_LIST (XT_NR_VERBS + 0)	/* words that the owner is not asked for */
#define VERB_HELP (XT_NR_VERBS + 1)
#define VERB_QUIT (XT_NR_VERBS + 2)

static const char *session, *cpulist, *root_path;
static bool json;

static const struct rt_opt ctl_opts[] = {
	RT_STRING('s', "session", &session, "SESSION", "the session to control; not needed when "
		  "only one is running"),
	RT_STRING('c', "cpus", &cpulist, "CPULIST", "flush, pause or resume these CPUs only"),
	RT_BOOL(0, "json", &json, "status and list as JSON"),
	RT_STRING(0, "root", &root_path, "DIR", "find /run below DIR"),
	RT_END
};

static const struct {
	int verb;
	const char *name, *help;
} own_words[] = {
	{ VERB_LIST, "list", "the sessions that are running" },
	{ VERB_HELP, "help", "this list" },
	{ VERB_QUIT, "quit", "leave the prompt" },
};

#define NR_OWN_WORDS (sizeof(own_words) / sizeof(own_words[0]))

struct step {
	int verb;
	const char *text;
};

/* ---- words ---- */

static const char *const *all_words(void)
{
	static const char *words[XT_NR_VERBS + NR_OWN_WORDS + 1];
	size_t i;

	for (i = 0; i < XT_NR_VERBS; i++)
		words[i] = xt_verb_name(i);
	for (i = 0; i < NR_OWN_WORDS; i++)
		words[XT_NR_VERBS + i] = own_words[i].name;
	return words;
}

static int find_verb(const char *word)
{
	size_t i;

	for (i = 0; i < NR_OWN_WORDS; i++) {
		if (strcasecmp(own_words[i].name, word) == 0)
			return own_words[i].verb;
	}
	return xt_verb_find(word);
}

static int unknown_word(const char *word, struct rt_err *err)
{
	const char *near;

	if (rt_nearest(word, all_words(), XT_NR_VERBS + NR_OWN_WORDS, &near, 1) == 1)
		return rt_usage(err, "unknown command \"%s\"; near it: %s", word, near);
	return rt_usage(err, "unknown command \"%s\"", word);
}

static int parse_steps(int argc, char **argv, struct step *steps, int *ret_nr, struct rt_err *err)
{
	int i, nr = 0;

	for (i = 0; i < argc; i++) {
		if (nr == MAX_STEPS)
			return rt_usage(err, "more than %d commands", MAX_STEPS);
		steps[nr].verb = find_verb(argv[i]);
		steps[nr].text = "";
		if (steps[nr].verb < 0)
			return unknown_word(argv[i], err);
		if (steps[nr].verb == XT_VERB_MARK) {
			if (i + 1 == argc)
				return rt_usage(err, "mark: expected a TEXT behind it");
			steps[nr].text = argv[++i];
		}
		nr++;
	}
	*ret_nr = nr;
	return 0;
}

/* ---- status and list ---- */

static void json_cpus(struct rt_json *out, const struct xt_status *status)
{
	size_t i;

	rt_json_open(out, '[');
	for (i = 0; i < status->nr_cpus; i++) {
		rt_json_open(out, '{');
		rt_json_key(out, "cpu");
		rt_json_u64(out, status->cpus[i].cpu);
		rt_json_key(out, "written");
		rt_json_u64(out, status->cpus[i].written);
		rt_json_key(out, "lost");
		rt_json_u64(out, status->cpus[i].lost);
		rt_json_key(out, "overwritten");
		rt_json_u64(out, status->cpus[i].overwritten);
		rt_json_key(out, "bytes_raw");
		rt_json_u64(out, status->cpus[i].bytes_raw);
		rt_json_key(out, "bytes_disk");
		rt_json_u64(out, status->cpus[i].bytes_disk);
		rt_json_close(out, '}');
	}
	rt_json_close(out, ']');
}

static void json_word(struct rt_json *out, const char *key, const char *text)
{
	rt_json_key(out, key);
	rt_json_str(out, text);
}

static void json_number(struct rt_json *out, const char *key, uint64_t value)
{
	rt_json_key(out, key);
	rt_json_u64(out, value);
}

static void json_status(struct rt_json *out, const struct xt_status *status, bool with_cpus)
{
	struct xt_cpu_stats total = xt_status_total(status->cpus, status->nr_cpus);

	rt_json_open(out, '{');
	json_word(out, "name", status->name);
	json_number(out, "pid", status->pid);
	json_word(out, "state", status->state);
	json_word(out, "mode", status->mode);
	json_word(out, "clock", status->clock);
	json_number(out, "seconds", status->seconds);
	json_number(out, "flushes", status->flushes);
	json_number(out, "buffer_bytes", status->buffer_bytes);
	json_number(out, "written", total.written);
	json_number(out, "lost", total.lost);
	json_number(out, "overwritten", total.overwritten);
	json_number(out, "bytes_disk", total.bytes_disk);
	json_word(out, "directory", status->directory);
	json_word(out, "command", status->command);
	if (with_cpus) {
		rt_json_key(out, "cpus");
		json_cpus(out, status);
	}
	rt_json_close(out, '}');
}

static int print_buf(struct rt_buf *buf, struct rt_err *err)
{
	const char *text = rt_buf_str(buf);

	if (!text)
		return rt_err_set(err, -ENOMEM, "cannot print");
	fputs(text, stdout);
	putchar('\n');
	return 0;
}

enum { CPU_CPU, CPU_WRITTEN, CPU_LOST, CPU_OVERWRITTEN, CPU_RAW, CPU_DISK, CPU_NR };

static const struct rt_column cpu_columns[] = {
	[CPU_CPU] = { "CPU", "cpu", RT_COL_NUMBER, "CPU" },
	[CPU_WRITTEN] = { "WRITTEN", "written", RT_COL_NUMBER, "events that the kernel wrote" },
	[CPU_LOST] = { "LOST", "lost", RT_COL_NUMBER, "events lost" },
	[CPU_OVERWRITTEN] = { "OVERWRITTEN", "overwritten", RT_COL_NUMBER, "events overwritten" },
	[CPU_RAW] = { "RAW", "bytes_raw", RT_COL_NUMBER, "bytes before compression" },
	[CPU_DISK] = { "DISK", "bytes_disk", RT_COL_NUMBER, "bytes on disk" },
};

static int print_status(const struct xt_status *status, struct rt_err *err)
{
	struct rt_table *table;
	char size[32];
	size_t i;
	int rc;

	printf("session    %s (PID %llu): %s for %llu s, mode %s, clock %s, %llu flushes\n",
	       status->name, (unsigned long long)status->pid, status->state,
	       (unsigned long long)status->seconds, status->mode, status->clock,
	       (unsigned long long)status->flushes);
	printf("directory  %s\n", status->directory);
	if (status->command[0])
		printf("command    %s\n", status->command);
	printf("buffers    %s a CPU\n", rt_format_size(status->buffer_bytes, size, sizeof(size)));
	rc = rt_table_create(&table, cpu_columns, CPU_NR);
	if (rc < 0)
		return rt_err_set(err, rc, "cannot print");
	for (i = 0; i < status->nr_cpus; i++) {
		rt_table_row(table);
		rt_table_u64(table, CPU_CPU, status->cpus[i].cpu);
		rt_table_u64(table, CPU_WRITTEN, status->cpus[i].written);
		rt_table_u64(table, CPU_LOST, status->cpus[i].lost);
		rt_table_u64(table, CPU_OVERWRITTEN, status->cpus[i].overwritten);
		rt_table_u64(table, CPU_RAW, status->cpus[i].bytes_raw);
		rt_table_u64(table, CPU_DISK, status->cpus[i].bytes_disk);
	}
	rc = rt_table_print(table, stdout, err);
	rt_table_destroy(table);
	return rc;
}

static int show_status(const char *reply, struct rt_err *err)
{
	struct xt_status status;
	int rc;

	rc = xt_status_parse(&status, reply, err);
	if (rc < 0)
		return rc;
	if (json) {
		struct rt_buf buf = { 0 };
		struct rt_json out = { .buf = &buf };

		json_status(&out, &status, true);
		rc = print_buf(&buf, err);
		rt_buf_finish(&buf);
	} else {
		rc = print_status(&status, err);
	}
	xt_status_finish(&status);
	return rc;
}

enum { LIST_NAME, LIST_PID, LIST_STATE, LIST_MODE, LIST_CLOCK, LIST_WRITTEN, LIST_LOST, LIST_DIR,
	LIST_COMMAND, LIST_NR };

static const struct rt_column list_columns[] = {
	[LIST_NAME] = { "NAME", "name", RT_COL_STRING, "name of the session" },
	[LIST_PID] = { "PID", "pid", RT_COL_NUMBER, "its owner" },
	[LIST_STATE] = { "STATE", "state", RT_COL_STRING, "recording, paused, full" },
	[LIST_MODE] = { "MODE", "mode", RT_COL_STRING, "stream, overwrite, stop" },
	[LIST_CLOCK] = { "CLOCK", "clock", RT_COL_STRING, "trace clock" },
	[LIST_WRITTEN] = { "WRITTEN", "written", RT_COL_NUMBER, "events that the kernel wrote" },
	[LIST_LOST] = { "LOST", "lost", RT_COL_NUMBER, "events lost" },
	[LIST_DIR] = { "DIRECTORY", "directory", RT_COL_STRING, "where it records to" },
	[LIST_COMMAND] = { "COMMAND", "command", RT_COL_STRING, "what runs meanwhile" },
};

static void list_row(struct rt_table *table, const struct xt_status *status)
{
	struct xt_cpu_stats total = xt_status_total(status->cpus, status->nr_cpus);

	rt_table_row(table);
	rt_table_str(table, LIST_NAME, status->name);
	rt_table_u64(table, LIST_PID, status->pid);
	rt_table_str(table, LIST_STATE, status->state);
	rt_table_str(table, LIST_MODE, status->mode);
	rt_table_str(table, LIST_CLOCK, status->clock);
	rt_table_u64(table, LIST_WRITTEN, total.written);
	rt_table_u64(table, LIST_LOST, total.lost);
	rt_table_str(table, LIST_DIR, status->directory);
	rt_table_str(table, LIST_COMMAND, status->command);
}

/* One that ends while it is asked is no longer in the list. */
static bool ask_status(const struct rt_root *root, const char *name, struct xt_status *ret)
{
	const struct xt_request request = { .verb = XT_VERB_STATUS };
	struct rt_buf reply = { 0 };
	bool known;

	known = xt_control_call(root, name, &request, &reply, NULL) == 0 && rt_buf_str(&reply) &&
		xt_status_parse(ret, reply.data, NULL) == 0;
	rt_buf_finish(&reply);
	return known;
}

static int show_list(const struct rt_root *root, struct rt_err *err)
{
	struct xt_session_list list;
	struct xt_status status;
	struct rt_table *table;
	size_t i;
	int rc;

	rc = xt_session_list(&list, root, err);
	if (rc < 0)
		return rc;
	rc = rt_table_create(&table, list_columns, LIST_NR);
	if (rc < 0) {
		xt_session_list_finish(&list);
		return rt_err_set(err, rc, "cannot print");
	}
	for (i = 0; i < list.nr; i++) {
		if (!ask_status(root, list.names[i], &status))
			continue;
		list_row(table, &status);
		xt_status_finish(&status);
	}
	rc = json ? rt_table_print_json(table, stdout, err) : rt_table_print(table, stdout, err);
	rt_table_destroy(table);
	xt_session_list_finish(&list);
	return rc;
}

/* ---- steps ---- */

static void show_help(void)
{
	size_t i;

	for (i = 0; i < XT_NR_VERBS; i++)
		printf("%-8s %s\n", xt_verb_name(i), xt_verb_help(i));
	for (i = 0; i < NR_OWN_WORDS; i++)
		printf("%-8s %s\n", own_words[i].name, own_words[i].help);
}

static int ask_owner(const struct rt_root *root, const struct step *step, struct rt_err *err)
{
	struct xt_request request = { .verb = step->verb, .has_cpus = cpulist != NULL };
	struct rt_buf reply = { 0 };
	int rc = 0;

	if (strlen(step->text) > XT_CONTROL_TEXT_MAX)
		return rt_err_say(err, -E2BIG, "mark: a text has at most %d bytes, this one has "
				  "%zu", XT_CONTROL_TEXT_MAX, strlen(step->text));
	strcpy(request.text, step->text);
	if (cpulist)
		rc = rt_cpuset_parse(&request.cpus, cpulist, err);
	if (rc < 0)
		return rt_err_wrap(err, rc, "-c");
	rc = xt_control_call(root, session, &request, &reply, err);
	/* It ended by itself meanwhile, which is what was wanted. */
	if (rc == -ECONNRESET && step->verb == XT_VERB_STOP)
		rc = 0;
	if (rc == 0 && !rt_buf_str(&reply))
		rc = rt_err_set(err, -ENOMEM, "cannot keep the answer");
	if (rc == 0 && step->verb == XT_VERB_STATUS)
		rc = show_status(reply.data, err);
	rt_buf_finish(&reply);
	return rc;
}

static int do_step(const struct rt_root *root, const struct step *step, struct rt_err *err)
{
	switch (step->verb) {
	case VERB_LIST:
		return show_list(root, err);
	case VERB_HELP:
		show_help();
		return 0;
	case VERB_QUIT:
		return 0;
	default:
		return ask_owner(root, step, err);
	}
}

static int do_words(const struct rt_root *root, int argc, char **argv, struct rt_err *err)
{
	struct step steps[MAX_STEPS];
	int i, nr = 0, rc;

	rc = parse_steps(argc, argv, steps, &nr, err);
	for (i = 0; i < nr && rc == 0; i++)
		rc = do_step(root, &steps[i], err);
	return rc;
}

/* ---- the prompt ---- */

static bool wants_to_leave(const char *word)
{
	return strcasecmp(word, "quit") == 0 || strcasecmp(word, "exit") == 0;
}

/* A failure is told and forgotten: the conversation goes on. */
static bool on_line(void *arg, char *line)
{
	const struct rt_root *root = arg;
	struct rt_err err = { 0 };
	char *words[MAX_STEPS], *save = NULL, *word;
	int nr = 0;

	line[strcspn(line, "\n")] = '\0';
	for (word = strtok_r(line, " \t", &save); word && nr < MAX_STEPS;
	     word = strtok_r(NULL, " \t", &save)) {
		words[nr++] = word;
		/* At the prompt all that follows "mark" is its text. */
		if (strcasecmp(word, "mark") == 0 && save && save[strspn(save, " \t")]) {
			words[nr++] = save + strspn(save, " \t");
			break;
		}
	}
	if (nr > 0 && wants_to_leave(words[0]))
		return false;
	if (do_words(root, nr, words, &err) < 0)
		fprintf(stderr, "xtrace-ctl: %s\n", err.text);
	fflush(stdout);
	return true;
}

static int ctl(int argc, char **argv, struct rt_err *err)
{
	struct rt_root root;
	int rc;

	rc = rt_root_init(&root, root_path, err);
	if (rc < 0)
		return rc;
	if (argc > 0)
		rc = do_words(&root, argc, argv, err);
	else
		rc = xt_prompt_run("xtrace> ", all_words(), on_line, &root, err);
	rt_root_finish(&root);
	return rc;
}

static const struct rt_cmd ctl_cmd = {
	.name = "xtrace-ctl",
	.summary = "control a session of xtrace-run",
	.synopsis = "[options] [COMMAND...]",
	.details = "COMMANDs are done in their order, their case is ignored: flush, pause, resume, "
		   "stop, status, list, mark TEXT, help.  Without one it asks for them.",
	.opts = ctl_opts,
	.max_args = UINT_MAX,
	.effect = RT_CHANGES_HOST,
	.complete = RT_COMPLETE_WORDS,
	.words = "flush pause resume stop status list mark help",
	.run = ctl,
};

int main(int argc, char **argv)
{
	return rt_cmd_main(&ctl_cmd, argc, argv);
}
