/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * view.h - a merged stream on paper: what is shown, and how
 *
 * view.c drives the stream; view-select.c says which events are wanted; view-row.c
 * makes of each event a row of arguments, view-value.c prints one; view-notes.c
 * finds what no record says by itself (derived lines, names of tasks).  A format
 * (view-text.c, -ftrace.c, -json.c, -csv.c) prints a window, and knows nothing of
 * where it came from.
 */
#ifndef MRG_VIEW_H
#define MRG_VIEW_H

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

#include "kvm-events/kvm-events.h"
#include "lib/cpulist.h"
#include "merge/names.h"
#include "merge/stream.h"

struct mrg_view;
struct mrg_select;
struct mrg_notes;
struct mrg_subject;
struct mrg_where;

/* ---- what is asked for ---- */

#define MRG_FIELDS(X) \
	X(TIME,   "time",   "when: see --time") \
	X(HOST,   "host",   "label of the trace") \
	X(BUFFER, "buffer", "ring buffer within the trace, where it has a name") \
	X(CPU,    "cpu",    "CPU of that host") \
	X(PID,    "pid",    "task that was running") \
	X(COMM,   "comm",   "its name") \
	X(DELTA,  "delta",  "seconds since the line before") \
	X(EVENT,  "event",  "name and arguments") \
	X(RAW,    "raw",    "system:event and all fields by their own names")

enum mrg_field {
#define X(id_, name_, help_) MRG_FIELD_##id_,
	MRG_FIELDS(X)
#undef X
	MRG_NR_FIELDS
};

enum mrg_time_mode { MRG_TIME_TOD, MRG_TIME_UTC, MRG_TIME_REL, MRG_TIME_RAW };

struct mrg_view_opts {
	const struct mrg_format *format;
	enum mrg_field fields[MRG_NR_FIELDS];
	unsigned int nr_fields;		/* 0: the format's own */
	enum mrg_time_mode time;
	uint64_t from, to;		/* merged ns */
	uint64_t limit, tail;		/* 0: all */
	const int *pids;		/* wanted ones, sorted */
	size_t nr_pids;
	const bool *hosts;		/* by member; NULL: all */
	const struct rt_cpuset *cpus;	/* NULL: all */
	const struct mrg_where *where;	/* what must be true of a line; NULL: all are shown */
	/* Shown around a line that is a match, and then of the others no more. */
	uint64_t after, before;		/* events */
	uint64_t around_ns;
	/* From an event that is a match up to the next one; NULL: from the first, to the last. */
	const struct mrg_where *begin, *end;
	unsigned int threads;
	bool colour;
	bool nano, plain;		/* of --format ftrace: -t and -R of trace-cmd report */
	void (*warn)(void *arg, const char *text);	/* damage that was passed over */
	void *warn_arg;
};

static inline bool mrg_has_context(const struct mrg_view_opts *opts)
{
	return opts->after > 0 || opts->before > 0 || opts->around_ns > 0;
}

static inline bool mrg_has_spans(const struct mrg_view_opts *opts)
{
	return opts->begin || opts->end;
}

/* ---- rows ---- */

struct mrg_arg {
	const char *label;		/* "vcpu", or the field's own name in a row made up */
	const char *lead;		/* what stands in front of the value: " vcpu ", " name=";
					   16 bytes more can be read */
	uint16_t lead_len;
	uint16_t show;			/* enum kev_show, or one of enum mrg_show */
	const struct xt_field *field;
	const struct xt_field *second;	/* isa of an exit reason */
	/*
	 * Of a decimal number, as most are: the 64 bits of the record that end with it
	 * begin at ->load, and ->shift of them are not its own.
	 */
	bool number, is_signed;
	uint8_t shift;
	uint32_t load;
};

/* Kinds of values beside enum kev_show, for events without a row. */
enum mrg_show {
	MRG_SHOW_LIST = KEV_NR_SHOWS,	/* numbers of an array, in hexadecimal */
};

struct mrg_row {
	const struct xt_event *event;	/* NULL: the trace does not describe this id */
	const char *name;
	const char *json_name;		/* "system:event" as a JSON string */
	char *head;			/* name with its bracket: "INTERRUPT_ENTER [apic_timer";
					   16 bytes more can be read */
	uint16_t head_len, name_len;
	uint16_t nr_args, nr_strings;	/* arguments; those as long as the record */
	enum kev_role role;
	uint32_t min_size;		/* of a whole record */
	uint32_t room;			/* bytes that head and numbers need */
	bool bracket;			/* something stands between brackets */
	bool silent;			/* only its derived lines were asked for */
	struct mrg_arg *args;
	/* Of sys_enter and sys_exit: number and first argument or result. */
	const struct xt_field *nr, *word;
	/* Of sched_switch and sched_wakeup: whom they name. */
	struct {
		const struct xt_field *pid, *comm;
	} task[2];
	struct mrg_row *raw;		/* all fields by their own names, when asked for */
};

