/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * protocol.h - guest services protocol v1: numbers, limits, packing
 *
 * The one home of what passes between a guest and its host.  Shared by both
 * kernel modules, libkvmrt_gs and the readers of traces; includes nothing of
 * ours.  doc/protocols/kvmrt-gs.7 says the same in bytes.
 */
#ifndef KVMRT_GS_PROTOCOL_H
#define KVMRT_GS_PROTOCOL_H

#include <linux/ioctl.h>
#ifdef __KERNEL__
#include <linux/string.h>
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#endif

#define GS_PROTOCOL_VERSION 1

/*
 * The calls: GS_CALL(NAME, number, feature bit in the answer of QUERY, word).
 * One number a function, so that a filter of an ftrace event can name it.
 */
#define GS_CALLS(GS_CALL) \
	GS_CALL(QUERY,           0x4b475300, 0, "query") \
	GS_CALL(PING,            0x4b475301, 1, "ping") \
	GS_CALL(LOG_MSG,         0x4b475302, 2, "log_msg") \
	GS_CALL(XTRACE_FLUSH,    0x4b475303, 4, "xtrace_flush") \
	GS_CALL(XTRACE_LOG_DATA, 0x4b475304, 8, "xtrace_log_data")

enum gs_call {
#define GS_CALL(name_, number_, feature_, word_) GS_NR_##name_ = (number_),
	GS_CALLS(GS_CALL)
#undef GS_CALL
	GS_NR_FIRST = GS_NR_QUERY,
	GS_NR_LAST = GS_NR_XTRACE_LOG_DATA,
};

enum gs_feature {
#define GS_CALL(name_, number_, feature_, word_) GS_FEATURE_##name_ = (feature_),
	GS_CALLS(GS_CALL)
#undef GS_CALL
};

/* XTRACE_FLUSH: whose buffers (a0); a1 is the incident id, a2 and a3 are 0 */
enum gs_scope {
	GS_SCOPE_CPU = 0,	/* the CPU that makes the call */
	GS_SCOPE_VM = 1,	/* all CPUs that serve this VM */
	GS_SCOPE_ALL = 2,	/* all CPUs of the host */
};

/*
 * Answers below 0.  PERM and NOSYS are KVM's own and mean that nobody answers: a
 * host without our module, or with it disabled, says PERM to a program and NOSYS
 * to a guest's kernel.  Our module never says them.
 */
enum gs_answer {
	GS_ANSWER_OK = 0,
	GS_ANSWER_PERM = -1,
	GS_ANSWER_AGAIN = -11,		/* rate limit: nothing was done */
	GS_ANSWER_DENIED = -13,		/* not allowed for this VM or this caller */
	GS_ANSWER_INVAL = -22,		/* arguments break this protocol */
	GS_ANSWER_NOSYS = -1000,
};

static inline bool gs_unanswered(int64_t answer)
{
	return answer == GS_ANSWER_PERM || answer == GS_ANSWER_NOSYS;
}

/*
 * LOG_MSG and XTRACE_LOG_DATA are sent in fragments of three registers.
 * a0: bits 63-32 message id, 31-16 offset of this fragment, 15-0 length of the
 * whole message.  a1, a2, a3: 24 bytes, little endian, in this order; bytes
 * after the message's end are 0.  Offsets are multiples of 24.
 */
#define GS_FRAG_SIZE	24
#define GS_MSG_MAX	240
#define GS_DATA_MAX	4080

static inline uint64_t gs_frag_head(uint32_t id, uint16_t offset, uint16_t length)
{
	return (uint64_t)id << 32 | (uint64_t)offset << 16 | length;
}

static inline uint32_t gs_frag_id(uint64_t a0)
{
	return (uint32_t)(a0 >> 32);
}

static inline uint16_t gs_frag_offset(uint64_t a0)
{
	return (uint16_t)(a0 >> 16);
}

static inline uint16_t gs_frag_length(uint64_t a0)
{
	return (uint16_t)a0;
}

/* Longest message of a call that is sent in fragments; 0 for the other calls. */
static inline uint16_t gs_length_max(uint64_t nr)
{
	if (nr == GS_NR_LOG_MSG)
		return GS_MSG_MAX;
	return nr == GS_NR_XTRACE_LOG_DATA ? GS_DATA_MAX : 0;
}

/* True when a0 heads a fragment that call @nr may send; check before use. */
static inline bool gs_frag_valid(uint64_t nr, uint64_t a0)
{
	uint16_t offset = gs_frag_offset(a0);
	uint16_t length = gs_frag_length(a0);

	return length <= gs_length_max(nr) && offset < length && offset % GS_FRAG_SIZE == 0;
}

