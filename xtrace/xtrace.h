/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xtrace.h - read what one kernel recorded: an xtrace directory or a trace.dat
 *
 * A trace has lanes: one for each CPU of each ring buffer in it.  A lane is a
 * list of chunks, each some whole sub-buffers as the kernel wrote them, mostly
 * compressed.  A chunk is loaded into pages, a cursor walks a sub-buffer's
 * records, a record points at the event's bytes in it.  What an event's bytes
 * mean is in struct xt_event.
 *
 * A trace is read-only once it is open: everything that takes a const struct
 * xt_trace may be called by many threads at once.  Nothing is decoded ahead;
 * memory is what the caller has loaded.
 */
#ifndef XT_XTRACE_H
#define XT_XTRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct rt_err;
struct rt_buf;
struct kev_event;
struct xt_trace;

/* ---- events and their fields ---- */

enum xt_field_flags {
	XT_FIELD_SIGNED  = 1 << 0,
	XT_FIELD_STRING  = 1 << 1,	/* char array, fixed or dynamic */
	XT_FIELD_ARRAY   = 1 << 2,
	XT_FIELD_DYNAMIC = 1 << 3,	/* __data_loc: u32 offset | size << 16 */
	XT_FIELD_REL     = 1 << 4,	/* __rel_loc: relative to the end of the field */
	XT_FIELD_POINTER = 1 << 5,
	XT_FIELD_COMMON  = 1 << 6,
};

struct xt_field {
	const char *name;
	uint32_t offset, size;	/* bytes within the record */
	uint32_t elem_size;	/* of one array element; equal to size for scalars */
	uint32_t flags;		/* enum xt_field_flags */
};

struct xt_event {
	int id;
	const char *system, *name;
	const struct xt_field *fields;	/* common ones first */
	unsigned int nr_fields;
	uint32_t min_size;		/* end of the last fixed field: a shorter record is torn */
	const struct kev_event *kev;	/* its row in the catalogue, or NULL */
};

/* Return: the field or NULL. */
const struct xt_field *xt_event_field(const struct xt_event *event, const char *name);

/* ---- a record, and what was lost before it ---- */

enum xt_rec_flags {
	/*
	 * Not an event: events were lost at this point of the lane.  ->data
	 * points at their number (u64, host order, not aligned), or is NULL
	 * where the kernel could not tell.
	 */
	XT_REC_LOST = 1 << 0,
	/* Why, of XT_REC_LOST and where the recorder knew; none of them: the kernel lost them. */
	XT_REC_LOST_DISK = 1 << 1,	/* the disk was too slow or full */
	XT_REC_LOST_FLUSH = 1 << 2,	/* recording stood still while a flush was saved */
	XT_REC_LOST_PAUSE = 1 << 3,	/* recording was paused */
	XT_REC_LOST_WHY = XT_REC_LOST_DISK | XT_REC_LOST_FLUSH | XT_REC_LOST_PAUSE,
};

struct xt_rec {
	uint64_t ts;		/* the trace's own clock, as recorded (see struct xt_timebase) */
	const uint8_t *data;	/* ->size bytes; borrowed from the pages */
	uint32_t size;
	uint16_t lane;
	uint16_t flags;
};

static inline uint16_t xt_rec_type(const struct xt_rec *rec)	/* common_type: the event's id */
{
	uint16_t id;

	memcpy(&id, rec->data, sizeof(id));
	return id;
}

/* A scalar field as it stands there; 0 when the record is too short for it. */
static inline uint64_t xt_field_u64(const struct xt_field *field, const struct xt_rec *rec)
{
	uint64_t v = 0;

	if (field->size > sizeof(v) || (uint64_t)field->offset + field->size > rec->size)
		return 0;
	memcpy(&v, rec->data + field->offset, field->size);	/* x86-64: little-endian */
	return v;
}

