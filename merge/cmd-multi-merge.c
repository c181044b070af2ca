/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd-multi-merge.c - xtrace-multi-merge: one directory with the traces of a host
 * and its guests, all on one clock, and what proves it
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/cmd.h"
#include "lib/err.h"
#include "lib/json.h"
#include "lib/text.h"
#include "merge/assemble.h"
#include "merge/extract.h"
#include "merge/mergefile.h"
#include "merge/set-edit.h"
#include "merge/sync-set.h"

static const char *output;
static const char *method_word = "auto";
static const char *sample_word = "auto";
static const char *clock_word;
static const char *incident_word;
static struct rt_strv labels;
static bool only_check, json, move, force;

static const struct rt_opt opts[] = {
	RT_STRING('o', "output", &output, "DIR", "make the merged directory DIR"),
	RT_CHOICE('t', "clock", &clock_word, "tod",
		  "times of the merged trace: the time of day, or fail"),
	RT_LIST(0, "label", &labels, "NAME=DIR", "show the trace DIR as NAME (its host name else)"),
	RT_CHOICE(0, "sync", &method_word, "auto|same|tsc|gs|windows|tod",
		  "how clocks are compared (auto: the best that is there)"),
	RT_STRING(0, "sample", &sample_word, "auto|none|N",
		  "read N slices of the time of each guest (auto: of large traces), or all of it"),
	RT_BOOL(0, "check", &only_check, "end with status 1 when events contradict the clocks"),
	RT_BOOL(0, "json", &json, "report as JSON"),
	RT_STRING(0, "incident", &incident_word, "ID",
		  "of each trace only what was saved at this call to flush"),
	RT_BOOL(0, "move", &move, "move the traces into DIR instead of linking or copying them"),
	RT_BOOL('f', "force", &force, "replace DIR when it is a merged directory or empty"),
	RT_END
};

/* ---- arguments ---- */

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

/* Whether @dir is the merged directory of the member @path. */
static bool is_member_of(const char *path, const char *dir)
{
	char parent[PATH_MAX], file[PATH_MAX];
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	while (len > 0 && path[len - 1] != '/')
		len--;
	snprintf(parent, sizeof(parent), "%.*s", (int)len, path);
	snprintf(file, sizeof(file), "%s/" MRG_FILE_NAME, dir);
	return same_file(len ? parent : ".", dir) && access(file, F_OK) == 0;
}

/* "NAME=DIR" or DIR; *@ret_label has *@ret_len bytes. */
static const char *split_label(const char *word, const char **ret_label, size_t *ret_len)
{
	const char *eq = strchr(word, '=');

	*ret_label = word;
	*ret_len = eq ? (size_t)(eq - word) : 0;
	return eq ? eq + 1 : word;
}

/*
 * The traces: the arguments, and what --label names beside them and their members.
 * @paths: room for all that were typed.
 */
static int collect_paths(int argc, char **argv, const char **paths, size_t *ret_nr,
			 struct rt_err *err)
{
	size_t nr = 0;

	for (int i = 0; i < argc; i++)
		paths[nr++] = argv[i];
	for (size_t i = 0; i < labels.n; i++) {
		const char *name, *dir;
		size_t len, k = 0;

		dir = split_label(labels.v[i], &name, &len);
		if (!len || !*dir)
			return rt_usage(err, "--label %s: expected NAME=DIR", labels.v[i]);
		while (k < nr && !same_file(paths[k], dir) && !is_member_of(dir, paths[k]))
			k++;
		if (k == nr)
			paths[nr++] = dir;
	}
	if (!nr)
		return rt_usage(err, "expected the traces to merge");
	if (nr > MRG_MAX_MEMBERS)
		return rt_usage(err, "more than %d traces", MRG_MAX_MEMBERS);
	*ret_nr = nr;
	return 0;
}

/* A file with events of a member: also where it is linked into a merged directory. */
static int stat_events(const struct mrg_member *member, struct stat *ret)
{
	char path[PATH_MAX];

	if (xt_trace_nr_lanes(member->trace)) {
		snprintf(path, sizeof(path), "%s/cpu%u.xt", member->path,
			 xt_trace_lane(member->trace, 0)->cpu);
		if (stat(path, ret) == 0)
			return 0;
	}
	return stat(member->path, ret);
}

