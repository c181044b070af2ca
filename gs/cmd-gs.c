/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd-gs.c - kvmrt-gs: guest services from a shell
 *
 * A command line is a list of steps; all are understood before the first is done,
 * and the first that fails ends it.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gs/kvmrt_gs.h"
#include "gs/path.h"
#include "gs/protocol.h"
#include "lib/cmd.h"
#include "lib/err.h"
#include "lib/table.h"
#include "lib/text.h"

#define MAX_STEPS 64

static bool hex, text, json, unanswered_ok;
static const char *root_path;

static const struct rt_opt gs_opts[] = {
	RT_BOOL('u', "unanswered-ok", &unanswered_ok, "a call that the host has in its trace but "
		"does not answer is done"),
	RT_BOOL('x', "hex", &hex, "MESSAGE and DATA are bytes in hexadecimal, 0x in front or not"),
	RT_BOOL('t', "text", &text, "MESSAGE and DATA are text, 0x in front or not"),
	RT_BOOL(0, "json", &json, "status as JSON"),
	RT_STRING(0, "root", &root_path, "DIR", "find /dev, /proc and /sys below DIR"),
	RT_END
};

/* What a step works on, in the form of its command. */
struct value {
	uint64_t number;
	char bytes[GS_DATA_MAX + 1];
	size_t len;	/* given, which may be more than there is room for */
};

struct command {
	const char *name;
	const char *arg;	/* NULL: none */
	int (*parse)(struct value *ret, const char *word, struct rt_err *err);
	int (*run)(struct value *value, struct rt_err *err);
};

/* ---- why something cannot be done ---- */

static int say_no_kvm(const struct gs_look *look, struct rt_err *err)
{
	if (look->insn == GS_INSN_DEADLY)
		return rt_err_say(err, RT_ECANNOT, "KVM is below this machine, but the instruction "
				  "that calls it faults: is the CPU's vendor disguised here?");
	if (look->insn == GS_INSN_NO_LOOK)
		return rt_err_say(err, RT_ECANNOT, "cannot make a child that looks for KVM");
	return rt_err_say(err, RT_ECANNOT, "this machine is no guest of KVM");
}

static int say_no_word(const struct gs_look *look, struct rt_err *err)
{
	return rt_err_say(err, RT_ECANNOT, "not permitted in this guest: boot it with %s%s%s "
			  "(kvmrt-guest-setup --services prepares that)",
			  look->words.guest ? "" : GS_WORD_GUEST "=1",
			  look->words.guest || look->words.syscall ? "" : " ",
			  look->words.syscall ? "" : GS_WORD_SYSCALL "=1");
}

/* The sentence for a call that failed with @code. */
static int say_failure(int code, struct rt_err *err)
{
	struct gs_look look;

	gs_path_look(&look);
	switch (code) {
	case -ENODEV:
		return say_no_kvm(&look, err);
	case -EACCES:
		return rt_err_say(err, RT_ECANNOT, "%s: permission denied; its group may use it",
				  gs_places.device);
	case -EPERM:
		if (look.path == -EPERM)
			return say_no_word(&look, err);
		return rt_err_say(err, code, "the host refuses this machine or this user");
	case -ENOSYS:
		return rt_err_say(err, code, "the host does not answer; it has the call in its "
				  "trace, where it traces (--unanswered-ok: that is enough)");
	case -EAGAIN:
		return rt_err_say(err, code, "the host takes no more for now: its rate limit is "
				  "reached");
	case 0:
		return 0;
	default:
		return rt_err_set(err, code, "the call failed");
	}
}

/* ---- words that become values ---- */

static int parse_cookie(struct value *ret, const char *word, struct rt_err *err)
{
	if (rt_parse_u64(word, 0, UINT64_MAX, &ret->number) < 0)
		return rt_usage(err, "ping: expected a number as COOKIE, found \"%s\"", word);
	return 0;
}