/* A line beside a record's own. */
struct mrg_note {
	uint32_t item;
	uint32_t size;		/* of the whole note: the next one begins there */
	uint32_t name_len, args_len;
	bool before;		/* stands in front of the record's own line */
	char text[];		/* name, then arguments, both safe to print */
};

/* ---- the view ---- */

/* How a window becomes text.  A member that is NULL is not called. */
struct mrg_format {
	const char *name;
	const char *group;	/* stands between groups of lines that do not adjoin */
	bool derived;		/* shows derived lines */
	bool names;		/* shows names of tasks */
	bool reported;		/* only those that trace-cmd report has */
	enum mrg_field fields[MRG_NR_FIELDS];	/* shown when nothing is asked for */
	unsigned int nr_fields;
	/* Before there is a stream, and with it; ->stop also after a failure of either. */
	int (*open)(struct mrg_view *view, struct rt_err *err);
	int (*start)(struct mrg_view *view, struct rt_err *err);
	void (*stop)(struct mrg_view *view);
	/* Is this event of interest to ->observe? */
	bool (*marks)(const struct mrg_view *view, uint16_t member, unsigned int id);
	/* One thread at a time, in order: what must be done before windows go apart. */
	int (*observe)(struct mrg_view *view, struct mrg_window *window);
	void (*head)(struct mrg_view *view, struct rt_buf *out);
	void (*window)(struct mrg_view *view, struct mrg_window *window);
};

extern const struct mrg_format mrg_format_text, mrg_format_ftrace, mrg_format_json, mrg_format_csv;

struct mrg_view {
	const struct mrg_set *set;
	const struct mrg_view_opts *opts;
	const struct mrg_select *select;
	const struct mrg_format *format;
	const enum mrg_field *fields;
	unsigned int nr_fields;
	bool wants[MRG_NR_FIELDS];
	bool whole_rows;		/* rows have ->raw */
	struct mrg_stream *stream;
	struct mrg_names *names;	/* NULL where no names are shown */
	struct mrg_notes *notes;
	void *own;			/* the format's own data */
	struct mrg_row ***rows;		/* [member][id], made at their first use; atomic */
	pthread_mutex_t lock;		/* making rows, and symbols */
	struct mrg_symbol **symbols;	/* atomic; see view-value.c */
	struct mrg_vcpus *vcpus;	/* by member; see view-vcpu.c */
	int64_t shown_offset;		/* shown time = merged time + this */
	uint64_t shown, prev;		/* by ->observe: items shown so far, time of the last */
	uint64_t seen;			/* items of all rounds so far */
	bool has_head, done;		/* the head is written; no more is wanted */
	bool goes_on;			/* there will be another round */
	uint64_t skip;			/* first items not shown: what --tail leaves out */
	bool counting;			/* nothing is printed */
	bool unordered;			/* names of tasks are those that were saved */
	bool within;			/* a span has begun and not ended */
	uint64_t visible;		/* items that spans and filters let through so far */
	/* See view-context.h.  All NULL without context around matches. */
	struct mrg_context *context;	/* owned */
	struct mrg_context *found_by;	/* this one is its finder */
	struct mrg_tail *tail;		/* owned */
	bool any, gap;			/* something was shown; something was left out since */
	int fd;
};

/**
 * mrg_view_run() - shows a set as @opts say.
 * @fd: where the text goes.
 *
 * Return: 0; -EPIPE, without a word about it, when nobody reads there any more;
 * or -errno.
 */
int mrg_view_run(const struct mrg_set *set, const struct mrg_view_opts *opts,
		 const struct mrg_select *select, int fd, struct rt_err *err);
/* What is added to merged time when it is shown; -EINVAL where it cannot be known. */
int mrg_view_offset(const struct mrg_set *set, enum mrg_time_mode mode, int64_t *ret,
		    struct rt_err *err);

/**
 * mrg_view_follow() - as mrg_view_run(), of recordings that go on, until they end.
 * @set: is refreshed; nobody else uses it.
 */
int mrg_view_follow(struct mrg_set *set, const struct mrg_view_opts *opts,
		    const struct mrg_select *select, int fd, struct rt_err *err);

/* Do the recordings in the set say already what they are? */
bool mrg_follow_ready(const struct mrg_set *set);

/**
 * mrg_follow_begin() - waits until the begin of the set is known, for times that count
 * from it: until an event is on disk and no older one can come, or all have ended.
 * @set: is refreshed; nobody else uses it.
 *
 * Return: 0, also when they ended without an event; or -errno.
 */
