/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * extract.c - one pass over a trace: jobs of some chunks of a lane, done by a few
 * threads, put together lane by lane in order
 */
#include "merge/extract.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "kvm-events/kvm-events.h"
#include "lib/err.h"
#include "merge/array.h"
#include "xtrace/xtrace.h"

#define JOB_BYTES (2u << 20)	/* raw bytes a job: large against its overhead, small in memory */
#define MAX_THREADS 8
#define FEW_CHUNKS 4		/* of a lane of which slices are asked for: all are read */

/* A clock that reads a little less than before is noise; one that was set jumps more. */
#define SET_BACK_NS 20000

/* ---- which events matter, and where their fields are ---- */

struct role {
	uint8_t kind;	/* enum kev_role; KEV_NONE: only its time counts */
	uint8_t call;	/* enum mrg_call_kind of a module's event */
	const struct xt_field *pid, *vcpu, *nr, *args[4];
};

struct roles {
	struct role *by_id;
	unsigned int nr;
};

static bool role_matters(int kind)
{
	return kind == KEV_GUEST_BEGIN || kind == KEV_GUEST_END || kind == KEV_HYPERCALL ||
	       kind == KEV_TSC_OFFSET || kind == KEV_GS_GUEST || kind == KEV_MARK;
}

/* The fields that carry a call's arguments, or an offset's new value, or a marker's text. */
static void role_fields(struct role *role, const struct xt_event *event)
{
	static const char *const names[] = { "a0", "a1", "a2", "a3" };

	role->pid = xt_event_field(event, "common_pid");
	role->vcpu = xt_event_field(event, "vcpu_id");
	role->nr = xt_event_field(event, "nr");
	for (unsigned int i = 0; i < 4; i++)
		role->args[i] = xt_event_field(event, names[i]);
	if (role->kind == KEV_TSC_OFFSET) {
		role->nr = xt_event_field(event, "previous_tsc_offset");
		role->args[0] = xt_event_field(event, "next_tsc_offset");
	}
	if (role->kind == KEV_MARK)
		role->args[0] = xt_event_field(event, "buf");
	if (!role->pid)
		role->kind = KEV_NONE;
}

/* Of the guest's notes only those of a call's begin and end tell an order. */
static void role_call(struct role *role, const char *name)
{
	if (!strcmp(name, kev_gs_name(KEV_GS_HC_START, false)))
		role->call = MRG_CALL_START;
	else if (!strcmp(name, kev_gs_name(KEV_GS_HC_END, false)))
		role->call = MRG_CALL_END;
	else
		role->kind = KEV_NONE;
}

static int roles_init(struct roles *roles, const struct xt_trace *trace)
{
	roles->nr = xt_trace_max_event_id(trace) + 1;
	roles->by_id = calloc(roles->nr, sizeof(*roles->by_id));
	if (!roles->by_id)
		return -ENOMEM;
	for (unsigned int id = 0; id < roles->nr; id++) {
		const struct xt_event *event = xt_trace_event(trace, id);
		struct role *role = &roles->by_id[id];

		if (!event || !event->kev || !role_matters(event->kev->role))
			continue;
		role->kind = (uint8_t)event->kev->role;
		if (role->kind == KEV_GS_GUEST)
			role_call(role, event->kev->name);
		role_fields(role, event);
	}
	return 0;
}

bool mrg_is_host(const struct xt_trace *trace)
{
	bool begin = false, end = false;

	for (unsigned int id = 0; id <= xt_trace_max_event_id(trace); id++) {
		const struct xt_event *event = xt_trace_event(trace, id);

		if (!event || !event->kev)
			continue;
		begin |= event->kev->role == KEV_GUEST_BEGIN;
		end |= event->kev->role == KEV_GUEST_END;
	}
	return begin && end;
}

/* ---- a job: some chunks of a lane ---- */

