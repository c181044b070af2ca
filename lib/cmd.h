/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd.h - one shape for every command: a table, a run function, one main()
 *
 * The option table is the only home of an option: parsing, --help, the
 * completion file and the check of the man page are all made from it.
 */
#ifndef RT_LIB_CMD_H
#define RT_LIB_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rt_err;

/* What rt_usage() returns; above every errno, so that no system call returns it. */
#define RT_EUSAGE (-4096)

enum rt_opt_type {
	RT_OPT_END,
	RT_OPT_BOOL,		/* bool: set to true */
	RT_OPT_UINT,		/* unsigned int within [min, max] */
	RT_OPT_SIZE,		/* uint64_t, with a suffix k, m, g (1024) within [min, max] */
	RT_OPT_TIME,		/* uint64_t ns from "1.5", "10ms", "200us", "3s", "2m"; plain = s */
	RT_OPT_STRING,		/* const char *, borrowed from argv */
	RT_OPT_LIST,		/* struct rt_strv: option may be repeated; strings borrowed */
	RT_OPT_PAIR,		/* const char *[2]: two words follow; borrowed */
	RT_OPT_CHOICE,		/* const char * out of the words of .arg, "stream|overwrite|stop" */
};

/* The values of an option that may be repeated; nothing to free but v itself at exit. */
struct rt_strv {
	const char **v;
	size_t n;
};

struct rt_opt {
	enum rt_opt_type type;
	char letter;		/* 0 when there is no short form */
	const char *name;	/* without the dashes */
	const char *arg;	/* "FILE"; NULL when it takes none */
	const char *help;
	void *value;
	uint64_t min, max;	/* UINT and SIZE only */
};

/* Does not compile when the variable has not the type that the option writes. */
#define RT_CHECK_TYPE(ptr, type) \
	((ptr) + sizeof(struct { int bad : __builtin_types_compatible_p(__typeof__(ptr), type) \
				? 1 : -1; }) * 0)
#define RT_OPT_(t, l, n, a, v, lo, hi, h) \
	{ .type = (t), .letter = (l), .name = (n), .arg = (a), .help = (h), .value = (v), \
	  .min = (lo), .max = (hi) }

#define RT_BOOL(l, n, v, h) \
	RT_OPT_(RT_OPT_BOOL, l, n, NULL, RT_CHECK_TYPE(v, bool *), 0, 0, h)
#define RT_UINT(l, n, v, a, lo, hi, h) \
	RT_OPT_(RT_OPT_UINT, l, n, a, RT_CHECK_TYPE(v, unsigned int *), lo, hi, h)
#define RT_SIZE(l, n, v, a, lo, hi, h) \
	RT_OPT_(RT_OPT_SIZE, l, n, a, RT_CHECK_TYPE(v, uint64_t *), lo, hi, h)
#define RT_TIME(l, n, v, a, h) \
	RT_OPT_(RT_OPT_TIME, l, n, a, RT_CHECK_TYPE(v, uint64_t *), 0, UINT64_MAX, h)
#define RT_STRING(l, n, v, a, h) \
	RT_OPT_(RT_OPT_STRING, l, n, a, RT_CHECK_TYPE(v, const char **), 0, 0, h)
#define RT_LIST(l, n, v, a, h) \
	RT_OPT_(RT_OPT_LIST, l, n, a, RT_CHECK_TYPE(v, struct rt_strv *), 0, 0, h)
#define RT_PAIR(l, n, v, a, h) \
	RT_OPT_(RT_OPT_PAIR, l, n, a, RT_CHECK_TYPE(v, const char *(*)[2]), 0, 0, h)
#define RT_CHOICE(l, n, v, words, h) \
	RT_OPT_(RT_OPT_CHOICE, l, n, words, RT_CHECK_TYPE(v, const char **), 0, 0, h)
#define RT_END { .type = RT_OPT_END }

enum rt_effect {
	RT_READS,		/* looks only; safe on a live host */
	RT_CHANGES_HOST,	/* changes settings of the host; offers --dry-run itself */
};

/* What a shell completes in the place of an argument. */
enum rt_complete { RT_COMPLETE_FILE, RT_COMPLETE_DIR, RT_COMPLETE_NONE, RT_COMPLETE_WORDS };

struct rt_cmd {
	const char *name;
	const char *summary;	/* one line, lower case, no full stop */
	const char *synopsis;	/* what follows the name: "[options] DIR..." */
	const char *details;	/* further paragraphs of --help, or NULL */
	const struct rt_opt *opts;
	unsigned int min_args, max_args;	/* max UINT_MAX: any number */
	enum rt_effect effect;
	bool own_command;	/* parsing stops at the first argument, as env(1) does */
	enum rt_complete complete;
	const char *words;	/* RT_COMPLETE_WORDS: "flush pause resume" */
	/*
	 * For a command that passes another's status on: the one exit status of
	 * every failure of ours, wrong use included (125 in xtrace-run).  0: as
	 * rt_cmd_main() says.
	 */
	int fail_status;
	/*
	 * Does the work.  argv[0] is the first argument behind the options;
	 * argv[argc] is NULL.
	 * Return: 0, or a positive exit status (a finding), or -errno with @err
	 * filled, or what rt_usage() returned.
	 */
	int (*run)(int argc, char **argv, struct rt_err *err);
};

/**
 * rt_usage() - a failure that is the caller's wrong use of the command.
 *
 * Return: a code that makes rt_cmd_main() print the sentence, point at --help
 * and exit with status 2.
 */
int rt_usage(struct rt_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * rt_cmd_main() - parse, run, report, and choose the exit status.
 *
 * The only place that prints a struct rt_err.  Exit status: 0 done, 1 failed or
 * a finding, 2 wrong usage, 3 this machine cannot do it (RT_ECANNOT, and
 * -EPERM/-EACCES that say root is needed are set so by their finder).
 * Understands --help (-h where the table leaves that letter free), --version
 * and --dump-options (a line an option for the completion files and the lints)
 * in every command.  Options may stand behind arguments unless own_command.
 * Flushes stdout and reports what could not be written; a reader that closed
 * the pipe is no failure worth a word (status 141, as if SIGPIPE had ended it).
 */
int rt_cmd_main(const struct rt_cmd *cmd, int argc, char **argv);

#endif /* RT_LIB_CMD_H */
