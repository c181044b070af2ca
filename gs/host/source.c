/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * source.c - the calls of all guests, out of a trace instance of our own
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

/* The events that are read; a module's may come, go, and come back as another. */
static const struct wanted {
	const char *system, *event;
	bool module;
} wanted[] = {
	{ "kvm", "kvm_hypercall", false },
	{ GS_TRACE_SYSTEM, "ping_host", true },
	{ GS_TRACE_SYSTEM, "flush_host", true },
	{ GS_TRACE_SYSTEM, "log_msg_host", true },
	{ GS_TRACE_SYSTEM, "log_data_host", true },
};

#define NR_WANTED (sizeof(wanted) / sizeof(wanted[0]))

struct gs_source {
	struct gs_source_fns fns;
	struct xt_tracefs fs;
	struct xt_instance inst;
	struct xt_live *live;		/* owned */
	uint64_t ids[NR_WANTED];	/* as armed; 0: not there */
	bool module;			/* its events count */
	uint64_t module_since;		/* from then on; CLOCK_MONOTONIC */
	bool looked;			/* in this round, whether it is still there */
};

/* ---- the instance ---- */

/* No xtrace-* of xtrace-run, which would sweep it away as a dead session's. */
static int make_instance(struct gs_source *source, const struct rt_root *root, struct rt_err *err)
{
	struct xt_instance *inst = &source->inst;

	inst->root = root;
	snprintf(inst->dir, sizeof(inst->dir), "%.128s/instances/" GS_SOURCE_INSTANCE,
		 source->fs.dir);
	if (mkdirat(root->fd, inst->dir, 0750) == 0 || errno == EEXIST)
		return 0;
	if (errno == EACCES || errno == EPERM)
		return rt_err_say(err, RT_ECANNOT, "no permission to make %s/%s: reading what "
				  "guests call needs root", root->path, inst->dir);
	return rt_err_set(err, -errno, "cannot make the trace instance %s/%s", root->path,
			  inst->dir);
}

static int set_up(struct gs_source *source, uint64_t bytes, struct rt_err *err)
{
	char kb[24];
	int rc;

	/* Overwriting, so that what is lost is counted where it is lost. */
	rc = xt_instance_set_clock(&source->inst, "mono", err);
	snprintf(kb, sizeof(kb), "%llu", (unsigned long long)(bytes >> 10));
	if (rc == 0)
		rc = xt_instance_write(&source->inst, kb, err, "buffer_size_kb");
	if (rc == 0)
		rc = xt_live_create(&source->live, &source->inst, err);
	return rc;
}

/* Setting a clock or a size empties the buffer, so what a killed one left stays as it is. */
static bool is_set_up(const struct gs_source *source)
{
	char clock[32] = "";

	return xt_instance_clock(&source->inst, clock, sizeof(clock), NULL) >= 0 &&
	       strcmp(clock, "mono") == 0;
}

int gs_source_create(struct gs_source **ret, const struct rt_root *root, uint64_t bytes,
		     const struct gs_source_fns *fns, struct rt_err *err)
{
	struct gs_source *source = calloc(1, sizeof(*source));
	int rc;

	if (!source)
		return rt_err_set(err, -ENOMEM, "cannot read what guests call");
	source->fns = *fns;
	rc = xt_tracefs_find(&source->fs, root, err);
	if (rc == 0)
		rc = make_instance(source, root, err);
	if (rc == 0 && is_set_up(source))
		rc = xt_live_create(&source->live, &source->inst, err);
	else if (rc == 0)
		rc = set_up(source, bytes, err);
	if (rc == 0)
		rc = gs_source_refresh(source, err);
	if (rc == 0)
		rc = xt_instance_on(&source->inst, true, err);
	if (rc < 0) {
		gs_source_destroy(source, false);
		return rc;
	}
	*ret = source;
	return 0;
}

void gs_source_destroy(struct gs_source *source, bool remove)
{
	if (!source)
		return;
	xt_live_destroy(source->live);
	if (remove)
		xt_instance_remove(&source->inst, NULL);
	free(source);
}

/* ---- events ---- */

static int arm(struct gs_source *source, const struct wanted *want, struct rt_err *err)
{
	char filter[80];
	int rc = 0;

	if (!want->module) {
		snprintf(filter, sizeof(filter), "nr >= 0x%x && nr <= 0x%x",
			 (unsigned int)GS_NR_FIRST, (unsigned int)GS_NR_LAST);
		rc = xt_instance_filter(&source->inst, want->system, want->event, filter, err);
	}
	if (rc == 0)
		rc = xt_live_know(source->live, want->system, want->event, err);
	if (rc == 0)
		rc = xt_instance_enable(&source->inst, want->system, want->event, err);
	return rc;
}

static uint64_t id_of(const struct gs_source *source, const struct wanted *want)
{
	uint64_t id = 0;

	rt_root_read_u64(source->inst.root, &id, NULL, "%s/events/%s/%s/id", source->inst.dir,
			 want->system, want->event);
	return id;
}

static bool module_answers(const struct gs_source *source)
{
	char word[8];

	return rt_root_read_line(source->inst.root, word, sizeof(word), NULL,
				 MODULE_ENABLED) == 0 && (word[0] == 'Y' || word[0] == '1');
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

int gs_source_refresh(struct gs_source *source, struct rt_err *err)
{
	bool module = module_answers(source);
	size_t i;
	int rc;

	for (i = 0; i < NR_WANTED; i++) {
		uint64_t id = id_of(source, &wanted[i]);

		if (id != source->ids[i] && id) {
			rc = arm(source, &wanted[i], err);
			if (rc < 0)
				return rc;
		}
		source->ids[i] = id;
		module = module && (id || !wanted[i].module);
	}
	set_module(source, module);
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
 * tells nothing more, so it is looked for as soon as KVM tells something.
 */
static bool counts(struct gs_source *source, bool of_module, uint64_t ns)
{
	if (source->module && !of_module && !source->looked) {
		source->looked = true;
		set_module(source, module_answers(source));
	}
	return of_module == (source->module && ns >= source->module_since);
}

static void on_event(void *arg, unsigned int cpu, const struct xt_event *event,
		     const struct xt_rec *rec)
{
	struct gs_source *source = arg;
	struct gs_traced call = { .ns = rec->ts, .cpu = cpu };
	uint64_t lost = 1;
	bool of_module;

	if (!event) {
		if (rec->data)
			memcpy(&lost, rec->data, sizeof(lost));
		source->fns.lost(source->fns.arg, cpu, lost, rec->ts);
		return;
	}
	of_module = strcmp(event->system, GS_TRACE_SYSTEM) == 0;
	if (!counts(source, of_module, rec->ts))
		return;
	call.tid = (int)number(event, rec, "common_pid");
	if (of_module)
		take_module(&call, event, rec);
	else
		take_hypercall(&call, event, rec);
	source->fns.call(source->fns.arg, &call);
}

long gs_source_read(struct gs_source *source, uint64_t until, struct rt_err *err)
{
	source->looked = false;
	return xt_live_read(source->live, until, on_event, source, err);
}