struct job {
	unsigned int lane;
	size_t first_chunk, nr_chunks;
	uint64_t first_page;
	bool any;			/* has a record */
	bool whole;			/* all chunks of its lane are read */
	bool lost_first;		/* something was lost before its first record, */
	bool lost;			/* and behind the last one so far */
	size_t slice;			/* where it is among the slices */
	bool no_memory;
	size_t nr_damaged;
	uint64_t first_ts, last_ts;
	uint64_t *times;
	size_t nr_times, times_room;
	size_t *set_back;
	size_t nr_set_backs, set_back_room;
	uint64_t *set_back_page;
	size_t nr_set_back_pages, set_back_page_room;
	size_t *set_back_from;
	size_t nr_set_back_froms, set_back_from_room;
	size_t last_page;		/* where the last sub-buffer begins in ->times */
	uint64_t page;			/* its number */
	bool turned;			/* and its times go back within it */
	struct mrg_run *runs;
	size_t nr_runs, runs_room;
	struct mrg_gap *gaps;
	size_t nr_gaps, gaps_room;
	struct mrg_call *calls;
	size_t nr_calls, calls_room;
	struct mrg_tsc_write *tsc;
	size_t nr_tsc, tsc_room;
	uint64_t nr_events;
};

static void job_finish(struct job *job)
{
	free(job->times);
	free(job->set_back);
	free(job->set_back_page);
	free(job->set_back_from);
	free(job->runs);
	free(job->gaps);
	free(job->calls);
	free(job->tsc);
}

static uint64_t field_of(const struct xt_field *field, const struct xt_rec *rec)
{
	return field ? xt_field_u64(field, rec) : 0;
}

static bool job_run(struct job *job, const struct role *role, const struct xt_rec *rec)
{
	struct mrg_run run = {
		.ts = rec->ts, .tid = (int32_t)xt_field_u64(role->pid, rec),
		.kind = role->kind == KEV_GUEST_BEGIN ? MRG_RUN_ENTER : MRG_RUN_LEAVE,
		.vcpu = role->vcpu ? xt_field_u64(role->vcpu, rec) & MRG_NO_VCPU : MRG_NO_VCPU,
	};

	return MRG_PUSH(job->runs, job->nr_runs, job->runs_room, run);
}

static bool job_call(struct job *job, const struct role *role, const struct xt_rec *rec)
{
	struct mrg_call call = {
		.ts = rec->ts, .lane = job->lane, .page = job->page,
		.nr = field_of(role->nr, rec),
		.kind = role->kind == KEV_HYPERCALL ? MRG_CALL_HOST : role->call,
	};

	for (unsigned int i = 0; call.kind != MRG_CALL_END && i < 4; i++)
		call.args[i] = field_of(role->args[i], rec);
	return MRG_PUSH(job->calls, job->nr_calls, job->calls_room, call);
}

/* A guest without our module notes its calls as marks. */
static bool job_mark(struct job *job, const struct role *role, const struct xt_rec *rec)
{
	struct mrg_call call = { .ts = rec->ts, .lane = job->lane, .page = job->page };
	const uint8_t *text;
	struct kev_gs gs;
	uint32_t len;

	text = role->args[0] ? xt_field_bytes(role->args[0], rec, &len) : NULL;
	if (!text || kev_marker_parse(&gs, (const char *)text, len) < 0 ||
	    (gs.kind != KEV_GS_HC_START && gs.kind != KEV_GS_HC_END))
		return true;
	call.kind = gs.kind == KEV_GS_HC_START ? MRG_CALL_START : MRG_CALL_END;
	call.nr = gs.nr;
	if (call.kind == MRG_CALL_START)
		memcpy(call.args, gs.arg, sizeof(call.args));
	return MRG_PUSH(job->calls, job->nr_calls, job->calls_room, call);
}

static bool job_tsc(struct job *job, const struct role *role, const struct xt_rec *rec)
{
	struct mrg_tsc_write write = {
		.ts = rec->ts, .tid = (int32_t)xt_field_u64(role->pid, rec),
		.vcpu = role->vcpu ? xt_field_u64(role->vcpu, rec) & MRG_NO_VCPU : MRG_NO_VCPU,
		.before = (int64_t)field_of(role->nr, rec),
		.after = (int64_t)field_of(role->args[0], rec),
	};

	return MRG_PUSH(job->tsc, job->nr_tsc, job->tsc_room, write);
}

