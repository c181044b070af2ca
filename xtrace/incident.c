/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * incident.c - calls to flush, as a small trace instance of their own tells them
 *
 * The lines are those of trace_pipe.  What a guest can put into them are the numbers
 * of its call.
 */
#include "xtrace/incident.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gs/protocol.h"
#include "lib/err.h"

#define BUFFER_BYTES (16ull << 10)
#define READS_MAX 64		/* a look: who calls without end is not to be read without end */

/* ---- a line ---- */

/* What stands behind the last @mark of @line, or NULL. */
static const char *behind(const char *line, const char *mark)
{
	const char *found = NULL, *at = line;

	while ((at = strstr(at, mark))) {
		at += strlen(mark);
		found = at;
	}
	return found;
}

static bool parse_own(struct xt_incident *in, const char *line, const char *event,
		      const char **ret_event)
{
	const char *text = behind(line, event);

	if (!text)
		return false;
	*ret_event = text - strlen(event);
	in->own = true;
	return sscanf(text, "scope=%" SCNx64 " incident=%" SCNx64, &in->scope, &in->id) == 2;
}

static bool parse_call(struct xt_incident *in, const char *line, const char **ret_event)
{
	static const char hypercall[] = ": kvm_hypercall: ";
	static const char module[] = ": flush_guest: ";
	static const char mark[] = ": tracing_mark_write: " GS_MARKER_PREFIX "flush ";
	uint64_t nr = 0;
	const char *text;

	if (parse_own(in, line, mark, ret_event) || parse_own(in, line, module, ret_event))
		return true;
	text = behind(line, hypercall);
	if (!text)
		return false;
	*ret_event = text - (sizeof(hypercall) - 1);
	return sscanf(text, "nr %" SCNx64 " a0 %" SCNx64 " a1 %" SCNx64, &nr, &in->scope,
		      &in->id) == 3 && nr == GS_NR_XTRACE_FLUSH;
}

/* "  CPU 0/KVM-77      [002] d..1.    12.345678" in front of the event */
static bool parse_place(struct xt_incident *in, const char *line, const char *event)
{
	const char *ts = event, *cpu, *dash;

	while (ts > line && ts[-1] != ' ')
		ts--;
	for (cpu = ts; cpu > line && *cpu != '['; cpu--)
		;
	for (dash = cpu; dash > line && *dash != '-'; dash--)
		;
	if (*cpu != '[' || *dash != '-' || event - ts >= (ptrdiff_t)sizeof(in->ts))
		return false;
	memcpy(in->ts, ts, event - ts);
	in->cpu = strtoul(cpu + 1, NULL, 10);
	in->tid = atoi(dash + 1);
	return true;
}

bool xt_incident_parse(struct xt_incident *ret, const char *line)
{
	struct xt_incident in = { 0 };
	const char *event;

	if (!parse_call(&in, line, &event) || !parse_place(&in, line, event))
		return false;
	*ret = in;
	return true;
}

const char *xt_incident_scope(const struct xt_incident *incident)
{
	static const char *const words[] = {
		[GS_SCOPE_CPU] = "cpu", [GS_SCOPE_VM] = "vm", [GS_SCOPE_ALL] = "all",
	};

	return incident->scope <= GS_SCOPE_ALL ? words[incident->scope] : "unknown";
}

/* ---- the instance ---- */

/* What this kernel has of the three; one is enough. */
void xt_incidents_watch(const struct xt_incidents *list)
{
	const struct xt_instance *inst = &list->inst;
	char filter[32];

	snprintf(filter, sizeof(filter), "nr == 0x%x", (unsigned int)GS_NR_XTRACE_FLUSH);
	if (xt_instance_has(inst, "events/kvm/kvm_hypercall/filter") &&
	    xt_instance_filter(inst, "kvm", "kvm_hypercall", filter, NULL) == 0)
		xt_instance_enable(inst, "kvm", "kvm_hypercall", NULL);
	if (xt_instance_has(inst, "events/" GS_TRACE_SYSTEM "/flush_guest/enable"))
		xt_instance_enable(inst, GS_TRACE_SYSTEM, "flush_guest", NULL);
}

int xt_incidents_open(struct xt_incidents *ret, const struct xt_tracefs *fs, const char *name,
		      const char *clock, struct rt_err *err)
{
	char full[XT_TRACEFS_PATH_MAX];
	struct rt_cpuset unused = { { 0 } };
	uint64_t got;
	int rc;

	memset(ret, 0, sizeof(*ret));
	ret->fd = -1;
	snprintf(full, sizeof(full), "%s" XT_GS_SUFFIX, name);
	rc = xt_instance_create(&ret->inst, fs, full, err);
	if (rc < 0)
		return rc;
	xt_instance_set_clock(&ret->inst, clock, NULL);
	rt_cpuset_add(&unused, 0);
	xt_instance_set_size(&ret->inst, BUFFER_BYTES, &unused, true, &got, NULL);
	/* A reader is to be woken by the first event, not by a half-full buffer. */
	if (xt_instance_has(&ret->inst, "buffer_percent"))
		xt_instance_write(&ret->inst, "0", NULL, "buffer_percent");
	xt_incidents_watch(ret);
	ret->fd = xt_instance_open(&ret->inst, err, O_RDONLY | O_NONBLOCK, "trace_pipe");
	rc = ret->fd < 0 ? ret->fd : xt_instance_on(&ret->inst, true, err);
	if (rc < 0)
		xt_incidents_close(ret);
	return rc;
}

int xt_incidents_close(struct xt_incidents *list)
{
	if (list->fd >= 0)
		close(list->fd);
	list->fd = -1;
	return xt_instance_remove(&list->inst, NULL);
}

static void take_line(struct xt_incidents *list, const char *line)
{
	struct xt_incident in;

	if (!xt_incident_parse(&in, line))
		return;
	if (list->nr < XT_INCIDENTS_MAX)
		list->v[list->nr++] = in;
	else
		list->more++;
}

/* A longer line is none of ours: it is cut, and its pieces mean nothing. */
static void take_text(struct xt_incidents *list)
{
	char *line = list->rest, *end;

	list->rest[list->rest_len] = '\0';
	while ((end = strchr(line, '\n'))) {
		*end = '\0';
		take_line(list, line);
		line = end + 1;
	}
	list->rest_len -= line - list->rest;
	memmove(list->rest, line, list->rest_len);
	if (list->rest_len == sizeof(list->rest) - 1)
		list->rest_len = 0;
}

void xt_incidents_read(struct xt_incidents *list)
{
	unsigned int i;
	ssize_t got;

	for (i = 0; i < READS_MAX; i++) {
		got = read(list->fd, list->rest + list->rest_len,
			   sizeof(list->rest) - 1 - list->rest_len);
		if (got <= 0)
			break;
		list->rest_len += got;
		take_text(list);
	}
}
