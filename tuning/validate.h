/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * validate.h - is this host fit for real-time VMs: rows that look, and judge
 *
 * Each row looks at one thing of the host, or of a recorded tree of it, says what
 * it found and what it expected, and how that is had on this distribution.
 * Nothing is changed.  What could not be read is "unknown", never a pass.
 */
#ifndef TUNE_VALIDATE_H
#define TUNE_VALIDATE_H

#include <stdbool.h>
#include <stddef.h>

struct rt_cpuset;
struct rt_err;
struct rt_root;
struct tune_host;

enum tune_severity {
	TUNE_INFO,		/* a choice: worth to know */
	TUNE_WARNING,		/* costs latency */
	TUNE_ERROR,		/* real-time VMs cannot be had so */
	TUNE_NR_SEVERITIES,
};

enum tune_verdict {
	TUNE_PASS,
	TUNE_FAIL,
	TUNE_UNKNOWN,		/* it could not be read */
	TUNE_MOOT,		/* this machine or kernel has no such thing */
	TUNE_NR_VERDICTS,
};

/* How a finding is mended; validate-fix.c makes lines of it for the distribution. */
enum tune_fix_kind {
	TUNE_FIX_SAY,		/* words: there is no line to paste */
	TUNE_FIX_RUN,		/* a command line, the same on all */
	TUNE_FIX_BOOT,		/* words for the kernel's command line */
	TUNE_FIX_SYSCTL,	/* "vm.swappiness=10" */
	TUNE_FIX_MODULE,	/* "kvm nx_huge_pages=0" */
	TUNE_FIX_SYSFS,		/* "/sys/kernel/mm/ksm/run 2", globs allowed */
	TUNE_FIX_SERVICE_OFF,	/* units */
	TUNE_FIX_PACKAGE,	/* a thing that each distribution names differently */
};

struct tune_check {
	const char *id;			/* "nx-huge-pages" */
	enum tune_severity severity;
	const char *expected;		/* what passes */
	const char *why;
	const char *reads;		/* files; NULL: ->path */
	enum tune_fix_kind fix_kind;
	/*
	 * %T the real-time CPUs, %L the same as "2 3 6", %H the others, %M the others'
	 * mask, %S what the row named
	 */
	const char *fix;
	enum tune_verdict (*look)(struct tune_host *host, const struct tune_check *check);
	const char *path, *want;	/* for looks that several rows share */
};

struct tune_finding {
	const struct tune_check *check;
	enum tune_verdict verdict;
	char *found;			/* what was read, or why it could not; owned */
	char *fix;			/* of a failure; owned, else NULL */
};

struct tune_report {
	struct tune_finding *v;		/* in the order of the rows; owned */
	size_t n;
	unsigned int failed[TUNE_NR_SEVERITIES];
	unsigned int nr[TUNE_NR_VERDICTS];
	char *boot_fix;			/* the boot words of all failures in one line, or NULL */
};

struct tune_validate {
	/* CPUs that are to be real-time; NULL: those that are isolated now, if any */
	const struct rt_cpuset *cpus;
	enum tune_severity least;	/* rows below it are left out */
	/* Takes the rows that it returns true for; NULL: all. */
	bool (*wanted)(const struct tune_check *check, void *arg);
	void *arg;
	/* A PCI address or a network interface: judge it instead, for passing it to a guest. */
	const char *device;
};

/**
 * tune_validate_host() - look at the host below @root.
 * @ret: tune_report_destroy() it.
 *
 * Return: 0 whatever is found; -ENOMEM; -ENOENT where there is no such device.
 */
int tune_validate_host(struct tune_report **ret, const struct rt_root *root,
		       const struct tune_validate *what, struct rt_err *err);
void tune_report_destroy(struct tune_report *report);

/* Row by row: those of the host, then those of a device; NULL behind the last. */
const struct tune_check *tune_check_at(size_t i);

/* The fix of a row for the distribution below @root; free(3) it.  NULL: no memory. */
char *tune_check_fix(const struct tune_check *check, const struct rt_root *root);

const char *tune_severity_name(enum tune_severity severity);	/* "warning" */
const char *tune_verdict_name(enum tune_verdict verdict);	/* "pass" */

#endif /* TUNE_VALIDATE_H */
