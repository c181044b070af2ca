/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd-view.c - xtrace-view: show traces, merged by time */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cmd.h"
#include "lib/err.h"
#include "lib/io.h"
#include "lib/text.h"
#include "merge/view-pager.h"
#include "merge/view.h"
#include "merge/where.h"

#define STATUS_NO_READER 141	/* as if SIGPIPE had ended us */

static struct {
	struct rt_strv fields, events, excluded, hosts, pids;
	const char *cpus, *from, *to, *format, *time, *where, *begin, *end;
	unsigned int limit, tail, threads, after, before;
	uint64_t around;
	bool nano, plain, no_pager, stat, json, follow;
} o = { .format = "text", .time = "tod" };

static const struct rt_opt view_opts[] = {
	RT_LIST('f', "fields", &o.fields, "FIELDS",
		"what a line shows: time,host,buffer,cpu,pid,comm,delta,event,raw"),
	RT_LIST('e', "event", &o.events, "EVENT", "show this event only: our name, a name or "
		"glob of tracefs, or a group; may be repeated"),
	RT_LIST('x', "exclude", &o.excluded, "EVENT", "do not show this event"),
	RT_LIST('H', "host", &o.hosts, "HOST", "show this host only: a label, or a glob"),
	RT_STRING('c', "cpu", &o.cpus, "LIST", "show these CPUs only"),
	RT_LIST('p', "pid", &o.pids, "PID", "show events of this task only"),
	RT_STRING('w', "where", &o.where, "EXPR", "show lines of which this is true: "
		  "'event == KVM_EXIT and reason == HLT'"),
	RT_UINT('A', "after", &o.after, "N", 1, UINT_MAX, "with --where: and N events behind each"),
	RT_UINT('B', "before", &o.before, "N", 1, UINT_MAX, "and N events in front of each"),
	RT_TIME(0, "around", &o.around, "TIME", "and what happened up to TIME before and after it"),
	RT_STRING(0, "begin", &o.begin, "EXPR", "show from an event of which this is true"),
	RT_STRING(0, "end", &o.end, "EXPR", "up to the next one of which this is true; a text "
		  "alone means a mark"),
	RT_STRING(0, "from", &o.from, "TIME", "begin here: a time as shown, or +1.5s from the "
		  "begin of the traces"),
	RT_STRING(0, "to", &o.to, "TIME", "end here"),
	RT_UINT('n', "lines", &o.limit, "N", 1, UINT_MAX, "show the first N events"),
	RT_UINT(0, "tail", &o.tail, "N", 1, UINT_MAX, "show the last N events"),
	RT_BOOL('F', "follow", &o.follow, "go on with what running recordings add, until they end"),
	RT_CHOICE(0, "format", &o.format, "text|json|csv|ftrace", "how events are written"),
	RT_CHOICE(0, "time", &o.time, "tod|utc|rel|raw", "how times are written"),
	RT_BOOL(0, "stat", &o.stat, "counts and rates instead of events: by event, by CPU; and how "
		"the clocks were found"),
	RT_BOOL(0, "json", &o.json, "the same as --format json"),
	RT_BOOL(0, "nano", &o.nano, "with --format ftrace: nine digits (trace-cmd report -t)"),
	RT_BOOL('R', "raw", &o.plain, "with --format ftrace: fields as numbers (trace-cmd "
		"report -R)"),
	RT_UINT('j', "threads", &o.threads, "N", 1, 64, "threads that work at it"),
	RT_BOOL(0, "no-pager", &o.no_pager, "write to the terminal directly"),
	RT_END
};

/* ---- lists of words ---- */

/*
 * Calls @one with each comma-separated word.  A list without any is refused: an empty
 * variable of a script must not mean all.
 */
static int each_word(const char *option, const struct rt_strv *list,
		     int (*one)(char *word, void *arg, struct rt_err *err), void *arg,
		     struct rt_err *err)
{
	char *copy, *word, *rest;
	size_t i;
	int rc = 0;

