/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd-export.c - xtrace-export: traces as trace.dat files, for trace-cmd and KernelShark */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cmd.h"
#include "lib/err.h"
#include "merge/assemble.h"
#include "merge/export.h"
#include "merge/set.h"

static const char *output, *host;
static bool force;

static const struct rt_opt export_opts[] = {
	RT_STRING('o', "output", &output, "FILE", "the trace.dat to make; of several traces the "
		  "folder to make, with a NAME.dat for each"),
	RT_STRING('H', "host", &host, "NAME", "this one of several traces alone"),
	RT_BOOL('f', "force", &force, "replace a file that is there"),
	RT_END
};

#define CLEAR_REST "\033[K"		/* of the terminal's line */
#define CLEAR "\r" CLEAR_REST

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
	interrupted = sig;
}

static bool stop(void *arg)
{
	(void)arg;
	return interrupted;
}

static void warn(void *arg, const char *text)
{
	const struct mrg_member *member = arg;

	fprintf(stderr, "%sxtrace-export: %s: %s\n", isatty(2) ? CLEAR : "", member->path, text);
}

static void progress(void *arg, unsigned int percent)
{
	const struct mrg_member *member = arg;
	static const struct mrg_member *last_member;
	static unsigned int last;

	if (member == last_member && percent == last)
		return;
	last_member = member;
	last = percent;
	fprintf(stderr, "\rwriting %s: %u %%" CLEAR_REST, member->label, percent);
}

static void warn_of_damage(struct mrg_member *member)
{
	for (size_t i = 0; i < xt_trace_nr_warnings(member->trace); i++)
		warn(member, xt_trace_warning(member->trace, i));
}

/* ---- one file ---- */

/*
 * Where the file is to be: a link is followed, so that what it leads to is replaced and
 * not the link, which may be /dev/stdout.
 */
static int find_place(const char *path, char place[PATH_MAX], struct rt_err *err)
{
	struct stat there;

	if ((size_t)snprintf(place, PATH_MAX, "%s", path) >= PATH_MAX)
		return rt_err_set(err, -ENAMETOOLONG, "%s", path);
	if (lstat(path, &there) < 0)
		return 0;
	if (stat(path, &there) < 0 || !S_ISREG(there.st_mode))
		return rt_err_say(err, -EEXIST, "%s is no file, and is not replaced", path);
	if (!force)
		return rt_err_say(err, -EEXIST, "%s is there already (-f replaces it)", path);
	return realpath(path, place) ? 0 : rt_err_set(err, -errno, "%s", path);
}

/* Whole or not at all: it has its name when it is complete. */
static int export_to(const struct mrg_set *set, size_t index, const char *path,
		     struct rt_err *err)
{
	struct mrg_member *member = &set->members[index];
	struct xt_export_opts opts = {
		.warn = warn, .progress = isatty(2) ? progress : NULL, .stop = stop,
		.arg = member,
	};
	char place[PATH_MAX], part[PATH_MAX];
	int fd, rc = find_place(path, place, err);

	if (rc < 0)
		return rc;
	if ((size_t)snprintf(part, sizeof(part), "%s.%d", place, (int)getpid()) >= sizeof(part))
		return rt_err_set(err, -ENAMETOOLONG, "%s", path);
	fd = open(part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return rt_err_set(err, -errno, "cannot make %s", path);
	warn_of_damage(member);
	rc = mrg_export(set, index, fd, &opts, err);
	if (opts.progress)
		fputs(CLEAR, stderr);
	if (rc < 0)
		rt_err_wrap(err, rc, "%s", rc == -ENODATA ? member->path : path);
	else if (fsync(fd) < 0 || rename(part, place) < 0)
		rc = rt_err_set(err, -errno, "cannot make %s", path);
	close(fd);
	if (rc < 0)
		unlink(part);
	return rc;
}

/* ---- several ---- */

static int name_path(char *path, size_t size, const char *name, struct rt_err *err)
{
	if ((size_t)snprintf(path, size, "%s/%s", output, name) < size)
		return 0;
	return rt_err_set(err, -ENAMETOOLONG, "%s", output);
}

/* All or none of them. */
static void remove_all(mrg_name *names, size_t nr)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < nr; i++)
		if (name_path(path, sizeof(path), names[i], NULL) == 0)
			unlink(path);
	rmdir(output);
}