/* As xt_field_u64(), sign-extended where the field is signed. */
static inline int64_t xt_field_i64(const struct xt_field *field, const struct xt_rec *rec)
{
	uint64_t v = xt_field_u64(field, rec);
	unsigned int shift = 64 - 8 * field->size;

	if (!(field->flags & XT_FIELD_SIGNED) || field->size == 0 || field->size >= 8)
		return (int64_t)v;
	return (int64_t)(v << shift) >> shift;
}

/*
 * The bytes of a string or array field, dynamic ones followed.
 * Return: a pointer into the record with *@ret_len bytes (for strings without
 * the NUL), or NULL when the record's own lengths lead out of it.
 */
const uint8_t *xt_field_bytes(const struct xt_field *field, const struct xt_rec *rec,
			      uint32_t *ret_len);

/* ---- a trace ---- */

/* Opens a directory of xtrace-run or a trace.dat of trace-cmd (v6, v7). */
int xt_trace_open(struct xt_trace **ret, const char *path, struct rt_err *err);
void xt_trace_destroy(struct xt_trace *trace);
/*
 * Finds what a running recording has added since: chunks, lanes, its end, in order
 * (->complete) or not (->cut), behind which nothing more comes.  Lanes and chunks keep
 * their numbers, new ones follow them; what xt_trace_lane() returned before is no
 * longer valid.  Nobody else may use the trace meanwhile.  A trace.dat never grows.
 */
int xt_trace_refresh(struct xt_trace *trace, struct rt_err *err);

/* How timestamps become nanoseconds: ns = ((ts * mult) >> shift) + offset. */
struct xt_timebase {
	char clock[16];		/* trace clock: "tai", "mono", "x86-tsc", ... */
	bool is_ns;		/* counts nanoseconds after the conversion below */
	bool convert;		/* mult and shift are to be used */
	bool unnoted;		/* trace.dat: only the ring names ->clock, no TRACECLOCK does */
	uint32_t mult, shift;
	int64_t offset;
	int64_t tai_offset_s;	/* TAI - UTC when recorded; 0 unknown */
};

struct xt_vcpu {		/* a vCPU of a VM that ran on the recorded host */
	int tid;		/* its thread */
	int vm_pid;		/* the QEMU process */
	unsigned int vcpu;
	bool tsc_known;
	int64_t tsc_offset;
	uint64_t tsc_ratio;	/* 0: not scaled */
	unsigned int tsc_frac_bits;
	char vm[64];		/* the VM's name, "" unknown */
	uint64_t trace_id;	/* trace.dat: of the trace recorded in it; 0 unknown */
};

struct xt_clock_sample {	/* all read together, within ->window_ns */
	uint64_t mono_ns, real_ns, tai_ns, boot_ns, tsc;
	uint64_t window_ns;
};

/*
 * The host's time of a guest's CPU as trace-cmd sampled it (TIME_SHIFT):
 * host = ((guest * scaling) >> fraction) + offset; see xt_trace_time().
 */
struct xt_shift_sample {
	uint64_t time;
	int64_t offset;
	uint64_t scaling;		/* 0 or 1 with fraction 0: none */
	uint64_t fraction;
};

struct xt_cpu_shift {			/* of one CPU, sorted by time, times differ */
	const struct xt_shift_sample *samples;
	size_t nr;
};

struct xt_cpu_stats {		/* as the kernel's per_cpu/cpuN/stats at the end */
	unsigned int cpu;
	uint64_t written, lost, overwritten, bytes_raw, bytes_disk;
};

struct xt_noted_incident {	/* a call to flush, and the flush that saved it */
	uint64_t id;
	uint32_t flush;		/* 0: none */
};

