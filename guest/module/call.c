/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * call.c - one hypercall of guest services, with its trace events
 */
#include "guest/module/call.h"

#include <linux/kvm_para.h>

#include "gs/protocol.h"

#define CREATE_TRACE_POINTS
#include "guest/module/trace.h"

bool gs_call_possible(void)
{
	return kvm_para_available();
}

/* What is called, in the guest's words; a broken fragment is for the host to refuse. */
static void trace_service(u64 nr, const u64 arg[4])
{
	u8 bytes[GS_FRAG_SIZE];

	switch (nr) {
	case GS_NR_PING:
		trace_ping_guest(arg[0]);
		break;
	case GS_NR_XTRACE_FLUSH:
		trace_flush_guest(arg[0], arg[1]);
		break;
	case GS_NR_LOG_MSG:
	case GS_NR_XTRACE_LOG_DATA:
		if (!gs_frag_valid(nr, arg[0]))
			break;
		gs_frag_unpack(bytes, arg[1], arg[2], arg[3]);
		if (nr == GS_NR_LOG_MSG)
			trace_log_msg_guest(arg[0], bytes);
		else
			trace_log_data_guest(arg[0], bytes);
		break;
	}
}

/*
 * The service is traced first, so that the two hypercall events stand as close to the
 * instruction as they can.  kvm_hypercall4() has VMCALL or VMMCALL patched in at boot.
 */
s64 gs_call(u64 nr, const u64 arg[4])
{
	s64 ret;

	trace_service(nr, arg);
	trace_hc_start_guest(nr, arg[0], arg[1], arg[2], arg[3]);
	ret = kvm_hypercall4(nr, arg[0], arg[1], arg[2], arg[3]);
	trace_hc_end_guest(nr, ret);
	return ret;
}