	for (i = 0; i < list->n && rc == 0; i++) {
		copy = strdup(list->v[i]);
		if (!copy)
			return rt_err_set(err, -ENOMEM, "cannot read the options");
		word = strtok_r(copy, ",", &rest);
		if (!word)
			rc = rt_usage(err, "%s: \"%s\" names nothing", option, list->v[i]);
		for (; word && rc == 0; word = strtok_r(NULL, ",", &rest))
			rc = one(word, arg, err);
		free(copy);
	}
	return rc;
}

struct words {
	char **v;	/* owned, and each of them */
	size_t nr;
};

static int add_word(char *word, void *arg, struct rt_err *err)
{
	struct words *words = arg;
	char **more = realloc(words->v, (words->nr + 1) * sizeof(*more));

	if (!more)
		return rt_err_set(err, -ENOMEM, "cannot read the options");
	words->v = more;
	more[words->nr] = strdup(word);
	if (!more[words->nr])
		return rt_err_set(err, -ENOMEM, "cannot read the options");
	words->nr++;
	return 0;
}

static void words_finish(struct words *words)
{
	while (words->nr > 0)
		free(words->v[--words->nr]);
	free(words->v);
}

static const char *const field_names[] = {
#define X(id_, name_, help_) name_,
	MRG_FIELDS(X)
#undef X
};

static int add_field(char *word, void *arg, struct rt_err *err)
{
	struct mrg_view_opts *view = arg;
	const char *near;
	unsigned int i, j;

	for (i = 0; i < MRG_NR_FIELDS; i++) {
		if (strcmp(word, field_names[i]) != 0)
			continue;
		for (j = 0; j < view->nr_fields; j++) {
			if (view->fields[j] == i)
				return rt_usage(err, "--fields: \"%s\" stands there twice", word);
		}
		view->fields[view->nr_fields++] = i;
		return 0;
	}
	if (rt_nearest(word, field_names, MRG_NR_FIELDS, &near, 1) > 0)
		return rt_usage(err, "--fields: no field \"%s\"; did you mean %s?", word, near);
	return rt_usage(err, "--fields: no field \"%s\"; there are time, host, buffer, cpu, pid, "
			"comm, delta, event and raw", word);
}

struct pids {
	int *v;
	size_t nr;
};

static int add_pid(char *word, void *arg, struct rt_err *err)
{
	struct pids *pids = arg;
	uint64_t pid;
	int *more;

	if (rt_parse_u64(word, 0, INT_MAX, &pid) < 0)
		return rt_usage(err, "--pid: expected a number, found \"%s\"", word);
	more = realloc(pids->v, (pids->nr + 1) * sizeof(*more));
	if (!more)
		return rt_err_set(err, -ENOMEM, "cannot read the options");
	pids->v = more;
	pids->v[pids->nr++] = (int)pid;
	return 0;
}

static int compare_pids(const void *a, const void *b)
{
	return *(const int *)a < *(const int *)b ? -1 : *(const int *)a > *(const int *)b;
}

/* ---- hosts ---- */

struct hosts {
	const struct mrg_set *set;
	bool *wanted;
};

static int add_host(char *word, void *arg, struct rt_err *err)
{
	struct hosts *hosts = arg;
	const char *labels[64], *near;
	size_t m, nr = 0;
	bool any = false;

	for (m = 0; m < hosts->set->nr; m++) {
		if (rt_glob(word, hosts->set->members[m].label, false))
			any = hosts->wanted[m] = true;
		if (nr < 64)
			labels[nr++] = hosts->set->members[m].label;
	}
	if (any)
		return 0;
	if (rt_nearest(word, labels, nr, &near, 1) > 0)
		return rt_err_say(err, -EINVAL, "--host: no host \"%s\"; did you mean %s?", word,
				  near);
	return rt_err_say(err, -EINVAL, "--host: no host \"%s\"; the first of %zu is %s", word,
			  hosts->set->nr, labels[0]);
}

/* ---- what is asked for ---- */

static void warn(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "xtrace-view: %s\n", text);
}

static void warn_of_damage(const struct mrg_set *set)
{
	const struct xt_info *info;
	size_t m, i;

	for (m = 0; m < set->nr; m++) {
		info = xt_trace_info(set->members[m].trace);
		/* The last block of a recording that goes on is not torn, but being written. */
		if (o.follow && !info->complete && !info->cut)
			continue;
		for (i = 0; i < xt_trace_nr_warnings(set->members[m].trace); i++)
			fprintf(stderr, "xtrace-view: %s: %s\n", set->members[m].path,
				xt_trace_warning(set->members[m].trace, i));
	}
}

