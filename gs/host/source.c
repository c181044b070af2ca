/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * source.c - the calls of all guests, out of trace instances of our own
 */
#include "gs/host/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "gs/host/service.h"
#include "lib/err.h"
#include "lib/root.h"
#include "xtrace/xtrace.h"
#include "xtrace/xtrec.h"

#define MODULE_ENABLED "sys/module/kvmrt_gs_host/parameters/kvmrt_gs_hc_host_enabled"

/*
 * A kernel empties each instance that had a module's events when the module goes
 * (kernel/trace/trace_events.c, trace_module_remove_events), so KVM's have their own.
 */
enum { OF_KVM, OF_MODULE, NR_KINDS };

/* The events that are read; a module's may come, go, and come back as another. */
static const struct wanted {
	unsigned int kind;
	const char *system, *event;
} wanted[] = {
	{ OF_KVM, "kvm", "kvm_hypercall" },
	{ OF_MODULE, GS_TRACE_SYSTEM, "ping_host" },
	{ OF_MODULE, GS_TRACE_SYSTEM, "flush_host" },
	{ OF_MODULE, GS_TRACE_SYSTEM, "log_data_host" },
	{ OF_MODULE, GS_TRACE_SYSTEM, "log_msg_host" },
};

#define NR_WANTED (sizeof(wanted) / sizeof(wanted[0]))

struct gs_source {
	struct gs_source_fns fns;
	struct xt_tracefs fs;
	struct reader {
		struct gs_source *source;
		unsigned int kind;
		struct xt_instance inst;
		struct xt_live *live;	/* owned; the module's: made when it first comes */
	} readers[NR_KINDS];
	uint64_t bytes;			/* a CPU and instance */
	uint64_t ids[NR_WANTED];	/* as armed; 0: not there */
	bool module;			/* its events count */
	uint64_t module_since;		/* from then on; CLOCK_MONOTONIC */
	bool looked;			/* in this round, whether it is still there */
};

/* ---- the instances ---- */

/* No xtrace-* of xtrace-run, which would sweep it away as a dead session's. */
static void name_instance(struct reader *reader, const struct rt_root *root)
{
	static const char *const names[] = { GS_SOURCE_INSTANCE, GS_SOURCE_MODULE_INSTANCE };

	reader->inst.root = root;
	snprintf(reader->inst.dir, sizeof(reader->inst.dir), "%.128s/instances/%s",
		 reader->source->fs.dir, names[reader->kind]);
}

static int make_instance(const struct xt_instance *inst, struct rt_err *err)
{
	const struct rt_root *root = inst->root;

	if (mkdirat(root->fd, inst->dir, 0750) == 0 || errno == EEXIST)
		return 0;
	if (errno == EACCES || errno == EPERM)
		return rt_err_say(err, RT_ECANNOT, "no permission to make %s/%s: reading what "
				  "guests call needs root", root->path, inst->dir);
	return rt_err_set(err, -errno, "cannot make the trace instance %s/%s", root->path,
			  inst->dir);
}

/* Setting a clock empties the buffer, a smaller size too; neither is done to a killed one's. */
static bool has_clock(const struct xt_instance *inst)
{
	char clock[32] = "";

	return xt_instance_clock(inst, clock, sizeof(clock), NULL) >= 0 &&
	       strcmp(clock, "mono") == 0;
}

static bool has_room(const struct xt_instance *inst, uint64_t kb)
{
	uint64_t now;

	return rt_root_read_u64(inst->root, &now, NULL, "%s/buffer_size_kb", inst->dir) == 0 &&
	       now >= kb;
}

/* Overwriting, so that what is lost is counted where it is lost. */
static int set_up(const struct xt_instance *inst, uint64_t bytes, struct rt_err *err)
{
	bool taken_over = has_clock(inst);
	char kb[24];
	int rc = 0;

	if (!taken_over)
		rc = xt_instance_set_clock(inst, "mono", err);
	if (rc < 0 || (taken_over && has_room(inst, bytes >> 10)))
		return rc;
	snprintf(kb, sizeof(kb), "%llu", (unsigned long long)(bytes >> 10));
	return xt_instance_write(inst, kb, err, "buffer_size_kb");
}

static int open_reader(struct reader *reader, struct rt_err *err)
{
	int rc = make_instance(&reader->inst, err);

	if (rc == 0)
		rc = set_up(&reader->inst, reader->source->bytes, err);
	if (rc == 0)
		rc = xt_live_create(&reader->live, &reader->inst, err);
	return rc < 0 ? rc : xt_instance_on(&reader->inst, true, err);
}

