/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd-interview.c - interview: interrupts and softirqs of each CPU, a second
 */
#include "tuning/cmd-interview.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/cmd.h"
#include "lib/err.h"
#include "lib/root.h"
#include "tuning/aside.h"
#include "tuning/cmd-page.h"
#include "tuning/pace.h"
#include "tuning/topo.h"

#define DEFAULT_NS	1000000000ull
#define LEAST_NS	10000000ull
#define NOT_GIVEN	UINT64_MAX

static uint64_t interval_ns = NOT_GIVEN;
static unsigned int count;
static bool changing, json, text, gui;
static struct cmd_page page;
static const char *sort_name = "listed", *kind = "all";
static const char *cpus_text, *root_path;

static const struct rt_opt interview_opts[] = {
	RT_STRING('c', "cpus", &cpus_text, "CPUSET", "only these CPUs: 0-3,8 or n1 or ~c0"),
	RT_BOOL('C', "changing", &changing, "only lines that count"),
	RT_TIME('i', "interval", &interval_ns, "SECONDS", "a reading every SECONDS (1), on and on"),
	RT_UINT('n', "count", &count, "N", 1, UINT32_MAX, "end after N comparisons"),
	RT_CHOICE('k', "kind", &kind, "all|irqs|softirqs", "what to show"),
	RT_CHOICE('s', "sort", &sort_name, "listed|total|name", "order of the lines"),
	RT_BOOL('t', "text", &text, "lines of text, on a terminal too"),
	RT_BOOL('g', "gui", &gui, "a page for a browser, whose URL is printed"),
	CMD_PAGE_OPTIONS(page),
	RT_BOOL(0, "json", &json, "an object for each comparison, in one line"),
	RT_STRING(0, "root", &root_path, "DIR", "read DIR/proc"),
	RT_END
};

static void choose_view(struct tune_rates_view *view)
{
	view->changing = changing;
	view->no_irqs = strcmp(kind, "softirqs") == 0;
	view->no_softirqs = strcmp(kind, "irqs") == 0;
	view->sort = strcmp(sort_name, "total") == 0 ? TUNE_SORT_TOTAL :
		     strcmp(sort_name, "name") == 0 ? TUNE_SORT_NAME : TUNE_SORT_LISTED;
}

/* ---- lines ---- */

static void put_lines(struct rt_buf *to, const struct interview *interview)
{
	const struct tune_rates *rates = &interview->rates;
	const struct tune_rate **order = calloc(rates->n + 1, sizeof(*order));
	size_t i, n;

	if (!order) {
		to->failed = true;
		return;
	}
	n = tune_rates_order(rates, &interview->view, order);
	tune_rates_put_head(to, rates, &interview->view);
	rt_buf_puts(to, "\n");
	for (i = 0; i < n; i++) {
		tune_rates_put_line(to, rates, order[i], &interview->view);
		rt_buf_puts(to, "\n");
	}
	free(order);
}

static int print(const struct interview *interview, bool first, struct rt_err *err)
{
	struct rt_buf out = { 0 };
	int rc = 0;

	if (json) {
		tune_rates_put_json(&out, &interview->rates, &interview->view);
		rt_buf_puts(&out, "\n");
	} else {
		rt_buf_puts(&out, first ? "" : "\n");
		put_lines(&out, interview);
	}
	if (out.failed)
		rc = rt_err_set(err, -ENOMEM, "%zu lines", interview->rates.n);
	else if (fwrite(out.data, 1, out.len, stdout) != out.len || fflush(stdout) != 0)
		rc = rt_err_set(err, -errno, "cannot write");
	rt_buf_finish(&out);
	return rc;
}

/* @nr 0: until it is ended. */
static int print_all(struct interview *interview, unsigned int nr, struct rt_err *err)
{
	struct tune_pace pace;
	unsigned int i;
	int rc;

	tune_pace_start(&pace, interview->interval_ns);
	rc = tune_rates_read(&interview->rates, interview->root, &interview->choice, err);
	for (i = 0; rc == 0 && (nr == 0 || i < nr); i++) {
		if (!tune_pace_wait(&pace))
			break;
		rc = tune_rates_read(&interview->rates, interview->root, &interview->choice, err);
		if (rc == 0)
			rc = print(interview, i == 0, err);
	}
	return rc;
}

/* ---- the page ---- */

static const char html[] =
#include "tuning/pages/interview.html.h"
;