static int choose_format(struct mrg_view_opts *view, struct rt_err *err)
{
	static const struct mrg_format *const formats[] = {
		&mrg_format_text, &mrg_format_json, &mrg_format_csv, &mrg_format_ftrace,
	};
	static const char *const times[] = { "tod", "utc", "rel", "raw" };
	unsigned int i;

	for (i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		if (strcmp(o.format, formats[i]->name) == 0)
			view->format = formats[i];
	}
	for (i = 0; i < sizeof(times) / sizeof(*times); i++) {
		if (strcmp(o.time, times[i]) == 0)
			view->time = (enum mrg_time_mode)i;
	}
	if ((o.nano || o.plain) && view->format != &mrg_format_ftrace)
		return rt_usage(err, "--nano and --raw belong to --format ftrace");
	if (view->nr_fields > 0 && view->format == &mrg_format_ftrace)
		return rt_usage(err, "--fields: --format ftrace has its own");
	return 0;
}

static int choose_range(struct mrg_view_opts *view, const struct mrg_set *set, struct rt_err *err)
{
	int rc = 0;

	if (o.from)
		rc = mrg_parse_when(set, view->time, o.from, &view->from, err);
	if (rc < 0)
		return rt_err_wrap(err, rc, "--from");
	if (o.to)
		rc = mrg_parse_when(set, view->time, o.to, &view->to, err);
	if (rc < 0)
		return rt_err_wrap(err, rc, "--to");
	if (view->from > view->to)
		return rt_usage(err, "--from %s lies behind --to %s", o.from, o.to);
	return 0;
}

/* A merged trace is shown with its hosts unless fields were asked for. */
static void add_host_field(struct mrg_view_opts *view, const struct mrg_set *set)
{
	if (view->nr_fields > 0 || (set->nr < 2 && !set->merged) ||
	    view->format != &mrg_format_text)
		return;
	view->fields[0] = MRG_FIELD_TIME;
	view->fields[1] = MRG_FIELD_HOST;
	view->fields[2] = MRG_FIELD_CPU;
	view->fields[3] = MRG_FIELD_EVENT;
	view->nr_fields = 4;
}

static int show(struct mrg_view_opts *view, struct mrg_set *set,
		const struct mrg_select *select, struct rt_err *err)
{
	struct mrg_pager pager = { .fd = STDOUT_FILENO };
	int rc, paged;

	view->colour = rt_wants_colour(STDOUT_FILENO) && view->format == &mrg_format_text;
	if (!o.no_pager && !o.follow && view->format == &mrg_format_text)
		mrg_pager_start(&pager);
	rc = o.follow ? mrg_view_follow(set, view, select, pager.fd, err) :
			mrg_view_run(set, view, select, pager.fd, err);
	if (rc == -EPIPE)
		rc = pager.pid > 0 ? 0 : STATUS_NO_READER;
	paged = mrg_pager_finish(&pager, rc < 0 ? NULL : err);
	return rc ? rc : paged;
}

static bool has_any_cpu(const struct mrg_set *set, const struct rt_cpuset *cpus)
{
	unsigned int l;
	size_t m;

	for (m = 0; m < set->nr; m++) {
		for (l = 0; l < xt_trace_nr_lanes(set->members[m].trace); l++) {
			if (rt_cpuset_has(cpus, xt_trace_lane(set->members[m].trace, l)->cpu))
				return true;
		}
	}
	return false;
}

static int choose_cpus(struct mrg_view_opts *view, const struct mrg_set *set,
		       struct rt_cpuset *cpus, struct rt_err *err)
{
	struct rt_err why = { 0 };

	if (!o.cpus)
		return 0;
	if (rt_cpuset_parse(cpus, o.cpus, &why) < 0)
		return rt_usage(err, "--cpu: %s", why.text);
	/* One that is idle has nothing recorded yet. */
	if (!o.follow && !has_any_cpu(set, cpus))
		return rt_err_say(err, -EINVAL, "--cpu: no CPU %s in these traces", o.cpus);
	view->cpus = cpus;
	return 0;
}

