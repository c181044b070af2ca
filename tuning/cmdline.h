/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmdline.h - the words of a kernel's command line, as the kernel reads them
 *
 * Quotes hold blanks together, "-" and "_" are the same in names, the last of
 * several counts, and what follows "--" is init's.
 */
#ifndef TUNE_CMDLINE_H
#define TUNE_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>

struct rt_cpuset;
struct rt_err;

struct tune_word {
	const char *name;	/* "kvm.nx_huge_pages" */
	const char *value;	/* NULL: the word has no "=" */
};

struct tune_cmdline {
	char *text;		/* owned; the words point into it */
	struct tune_word *v;	/* owned */
	size_t n;
};

/* Return: 0 or -ENOMEM; whatever bytes there are, they are some command line. */
int tune_cmdline_parse(struct tune_cmdline *ret, const char *text, struct rt_err *err);
void tune_cmdline_finish(struct tune_cmdline *cmdline);

/* The value of the last word of that name, "" where it has none; NULL: no such word. */
const char *tune_cmdline_get(const struct tune_cmdline *cmdline, const char *name);

/**
 * tune_cmdline_cpus() - a list as in nohz_full=, irqaffinity=: "0-3", "2-N", "all".
 * @nr_cpus: CPUs that are possible: N is the last of them.
 *
 * Return: 0, or -EINVAL with what was found.
 */
int tune_cmdline_cpus(struct rt_cpuset *ret, const char *value, unsigned int nr_cpus,
		      struct rt_err *err);

/* What isolcpus= may begin with; domain where it begins with no flag that is known. */
#define TUNE_ISOLCPUS_NOHZ		1u
#define TUNE_ISOLCPUS_DOMAIN		2u
#define TUNE_ISOLCPUS_MANAGED_IRQ	4u

/* "managed_irq,domain,2-3": flags that the kernel does not know are skipped, as it does. */
int tune_cmdline_isolcpus(struct rt_cpuset *ret, unsigned int *ret_flags, const char *value,
			  unsigned int nr_cpus, struct rt_err *err);

#endif /* TUNE_CMDLINE_H */