static int parse_scope(struct value *ret, const char *word, struct rt_err *err)
{
	static const char *const names[] = { "current", "vm", "all" };
	size_t i;

	for (i = 0; i < 3; i++) {
		ret->number = i;
		if (strcasecmp(word, names[i]) == 0)
			return 0;
	}
	if (rt_parse_u64(word, 0, GS_SCOPE_ALL, &ret->number) < 0)
		return rt_usage(err, "xtrace_flush: expected 0 (current CPU), 1 (CPUs of this VM) "
				"or 2 (all CPUs) as SCOPE, found \"%s\"", word);
	return 0;
}

/* Digits behind an optional 0x; 0 when something else stands there too. */
static size_t hex_digits(const char *word, const char **ret_digits)
{
	size_t len;

	if (word[0] == '0' && (word[1] | 32) == 'x')
		word += 2;
	*ret_digits = word;
	len = strspn(word, "0123456789abcdefABCDEF");
	return word[len] ? 0 : len;
}

static void take_hex(char *bytes, const char *digits, size_t len)
{
	char pair[3] = "";
	size_t i;

	for (i = 0; i < len; i++) {
		memcpy(pair, digits + 2 * i, 2);
		bytes[i] = strtoul(pair, NULL, 16);
	}
}

/*
 * Bytes in hexadecimal when told so, or when the word can be nothing else.  As many are kept
 * as one call can send; ->len says how many there are.
 */
static int parse_bytes(struct value *ret, const char *word, struct rt_err *err)
{
	const char *digits;
	size_t nr = hex_digits(word, &digits), len = strlen(word);
	bool is_hex = hex || (!text && nr && digits != word);

	if (is_hex && (nr == 0 || nr % 2))
		return rt_usage(err, "expected pairs of hexadecimal digits, found \"%.40s\"%s",
				word, hex ? "" : " (--text takes it as text)");
	if (is_hex)
		len = nr / 2;
	if (len == 0)
		return rt_usage(err, "nothing to send: the text is empty");
	ret->len = len;
	if (len > GS_DATA_MAX)
		len = GS_DATA_MAX;
	if (is_hex)
		take_hex(ret->bytes, digits, len);
	else
		memcpy(ret->bytes, word, len);
	ret->bytes[len] = '\0';
	return 0;
}

static int parse_message(struct value *ret, const char *word, struct rt_err *err)
{
	int rc = parse_bytes(ret, word, err);

	if (rc < 0)
		return rt_err_wrap(err, rc, "log_msg");
	if (strlen(ret->bytes) < ret->len && strlen(ret->bytes) < GS_DATA_MAX)
		return rt_usage(err, "log_msg: a message cannot hold a zero byte "
				"(xtrace_log_data can)");
	return 0;
}

static int parse_data(struct value *ret, const char *word, struct rt_err *err)
{
	int rc = parse_bytes(ret, word, err);

	if (rc < 0)
		return rt_err_wrap(err, rc, "xtrace_log_data");
	if (ret->len > GS_DATA_MAX)
		return rt_usage(err, "xtrace_log_data: at most %d bytes can be sent, these are %zu",
				GS_DATA_MAX, ret->len);
	return 0;
}

/* ---- steps ---- */

/* The errno that a call would have now, by what was found. */
static int code_of(const struct gs_look *look)
{
	if (look->path < 0)
		return look->path;
	switch (look->answer) {
	case GS_ANSWER_DENIED:
		return -EPERM;
	case GS_ANSWER_AGAIN:
		return -EAGAIN;
	default:
		return look->answer < 0 ? -ENOSYS : 0;
	}
}

/* A finding: the words say why, the status is enough for a script. */
static int find(bool found, const char *what)
{
	struct rt_err err = { 0 };
	struct gs_look look;

	if (found)
		return 0;
	gs_path_look(&look);
	say_failure(code_of(&look), &err);
	if (code_of(&look) == 0)
		fprintf(stderr, "kvmrt-gs: %s: the host does not offer it\n", what);
	else
		fprintf(stderr, "kvmrt-gs: %s: %s\n", what, err.text);
	return 1;
}

static int run_available(struct value *value, struct rt_err *err)
{
	(void)value, (void)err;
	return find(kvmrt_gs_available(), "not available");
}