struct xt_info {		/* all borrowed from the trace */
	const char *path;
	const char *kind;	/* "xtrace" or "trace.dat" */
	const char *host;	/* host name; "" unknown */
	const char *release;	/* kernel */
	const char *session, *mode, *command;
	const char *machine_id, *boot_id;
	const char *cpu_model;
	const char *config_hash;	/* equal where what shapes latencies is: xtrace-dir(5) */
	struct xt_timebase time;
	unsigned int nr_cpus;
	bool complete;		/* the recorder ended in order */
	bool cut;		/* it did not, but nobody records into the directory any more */
	const struct xt_vcpu *vcpus;
	size_t nr_vcpus;
	const struct xt_clock_sample *samples;
	size_t nr_samples;
	const struct xt_cpu_stats *stats;
	size_t nr_stats;
	uint64_t first_ts, last_ts;	/* of what headers say; 0, 0 when unknown */
	uint64_t trace_id, peer_id; /* trace.dat: of this session and of its peer's; 0 unknown */
	const struct xt_cpu_shift *shifts;	/* trace.dat of a guest: by CPU number */
	size_t nr_shifts;
	const struct xt_noted_incident *incidents;
	size_t nr_incidents;
	bool shift_slopes;	/* offsets change steadily from sample to sample */
	size_t tsc_writes;	/* changes of vCPUs' TSC offsets that were noted apart */
};

const struct xt_info *xt_trace_info(const struct xt_trace *trace);

/* A recorded time as the trace itself says it is to be read: shifts, conversion and offset. */
uint64_t xt_trace_time(const struct xt_trace *trace, unsigned int lane, uint64_t ts);

/* Words of what was found damaged and passed over while opening ("cpu3: last block torn, ..."). */
size_t xt_trace_nr_warnings(const struct xt_trace *trace);
const char *xt_trace_warning(const struct xt_trace *trace, size_t i);

/* Return: the event with this id or NULL; ids are below xt_trace_max_event_id(). */
const struct xt_event *xt_trace_event(const struct xt_trace *trace, unsigned int id);
unsigned int xt_trace_max_event_id(const struct xt_trace *trace);
const struct xt_event *xt_trace_event_by_name(const struct xt_trace *trace, const char *system,
					      const char *name);

/* Saved when the recording ended: NULL, or -1, where not known. */
const char *xt_trace_comm(const struct xt_trace *trace, int pid);
/* The same as trace-cmd report has it, which stops at a saved name with a newline in it. */
const char *xt_trace_comm_reported(const struct xt_trace *trace, int pid);
int xt_trace_tgid(const struct xt_trace *trace, int pid);
/* Symbol that holds @addr, read at the first call; NULL where unknown.  @ret_start: its address. */
const char *xt_trace_symbol(const struct xt_trace *trace, uint64_t addr, uint64_t *ret_start);

/* ---- lanes, chunks, pages ---- */

struct xt_lane_info {
	unsigned int cpu;
	const char *buffer;	/* name of the instance; "" for the main one */
	size_t nr_chunks;
};

struct xt_chunk {
	bool times_known;	/* headers tell the times without decompression */
	bool counts_known;	/* ... and the counts */
	uint64_t first_ts, last_ts;
	uint64_t lost;		/* of which the kernel or the recorder knew the number */
	uint32_t nr_events;
	uint32_t nr_pages;
	uint32_t bytes;		/* raw size, nr_pages sub-buffers */
	uint32_t flush;		/* number of the flush that saved it; 0 none */
};

/* Sub-buffers in memory, shared by reference. */
struct xt_pages {
	const uint8_t *base;	/* ->nr pages of ->page_size bytes, one behind the other */
	uint32_t nr;
	uint32_t page_size;
	unsigned int refs;	/* atomic; xt_pages_get() and xt_pages_put() */
};

unsigned int xt_trace_nr_lanes(const struct xt_trace *trace);
const struct xt_lane_info *xt_trace_lane(const struct xt_trace *trace, unsigned int lane);
void xt_lane_chunk(const struct xt_trace *trace, unsigned int lane, size_t index,
		   struct xt_chunk *ret);