static bool job_role(struct job *job, const struct role *role, const struct xt_rec *rec)
{
	switch (role->kind) {
	case KEV_GUEST_BEGIN:
	case KEV_GUEST_END:
		return job_run(job, role, rec);
	case KEV_TSC_OFFSET:
		return job_tsc(job, role, rec);
	case KEV_MARK:
		return job_mark(job, role, rec);
	default:
		return job_call(job, role, rec);
	}
}

static bool job_lost(struct job *job, uint64_t next)
{
	struct mrg_gap gap = { job->last_ts, next };

	if (!job->any) {
		job->lost_first = true;
		return true;
	}
	return MRG_PUSH(job->gaps, job->nr_gaps, job->gaps_room, gap);
}

static bool job_set_back(struct job *job, uint64_t page)
{
	return MRG_PUSH(job->set_back, job->nr_set_backs, job->set_back_room, job->nr_times) &&
	       MRG_PUSH(job->set_back_page, job->nr_set_back_pages, job->set_back_page_room,
			page) &&
	       MRG_PUSH(job->set_back_from, job->nr_set_back_froms, job->set_back_from_room,
			job->last_page);
}

struct extract;

static bool job_page(const struct extract *x, struct job *job, const uint8_t *page,
		     uint32_t page_size, uint64_t number);

/* ---- the whole ---- */

struct extract {
	const struct xt_trace *trace;
	struct roles roles;
	bool times;
	const struct mrg_slice *slices;	/* NULL: all of it */
	size_t nr_slices;
	struct job *jobs;
	size_t nr_jobs, jobs_room;
	atomic_size_t next;
	const struct mrg_watch *watch;
};