static int run_ping_available(struct value *value, struct rt_err *err)
{
	(void)value, (void)err;
	return find(kvmrt_gs_ping_available(), "ping is not available");
}

static int run_log_msg_available(struct value *value, struct rt_err *err)
{
	(void)value, (void)err;
	return find(kvmrt_gs_log_msg_available(), "log_msg is not available");
}

static int run_flush_available(struct value *value, struct rt_err *err)
{
	(void)value, (void)err;
	return find(kvmrt_gs_xtrace_flush_available(), "xtrace_flush is not available");
}

static int run_log_data_available(struct value *value, struct rt_err *err)
{
	(void)value, (void)err;
	return find(kvmrt_gs_xtrace_log_data_available(), "xtrace_log_data is not available");
}

static int outcome(long result, const char *what, struct rt_err *err)
{
	int rc;

	if (result >= 0)
		return 0;
	rc = say_failure(-errno, err);
	return rt_err_wrap(err, rc, "%s", what);
}

static int run_ping(struct value *value, struct rt_err *err)
{
	return outcome(kvmrt_gs_ping(value->number), "ping", err);
}

/* Told on stderr when it is not all: what was logged is less than was asked for. */
static void tell_cut(long taken, size_t len)
{
	if (taken >= 0 && (size_t)taken < len)
		fprintf(stderr, "kvmrt-gs: log_msg: the first %ld of %zu bytes were taken\n", taken,
			len);
}

static int run_log_msg(struct value *value, struct rt_err *err)
{
	long taken = kvmrt_gs_log_msg(value->bytes);
	int rc = outcome(taken, "log_msg", err);

	tell_cut(taken, value->len);
	return rc;
}

static int run_flush(struct value *value, struct rt_err *err)
{
	int rc = outcome(kvmrt_gs_xtrace_flush(value->number), "xtrace_flush", err);

	/* A host that does not answer has it in its trace too. */
	if (rc == 0 || rc == -ENOSYS)
		printf("incident %#lx\n", kvmrt_gs_last_incident());
	return rc;
}

static int run_log_data(struct value *value, struct rt_err *err)
{
	return outcome(kvmrt_gs_xtrace_log_data(value->bytes, value->len), "xtrace_log_data", err);
}

/* ---- status ---- */

enum { COL_FACT, COL_STATE, COL_MEANS, NR_COLS };

static const struct rt_column columns[] = {
	[COL_FACT] = { "FACT", "fact", RT_COL_STRING, "what was looked at" },
	[COL_STATE] = { "STATE", "state", RT_COL_STRING, "how it is" },
	[COL_MEANS] = { "MEANS", "means", RT_COL_STRING, "what that means, and what helps" },
};

static void row(struct rt_table *table, const char *fact, const char *state, const char *means)
{
	rt_table_row(table);
	rt_table_str(table, COL_FACT, fact);
	rt_table_str(table, COL_STATE, state);
	rt_table_str(table, COL_MEANS, means);
}

static const char *yes(bool is)
{
	return is ? "yes" : "no";
}

static void row_kvm(struct rt_table *table, const struct gs_look *look)
{
	static const char *const means[] = {
		[GS_INSN_NONE] = "this machine is no guest of KVM",
		[GS_INSN_VMCALL] = "a guest of KVM; calls are made by vmcall",
		[GS_INSN_VMMCALL] = "a guest of KVM; calls are made by vmmcall",
		[GS_INSN_DEADLY] = ("KVM is there, but calling it faults: show the host's own CPU "
				    "vendor to this guest"),
		[GS_INSN_NO_LOOK] = "no child could be made to look",
	};
	bool callable = look->insn == GS_INSN_VMCALL || look->insn == GS_INSN_VMMCALL;

	row(table, "kvm", yes(callable), means[look->insn]);
}

static void row_words(struct rt_table *table, const struct gs_look *look)
{
	row(table, GS_WORD_GUEST, look->words.guest ? "1" : "0",
	    look->words.guest ? "this guest may use its host's services" :
	    "not permitted; boot with " GS_WORD_GUEST "=1");
	row(table, GS_WORD_SYSCALL, look->words.syscall ? "1" : "0",
	    look->words.syscall ? "its programs may" :
	    "not permitted; boot with " GS_WORD_SYSCALL "=1");
}

