/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * functions.c - libkvmrt_gs: the functions that kvmrt_gs.h promises
 *
 * Each call: the way, the guest's own event where no module makes it, one
 * hypercall a fragment, and what the answer means as an errno.
 */
#include "gs/kvmrt_gs.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "gs/marks.h"
#include "gs/path.h"
#include "gs/protocol.h"

static bool unanswered_ok;
/* Of the program's own thread memory: another kind is allocated at its first use. */
static __thread unsigned long last_incident __attribute__((tls_model("initial-exec")));

void kvmrt_gs_set_unanswered_ok(bool ok)
{
	__atomic_store_n(&unanswered_ok, ok, __ATOMIC_RELAXED);
}

/* ---- one hypercall and its answer ---- */

/* A way that is open, with the traces of this guest. */
struct call {
	struct gs_path path;
	struct gs_marks marks;
	uint64_t nr;
};

/* Return: 0 or -errno; close_call() afterwards, if 0. */
static int open_call(struct call *call, uint64_t nr)
{
	int saved = errno, rc;

	rc = gs_path_find(&call->path);
	if (rc < 0)
		return rc;
	call->nr = nr;
	call->marks.nr = call->marks.nr_flush = 0;
	if (call->path.fd < 0)
		gs_marks_open(&call->marks, gs_places.tracing);
	errno = saved;
	return 0;
}

static int make_call(const struct call *call, const uint64_t arg[4], int64_t *ret_answer)
{
	int rc;

	if (call->marks.nr)
		gs_marks_start(&call->marks, call->nr, arg);
	rc = gs_path_call(&call->path, call->nr, arg, ret_answer);
	if (call->marks.nr)
		gs_marks_end(&call->marks, call->nr, *ret_answer);
	return rc;
}

/* What a negative answer means here; 0 when the caller puts up with silence. */
static int error_of(int64_t answer)
{
	if (gs_unanswered(answer))
		return __atomic_load_n(&unanswered_ok, __ATOMIC_RELAXED) ? 0 : -ENOSYS;
	switch (answer) {
	case GS_ANSWER_AGAIN:
		return -EAGAIN;
	case GS_ANSWER_DENIED:
		return -EPERM;
	case GS_ANSWER_INVAL:
		return -EINVAL;
	default:
		return -EPROTO;
	}
}

static long finish(struct call *call, int rc)
{
	int saved = errno;

	gs_marks_close(&call->marks);
	errno = rc < 0 ? -rc : saved;
	return rc < 0 ? -1 : 0;
}

static long fail(int rc)
{
	errno = -rc;
	return -1;
}

/* ---- what is available ---- */

static bool available(int64_t feature)
{
	static const uint64_t arg[4] = { GS_PROTOCOL_VERSION };
	int64_t answer = GS_ANSWER_NOSYS;
	struct call call;
	int rc;

	rc = open_call(&call, GS_NR_QUERY);
	if (rc < 0)
		return false;
	rc = make_call(&call, arg, &answer);
	finish(&call, 0);
	return rc == 0 && answer >= 0 && (answer & feature) == feature;
}

bool kvmrt_gs_available(void)
{
	return available(0);
}

bool kvmrt_gs_ping_available(void)
{
	return available(GS_FEATURE_PING);
}

bool kvmrt_gs_log_msg_available(void)
{
	return available(GS_FEATURE_LOG_MSG);
}

bool kvmrt_gs_xtrace_flush_available(void)
{
	return available(GS_FEATURE_XTRACE_FLUSH);
}

bool kvmrt_gs_xtrace_log_data_available(void)
{
	return available(GS_FEATURE_XTRACE_LOG_DATA);
}

/* ---- calls of one hypercall ---- */

static int call_once(const struct call *call, const uint64_t arg[4])
{
	int64_t answer = GS_ANSWER_NOSYS;
	int rc = make_call(call, arg, &answer);

	return rc == 0 && answer < 0 ? error_of(answer) : rc;
}