/* The first slice that ends at @ts or later; ->nr_slices behind the last. */
static size_t slice_at(const struct extract *x, uint64_t ts)
{
	size_t lo = 0, hi = x->nr_slices;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (x->slices[mid].to < ts)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Whether something of [@from, @to] is asked for. */
static bool wanted(const struct extract *x, uint64_t from, uint64_t to)
{
	size_t i = slice_at(x, from);

	return !x->slices || (i < x->nr_slices && x->slices[i].from <= to);
}

static bool in_slice(const struct extract *x, struct job *job, uint64_t ts)
{
	size_t i = job->slice;

	if (!x->slices || (i < x->nr_slices && ts >= x->slices[i].from && ts <= x->slices[i].to))
		return true;
	job->slice = slice_at(x, ts);
	return job->slice < x->nr_slices && ts >= x->slices[job->slice].from;
}

static bool job_event(const struct extract *x, struct job *job, const struct xt_rec *rec)
{
	unsigned int id = xt_rec_type(rec);
	bool ok = true;

	job->nr_events++;
	if (x->times)
		ok = MRG_PUSH(job->times, job->nr_times, job->times_room, rec->ts);
	if (id < x->roles.nr && x->roles.by_id[id].kind != KEV_NONE)
		ok = ok && job_role(job, &x->roles.by_id[id], rec);
	return ok;
}

/* What was lost counts also where only what is beside it was asked for. */
static bool job_page(const struct extract *x, struct job *job, const uint8_t *page,
		     uint32_t page_size, uint64_t number)
{
	struct xt_cursor cursor;
	struct xt_rec rec;
	bool ok = true, first = true, back;

	job->page = number;
	xt_cursor_start(&cursor, page, page_size, (uint16_t)job->lane);
	while (ok && xt_cursor_next(&cursor, &rec)) {
		if (rec.flags & XT_REC_LOST) {
			job->lost = true;
			continue;
		}
		if (rec.size < 2)
			continue;
		if (job->lost)
			ok = job_lost(job, rec.ts);
		job->lost = false;
		back = job->any && rec.ts + SET_BACK_NS < job->last_ts && x->times;
		if (first && job->any && (back || job->turned))
			ok = ok && job_set_back(job, number);
		if (first)
			job->last_page = job->nr_times;
		job->turned = !first && (back || job->turned);
		first = false;
		if (!job->any)
			job->first_ts = rec.ts;
		job->any = true;
		job->last_ts = rec.ts;
		if (in_slice(x, job, rec.ts) || (job->whole && !x->times))
			ok = ok && job_event(x, job, &rec);
	}
	return ok;
}

/* Nor the sub-buffers beside it are asked for: what was lost between them does not matter. */
static bool between_slices(const struct extract *x, const struct xt_pages *pages, uint32_t i)
{
	const uint8_t *p = pages->base + (size_t)i * pages->page_size;

	return i > 0 && i + 1 < pages->nr && xt_page_ts(p - pages->page_size) <
	       xt_page_ts(p + pages->page_size) &&
	       !wanted(x, xt_page_ts(p - pages->page_size), xt_page_ts(p + pages->page_size));
}

/* A chunk that cannot be read is a gap up to the next record. */
static bool job_chunk(const struct extract *x, struct job *job, size_t chunk, uint64_t *page)
{
	struct xt_chunk info;
	struct xt_pages *pages;
	bool ok = true;

	xt_lane_chunk(x->trace, job->lane, chunk, &info);
	if (xt_lane_load(x->trace, job->lane, chunk, 1, &pages, NULL) < 0) {
		job->nr_damaged++;
		job->lost = true;
		*page += info.nr_pages;
		return true;
	}
	for (uint32_t i = 0; ok && i < pages->nr; i++) {
		const uint8_t *p = pages->base + (size_t)i * pages->page_size;

		if (x->slices && !job->whole && between_slices(x, pages, i))
			continue;
		ok = job_page(x, job, p, pages->page_size, *page + i);
	}
	xt_pages_put(pages);
	*page += info.nr_pages;
	return ok;
}

static void job_do(const struct extract *x, struct job *job)
{
	uint64_t page = job->first_page;
	bool ok = true;

	for (size_t i = 0; ok && i < job->nr_chunks; i++)
		ok = job_chunk(x, job, job->first_chunk + i, &page);
	job->no_memory = !ok;
}

static void *worker(void *arg)
{
	struct extract *x = arg;
	size_t i;

	while ((i = atomic_fetch_add(&x->next, 1)) < x->nr_jobs)
		job_do(x, &x->jobs[i]);
	return NULL;
}

/* What others have begun counts as done: they end soon. */
static void watched_worker(struct extract *x)
{
	size_t i;

	while ((i = atomic_fetch_add(&x->next, 1)) < x->nr_jobs) {
		job_do(x, &x->jobs[i]);
		x->watch->fn(x->watch->arg, x->trace, (unsigned int)((i + 1) * 100 / x->nr_jobs));
	}
}

static void run_jobs(struct extract *x)
{
	pthread_t threads[MAX_THREADS];
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t wanted = cpus < 1 ? 1 : cpus > MAX_THREADS ? MAX_THREADS : (size_t)cpus;
	size_t nr = 0;

	if (wanted > x->nr_jobs)
		wanted = x->nr_jobs;
	while (nr + 1 < wanted && pthread_create(&threads[nr], NULL, worker, x) == 0)
		nr++;
	if (x->watch)
		watched_worker(x);
	else
		worker(x);
	for (size_t i = 0; i < nr; i++)
		pthread_join(threads[i], NULL);
	if (x->watch)
		x->watch->fn(x->watch->arg, x->trace, 100);
}

/* Jobs for the chunks from @first to before @end. */
static bool plan_chunks(struct extract *x, struct job job, size_t first, size_t end)
{
	uint64_t bytes = 0, page = 0;
	struct xt_chunk chunk;

	for (size_t i = 0; i < first; i++) {	/* sub-buffers count from the lane's begin */
		xt_lane_chunk(x->trace, job.lane, i, &chunk);
		page += chunk.nr_pages;
	}
	job.first_chunk = first;
	job.first_page = page;
	for (size_t i = first; i < end; i++) {
		xt_lane_chunk(x->trace, job.lane, i, &chunk);
		job.nr_chunks++;
		bytes += chunk.bytes;
		page += chunk.nr_pages;
		if (bytes < JOB_BYTES && i + 1 < end)
			continue;
		if (!MRG_PUSH(x->jobs, x->nr_jobs, x->jobs_room, job))
			return false;
		job.first_chunk = i + 1;
		job.first_page = page;
		job.nr_chunks = 0;
		bytes = 0;
	}
	return true;
}

/*
 * The chunks of a slice are in [*ret_first, *ret_end); with the one behind them, which
 * tells itself what was lost in front of it.
 */
static void slice_chunks(const struct extract *x, unsigned int lane, const struct mrg_slice *slice,
			 size_t *ret_first, size_t *ret_end)
{
	size_t nr = xt_trace_lane(x->trace, lane)->nr_chunks;
	size_t first = xt_lane_seek(x->trace, lane, slice->from), end;
	struct xt_chunk chunk = { 0 };

	if (first < nr)
		xt_lane_chunk(x->trace, lane, first, &chunk);
	first += chunk.nr_events && chunk.last_ts < slice->from;
	end = first;
	while (first > 0 && first < nr) {
		xt_lane_chunk(x->trace, lane, first - 1, &chunk);
		if (chunk.nr_events)
			break;
		first--;		/* only says that something was lost */
	}
	while (end < nr) {
		xt_lane_chunk(x->trace, lane, end++, &chunk);
		if (chunk.nr_events && chunk.first_ts > slice->to)
			break;
	}
	*ret_first = first;
	*ret_end = end;
}

static bool plan_lane(struct extract *x, unsigned int lane)
{
	size_t nr = xt_trace_lane(x->trace, lane)->nr_chunks, done = 0, first, end;
	struct job job = { .lane = lane, .whole = x->slices && nr <= FEW_CHUNKS };

	if (!x->slices || job.whole)
		return plan_chunks(x, job, 0, nr);
	for (size_t i = 0; i < x->nr_slices; i++) {
		slice_chunks(x, lane, &x->slices[i], &first, &end);
		first = first < done ? done : first;
		if (!plan_chunks(x, job, first, end))
			return false;
		done = end > done ? end : done;
	}
	return true;
}

/* ---- jobs to lanes ---- */

#define APPEND(to, nr_to, from, nr_from) do { \
	if (nr_from) \
		memcpy((to) + (nr_to), (from), (nr_from) * sizeof(*(to))); \
	(nr_to) += (nr_from); \
} while (0)