static void row_device(struct rt_table *table, const struct gs_look *look)
{
	if (look->device == 0)
		row(table, "module", "yes", "calls go through " GS_DEVICE);
	else if (look->device == -EACCES || look->device == -EPERM)
		row(table, "module", "no access", GS_DEVICE " is there, but not for this user; its "
		    "group may use it");
	else
		row(table, "module", "no", "kvmrt_gs_guest is not loaded; programs call the host "
		    "by themselves");
}

static void row_path(struct rt_table *table, const struct gs_look *look)
{
	struct rt_err err = { 0 };

	if (look->path < 0) {
		say_failure(look->path, &err);
		row(table, "path", "none", err.text);
	} else if (look->device == 0) {
		row(table, "path", "device", "through the guest's kernel");
	} else {
		row(table, "path", "instruction", "straight from the program");
	}
}

static void row_marks(struct rt_table *table, const struct gs_look *look)
{
	if (look->device == 0)
		row(table, "guest events", "module", "the module has events of its own");
	else
		row(table, "guest events", look->marks ? "marks" : "no", look->marks ?
		    "written to trace_marker" : "this user cannot write trace_marker; the host's "
		    "trace has its side");
}

static void row_host(struct rt_table *table, const struct gs_look *look)
{
	if (look->path < 0)
		row(table, "host", NULL, "was not asked");
	else if (code_of(look) == 0)
		row(table, "host", "answers", "kvmrt_gs_host is loaded and permits this guest");
	else if (code_of(look) == -EPERM)
		row(table, "host", "refuses", "kvmrt_gs_host does not permit this VM, or not its "
		    "programs without kvmrt_gs_guest: its parameters allow, from_user_mode");
	else if (code_of(look) == -EAGAIN)
		row(table, "host", "limits", "this VM has reached its rate limit: kvmrt_gs_host's "
		    "parameter calls_per_second");
	else
		row(table, "host", "silent", "calls are in its trace, but not answered; on the "
		    "host: modprobe kvmrt_gs_host, kvm.kvmrt_gs_hc_host_enabled=1");
}

static void row_function(struct rt_table *table, const char *name, bool available)
{
	row(table, name, yes(available), available ? "available" : "not available");
}

static void rows_functions(struct rt_table *table)
{
	row_function(table, "ping", kvmrt_gs_ping_available());
	row_function(table, "log_msg", kvmrt_gs_log_msg_available());
	row_function(table, "xtrace_flush", kvmrt_gs_xtrace_flush_available());
	row_function(table, "xtrace_log_data", kvmrt_gs_xtrace_log_data_available());
}

static int run_status(struct value *value, struct rt_err *err)
{
	struct rt_table *table;
	struct gs_look look;
	int rc;

	(void)value;
	rc = rt_table_create(&table, columns, NR_COLS);
	if (rc < 0)
		return rt_err_set(err, rc, "status");
	gs_path_look(&look);
	row_path(table, &look);
	row_kvm(table, &look);
	row_words(table, &look);
	row_device(table, &look);
	row_marks(table, &look);
	row_host(table, &look);
	rows_functions(table);
	rc = json ? rt_table_print_json(table, stdout, err) : rt_table_print(table, stdout, err);
	rt_table_destroy(table);
	return rc;
}

/* ---- the command line ---- */