int mrg_follow_begin(struct mrg_set *set, struct rt_err *err);

/* What both ways of running share; mrg_view_finish() also after a failed init. */
int mrg_view_init(struct mrg_view *view, struct rt_err *err);
void mrg_view_finish(struct mrg_view *view);

/*
 * What both, and --follow, are made of: a start, rounds (all records from @from to
 * @to, each behind the last), a stop, also after a failure.  Counting prints nothing.
 * Return of a round: 0; 1 when nobody reads any more; or -errno.
 */
int mrg_view_start(struct mrg_view *view, struct rt_err *err);
int mrg_view_round(struct mrg_view *view, uint64_t from, uint64_t to, bool counting,
		   struct rt_err *err);
void mrg_view_stop(struct mrg_view *view);
/* For --tail: where to begin, and ->skip. */
int mrg_view_find_tail(struct mrg_view *view, uint64_t *ret_from, struct rt_err *err);
/* All records from @from on, in one round: printed, or counted (->shown) and looked at only. */
int mrg_view_pass(struct mrg_view *view, uint64_t from, bool counting, struct rt_err *err);

/* Whether lines name their tasks. */
bool mrg_view_shows_names(const struct mrg_view *view);

void mrg_view_warn(void *view, const char *text);	/* for a stream's sink */

/**
 * mrg_stat_run() - counts and rates by event and by CPU, what was lost, and how the
 * members' clocks were found, as tables or as one JSON object.
 */
int mrg_stat_run(const struct mrg_set *set, const struct mrg_view_opts *opts,
		 const struct mrg_select *select, bool json, FILE *to, struct rt_err *err);

/* view-filter.c */
struct mrg_filter {
	uint8_t **actions;	/* by member, then event id; owned, and each of them */
	unsigned int *nr;	/* owned */
};

int mrg_filter_init(struct mrg_filter *filter, const struct mrg_view *view, struct rt_err *err);
void mrg_filter_finish(struct mrg_filter *filter, size_t members);	/* also after a failure */
/* What the stream must know of it: actions, tasks, and what decides about a record. */
void mrg_filter_use(const struct mrg_filter *filter, const struct mrg_view *view,
		    struct mrg_stream_opts *opts, struct mrg_sink *sink);
/* For the stream: is the lane, is the record wanted? */
bool mrg_filter_lane(void *view, const struct mrg_stream_lane *lane);
/* Not by the stream, but in its order: where names of tasks are asked for. */
bool mrg_filter_is_ordered(const struct mrg_view *view);
void mrg_filter_observe(struct mrg_view *view, struct mrg_window *window);
/* -H and -c; and -p with them. */
bool mrg_filter_shows_lane(const struct mrg_view *view, const struct mrg_stream_lane *lane);
bool mrg_filter_task(const struct mrg_view *view, const struct mrg_item *item);
/* Derived lines: can one of this name be of use?  Is this one, if its task is @wanted, shown? */
bool mrg_filter_name(const struct mrg_view *view, uint16_t member, const char *name);
bool mrg_filter_note(struct mrg_view *view, struct mrg_item *item, bool wanted,
		     const struct mrg_subject *subject);
bool mrg_filter_match_lines(struct mrg_view *view, const struct mrg_where *where,
			    const struct mrg_item *item, uint64_t seq, bool *ret_own,
			    bool *ret_word);

/* view-span.c: hides what is not between --begin and --end. */
void mrg_spans_observe(struct mrg_view *view, struct mrg_window *window);

/* view-row.c: never NULL; made at the first use. */
const struct mrg_row *mrg_view_row(struct mrg_view *view, uint16_t member, unsigned int id);
int mrg_rows_create(struct mrg_view *view, struct rt_err *err);
void mrg_rows_destroy(struct mrg_view *view);
/* How a field is shown of which nothing is known but its type: a kind of value. */
unsigned int mrg_guess_show(const struct xt_field *field);

/* view-vcpu.c */
int mrg_vcpus_create(struct mrg_view *view, struct rt_err *err);
void mrg_vcpus_destroy(struct mrg_view *view);
/* The PID of the VM that thread @tid belongs to, as far as the trace tells; else @tid. */
int mrg_view_vm_pid(const struct mrg_view *view, uint16_t member, int tid);
/* The vCPU that thread @tid of a host is; NULL where it is none. */
const struct xt_vcpu *mrg_view_vcpu_thread(const struct mrg_view *view, uint16_t member, int tid);
/* That of a record on @lane: its task on a host, its CPU in a guest. */
const struct xt_vcpu *mrg_view_vcpu(const struct mrg_view *view,
				    const struct mrg_stream_lane *lane, int pid);

/*
 * value.c: one argument's value.  @p has room for what the row's ->room and
 * ->nr_strings say: mrg_row_room().
 */