/* Labels are words of the traces, and no paths. */
static int export_all(const struct mrg_set *set, struct rt_err *err)
{
	mrg_name *names = calloc(set->nr, sizeof(*names));
	char path[PATH_MAX];
	size_t i = 0;
	bool made;
	int rc = 0;

	if (!names)
		return rt_err_set(err, -ENOMEM, "cannot make the folder %s", output);
	made = mkdir(output, 0777) == 0;
	if (!made && !(force && errno == EEXIST))
		rc = rt_err_set(err, -errno, "cannot make the folder %s", output);
	for (; i < set->nr && rc == 0; i++) {
		mrg_name_file(names, i, set->members[i].label, ".dat");
		rc = name_path(path, sizeof(path), names[i], err);
		if (rc == 0)
			rc = export_to(set, i, path, err);
	}
	if (rc < 0 && made)
		remove_all(names, i);
	free(names);
	return rc;
}

static int find_host(const struct mrg_set *set, size_t *ret, struct rt_err *err)
{
	for (size_t i = 0; i < set->nr; i++) {
		if (strcmp(set->members[i].label, host) == 0) {
			*ret = i;
			return 0;
		}
	}
	return rt_err_say(err, -ENOENT, "no host \"%s\" in these traces", host);
}

/* A file among those of a trace would be a part of it, or take the place of one. */
static int check_place(char **traces, struct rt_err *err)
{
	char out[PATH_MAX], in[PATH_MAX], parent[PATH_MAX];
	const char *slash = strrchr(output, '/');
	struct stat st;
	size_t len;

	snprintf(parent, sizeof(parent), "%.*s", slash ? (int)(slash - output) + 1 : 1,
		 slash ? output : ".");
	if (!realpath(output, out) && !realpath(parent, out))
		return rt_err_set(err, -errno, "cannot make %s", output);
	for (; *traces; traces++) {
		if (!realpath(*traces, in) || stat(in, &st) < 0 || !S_ISDIR(st.st_mode))
			continue;
		len = strlen(in);
		if (strncmp(out, in, len) == 0 && (!out[len] || out[len] == '/'))
			return rt_err_say(err, -EINVAL, "%s: lies inside of %s, which is to be"
					  " exported", output, *traces);
	}
	return 0;
}

static int export_set(const struct mrg_set *set, char **traces, struct rt_err *err)
{
	size_t one = 0;
	int rc = host ? find_host(set, &one, err) : 0;

	if (rc == 0)
		rc = check_place(traces, err);
	if (rc < 0)
		return rc;
	return host || set->nr == 1 ? export_to(set, one, output, err) : export_all(set, err);
}

/* What leaves half a file otherwise; one that is ignored, as under nohup(1), stays so. */
static void handle_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	const struct sigaction action = { .sa_handler = on_signal };
	struct sigaction before;

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
	/* A write that fails leaves nothing, the signals would. */
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

static int run(int argc, char **argv, struct rt_err *err)
{
	struct mrg_set *set;
	int rc;

	if (!output || !*output)
		return rt_usage(err, "expected -o FILE, the trace.dat to make");
	rc = mrg_set_open(&set, (const char *const *)argv, (size_t)argc, err);
	if (rc < 0)
		return rc;
	handle_signals();
	rc = export_set(set, argv, err);
	mrg_set_destroy(set);
	return rc;
}

int main(int argc, char **argv)
{
	static const struct rt_cmd cmd = {
		.name = "xtrace-export",
		.summary = "write traces as trace.dat files, for trace-cmd and KernelShark",
		.synopsis = "-o FILE [-H NAME] [-f] TRACE...",
		.details = "A TRACE is a directory of xtrace-run or xtrace-multi-merge, or a "
			   "trace.dat. Guests that were merged with their host are written so "
			   "that trace-cmd report -i HOST.dat -i GUEST.dat has them on the host's "
			   "clock.",
		.opts = export_opts,
		.min_args = 1, .max_args = UINT_MAX,
		.effect = RT_READS,
		.complete = RT_COMPLETE_FILE,
		.run = run,
	};

	return rt_cmd_main(&cmd, argc, argv);
}
