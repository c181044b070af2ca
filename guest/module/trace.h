/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trace.h - the guest's trace events; names and fields are bound by gs/protocol.h
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kvmrt_gs

#if !defined(KVMRT_GUEST_MODULE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define KVMRT_GUEST_MODULE_TRACE_H

#include <linux/tracepoint.h>

#include "gs/protocol.h"
#include "guest/module/pv.h"

/* The guest's own kernel makes hypercalls too; they are probed while someone looks. */
TRACE_EVENT_FN(hc_start_guest,
	TP_PROTO(u64 nr, u64 a0, u64 a1, u64 a2, u64 a3),
	TP_ARGS(nr, a0, a1, a2, a3),
	TP_STRUCT__entry(
		__field(u64, nr)
		__field(u64, a0)
		__field(u64, a1)
		__field(u64, a2)
		__field(u64, a3)
	),
	TP_fast_assign(
		__entry->nr = nr;
		__entry->a0 = a0;
		__entry->a1 = a1;
		__entry->a2 = a2;
		__entry->a3 = a3;
	),
	TP_printk("nr=0x%llx a0=0x%llx a1=0x%llx a2=0x%llx a3=0x%llx",
		  __entry->nr, __entry->a0, __entry->a1, __entry->a2, __entry->a3),
	gs_pv_start_watched, gs_pv_start_unwatched
);

TRACE_EVENT_FN(hc_end_guest,
	TP_PROTO(u64 nr, s64 ret),
	TP_ARGS(nr, ret),
	TP_STRUCT__entry(
		__field(u64, nr)
		__field(s64, ret)
	),
	TP_fast_assign(
		__entry->nr = nr;
		__entry->ret = ret;
	),
	TP_printk("nr=0x%llx ret=%lld", __entry->nr, __entry->ret),
	gs_pv_end_watched, gs_pv_end_unwatched
);

TRACE_EVENT(ping_guest,
	TP_PROTO(u64 cookie),
	TP_ARGS(cookie),
	TP_STRUCT__entry(
		__field(u64, cookie)
	),
	TP_fast_assign(
		__entry->cookie = cookie;
	),
	TP_printk("cookie=0x%llx", __entry->cookie)
);

TRACE_EVENT(flush_guest,
	TP_PROTO(u64 scope, u64 incident),
	TP_ARGS(scope, incident),
	TP_STRUCT__entry(
		__field(u64, scope)
		__field(u64, incident)
	),
	TP_fast_assign(
		__entry->scope = scope;
		__entry->incident = incident;
	),
	TP_printk("scope=%llu incident=0x%llx", __entry->scope, __entry->incident)
);

DECLARE_EVENT_CLASS(fragment_guest,
	TP_PROTO(u64 a0, const u8 *bytes),
	TP_ARGS(a0, bytes),
	TP_STRUCT__entry(
		__field(u32, id)
		__field(u32, offset)
		__field(u32, length)
		__dynamic_array(u8, data, gs_frag_bytes(a0))
	),
	TP_fast_assign(
		__entry->id = gs_frag_id(a0);
		__entry->offset = gs_frag_offset(a0);
		__entry->length = gs_frag_length(a0);
		memcpy(__get_dynamic_array(data), bytes, gs_frag_bytes(a0));
	),
	TP_printk("id=0x%x offset=%u length=%u data=%s", __entry->id, __entry->offset,
		  __entry->length,
		  __print_hex_str(__get_dynamic_array(data), __get_dynamic_array_len(data)))
);

DEFINE_EVENT(fragment_guest, log_msg_guest,
	TP_PROTO(u64 a0, const u8 *bytes),
	TP_ARGS(a0, bytes));

DEFINE_EVENT(fragment_guest, log_data_guest,
	TP_PROTO(u64 a0, const u8 *bytes),
	TP_ARGS(a0, bytes));

#endif /* KVMRT_GUEST_MODULE_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH guest/module
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