/* One that is given twice would have each of its events twice. */
static int check_different(const struct mrg_set *set, struct rt_err *err)
{
	struct stat a, b;

	for (size_t i = 1; i < set->nr; i++) {
		for (size_t k = 0; k < i; k++) {
			if (stat_events(&set->members[i], &a) < 0 ||
			    stat_events(&set->members[k], &b) < 0)
				continue;
			if (a.st_dev == b.st_dev && a.st_ino == b.st_ino)
				return rt_usage(err, "%s and %s are the same trace",
						set->members[k].path, set->members[i].path);
		}
	}
	return 0;
}

/* Whether one of the first @nr --label has named @dir. */
static bool has_label(size_t nr, const char *dir)
{
	const char *name;
	size_t len;

	for (size_t i = 0; i < nr; i++)
		if (same_file(split_label(labels.v[i], &name, &len), dir))
			return true;
	return false;
}

static int set_labels(struct mrg_set *set, struct rt_err *err)
{
	for (size_t i = 0; i < labels.n; i++) {
		char label[MRG_LABEL_MAX + 1];
		const char *name, *dir;
		size_t len, k = 0;
		int rc;

		dir = split_label(labels.v[i], &name, &len);
		while (k < set->nr && !same_file(set->members[k].path, dir))
			k++;
		if (k == set->nr)
			return rt_usage(err, "--label %s: give the members' own names inside of a"
					" merged directory", labels.v[i]);
		if (has_label(i, dir))
			return rt_usage(err, "--label %s: %s has a label already", labels.v[i],
					dir);
		snprintf(label, sizeof(label), "%.*s", (int)len, name);
		if (!mrg_label_fits(label))
			return rt_usage(err, "--label %s: expected a NAME of 1 to %d printable"
					" characters without blanks", labels.v[i],
					MRG_LABEL_MAX - 1);
		rc = mrg_set_label(set, k, label, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static enum mrg_method method_of(const char *word)
{
	enum mrg_method m = 0;

	while (m < MRG_NR_METHODS && strcmp(word, mrg_method_name(m)))
		m++;
	return m;
}

/* Who asks whether the law is kept asks for every event. */
static int slices_of(unsigned int *ret, struct rt_err *err)
{
	uint64_t n;

	*ret = only_check || !strcmp(sample_word, "none") ? MRG_SLICES_ALL : MRG_SLICES_AUTO;
	if (!strcmp(sample_word, "auto") || !strcmp(sample_word, "none"))
		return 0;
	if (rt_parse_u64(sample_word, 2, 65536, &n) < 0)
		return rt_usage(err, "--sample %s: expected auto, none or a number from 2 to 65536",
				sample_word);
	if (only_check)
		return rt_usage(err, "--check looks at all events: it does not go with --sample %s",
				sample_word);
	*ret = (unsigned int)n;
	return 0;
}

/* ---- the report ---- */

static void ms(char *buf, size_t size, int64_t ns)
{
	uint64_t v = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;

	snprintf(buf, size, "%s%" PRIu64 ".%06" PRIu64 " ms", ns < 0 ? "-" : "", v / 1000000,
		 v % 1000000);
}

static void us(char *buf, size_t size, uint64_t ns)
{
	snprintf(buf, size, "%" PRIu64 ".%03" PRIu64 " us", ns / 1000, ns % 1000);
}

static void print_error(const struct mrg_member *m)
{
	char error[48], bound[48];

	if (m->error_ns == UINT64_MAX) {
		printf(", error unknown");
		return;
	}
	us(error, sizeof(error), m->error_ns);
	us(bound, sizeof(bound), m->bound_ns);
	printf(" +- %s", error);
	if (m->bound_ns != UINT64_MAX && m->bound_ns != m->error_ns)
		printf(" (+- %s if the clocks drift)", bound);
}

static void print_check(const struct mrg_check *c)
{
	char worst[48];

	if (!c->done) {
		printf("; not checked: no windows of its vCPUs");
		return;
	}
	printf("; %" PRIu64 " events checked, %" PRIu64 " outside of their vCPU's windows",
	       c->checked, c->violations);
	if (c->violations) {
		us(worst, sizeof(worst), c->worst_ns);
		printf(" by up to %s", worst);
	}
	if (c->unknown)
		printf(", %" PRIu64 " where the host's trace cannot tell", c->unknown);
	if (c->pairs)
		printf("; %" PRIu64 " hypercalls, %" PRIu64 " out of order", c->pairs,
		       c->pairs_wrong);
	if (c->slices)
		printf("; in %u slices, %.2g %% of the time: --check looks at all", c->slices,
		       c->slices_ppm / 1e4);
}

static void print_member(const struct mrg_member *m)
{
	const char *clock = xt_trace_info(m->trace)->time.clock;
	char offset[48];

	if (m->method == MRG_REFERENCE) {
		printf("%s: reference, clock %s\n", m->label, *clock ? clock : "not named");
		return;
	}
	if (m->method == MRG_SAME) {
		printf("%s: same machine and clock as the reference: exact\n", m->label);
		return;
	}
	ms(offset, sizeof(offset), m->offset_ns);
	printf("%s: %s, offset %s", m->label, mrg_method_name(m->method), offset);
	print_error(m);
	if (m->rate_ppb)
		printf(", rate %+" PRId64 " ppb", m->rate_ppb);
	print_check(&m->check);
	putchar('\n');
}

static void json_bound(struct rt_json *j, const char *key, uint64_t ns)
{
	rt_json_key(j, key);
	if (ns == UINT64_MAX)
		rt_json_null(j);
	else
		rt_json_u64(j, ns);
}

static void json_u64(struct rt_json *j, const char *key, uint64_t value)
{
	rt_json_key(j, key);
	rt_json_u64(j, value);
}

static void json_vcpus(struct rt_json *j, const struct mrg_member *m)
{
	rt_json_key(j, "vcpus");
	rt_json_open(j, '[');
	for (unsigned int l = 0; l < xt_trace_nr_lanes(m->trace); l++) {
		if (!m->lanes[l].vcpu_tid)
			continue;
		rt_json_open(j, '{');
		json_u64(j, "cpu", xt_trace_lane(m->trace, l)->cpu);
		json_u64(j, "thread", (uint64_t)m->lanes[l].vcpu_tid);
		rt_json_close(j, '}');
	}
	rt_json_close(j, ']');
}

static void json_member(struct rt_json *j, const struct mrg_set *set, const struct mrg_member *m)
{
	rt_json_open(j, '{');
	rt_json_key(j, "name");
	rt_json_str(j, m->name);
	rt_json_key(j, "label");
	rt_json_str(j, m->label);
	rt_json_key(j, "method");
	rt_json_str(j, mrg_method_name(m->method));
	rt_json_key(j, "host");
	rt_json_str(j, m->host >= 0 ? set->members[m->host].label : NULL);
	rt_json_key(j, "clock");
	rt_json_str(j, xt_trace_info(m->trace)->time.clock);
	rt_json_key(j, "offset_ns");
	rt_json_i64(j, m->offset_ns);
	json_bound(j, "error_ns", m->error_ns);
	json_bound(j, "bound_ns", m->bound_ns);
	rt_json_key(j, "rate_ppb");
	rt_json_i64(j, m->rate_ppb);
	json_u64(j, "checked", m->check.checked);
	json_u64(j, "violations", m->check.violations);
	json_u64(j, "worst_ns", m->check.worst_ns);
	json_u64(j, "unknown", m->check.unknown);
	json_u64(j, "pairs", m->check.pairs);
	json_u64(j, "pairs_out_of_order", m->check.pairs_wrong);
	json_u64(j, "slices", m->check.slices);
	json_u64(j, "slices_ppm", m->check.slices ? m->check.slices_ppm : 1000000);
	json_vcpus(j, m);
	rt_json_close(j, '}');
}

static int print_json(const struct mrg_set *set, struct rt_err *err)
{
	struct rt_buf buf = { 0 };
	struct rt_json j = { .buf = &buf };

	rt_json_open(&j, '{');
	rt_json_key(&j, "output");
	rt_json_str(&j, output);
	rt_json_key(&j, "members");
	rt_json_open(&j, '[');
	for (size_t i = 0; i < set->nr; i++)
		json_member(&j, set, &set->members[i]);
	rt_json_close(&j, ']');
	rt_json_close(&j, '}');
	rt_buf_puts(&buf, "\n");
	if (buf.failed)
		return rt_err_set(err, -ENOMEM, "cannot report");
	fwrite(buf.data, 1, buf.len, stdout);
	rt_buf_finish(&buf);
	return 0;
}

/* What comes later may be in the merge or not: a file that was linked grows, a copy does not. */
static void print_unended(const struct mrg_member *member)
{
	const struct xt_info *info = xt_trace_info(member->trace);

	if (!info->complete)
		fprintf(stderr, "xtrace-multi-merge: %s: %s\n", member->path, info->cut ?
			"its recorder did not end in order: the trace is as far as it came" :
			"a session still records into it: end it first to merge all of it");
}

static void print_damage(const struct mrg_set *set)
{
	for (size_t m = 0; m < set->nr; m++) {
		for (size_t i = 0; i < xt_trace_nr_warnings(set->members[m].trace); i++)
			fprintf(stderr, "xtrace-multi-merge: %s: %s\n", set->members[m].path,
				xt_trace_warning(set->members[m].trace, i));
		print_unended(&set->members[m]);
	}
}

static void print_notes(struct rt_buf *notes)
{
	char *text = rt_buf_str(notes), *save = NULL;

	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		fprintf(stderr, "xtrace-multi-merge: %s\n", line);
}

/* ---- the work ---- */

static void progress(void *arg, uint64_t bytes)
{
	char size[32];

	(void)arg;
	fprintf(stderr, "\rcopied %s\033[K", rt_format_size(bytes, size, sizeof(size)));
}

/* Each figure once; arg: the set, whose labels name the traces. */
static void reading(void *arg, const struct xt_trace *trace, unsigned int percent)
{
	static const struct xt_trace *last_trace;
	static unsigned int last;
	const struct mrg_set *set = arg;
	size_t i = 0;

	if (trace == last_trace && percent == last)
		return;
	last_trace = trace;
	last = percent;
	while (i + 1 < set->nr && set->members[i].trace != trace)
		i++;
	fprintf(stderr, "\rreading %s: %u %%\033[K", set->members[i].label, percent);
}

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

/* ---- one incident ---- */

/* Whether a trace has the incident; *@ret_flush: the flush that saved it, 0 for a stream's. */
static bool has_incident(const struct xt_info *info, uint64_t id, uint32_t *ret_flush)
{
	bool found = false;

	*ret_flush = 0;
	for (size_t i = 0; i < info->nr_incidents && !*ret_flush; i++) {
		if (info->incidents[i].id != id)
			continue;
		found = true;
		*ret_flush = info->incidents[i].flush;
	}
	return found;
}

/* The numbers of the flushes; traces that cannot be cut to one are kept whole, and said. */
static int find_incident(const struct mrg_set *set, uint32_t *flushes, struct rt_err *err)
{
	uint64_t id = strtoull(incident_word, NULL, 0);
	bool noted[MRG_MAX_MEMBERS], found = false;

	for (size_t i = 0; i < set->nr; i++) {
		noted[i] = has_incident(xt_trace_info(set->members[i].trace), id, &flushes[i]);
		found = found || noted[i];
	}
	if (!found)
		return rt_err_say(err, -ENOENT, "no trace has an incident %s: the lines"
				  " \"incident\" of their session files have the numbers",
				  incident_word);
	for (size_t i = 0; i < set->nr; i++)
		if (!flushes[i])
			fprintf(stderr, "xtrace-multi-merge: %s: %s incident %s: taken whole\n",
				set->members[i].label,
				noted[i] ? "no flush of its own for" : "has no", incident_word);
	return 0;
}

static int check_incident(struct rt_err *err)
{
	char *end;

	if (!incident_word)
		return 0;
	strtoull(incident_word, &end, 0);
	if (!*incident_word || *end)
		return rt_usage(err, "--incident %s: expected a number", incident_word);
	if (move || !output)
		return rt_usage(err, "--incident needs -o, and does not go with --move");
	return 0;
}

/* From here on a signal must not leave half a directory behind. */
static int assemble(const struct mrg_set *set, struct rt_err *err)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	const struct sigaction action = { .sa_handler = on_signal };
	struct mrg_assemble_opts how = {
		.move = move, .replace = force, .progress = isatty(2) ? progress : NULL,
		.stop = stop,
	};
	uint32_t flushes[MRG_MAX_MEMBERS] = { 0 };

	if (incident_word) {
		int rc = find_incident(set, flushes, err);

		if (rc < 0)
			return rc;
		how.flushes = flushes;
	}
	for (size_t i = 0; output && i < sizeof(signals) / sizeof(*signals); i++)
		sigaction(signals[i], &action, NULL);
	return output ? mrg_assemble(set, output, &how, err) : 0;
}

static int broken(const struct mrg_set *set)
{
	for (size_t i = 0; i < set->nr; i++)
		if (set->members[i].check.violations || set->members[i].check.pairs_wrong)
			return 1;
	return 0;
}

static int merge_set(struct mrg_set *set, struct rt_buf *notes, struct rt_err *err)
{
	const struct mrg_watch watch = { .fn = reading, .arg = set };
	struct mrg_sync_how how = {
		.method = method_of(method_word), .watch = isatty(2) ? &watch : NULL,
	};
	int rc = check_different(set, err);

	if (rc == 0)
		rc = set_labels(set, err);
	print_damage(set);
	if (rc == 0)
		rc = slices_of(&how.slices, err);
	if (rc == 0)
		rc = mrg_sync_set(set, &how, notes, err);
	if (isatty(2))
		fputs("\r\033[K", stderr);
	print_notes(notes);
	if (rc == 0 && clock_word && !set->utc_known)
		rc = rt_err_say(err, -EINVAL, "-t tod: the clock of %s has no recorded relation to"
				" the time of day", set->members[0].path);
	if (rc == 0)
		rc = assemble(set, err);
	if (rc < 0)
		return rc;
	if (json)
		rc = print_json(set, err);
	for (size_t i = 0; !json && i < set->nr; i++)
		print_member(&set->members[i]);
	return rc < 0 ? rc : only_check ? broken(set) : 0;
}

static int open_set(struct mrg_set **ret, int argc, char **argv, struct rt_err *err)
{
	const char **paths = calloc((size_t)argc + labels.n + 1, sizeof(*paths));
	size_t nr = 0;
	int rc;

	if (!paths)
		return rt_err_set(err, -ENOMEM, "cannot read the options");
	rc = collect_paths(argc, argv, paths, &nr, err);
	if (rc == 0 && !output && !only_check && !json)
		rc = rt_usage(err, "expected -o DIR, the directory to make (or --check)");
	if (rc == 0)
		rc = check_incident(err);
	if (rc == 0)
		rc = mrg_set_open(ret, paths, nr, err);
	free(paths);
	return rc;
}

static int run(int argc, char **argv, struct rt_err *err)
{
	struct rt_buf notes = { 0 };
	struct mrg_set *set;
	int rc = open_set(&set, argc, argv, err);

	if (rc < 0)
		return rc;
	rc = merge_set(set, &notes, err);
	rt_buf_finish(&notes);
	mrg_set_destroy(set);
	return rc;
}

static const struct rt_cmd cmd = {
	.name = "xtrace-multi-merge",
	.summary = "merge the traces of a host and its guests on one clock",
	.synopsis = "-o DIR [options] TRACE...",
	.details = "TRACE is a directory of xtrace-run, a trace.dat of trace-cmd, or a merged"
		   " directory.\nHow the clocks were compared, and what proves the result, is"
		   " printed a line a trace.",
	.opts = opts,
	.min_args = 0,
	.max_args = UINT_MAX,
	.effect = RT_READS,
	.complete = RT_COMPLETE_FILE,
	.run = run,
};

int main(int argc, char **argv)
{
	return rt_cmd_main(&cmd, argc, argv);
}