static int choose(struct mrg_view_opts *view, const struct mrg_set *set, struct rt_cpuset *cpus,
		  struct hosts *hosts, struct rt_err *err)
{
	int rc = choose_range(view, set, err);

	if (rc == 0)
		rc = choose_cpus(view, set, cpus, err);
	if (rc < 0 || o.hosts.n == 0)
		return rc;
	hosts->set = set;
	hosts->wanted = calloc(set->nr + 1, sizeof(bool));
	if (!hosts->wanted)
		return rt_err_set(err, -ENOMEM, "cannot choose hosts");
	view->hosts = hosts->wanted;
	return each_word("--host", &o.hosts, add_host, hosts, err);
}

static int select_events(struct mrg_select **ret, const struct mrg_set *set, struct rt_err *err)
{
	struct words with = { 0 }, without = { 0 };
	int rc;

	rc = each_word("--event", &o.events, add_word, &with, err);
	if (rc == 0)
		rc = each_word("--exclude", &o.excluded, add_word, &without, err);
	if (rc == 0)
		rc = mrg_select_create(ret, set, (const char *const *)with.v, with.nr,
				       (const char *const *)without.v, without.nr, err);
	words_finish(&with);
	words_finish(&without);
	return rc;
}

/* ---- expressions ---- */

static struct expression {
	const char *option, *const *text;
	struct mrg_where *where;	/* owned */
} expressions[] = {
	{ "--where", &o.where, NULL }, { "--begin", &o.begin, NULL }, { "--end", &o.end, NULL },
};

#define NR_EXPRESSIONS (sizeof(expressions) / sizeof(*expressions))

static int parse_expressions(struct mrg_view_opts *view, struct rt_err *err)
{
	struct expression *one;
	int rc;

	for (one = expressions; one < expressions + NR_EXPRESSIONS; one++) {
		rc = *one->text ? mrg_where_parse(&one->where, *one->text, err) : 0;
		if (rc < 0)
			return rt_err_wrap(err, rc, "%s", one->option);
	}
	view->where = expressions[0].where;
	view->begin = expressions[1].where;
	view->end = expressions[2].where;
	return 0;
}

static int bind_expressions(const struct mrg_view_opts *view, const struct mrg_set *set,
			    struct rt_err *err)
{
	struct expression *one;
	int rc;

	for (one = expressions; one < expressions + NR_EXPRESSIONS; one++) {
		rc = one->where ? mrg_where_bind(one->where, set, view->time, err) : 0;
		if (rc < 0)
			return rt_err_wrap(err, rc, "%s", one->option);
	}
	return 0;
}

/* Does anything that is asked for count from the begin of the traces? */
static bool needs_begin(const struct mrg_view_opts *view)
{
	const struct expression *one;

	if (view->time == MRG_TIME_REL || (o.from && *o.from == '+') || (o.to && *o.to == '+'))
		return true;
	for (one = expressions; one < expressions + NR_EXPRESSIONS; one++) {
		if (one->where && mrg_where_needs_begin(one->where))
			return true;
	}
	return false;
}

static void destroy_expressions(void)
{
	struct expression *one;

	for (one = expressions; one < expressions + NR_EXPRESSIONS; one++)
		mrg_where_destroy(one->where);
}

/* ---- the command ---- */

static int show_set(struct mrg_view_opts *view, struct mrg_set *set, struct rt_err *err)
{
	struct rt_cpuset cpus = { 0 };
	struct mrg_select *select = NULL;
	struct hosts hosts = { 0 };
	int rc;

	add_host_field(view, set);
	rc = choose(view, set, &cpus, &hosts, err);
	if (rc == 0)
		rc = select_events(&select, set, err);
	if (rc == 0)
		rc = bind_expressions(view, set, err);
	if (rc == 0 && o.stat)
		rc = mrg_stat_run(set, view, select, view->format == &mrg_format_json, stdout, err);
	else if (rc == 0)
		rc = show(view, set, select, err);
	mrg_select_destroy(select);
	free(hosts.wanted);
	return rc;
}

