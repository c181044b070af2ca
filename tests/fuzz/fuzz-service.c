/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz-service.c - gs/host: whatever guests call, a line of the host's log is one
 * line of printable text that begins with the host's own words, and no VM writes
 * more than its limit
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gs/host/service.h"
#include "tests/fuzz/fuzz.h"
#include "xtrace/xtrace.h"
#include "xtrace/xtrec.h"

#define LINES 5

static unsigned int lines;

static void on_line(void *arg, const char *line)
{
	const char *p;

	(void)arg;
	lines++;
	if (strncmp(line, "1970-01-01T", 11) != 0 || strlen(line) > 900)
		abort();
	for (p = line; *p; p++)
		if (*p < ' ' || *p > '~')
			abort();
}

static void on_flush(void *arg, const struct gs_flush *flush)
{
	(void)arg;
	if (flush->scope > GS_SCOPE_ALL)
		abort();
}

/* A call: a byte for thread and time, a byte for the number, then a0 and 24 bytes of data. */
struct input {
	uint8_t who, nr;
	uint8_t args[32];
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct xt_vcpu vcpus[] = {
		{ .tid = 0, .vm_pid = 100, .vm = "a\nb" }, { .tid = 1, .vm_pid = 100, .vcpu = 1 },
		{ .tid = 2, .vm_pid = 200 },
	};
	const struct gs_service_opts opts = { .lines = LINES, .flushes = 1 };
	const struct gs_sinks sinks = { NULL, on_line, on_flush };
	struct gs_service *service;
	struct input in;
	uint64_t ns = 1;

	lines = 0;
	if (gs_service_create(&service, &opts, &sinks) < 0)
		return 0;
	gs_service_set_vms(service, &(struct xt_vms){ vcpus, 3 }, ns);
	for (; size >= sizeof(in); data += sizeof(in), size -= sizeof(in)) {
		struct gs_traced traced = { .ns = ns };
		uint64_t args[4];

		memcpy(&in, data, sizeof(in));
		memcpy(args, in.args, sizeof(args));
		traced.tid = in.who & 3;
		traced.valid = kev_gs_decode(&traced.gs, GS_NR_FIRST + in.nr % 6, args) == 0;
		gs_service_call(service, &traced);
		if (in.who & 4)
			gs_service_tick(service, ns += (uint64_t)(in.who >> 3) << 27);
	}
	gs_service_destroy(service);
	/* Three VMs, a burst each and what time added, and a line a VM about the rest at a time. */
	if (lines > 3 * (10 * LINES + (LINES + 1) * (ns >> 29) + 4))
		abort();
	return 0;
}