/**
 * xt_lane_load() - read and decompress @nr chunks of a lane from @first on.
 * @ret: on success one reference, given back by xt_pages_put().
 *
 * Return: 0, or -errno: -EBADMSG for damaged data, with where it stands; -ENODATA
 * where nothing behind that place can be found any more; -EFBIG for more than one
 * load may bring.
 */
int xt_lane_load(const struct xt_trace *trace, unsigned int lane, size_t first, size_t nr,
		 struct xt_pages **ret, struct rt_err *err);
/*
 * The chunk to begin with for all records from time @ts on, where the lane's
 * clock does not go backwards: by headers, else by loading some chunks.
 * Return: its index, or the number of chunks when all is older.
 */
size_t xt_lane_seek(const struct xt_trace *trace, unsigned int lane, uint64_t ts);
void xt_pages_get(struct xt_pages *pages);
void xt_pages_put(struct xt_pages *pages);	/* NULL is allowed */

/* Time in a sub-buffer's header: not later than its first record. */
static inline uint64_t xt_page_ts(const uint8_t *page)
{
	uint64_t ts;

	memcpy(&ts, page, sizeof(ts));
	return ts;
}

/**
 * xt_flush_copy() - what one flush has saved, out of a cpuN.xt file into another.
 * @from, @to: descriptors; @to is empty.
 * Return: 0 or -errno; -EBADMSG where the file ends in a block.
 */
int xt_flush_copy(int from, int to, uint32_t flush);

/* ---- records of one sub-buffer ---- */

struct xt_cursor {
	const uint8_t *p, *end;		/* next record; end of the committed data */
	uint64_t ts;
	const uint8_t *first; /* where p goes once the XT_REC_LOST record is out, or NULL */
	const uint8_t *lost;		/* count of what was lost before the page, or NULL */
	uint16_t lane;
	bool torn; /* a record's length led out of the sub-buffer: the rest is skipped */
	uint16_t lost_flags;		/* XT_REC_LOST and why */
};

/* @page has @page_size bytes; a commit counter that leads out of it is cut there. */
void xt_cursor_start(struct xt_cursor *cursor, const uint8_t *page, uint32_t page_size,
		     uint16_t lane);
/* What xt_cursor_next() leaves to a call: all but records of 4 to 112 bytes. */
bool xt_cursor_next_slow(struct xt_cursor *cursor, struct xt_rec *rec);

/*
 * Return: true with the next record in *@rec, false at the end of the sub-buffer.
 * An event's record has at least 4 bytes.
 */
static inline bool xt_cursor_next(struct xt_cursor *cursor, struct xt_rec *rec)
{
	const uint8_t *p = cursor->p;
	size_t left = (size_t)(cursor->end - p);
	uint32_t head, words;

	if (__builtin_expect(left < 8, 0))
		return xt_cursor_next_slow(cursor, rec);
	memcpy(&head, p, sizeof(head));
	words = head & 31;
	if (__builtin_expect(words - 1 > 27 || 4 + 4 * words > left, 0))
		return xt_cursor_next_slow(cursor, rec);
	cursor->ts += head >> 5;
	cursor->p = p + 4 + 4 * words;
	rec->ts = cursor->ts;
	rec->data = p + 4;
	rec->size = 4 * words;
	rec->lane = cursor->lane;
	rec->flags = 0;
	return true;
}

/* ---- as a trace.dat ---- */

struct xt_export_opts {
	uint64_t trace_id, peer_id;	/* of this trace and of its host's; 0: none */
	const struct xt_cpu_shift *shifts;	/* host's time, by CPU number; see xt_info */
	size_t nr_shifts;
	bool shift_slopes;
	const struct xt_vcpu *vcpus;	/* of guests whose traces have a ->trace_id, by VM */
	size_t nr_vcpus;
	/* Each may be NULL.  @text: what was damaged and passed over; @stop: true ends it. */
	void (*warn)(void *arg, const char *text);
	void (*progress)(void *arg, unsigned int percent);
	bool (*stop)(void *arg);
	void *arg;
};