static int lane_reserve(struct mrg_lane_data *lane, const struct job *jobs, size_t nr,
			size_t nr_slices)
{
	size_t times = 0, runs = 0, gaps = nr_slices + 1, backs = 0;

	for (size_t i = 0; i < nr; i++) {
		times += jobs[i].nr_times;
		runs += jobs[i].nr_runs;
		gaps += jobs[i].nr_gaps + 1;
		backs += jobs[i].nr_set_backs + 1;
	}
	lane->times = malloc((times + 1) * sizeof(*lane->times));
	lane->runs = malloc((runs + 1) * sizeof(*lane->runs));
	lane->gaps = malloc((gaps + 1) * sizeof(*lane->gaps));
	lane->set_back = malloc((backs + 1) * sizeof(*lane->set_back));
	lane->set_back_page = malloc((backs + 1) * sizeof(*lane->set_back_page));
	lane->set_back_from = malloc((backs + 1) * sizeof(*lane->set_back_from));
	return lane->times && lane->runs && lane->gaps && lane->set_back &&
	       lane->set_back_page && lane->set_back_from ? 0 : -ENOMEM;
}

/* @before: the job before it that had an event, and where its last sub-buffer begins; or NULL. */
static void lane_add(struct mrg_lane_data *lane, const struct job *job, const struct job *before,
		     size_t last_page, bool times, bool lost)
{
	size_t nr = lane->nr_set_backs;

	if (job->any && lost)
		lane->gaps[lane->nr_gaps++] = (struct mrg_gap){ before ? lane->last : 0,
								job->first_ts };
	if (job->any && before && times &&
	    (before->turned || job->first_ts + SET_BACK_NS < lane->last)) {
		lane->set_back[nr] = lane->nr_times;
		lane->set_back_from[nr] = last_page;
		lane->set_back_page[nr++] = job->first_page;
	}
	for (size_t i = 0; i < job->nr_set_backs; i++) {
		lane->set_back[nr] = lane->nr_times + job->set_back[i];
		lane->set_back_from[nr] = lane->nr_times + job->set_back_from[i];
		lane->set_back_page[nr++] = job->set_back_page[i];
	}
	lane->nr_set_backs = nr;
	if (job->any && !before)
		lane->first = job->first_ts;
	if (job->any)
		lane->last = job->last_ts;
	lane->nr_events += job->nr_events;
	APPEND(lane->times, lane->nr_times, job->times, job->nr_times);
	APPEND(lane->runs, lane->nr_runs, job->runs, job->nr_runs);
	APPEND(lane->gaps, lane->nr_gaps, job->gaps, job->nr_gaps);
}