static const struct command commands[] = {
	{ "available", NULL, NULL, run_available },
	{ "ping_available", NULL, NULL, run_ping_available },
	{ "ping", "COOKIE", parse_cookie, run_ping },
	{ "log_msg_available", NULL, NULL, run_log_msg_available },
	{ "log_msg", "MESSAGE", parse_message, run_log_msg },
	{ "xtrace_flush_available", NULL, NULL, run_flush_available },
	{ "xtrace_flush", "SCOPE", parse_scope, run_flush },
	{ "xtrace_log_data_available", NULL, NULL, run_log_data_available },
	{ "xtrace_log_data", "DATA", parse_data, run_log_data },
	{ "status", NULL, NULL, run_status },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

struct step {
	const struct command *command;
	struct value value;
};

static struct step steps[MAX_STEPS];

static int find_command(const struct command **ret, const char *word, struct rt_err *err)
{
	const char *names[NR_COMMANDS], *near;
	size_t i;

	for (i = 0; i < NR_COMMANDS; i++) {
		names[i] = commands[i].name;
		if (strcmp(word, names[i]) == 0) {
			*ret = &commands[i];
			return 0;
		}
	}
	if (word[0] == '-')
		return rt_usage(err, "expected a command, found \"%s\"; options stand in front of "
				"the first", word);
	if (rt_nearest(word, names, NR_COMMANDS, &near, 1) == 1)
		return rt_usage(err, "unknown command \"%s\"; near it: %s", word, near);
	return rt_usage(err, "unknown command \"%s\"", word);
}

static int parse_steps(int argc, char **argv, unsigned int *ret_nr, struct rt_err *err)
{
	unsigned int nr = 0;
	int i, rc;

	for (i = 0; i < argc; i++, nr++) {
		struct step *step = &steps[nr];

		if (nr == MAX_STEPS)
			return rt_usage(err, "more than %d commands", MAX_STEPS);
		rc = find_command(&step->command, argv[i], err);
		if (rc < 0)
			return rc;
		if (!step->command->arg)
			continue;
		if (++i == argc)
			return rt_usage(err, "%s: expected %s behind it", step->command->name,
					step->command->arg);
		rc = step->command->parse(&step->value, argv[i], err);
		if (rc < 0)
			return rc;
	}
	*ret_nr = nr;
	return 0;
}

/* Everything below DIR; the paths live as long as the command. */
static int move_root(const char *dir, struct rt_err *err)
{
	static char paths[3][PATH_MAX];
	const char *from[3] = { gs_places.device, gs_places.cmdline, gs_places.tracing[0] };
	int i;

	for (i = 0; i < 3; i++) {
		if (snprintf(paths[i], PATH_MAX, "%s%s", dir, from[i]) >= PATH_MAX)
			return rt_err_say(err, -ENAMETOOLONG, "--root: the name is too long");
	}
	gs_places = (struct gs_places){ paths[0], paths[1], { paths[2] } };
	return 0;
}

static int gs(int argc, char **argv, struct rt_err *err)
{
	unsigned int nr = 0, i;
	int rc = 0;

	if (hex && text)
		return rt_usage(err, "--hex and --text cannot both be");
	if (root_path)
		rc = move_root(root_path, err);
	if (rc == 0)
		rc = parse_steps(argc, argv, &nr, err);
	kvmrt_gs_set_unanswered_ok(unanswered_ok);
	for (i = 0; i < nr && rc == 0; i++)
		rc = steps[i].command->run(&steps[i].value, err);
	return rc;
}

static const struct rt_cmd gs_cmd = {
	.name = "kvmrt-gs",
	.summary = "speak to the host from inside a guest: ping, log, flush its trace",
	.synopsis = "[options] COMMAND [ARGUMENT]...",
	.details = "COMMANDs are done in their order; the first that fails ends it: available, "
		   "ping_available, ping COOKIE, log_msg_available, log_msg MESSAGE, "
		   "xtrace_flush_available, xtrace_flush SCOPE (0 the current CPU, 1 the CPUs of "
		   "this VM, 2 all of the host), xtrace_log_data_available, xtrace_log_data DATA, "
		   "status.",
	.opts = gs_opts,
	.own_command = true,	/* a message may begin with a dash */
	.min_args = 1,
	.max_args = UINT_MAX,
	.effect = RT_READS,
	.complete = RT_COMPLETE_WORDS,
	.words = "available ping_available ping log_msg_available log_msg xtrace_flush_available "
		 "xtrace_flush xtrace_log_data_available xtrace_log_data status",
	.run = gs,
};

int main(int argc, char **argv)
{
	return rt_cmd_main(&gs_cmd, argc, argv);
}