/**
 * xt_export() - write a trace as a trace.dat (version 7, zstd) that trace-cmd reads.
 * @fd: an empty file, which can be sought in.
 *
 * Sub-buffers are written as the kernel wrote them; memory is bounded by a few of them.
 * Return: 0 or -errno: -ENODATA for a trace without formats or CPUs, -EINTR where
 * ->stop() said so; what is in the file then is no trace.
 */
int xt_export(const struct xt_trace *trace, int fd, const struct xt_export_opts *opts,
	      struct rt_err *err);

/* ---- the text of trace-cmd report ---- */

/*
 * A printer knows a trace's print formats; each event is compiled at its first
 * use.  It is shared by all threads.  A pen is one thread's hand on it, with
 * that thread's caches.
 */
struct xt_printer;
struct xt_pen;

int xt_printer_create(struct xt_printer **ret, const struct xt_trace *trace, struct rt_err *err);
void xt_printer_destroy(struct xt_printer *printer);	/* its pens first */

/* How a time within a text is written; asked for before the first pen is made. */
enum xt_time_style {
	XT_TIME_MICRO,		/* seconds with six digits */
	XT_TIME_NANO,		/* seconds with nine digits */
	XT_TIME_PLAIN,		/* as a number, where the clock does not count nanoseconds */
};

void xt_printer_times(struct xt_printer *printer, enum xt_time_style style);

struct xt_guest_cpu {
	int tid;			/* the vCPU's thread on the host */
	const struct xt_trace *trace;	/* recorded in the guest */
};

/*
 * Names the guests' functions in KVM events; to be called before the first pen is
 * made.  @cpus is sorted by ->tid, and borrowed.
 */
void xt_printer_guests(struct xt_printer *printer, const struct xt_guest_cpu *cpus, size_t nr);

/*
 * Both print for one report: a function's indentation follows from what either of
 * them printed before.  @first is destroyed last.
 */
void xt_printer_follow(struct xt_printer *printer, struct xt_printer *first);

int xt_pen_create(struct xt_pen **ret, struct xt_printer *printer);
void xt_pen_destroy(struct xt_pen *pen);

/* More than this many bytes no event of ordinary content needs; a buffer may be smaller. */
#define XT_PEN_ROOM 4096

/**
 * xt_pen_event() - write what stands behind "NAME: " in trace-cmd report.
 * @raw: as `trace-cmd report -R`.
 * @leaf: the record that xt_printer_is_leaf() took for the return of this one;
 *        else NULL.
 * @out, @end: where to write; bytes up to @end may be touched behind the text.
 *
 * No newline and no NUL is written behind the text.
 *
 * Return: the end of the text, or NULL when it does not fit: try again with more.
 */
char *xt_pen_event(struct xt_pen *pen, const struct xt_rec *rec, bool raw,
		   const struct xt_rec *leaf, char *out, char *end);

/* As xt_pen_event(), appended to a buffer that grows. */
void xt_pen_append(struct xt_pen *pen, const struct xt_rec *rec, bool raw,
		   const struct xt_rec *leaf, struct rt_buf *out);

/*
 * Whether texts depend on what was printed before: the raw form, events whose
 * format cannot be parsed (an array once found unprintable stays an array) and
 * function repeats.  Such records are to be printed in order, by one thread at
 * a time.
 */
bool xt_printer_is_ordered(struct xt_printer *printer, unsigned int event_id, bool raw);

/* Id of ftrace:funcgraph_entry, the event that looks at the record behind it; -1 without. */
int xt_printer_graph_entry(const struct xt_printer *printer);
/*
 * Whether @next, the record printed behind the funcgraph_entry @rec, is the return
 * from the same function: then both are one line and @next has none of its own.
 * Not asked for the raw form.
 */
bool xt_printer_is_leaf(const struct xt_printer *printer, const struct xt_rec *rec,
			const struct xt_rec *next);

#endif /* XT_XTRACE_H */