char *mrg_put_value(struct mrg_view *view, char *p, const struct mrg_item *item,
		    const struct mrg_arg *arg);
int mrg_symbols_create(struct mrg_view *view, struct rt_err *err);
void mrg_symbols_destroy(struct mrg_view *view);
/* True where the value is a number in JSON too; may be as long as the record. */
bool mrg_arg_is_number(const struct mrg_arg *arg);
bool mrg_arg_is_long(const struct mrg_arg *arg);
/* The bytes themselves of an argument that is a text, a mark's without its newline. */
bool mrg_arg_bytes(const struct mrg_item *item, const struct mrg_arg *arg,
		   const uint8_t **ret, uint32_t *ret_len);

#define MRG_SYMBOL_MAX 128	/* bytes of a symbol's name that are shown */
#define MRG_VALUE_MAX 160	/* bytes of any value but texts */

/* The line that sys_enter or sys_exit gives beside its own: its name, or NULL. */
const char *mrg_syscall_line(const struct mrg_row *row, const struct mrg_item *item,
			     uint64_t *ret_value);

static inline size_t mrg_row_room(const struct mrg_row *row, const struct mrg_item *item)
{
	return row->room + (size_t)row->nr_strings * (4 * (size_t)item->size + 2);
}

/* view-notes.c */
int mrg_notes_create(struct mrg_view *view, struct rt_err *err);
void mrg_notes_destroy(struct mrg_notes *notes);
int mrg_notes_observe(struct mrg_notes *notes, struct mrg_window *window);
/* Leaves a note at item @i, behind all notes of the window; shows a hidden item. */
void mrg_note_add(struct mrg_window *window, uint32_t i, const char *name, bool before,
		  const char *args, size_t args_len);
/* The first note at or behind *@offset of @window for item @i; moves *@offset; NULL: none. */
const struct mrg_note *mrg_note_next(const struct mrg_window *window, uint32_t i,
				     size_t *offset);

/* view-time.c */
struct mrg_clock_text {		/* a thread's own: the millisecond that was printed last */
	uint64_t base;		/* ns: when it began, as it is shown */
	uint64_t second;
	unsigned int len;	/* 0: nothing is printed yet */
	char text[48];		/* up to its three digits */
};

#define MRG_NS_PER_MS 1000000u

static inline bool mrg_clock_has(const struct mrg_clock_text *clock, uint64_t shown)
{
	return shown - clock->base < MRG_NS_PER_MS && clock->len > 0;
}

/* Another millisecond than before: that of @shown, a time as it is shown. */
void mrg_clock_set(const struct mrg_view *view, struct mrg_clock_text *clock, uint64_t shown);

/**
 * mrg_parse_when() - a time as it may be typed: as it is shown ("23.4", with
 * --time utc "2026-11-24T04:31:27.5Z"), or "+1.5s" behind the begin of the traces.
 * @ret: merged time.
 *
 * Return: 0; what rt_usage() returned when it is none; or -errno.
 */
int mrg_parse_when(const struct mrg_set *set, enum mrg_time_mode mode, const char *text,
		   uint64_t *ret, struct rt_err *err);

char *mrg_put_time(const struct mrg_view *view, struct mrg_clock_text *last, char *p,
		   uint64_t time);

/* ---- which events ---- */

/**
 * mrg_select_create() - from -e and -x to what is done with each event id.
 * @with, @without: our names, tracefs names and globs, groups.
 *
 * Return: 0; -EINVAL: a word that means nothing in these traces, with near matches.
 */
int mrg_select_create(struct mrg_select **ret, const struct mrg_set *set,
		      const char *const *with, size_t nr_with, const char *const *without,
		      size_t nr_without, struct rt_err *err);
void mrg_select_destroy(struct mrg_select *select);
/* Does a word that was typed mean this event, this derived line; does it mean anything at all? */
bool mrg_word_is_event(const char *word, const struct xt_event *event);
bool mrg_word_is_derived(const char *word, const struct kev_name *name);
bool mrg_word_in_catalogue(const char *word);
/* Says that it does not, with near misses: -EINVAL. */
int mrg_word_unknown(const struct mrg_set *set, const char *word, struct rt_err *err);
/* Is a line of this name wanted?  For lines that are derived. */
bool mrg_select_name(const struct mrg_select *select, const char *name);
/* Is the event's own line wanted? */
bool mrg_select_event(const struct mrg_select *select, uint16_t member, unsigned int id);
/* Those of events that no trace describes? */
bool mrg_select_unknown(const struct mrg_select *select);
/* True when nothing was asked for. */
bool mrg_select_all(const struct mrg_select *select);

#endif /* MRG_VIEW_H */