int gs_source_create(struct gs_source **ret, const struct rt_root *root, uint64_t bytes,
		     const struct gs_source_fns *fns, struct rt_err *err)
{
	struct gs_source *source = calloc(1, sizeof(*source));
	unsigned int kind;
	int rc;

	if (!source)
		return rt_err_set(err, -ENOMEM, "cannot read what guests call");
	source->fns = *fns;
	source->bytes = bytes;
	rc = xt_tracefs_find(&source->fs, root, err);
	for (kind = 0; kind < NR_KINDS; kind++) {
		source->readers[kind].source = source;
		source->readers[kind].kind = kind;
		name_instance(&source->readers[kind], root);
	}
	if (rc == 0)
		rc = open_reader(&source->readers[OF_KVM], err);
	if (rc == 0)
		rc = gs_source_refresh(source, err);
	if (rc < 0) {
		gs_source_destroy(source, false);
		return rc;
	}
	*ret = source;
	return 0;
}

void gs_source_destroy(struct gs_source *source, bool remove)
{
	unsigned int kind;

	if (!source)
		return;
	for (kind = 0; kind < NR_KINDS; kind++) {
		xt_live_destroy(source->readers[kind].live);
		/* Also one that a killed daemon has left. */
		if (remove)
			xt_instance_remove(&source->readers[kind].inst, NULL);
	}
	free(source);
}

/* ---- events ---- */

static int arm(const struct reader *reader, const struct wanted *want, struct rt_err *err)
{
	char filter[80];
	int rc = 0;

	if (want->kind == OF_KVM) {
		snprintf(filter, sizeof(filter), "nr >= 0x%x && nr <= 0x%x",
			 (unsigned int)GS_NR_FIRST, (unsigned int)GS_NR_LAST);
		rc = xt_instance_filter(&reader->inst, want->system, want->event, filter, err);
	}
	if (rc == 0)
		rc = xt_live_know(reader->live, want->system, want->event, err);
	if (rc == 0)
		rc = xt_instance_enable(&reader->inst, want->system, want->event, err);
	return rc;
}

static uint64_t id_of(const struct gs_source *source, const struct wanted *want)
{
	uint64_t id = 0;

	rt_root_read_u64(source->readers[OF_KVM].inst.root, &id, NULL, "%s/events/%s/%s/id",
			 source->fs.dir, want->system, want->event);
	return id;
}

/* A module that went and came back between two looks may have its number again. */
static bool is_armed(const struct gs_source *source, const struct wanted *want)
{
	const struct xt_instance *inst = &source->readers[want->kind].inst;
	char word[8];

	return rt_root_read_line(inst->root, word, sizeof(word), NULL, "%s/events/%s/%s/enable",
				 inst->dir, want->system, want->event) == 0 && word[0] == '1';
}

/* Whether it tells us what it answers: the event that is armed last stands for all. */
static bool module_tells(const struct gs_source *source)
{
	char word[8];

	return rt_root_read_line(source->readers[OF_MODULE].inst.root, word, sizeof(word), NULL,
				 MODULE_ENABLED) == 0 && (word[0] == 'Y' || word[0] == '1') &&
	       is_armed(source, &wanted[NR_WANTED - 1]);
}

/* What was called before a module came stands in KVM's events alone. */
static void set_module(struct gs_source *source, bool module)
{
	struct timespec now;

	if (module && !source->module) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		source->module_since = (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec;
	}
	source->module = module;
}

static int refresh_event(struct gs_source *source, size_t i, uint64_t id, struct rt_err *err)
{
	struct reader *reader = &source->readers[wanted[i].kind];
	int rc = 0;

	if (id == source->ids[i] && is_armed(source, &wanted[i]))
		return 0;
	if (wanted[i].kind == OF_MODULE)
		set_module(source, false);
	if (!reader->live)
		rc = open_reader(reader, err);
	return rc < 0 ? rc : arm(reader, &wanted[i], err);
}

int gs_source_refresh(struct gs_source *source, struct rt_err *err)
{
	bool module = true;
	size_t i;
	int rc;

	for (i = 0; i < NR_WANTED; i++) {
		uint64_t id = id_of(source, &wanted[i]);

		rc = id ? refresh_event(source, i, id, err) : 0;
		/* Its module comes or goes at this moment: the next look finds out. */
		if (rc == -ENOENT || rc == -ENODEV)
			id = 0;
		else if (rc < 0)
			return rc;
		source->ids[i] = id;
		module = module && (id || wanted[i].kind == OF_KVM);
	}
	set_module(source, module && module_tells(source));
	return 0;
}