long kvmrt_gs_ping(unsigned long cookie)
{
	const uint64_t arg[4] = { cookie };
	struct call call;
	int rc = open_call(&call, GS_NR_PING);

	if (rc < 0)
		return fail(rc);
	gs_marks_ping(&call.marks, cookie);
	return finish(&call, call_once(&call, arg));
}

/* A number that no other flush has, on this guest or another; never 0. */
static uint64_t new_incident(void)
{
	struct timespec now;
	uint64_t incident;

	if (getrandom(&incident, sizeof(incident), GRND_NONBLOCK) != sizeof(incident)) {
		clock_gettime(CLOCK_REALTIME, &now);
		incident = (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec;
		incident ^= (uint64_t)syscall(SYS_gettid) << 44;
	}
	return incident | 1;
}

unsigned long kvmrt_gs_last_incident(void)
{
	return last_incident;
}

long kvmrt_gs_xtrace_flush(unsigned long scope)
{
	uint64_t arg[4] = { scope };
	struct call call;
	int rc;

	if (scope > GS_SCOPE_ALL)
		return fail(-EINVAL);
	rc = open_call(&call, GS_NR_XTRACE_FLUSH);
	if (rc < 0)
		return fail(rc);
	arg[1] = new_incident();
	last_incident = arg[1];
	gs_marks_flush(&call.marks, scope, arg[1]);
	return finish(&call, call_once(&call, arg));
}

/* ---- calls of many ---- */

/*
 * A number that no other message has meanwhile: threads differ by their number,
 * their messages by the count, programs and containers by where they start.
 */
static uint32_t new_id(void)
{
	static uint32_t base, count;
	uint32_t start = __atomic_load_n(&base, __ATOMIC_RELAXED);

	if (start == 0) {
		if (getrandom(&start, sizeof(start), GRND_NONBLOCK) != sizeof(start))
			start = (uint32_t)time(NULL);
		start |= 1;
		__atomic_store_n(&base, start, __ATOMIC_RELAXED);
	}
	return start + (uint32_t)syscall(SYS_gettid) * 0x9e3779b1u +
	       __atomic_fetch_add(&count, 1, __ATOMIC_RELAXED) * 0x85ebca6bu;
}

/* *@ret_taken: as the host says; all where it says nothing. */
static int call_pieces(const struct call *call, uint32_t id, const char *data, uint16_t size,
		       long *ret_taken)
{
	int rc = 0, unanswered = 0;
	unsigned int at;

	*ret_taken = size;
	for (at = 0; at < size && rc == 0; at += GS_FRAG_SIZE) {
		uint64_t arg[4] = { gs_frag_head(id, at, size) };
		int64_t answer = GS_ANSWER_NOSYS;

		gs_frag_pack(arg + 1, data + at, size - at);
		rc = make_call(call, arg, &answer);
		if (rc == 0 && gs_unanswered(answer))
			unanswered = error_of(answer);
		else if (rc == 0 && answer < 0)
			rc = error_of(answer);
		else if (rc == 0)
			*ret_taken = answer < size ? (long)answer : size;
	}
	return rc < 0 ? rc : unanswered;
}

static long send(uint64_t nr, const char *data, uint16_t size)
{
	uint32_t id = new_id();
	struct call call;
	long taken = 0;
	int rc = open_call(&call, nr);

	if (rc < 0)
		return fail(rc);
	gs_marks_data(&call.marks, nr, id, data, size);
	rc = call_pieces(&call, id, data, size, &taken);
	return finish(&call, rc) < 0 ? -1 : taken;
}

long kvmrt_gs_log_msg(char *msg)
{
	size_t len;

	if (!msg || !*msg)
		return fail(-EINVAL);
	len = strnlen(msg, GS_MSG_MAX);
	return send(GS_NR_LOG_MSG, msg, len);
}

long kvmrt_gs_xtrace_log_data(void *data, long size)
{
	if (!data || size <= 0)
		return fail(-EINVAL);
	if (size > GS_DATA_MAX)
		return fail(-EMSGSIZE);
	return send(GS_NR_XTRACE_LOG_DATA, data, size);
}
