/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * validate.c - the rows of all themes, one after the other, and their report
 */
#include "tuning/validate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "tuning/validate-internal.h"

static const struct tune_check *const themes[] = {
	tune_checks_kernel, tune_checks_boot,
};

const struct tune_check *tune_check_at(size_t i)
{
	size_t theme, row;

	for (theme = 0; theme < sizeof(themes) / sizeof(themes[0]); theme++) {
		for (row = 0; themes[theme][row].id; row++) {
			if (i-- == 0)
				return &themes[theme][row];
		}
	}
	return NULL;
}

const char *tune_severity_name(enum tune_severity severity)
{
	static const char *const names[TUNE_NR_SEVERITIES] = {
		[TUNE_INFO] = "info", [TUNE_WARNING] = "warning", [TUNE_ERROR] = "error",
	};

	return names[severity];
}

const char *tune_verdict_name(enum tune_verdict verdict)
{
	static const char *const names[TUNE_NR_VERDICTS] = {
		[TUNE_PASS] = "pass", [TUNE_FAIL] = "fail", [TUNE_UNKNOWN] = "unknown",
		[TUNE_MOOT] = "moot",
	};

	return names[verdict];
}

char *tune_check_fix(const struct tune_check *check, const struct rt_root *root)
{
	struct tune_host host;
	struct rt_buf buf = { 0 };

	if (tune_host_init(&host, root, NULL, NULL) < 0)
		return NULL;
	tune_set_subject(&host, "NAME");
	tune_fix_add(&buf, &host, check);
	tune_host_finish(&host);
	if (!rt_buf_str(&buf))
		rt_buf_finish(&buf);
	return buf.data;
}

static int judge(struct tune_finding *finding, struct tune_host *host,
		 const struct tune_check *check)
{
	struct rt_buf fix = { 0 };

	host->found = (struct rt_buf){ 0 };
	host->subject[0] = '\0';
	finding->check = check;
	finding->verdict = check->look(host, check);
	if (finding->verdict == TUNE_FAIL) {
		tune_fix_add(&fix, host, check);
		finding->fix = rt_buf_str(&fix);
	}
	finding->found = rt_buf_str(&host->found);
	if (host->found.failed || fix.failed) {
		rt_buf_finish(&host->found);
		rt_buf_finish(&fix);
		return -ENOMEM;
	}
	host->found = (struct rt_buf){ 0 };
	return 0;
}

/* All boot words that failures ask for, so that one line and one boot do. */
static int join_boot_words(struct tune_report *report, struct tune_host *host)
{
	struct rt_buf words = { 0 }, line = { 0 };
	size_t i;

	for (i = 0; i < report->n; i++) {
		if (report->v[i].verdict == TUNE_FAIL &&
		    report->v[i].check->fix_kind == TUNE_FIX_BOOT) {
			rt_buf_puts(&words, words.len ? " " : "");
			tune_fix_expand(&words, host, report->v[i].check->fix);
		}
	}
	if (words.len && rt_buf_str(&words))
		tune_fix_boot(&line, host, words.data);
	if (words.len)
		report->boot_fix = rt_buf_str(&line);
	rt_buf_finish(&words);
	return line.failed ? -ENOMEM : 0;
}

static bool is_wanted(const struct tune_validate *what, const struct tune_check *check)
{
	return check->severity >= what->least && (!what->wanted || what->wanted(check, what->arg));
}

static int look_at_all(struct tune_report *report, struct tune_host *host,
		       const struct tune_validate *what)
{
	const struct tune_check *check;
	struct tune_finding *v;
	size_t i;

	for (i = 0; (check = tune_check_at(i)); i++) {
		if (!is_wanted(what, check))
			continue;
		v = reallocarray(report->v, report->n + 1, sizeof(*v));
		if (!v)
			return -ENOMEM;
		report->v = v;
		v[report->n] = (struct tune_finding){ 0 };
		if (judge(&v[report->n], host, check) < 0)
			return -ENOMEM;
		report->nr[v[report->n].verdict]++;
		if (v[report->n].verdict == TUNE_FAIL)
			report->failed[check->severity]++;
		report->n++;
	}
	return join_boot_words(report, host);
}

int tune_validate_host(struct tune_report **ret, const struct rt_root *root,
		       const struct tune_validate *what, struct rt_err *err)
{
	struct tune_report *report;
	struct tune_host host;
	int rc;

	rc = tune_host_init(&host, root, what->cpus, err);
	if (rc < 0)
		return rc;
	report = calloc(1, sizeof(*report));
	rc = report ? look_at_all(report, &host, what) : -ENOMEM;
	tune_host_finish(&host);
	if (rc < 0) {
		tune_report_destroy(report);
		return rt_err_set(err, rc, "looking at the host");
	}
	*ret = report;
	return 0;
}

void tune_report_destroy(struct tune_report *report)
{
	size_t i;

	if (!report)
		return;
	for (i = 0; i < report->n; i++) {
		free(report->v[i].found);
		free(report->v[i].fix);
	}
	free(report->v);
	free(report->boot_fix);
	free(report);
}
