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
	tune_checks_kernel, tune_checks_boot, tune_checks_kvm, tune_checks_power,
	tune_checks_memory, tune_checks_sched, tune_checks_irq, tune_checks_service,
	tune_checks_virt,
};
static const struct tune_check *const device_themes[] = { tune_checks_device };

#define NR_THEMES (sizeof(themes) / sizeof(themes[0]))

static const struct tune_check *row_of(const struct tune_check *const *tables, size_t nr,
				       size_t *i)
{
	size_t table, row;

	for (table = 0; table < nr; table++) {
		for (row = 0; tables[table][row].id; row++) {
			if ((*i)-- == 0)
				return &tables[table][row];
		}
	}
	return NULL;
}

const struct tune_check *tune_check_at(size_t i)
{
	const struct tune_check *check = row_of(themes, NR_THEMES, &i);

	return check ? check : row_of(device_themes, 1, &i);
}

/* The rows of the host, or those of a device. */
static const struct tune_check *looked_at(bool of_device, size_t i)
{
	return of_device ? row_of(device_themes, 1, &i) : row_of(themes, NR_THEMES, &i);
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

/* Is the word of @len bytes among those with blanks between them? */
static bool has_word(const char *words, const char *word, size_t len)
{
	const char *at;

	for (at = words; at && *at; at += strcspn(at, " "), at += strspn(at, " ")) {
		if (strcspn(at, " ") == len && strncmp(at, word, len) == 0)
			return true;
	}
	return false;
}

/* The boot words of a fix go to those of the others: one line and one boot do for all. */
static void note_boot_words(struct tune_host *host, const struct tune_check *check)
{
	struct rt_buf fix = { 0 };
	const char *at;
	size_t len;

	tune_fix_expand(&fix, host, check->fix);
	for (at = rt_buf_str(&fix); at && *at; at += len + strspn(at + len, " ")) {
		len = strcspn(at, " ");
		if (has_word(rt_buf_str(&host->boot_words), at, len))
			continue;
		rt_buf_puts(&host->boot_words, host->boot_words.len ? " " : "");
		rt_buf_add(&host->boot_words, at, len);
	}
	host->boot_words.failed |= fix.failed;
	rt_buf_finish(&fix);
}

static int join_boot_words(struct tune_report *report, struct tune_host *host)
{
	struct rt_buf line = { 0 };

	if (!host->boot_words.len)
		return 0;
	tune_fix_boot(&line, host, rt_buf_str(&host->boot_words));
	report->boot_fix = rt_buf_str(&line);
	return host->boot_words.failed || line.failed ? -ENOMEM : 0;
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
		if (check->fix_kind == TUNE_FIX_BOOT)
			note_boot_words(host, check);
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

	for (i = 0; (check = looked_at(what->device, i)); i++) {
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
	if (what->device) {
		rc = tune_host_device(&host, what->device, err);
		if (rc < 0)
			goto finish_host;
	}
	report = calloc(1, sizeof(*report));
	rc = report ? look_at_all(report, &host, what) : -ENOMEM;
	if (rc == 0) {
		*ret = report;
	} else {
		tune_report_destroy(report);
		rt_err_set(err, rc, "looking at the host");
	}
finish_host:
	tune_host_finish(&host);
	return rc;
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