/* The time at which the lane begins, or ends; false where it has no event. */
static bool lane_edge(const struct xt_trace *trace, unsigned int l, bool last, uint64_t *ret)
{
	size_t nr = xt_trace_lane(trace, l)->nr_chunks;
	struct xt_chunk chunk;

	for (size_t i = 0; i < nr; i++) {
		xt_lane_chunk(trace, l, last ? nr - 1 - i : i, &chunk);
		*ret = last ? chunk.last_ts : chunk.first_ts;
		if (chunk.nr_events)
			return true;
	}
	return false;
}

/* Begins and ends as the whole lane does; what lies between the slices is lost. */
static void slice_lane(struct mrg_lane_data *lane, const struct extract *x, unsigned int l)
{
	uint64_t at;

	lane->partly = xt_trace_lane(x->trace, l)->nr_chunks > FEW_CHUNKS;
	lane->first = lane->last = 0;
	if (!lane_edge(x->trace, l, false, &lane->first) ||
	    !lane_edge(x->trace, l, true, &lane->last))
		return;
	lane->nr_events += !lane->nr_events;
	at = lane->first < x->slices[0].from ? lane->first : x->slices[0].from;
	for (size_t i = 0; i < x->nr_slices; at = x->slices[i++].to)
		lane->gaps[lane->nr_gaps++] = (struct mrg_gap){ at, x->slices[i].from };
	if (lane->last > at)
		lane->gaps[lane->nr_gaps++] = (struct mrg_gap){ at, lane->last };
}

static int collect_lane(struct mrg_lane_data *lane, const struct extract *x, unsigned int l,
			size_t first, size_t nr)
{
	const struct job *before = NULL;	/* with an event */
	size_t last_page = 0;
	bool lost = false;

	if (lane_reserve(lane, x->jobs + first, nr, x->nr_slices) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < nr; i++) {
		struct job *job = &x->jobs[first + i];
		size_t begin = lane->nr_times;

		/* what is before the first record of all is unknown anyway */
		lost = (lost || job->lost_first) && (before || x->slices);
		lane_add(lane, job, before, last_page, x->times, lost);
		lost = job->lost || (lost && !job->any);
		last_page = job->any ? begin + job->last_page : last_page;
		before = job->any ? job : before;
		/* nothing is in memory twice: the lane's pages come as these go */
		free(job->times);
		free(job->runs);
		job->times = NULL;
		job->runs = NULL;
	}
	if (x->slices)
		slice_lane(lane, x, l);
	return 0;
}

static int collect_rare(struct mrg_data *data, const struct extract *x)
{
	size_t calls = 0, tsc = 0;

	for (size_t i = 0; i < x->nr_jobs; i++) {
		calls += x->jobs[i].nr_calls;
		tsc += x->jobs[i].nr_tsc;
		data->nr_damaged += x->jobs[i].nr_damaged;
	}
	data->calls = malloc((calls + 1) * sizeof(*data->calls));
	data->tsc_writes = malloc((tsc + 1) * sizeof(*data->tsc_writes));
	if (!data->calls || !data->tsc_writes)
		return -ENOMEM;
	for (size_t i = 0; i < x->nr_jobs; i++) {
		APPEND(data->calls, data->nr_calls, x->jobs[i].calls, x->jobs[i].nr_calls);
		APPEND(data->tsc_writes, data->nr_tsc_writes, x->jobs[i].tsc, x->jobs[i].nr_tsc);
	}
	return 0;
}

