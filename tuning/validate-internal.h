/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * validate-internal.h - what the rows of validate-*.c look at, and with what
 *
 * A look writes what it found into host->found and returns its verdict.  The
 * helpers below that read a file write there why they could not.
 */
#ifndef TUNE_VALIDATE_INTERNAL_H
#define TUNE_VALIDATE_INTERNAL_H

#include <stdint.h>

#include "lib/buf.h"
#include "lib/cpulist.h"
#include "lib/root.h"
#include "tuning/cmdline.h"
#include "tuning/irqs.h"
#include "tuning/tasks.h"
#include "tuning/validate.h"

struct tune_distro;
struct tune_pci;
struct tune_topo;

struct tune_host {
	const struct rt_root *root;
	bool live;			/* the root is that of this machine */
	const struct tune_distro *distro;
	bool systemd;
	char release[128];		/* "6.1.0-28-rt-amd64", or "" */
	char version[512];		/* /proc/version, or "" */
	bool has_cmdline;
	struct tune_cmdline cmdline;
	char *config;			/* the kernel's .config, or NULL */
	struct rt_cpuset present;	/* CPUs; empty where not known */
	unsigned int nr_cpus;		/* the highest possible number + 1, or 0 */
	bool has_target;
	struct rt_cpuset target;	/* the CPUs that are to be real-time */
	struct tune_topo *topo;		/* owned; only where a device is judged */
	const struct tune_pci *pci;	/* that device, within topo */

	char *comms;			/* names of all processes, a line each, or NULL */
	char *cpuinfo;			/* of the first CPU, or NULL */
	struct tune_tasks tasks;	/* read when a row wants them */
	struct tune_irqs irqs;
	bool no_tasks, no_irqs;		/* it was tried */

	struct rt_buf boot_words;	/* of all fixes so far */

	/* of the row that looks */
	struct rt_buf found;
	char subject[512];		/* %S in its fix */
};

/* The tables, each ends with an id of NULL. */
extern const struct tune_check tune_checks_kernel[], tune_checks_boot[], tune_checks_kvm[],
	tune_checks_power[], tune_checks_memory[], tune_checks_sched[], tune_checks_irq[],
	tune_checks_service[], tune_checks_virt[], tune_checks_device[];

/* ---- reading: validate-read.c ---- */

int tune_host_init(struct tune_host *host, const struct rt_root *root,
		   const struct rt_cpuset *cpus, struct rt_err *err);
void tune_host_finish(struct tune_host *host);
/* Finds the device that is to be judged; -ENOENT with what was expected. */
int tune_host_device(struct tune_host *host, const char *name, struct rt_err *err);

/* A line of a file; false where it could not be read, and tune_missing() says why. */
bool tune_line(const struct tune_host *host, char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
bool tune_number(const struct tune_host *host, int64_t *ret, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A whole file, free(3); NULL where it could not be read. */
char *tune_text(const struct tune_host *host, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/*
 * Says why @path was not read, and what follows of it: this kernel has no such
 * thing (moot), or nobody knows.  A recorded tree may simply lack a file.
 */
enum tune_verdict tune_missing(struct tune_host *host, const char *path);

void tune_say(struct tune_host *host, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* ", " in front of every word but the first: lists of what is wrong. */
void tune_say_item(struct tune_host *host, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void tune_say_cpus(struct tune_host *host, const char *before, const struct rt_cpuset *set);
void tune_set_subject(struct tune_host *host, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static inline enum tune_verdict tune_pass_if(bool condition)
{
	return condition ? TUNE_PASS : TUNE_FAIL;
}

/* True: the real-time CPUs are known; else says that they are not. */
bool tune_need_target(struct tune_host *host);

/* The last value of a name in a text of settings: NAME=value, export NAME="value". */
bool tune_setting(const char *text, const char *name, char *buf, size_t size);

/* The names in a folder, sorted, "." and ".." left out; glob as in rt_glob(). */
struct tune_names {
	char **v;
	size_t n;
};
/* Return: false where the folder could not be read; else tune_names_finish() it. */
bool tune_names(const struct tune_host *host, struct tune_names *ret, const char *glob,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void tune_names_finish(struct tune_names *names);

enum tune_answer { TUNE_NO, TUNE_YES, TUNE_NOBODY_KNOWS };
/* Does a program of that name run? */
enum tune_answer tune_runs(const struct tune_host *host, const char *comm);

/* A flag of the first CPU; a value of its /proc/cpuinfo. */
enum tune_answer tune_cpu_flag(const struct tune_host *host, const char *flag);
bool tune_cpuinfo(const struct tune_host *host, const char *key, char *buf, size_t size);
/* The boot words that turn this processor's IOMMU on. */
const char *tune_iommu_words(const struct tune_host *host);

/* ---- looks that rows share: validate-looks.c ---- */

/* A word of @want ("0|2"; globs) is what the file @path says, or has chosen: "a [b] c". */
enum tune_verdict tune_look_value(struct tune_host *host, const struct tune_check *check);
/* As tune_look_value() below sys/module; moot where the module lacks it. */
enum tune_verdict tune_look_param(struct tune_host *host, const struct tune_check *check);
/* The word @path stands on the command line, with one of @want where that is given. */
enum tune_verdict tune_look_boot(struct tune_host *host, const struct tune_check *check);
/* The CPUs of the boot word @path hold all that are to be real-time. */
enum tune_verdict tune_look_boot_cpus(struct tune_host *host, const struct tune_check *check);
/* The symbols of @want are set in the kernel's configuration, those with "!" are not. */
enum tune_verdict tune_look_config(struct tune_host *host, const struct tune_check *check);
/* /proc/irq/default_smp_affinity has no real-time CPU. */
enum tune_verdict tune_look_irqaffinity(struct tune_host *host, const struct tune_check *check);
/* None of the programs of @want runs. */
enum tune_verdict tune_look_absent(struct tune_host *host, const struct tune_check *check);

bool tune_word_matches(const char *alternatives, const char *word);
/* Is CONFIG_@symbol =y or =m?  host->config is not NULL. */
bool tune_config_has(const struct tune_host *host, const char *symbol);

/* ---- the way to mend it: validate-fix.c ---- */

const struct tune_distro *tune_distro_of(const struct rt_root *root);
/* Adds the line for @words on the kernel's command line. */
void tune_fix_boot(struct rt_buf *buf, const struct tune_host *host, const char *words);
/* Adds the fix of a row. */
void tune_fix_add(struct rt_buf *buf, const struct tune_host *host,
		  const struct tune_check *check);
/* A fix's text with %T, %H, %M, %S filled in. */
void tune_fix_expand(struct rt_buf *buf, const struct tune_host *host, const char *text);

#endif /* TUNE_VALIDATE_INTERNAL_H */