/* The page chooses and sorts by itself. */
static int read_rates(void *arg, struct rt_buf *to, struct rt_err *err)
{
	static const struct tune_rates_view all;
	struct interview *interview = arg;
	int rc;

	rc = tune_rates_read(&interview->rates, interview->root, &interview->choice, err);
	if (rc == 0)
		tune_rates_put_json(to, &interview->rates, &all);
	return rc;
}

/* ---- the command line ---- */

static int choose_cpus(struct rt_cpuset *cpus, const struct rt_root *root, struct rt_err *err)
{
	struct tune_topo *topo;
	int rc;

	rc = tune_topo_load(&topo, root, err);
	if (rc < 0)
		return rc;
	rc = tune_cpuset_resolve(cpus, topo, cpus_text, err);
	if (rc == 0 && !rt_cpuset_overlaps(cpus, &topo->online))
		rc = rt_err_say(err, -EINVAL, "no CPU of \"%s\" is online", cpus_text);
	tune_topo_destroy(topo);
	return rc < 0 ? rt_err_wrap(err, rc, "--cpus") : 0;
}

/* A name that nothing has would show nothing, for ever. */
static int check_names(const struct interview *interview, struct rt_err *err)
{
	struct tune_rates rates = { 0 };
	const char *word, *near;
	int rc = 0;

	if (interview->choice.nr_words)
		rc = tune_rates_read(&rates, interview->root, &interview->choice, err);
	word = rc < 0 ? NULL : tune_rates_unknown(&rates, &interview->choice, &near);
	if (word && near)
		rc = rt_usage(err, "no interrupt or softirq is \"%s\"; is \"%s\" meant?", word,
			      near);
	else if (word)
		rc = rt_usage(err, "no interrupt or softirq is \"%s\"; without a name all are "
			      "shown", word);
	tune_rates_finish(&rates);
	return rc;
}

static int show(struct interview *interview, struct rt_err *err)
{
	struct rt_cpuset cpus;
	int rc;

	rc = check_names(interview, err);
	if (rc != 0)
		return rc;
	if (cpus_text) {
		rc = choose_cpus(&cpus, interview->root, err);
		if (rc < 0)
			return rc;
		interview->choice.cpus = &cpus;
	}
	choose_view(&interview->view);
	if (gui)
		rc = cmd_page_serve(&page, html, interview->interval_ns, read_rates, interview,
				    err);
	else if (json || text || count || !isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO))
		rc = print_all(interview, count || interval_ns != NOT_GIVEN ? count : 1, err);
	else
		rc = interview_screen(interview, err);
	tune_rates_finish(&interview->rates);
	return rc;
}

static int interview(int argc, char **argv, struct rt_err *err)
{
	struct interview interview = {
		.choice = { .words = (const char *const *)argv, .nr_words = (size_t)argc },
		.interval_ns = interval_ns == NOT_GIVEN ? DEFAULT_NS : interval_ns,
	};
	struct rt_root root;
	int rc;

	if (interview.interval_ns < LEAST_NS)
		return rt_usage(err, "--interval: expected at least 10ms");
	if (gui && (json || text || count))
		return rt_usage(err, "--gui goes with none of --json, --text and --count");
	if ((page.port || page.no_browser) && !gui)
		return rt_usage(err, "--port and --no-browser go with --gui");
	rc = tune_stay_off(err);
	if (rc < 0)
		return rc;
	rc = rt_root_init(&root, root_path, err);
	if (rc < 0)
		return rc;
	interview.root = &root;
	rc = rt_root_exists(&root, "proc/interrupts") ? show(&interview, err) :
	     rt_err_say(err, RT_ECANNOT, "no %s/proc/interrupts: this is not the root of a Linux "
			"machine", root.path);
	rt_root_finish(&root);
	return rc;
}

static const struct rt_cmd interview_cmd = {
	.name = "interview",
	.summary = "show interrupts and softirqs of each CPU as rates",
	.synopsis = "[options] [NAME...]",
	.details = "On a terminal the view is live: ? shows its keys.  Elsewhere, and with "
		   "--text, --json or --count, two readings are compared and printed; with "
		   "--interval this goes on.\n"
		   "NAME is a number, a label (LOC, NET_RX), an action, a PCI address or a "
		   "network interface; * and ? stand for more.",
	.opts = interview_opts,
	.max_args = UINT32_MAX,
	.effect = RT_READS,
	.complete = RT_COMPLETE_NONE,
	.run = interview,
};

int main(int argc, char **argv)
{
	return rt_cmd_main(&interview_cmd, argc, argv);
}