static int collect(struct mrg_data *data, const struct extract *x)
{
	size_t first = 0;

	for (size_t i = 0; i < x->nr_jobs; i++)
		if (x->jobs[i].no_memory)
			return -ENOMEM;
	for (unsigned int lane = 0; lane < data->nr_lanes; lane++) {
		size_t nr = 0;

		data->lanes[lane].cpu = xt_trace_lane(x->trace, lane)->cpu;
		while (first + nr < x->nr_jobs && x->jobs[first + nr].lane == lane)
			nr++;
		if (collect_lane(&data->lanes[lane], x, lane, first, nr) < 0)
			return -ENOMEM;
		data->nr_events += data->lanes[lane].nr_events;
		data->nr_runs += data->lanes[lane].nr_runs;
		first += nr;
	}
	return collect_rare(data, x);
}

void mrg_data_destroy(struct mrg_data *data)
{
	if (!data)
		return;
	for (unsigned int i = 0; data->lanes && i < data->nr_lanes; i++) {
		free(data->lanes[i].times);
		free(data->lanes[i].runs);
		free(data->lanes[i].gaps);
		free(data->lanes[i].set_back);
		free(data->lanes[i].set_back_page);
		free(data->lanes[i].set_back_from);
	}
	free(data->lanes);
	free(data->calls);
	free(data->tsc_writes);
	free(data);
}

static int extract_all(struct mrg_data *data, struct extract *x)
{
	data->nr_lanes = xt_trace_nr_lanes(x->trace);
	data->lanes = calloc(data->nr_lanes + 1, sizeof(*data->lanes));
	if (!data->lanes || roles_init(&x->roles, x->trace) < 0)
		return -ENOMEM;
	for (unsigned int i = 0; i < data->nr_lanes; i++)
		if (!plan_lane(x, i))
			return -ENOMEM;
	run_jobs(x);
	return collect(data, x);
}

static int extract(struct mrg_data **ret, struct extract *x, struct rt_err *err)
{
	struct mrg_data *data = calloc(1, sizeof(*data));
	int rc = data ? extract_all(data, x) : -ENOMEM;

	for (size_t i = 0; i < x->nr_jobs; i++)
		job_finish(&x->jobs[i]);
	free(x->jobs);
	free(x->roles.by_id);
	if (rc < 0) {
		mrg_data_destroy(data);
		return rt_err_set(err, rc, "%s", xt_trace_info(x->trace)->path);
	}
	*ret = data;
	return 0;
}

int mrg_extract(struct mrg_data **ret, const struct xt_trace *trace, bool times,
		const struct mrg_watch *watch, struct rt_err *err)
{
	struct extract x = { .trace = trace, .times = times, .watch = watch };

	return extract(ret, &x, err);
}

int mrg_extract_slices(struct mrg_data **ret, const struct xt_trace *trace, bool times,
		       const struct mrg_slice *slices, size_t nr, struct rt_err *err)
{
	struct extract x = { .trace = trace, .times = times, .slices = slices, .nr_slices = nr };

	return extract(ret, &x, err);
}

static int outline_lane(struct mrg_lane_data *lane, const struct xt_trace *trace, unsigned int l)
{
	const struct xt_lane_info *info = xt_trace_lane(trace, l);
	struct xt_chunk chunk;

	lane->cpu = info->cpu;
	for (size_t i = 0; i < info->nr_chunks; i++) {
		xt_lane_chunk(trace, l, i, &chunk);
		if (!chunk.times_known)		/* nor are the counts of events */
			return -ENODATA;
		if (!chunk.nr_events)
			continue;
		lane->first = lane->nr_events ? lane->first : chunk.first_ts;
		lane->last = chunk.last_ts;
		lane->nr_events += chunk.nr_events;
	}
	return 0;
}

int mrg_outline(struct mrg_data **ret, const struct xt_trace *trace)
{
	struct mrg_data *data = calloc(1, sizeof(*data));
	int rc = 0;

	if (!data)
		return -ENOMEM;
	data->nr_lanes = xt_trace_nr_lanes(trace);
	data->lanes = calloc(data->nr_lanes + 1, sizeof(*data->lanes));
	if (!data->lanes)
		rc = -ENOMEM;
	for (unsigned int l = 0; rc == 0 && l < data->nr_lanes; l++) {
		rc = outline_lane(&data->lanes[l], trace, l);
		data->nr_events += data->lanes[l].nr_events;
	}
	if (rc < 0) {
		mrg_data_destroy(data);
		return rc;
	}
	*ret = data;
	return 0;
}