#define STARTING_TENTHS 100	/* of a second that a recorder may need to describe its trace */

/* A recording that has only just begun may not have said yet what it records. */
static int open_set(struct mrg_set **ret, const char *const *paths, size_t nr, struct rt_err *err)
{
	unsigned int tenths;
	int rc;

	for (tenths = 0; ; tenths++) {
		rc = mrg_set_open(ret, paths, nr, err);
		if (rc < 0 || !o.follow || tenths == STARTING_TENTHS || mrg_follow_ready(*ret))
			return rc;
		mrg_set_destroy(*ret);
		usleep(100000);
	}
}

static int open_and_show(struct mrg_view_opts *view, const char *const *paths, size_t nr,
			 struct rt_err *err)
{
	struct mrg_set *set;
	int rc;

	rc = open_set(&set, paths, nr, err);
	if (rc < 0)
		return rc;
	warn_of_damage(set);
	if (o.follow && needs_begin(view))
		rc = mrg_follow_begin(set, err);
	if (rc == 0)
		rc = show_set(view, set, err);
	mrg_set_destroy(set);
	return rc;
}

/* Options that do not go together. */
static int check_options(struct rt_err *err)
{
	bool context = o.after || o.before || o.around;

	if (o.json && strcmp(o.format, "text") != 0 && strcmp(o.format, "json") != 0)
		return rt_usage(err, "--json and --format %s exclude each other", o.format);
	if (o.json)
		o.format = "json";
	if (o.stat && (o.limit || o.tail || o.fields.n > 0))
		return rt_usage(err, "--stat shows no events: --lines, --tail and --fields do not "
				"go with it");
	if (o.stat && (context || o.begin || o.end))
		return rt_usage(err, "--stat counts without the order of events: --after, "
				"--before, --around, --begin and --end do not go with it");
	if (o.stat && strcmp(o.format, "text") != 0 && strcmp(o.format, "json") != 0)
		return rt_usage(err, "--stat is written as text or json, not %s", o.format);
	if (o.limit && o.tail)
		return rt_usage(err, "--lines and --tail exclude each other");
	if (o.follow && o.stat)
		return rt_usage(err, "--stat counts a whole trace: --follow has none before its"
				" end");
	if (context && !o.where)
		return rt_usage(err, "--after, --before and --around show what is around a match: "
				"expected --where EXPR with them");
	return 0;
}

static int read_options(struct mrg_view_opts *view, struct pids *pids, struct rt_err *err)
{
	int rc = check_options(err);

	if (rc == 0)
		rc = each_word("--fields", &o.fields, add_field, view, err);
	if (rc == 0)
		rc = choose_format(view, err);
	if (rc == 0)
		rc = each_word("--pid", &o.pids, add_pid, pids, err);
	if (rc == 0)
		rc = parse_expressions(view, err);
	if (pids->nr > 0)
		qsort(pids->v, pids->nr, sizeof(int), compare_pids);
	view->pids = pids->v;
	view->nr_pids = pids->nr;
	return rc;
}

static int view_traces(int argc, char **argv, struct rt_err *err)
{
	struct mrg_view_opts view = {
		.to = UINT64_MAX, .limit = o.limit, .tail = o.tail, .threads = o.threads,
		.after = o.after, .before = o.before, .around_ns = o.around,
		.nano = o.nano, .plain = o.plain, .warn = warn,
	};
	struct pids pids = { 0 };
	int rc;

	signal(SIGPIPE, SIG_IGN);
	rc = read_options(&view, &pids, err);
	if (rc == 0)
		rc = open_and_show(&view, (const char *const *)argv, (size_t)argc, err);
	destroy_expressions();
	free(pids.v);
	return rc;
}

static const struct rt_cmd view_cmd = {
	.name     = "xtrace-view",
	.summary  = "show traces of hosts and guests, merged by time",
	.synopsis = "[options] DIR|FILE...",
	.opts     = view_opts,
	.min_args = 1,
	.max_args = UINT_MAX,
	.effect   = RT_READS,
	.complete = RT_COMPLETE_FILE,
	.run      = view_traces,
};

int main(int argc, char **argv)
{
	return rt_cmd_main(&view_cmd, argc, argv);
}