bool gs_source_has_kvm(const struct gs_source *source)
{
	return source->ids[0] != 0;
}

bool gs_source_has_module(const struct gs_source *source)
{
	return source->module;
}

/* ---- calls ---- */

static uint64_t number(const struct xt_event *event, const struct xt_rec *rec, const char *name)
{
	const struct xt_field *field = xt_event_field(event, name);

	return field ? xt_field_u64(field, rec) : 0;
}

static void take_hypercall(struct gs_traced *call, const struct xt_event *event,
			   const struct xt_rec *rec)
{
	const uint64_t args[4] = {
		number(event, rec, "a0"), number(event, rec, "a1"),
		number(event, rec, "a2"), number(event, rec, "a3"),
	};

	call->valid = kev_gs_decode(&call->gs, number(event, rec, "nr"), args) == 0;
}

/* The module's event of a fragment as the registers that it was. */
static void take_fragment(struct gs_traced *call, const struct xt_event *event,
			  const struct xt_rec *rec, uint64_t nr)
{
	const struct xt_field *field = xt_event_field(event, "data");
	uint64_t args[4] = { gs_frag_head(number(event, rec, "id"), number(event, rec, "offset"),
					  number(event, rec, "length")) };
	uint32_t len = 0;
	const uint8_t *data = field ? xt_field_bytes(field, rec, &len) : NULL;

	if (data)
		gs_frag_pack(args + 1, data, len < GS_FRAG_SIZE ? len : GS_FRAG_SIZE);
	call->valid = data && kev_gs_decode(&call->gs, nr, args) == 0;
}

static void take_module(struct gs_traced *call, const struct xt_event *event,
			const struct xt_rec *rec)
{
	if (strcmp(event->name, "log_msg_host") == 0) {
		take_fragment(call, event, rec, GS_NR_LOG_MSG);
	} else if (strcmp(event->name, "log_data_host") == 0) {
		take_fragment(call, event, rec, GS_NR_XTRACE_LOG_DATA);
	} else if (strcmp(event->name, "flush_host") == 0) {
		const uint64_t args[4] = { number(event, rec, "scope"),
					   number(event, rec, "incident") };

		call->valid = kev_gs_decode(&call->gs, GS_NR_XTRACE_FLUSH, args) == 0;
	} else {
		const uint64_t args[4] = { number(event, rec, "cookie") };

		call->valid = kev_gs_decode(&call->gs, GS_NR_PING, args) == 0;
	}
}

/*
 * Both tell the same call; one counts.  A module that has gone since the last look
 * tells nothing more, so it is looked for as soon as KVM tells something: KVM's events
 * of a round are read first.
 */
static bool counts(struct gs_source *source, unsigned int kind, uint64_t ns)
{
	if (source->module && kind == OF_KVM && !source->looked) {
		source->looked = true;
		set_module(source, module_tells(source));
	}
	return (kind == OF_MODULE) == (source->module && ns >= source->module_since);
}

static void on_event(void *arg, unsigned int cpu, const struct xt_event *event,
		     const struct xt_rec *rec)
{
	const struct reader *reader = arg;
	struct gs_source *source = reader->source;
	struct gs_traced call = { .ns = rec->ts, .cpu = cpu };
	uint64_t lost = 1;

	if (!counts(source, reader->kind, rec->ts))
		return;
	if (!event) {
		if (rec->data)
			memcpy(&lost, rec->data, sizeof(lost));
		source->fns.lost(source->fns.arg, cpu, lost, rec->ts);
		return;
	}
	call.tid = (int)number(event, rec, "common_pid");
	if (reader->kind == OF_MODULE)
		take_module(&call, event, rec);
	else
		take_hypercall(&call, event, rec);
	source->fns.call(source->fns.arg, &call);
}

long gs_source_read(struct gs_source *source, uint64_t until, struct rt_err *err)
{
	long rc, all = 0;
	unsigned int kind;

	source->looked = false;
	for (kind = 0; kind < NR_KINDS; kind++) {
		struct reader *reader = &source->readers[kind];

		rc = reader->live ? xt_live_read(reader->live, until, on_event, reader, err) : 0;
		if (rc < 0)
			return rc;
		all += rc;
	}
	return all;
}