/* True when the host may serve this call; the same for who answers and who reads traces. */
static inline bool gs_call_valid(uint64_t nr, uint64_t a0)
{
	switch (nr) {
	case GS_NR_QUERY:
		return a0 == GS_PROTOCOL_VERSION;
	case GS_NR_XTRACE_FLUSH:
		return a0 <= GS_SCOPE_ALL;
	case GS_NR_LOG_MSG:
	case GS_NR_XTRACE_LOG_DATA:
		return gs_frag_valid(nr, a0);
	default:
		return nr == GS_NR_PING;
	}
}

/* Bytes of the message that a valid fragment carries, 1 to GS_FRAG_SIZE. */
static inline uint16_t gs_frag_bytes(uint64_t a0)
{
	uint16_t left = gs_frag_length(a0) - gs_frag_offset(a0);

	return left < GS_FRAG_SIZE ? left : GS_FRAG_SIZE;
}

/* At most GS_FRAG_SIZE bytes of @data into the registers a1, a2, a3. */
static inline void gs_frag_pack(uint64_t args[3], const void *data, uint16_t size)
{
	memset(args, 0, GS_FRAG_SIZE);
	memcpy(args, data, size < GS_FRAG_SIZE ? size : GS_FRAG_SIZE);
}

/* The reverse: GS_FRAG_SIZE bytes into @data. */
static inline void gs_frag_unpack(void *data, uint64_t a1, uint64_t a2, uint64_t a3)
{
	uint64_t args[3] = { a1, a2, a3 };

	memcpy(data, args, GS_FRAG_SIZE);
}

/*
 * The device of the guest's module: a program calls through the guest's kernel.
 * CALL makes one hypercall as it stands; messages are parted by the caller.  It
 * fails with EINVAL (no number of ours), EPERM (a permission is not given),
 * ENODEV (no KVM below), EFAULT; when it succeeds, ret is the host's answer.
 * INFO always succeeds.
 */
#define GS_DEVICE "/dev/kvmrt_gs"

struct kvmrt_gs_call {
	uint64_t nr;		/* in: GS_NR_* */
	uint64_t arg[4];	/* in: a0 to a3 */
	int64_t ret;		/* out */
};

/* What stands behind the device; names of the boot parameters are the guide's. */
enum gs_info_flag {
	GS_INFO_KVM = 1,	/* KVM is below, and takes hypercalls */
	GS_INFO_GUEST = 2,	/* kvmrt_gs_hc_guest_enabled=1: the guest's kernel may call */
	GS_INFO_SYSCALL = 4,	/* kvmrt_gs_syscall_enabled=1: programs may */
};

struct kvmrt_gs_info {
	uint32_t version;	/* GS_PROTOCOL_VERSION of the module */
	uint32_t flags;		/* enum gs_info_flag */
	int64_t answer;		/* the host's to QUERY; GS_ANSWER_NOSYS where it was not asked */
};

#define KVMRT_GS_IOC_INFO _IOR(0xbe, 0, struct kvmrt_gs_info)
#define KVMRT_GS_IOC_CALL _IOWR(0xbe, 1, struct kvmrt_gs_call)

/*
 * Trace events of the modules, tracefs system "kvmrt_gs", with their fields:
 *
 *   guest  hc_start_guest	nr, a0, a1, a2, a3
 *	    hc_end_guest	nr, ret
 *	    ping_guest		cookie
 *	    flush_guest		scope, incident
 *	    log_msg_guest	id, offset, length, data
 *	    log_data_guest	id, offset, length, data
 *   host   hc_exit_host	vm_pid, vcpu_id, nr, ret
 *	    ping_host		vm_pid, vcpu_id, cookie
 *	    flush_host		vm_pid, vcpu_id, scope, incident
 *	    log_msg_host	vm_pid, vcpu_id, id, offset, length, data
 *	    log_data_host	vm_pid, vcpu_id, id, offset, length, data
 *
 * All numbers are 64 bits wide but vm_pid, vcpu_id, id, offset and length (32);
 * ret is signed.  log_msg and log_data stand for one fragment each; data is a
 * dynamic array of its bytes without what fills the last registers.
 *
 * Without the guest's module libkvmrt_gs writes the guest's events as text to
 * trace_marker, one line each: the prefix, the event's name without "_guest",
 * then " key=value" in the order above, numbers in hexadecimal with 0x, ret in
 * decimal, bytes as pairs of lower-case hexadecimal digits.  A line of log_msg
 * or log_data may hold the bytes of several fragments:
 * "kvmrt_gs: log_data id=0x1 offset=0x0 length=0x2 data=6869".
 */
#define GS_TRACE_SYSTEM		"kvmrt_gs"
#define GS_MARKER_PREFIX	"kvmrt_gs: "
#define GS_MARKER_DATA_MAX	240	/* bytes a line, so 480 digits */
#define GS_MARKER_LINE_MAX	600	/* no line is longer */

#endif /* KVMRT_GS_PROTOCOL_H */
