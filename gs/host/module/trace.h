/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trace.h - the host's trace events; names and fields are bound by gs/protocol.h
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kvmrt_gs

#if !defined(KVMRT_GS_HOST_MODULE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define KVMRT_GS_HOST_MODULE_TRACE_H

#include <linux/tracepoint.h>

#include "gs/host/module/answer.h"
#include "gs/protocol.h"

TRACE_EVENT(hc_exit_host,
	TP_PROTO(const struct gs_caller *from, u64 nr, s64 ret),
	TP_ARGS(from, nr, ret),
	TP_STRUCT__entry(
		__field(s32, vm_pid)
		__field(u32, vcpu_id)
		__field(u64, nr)
		__field(s64, ret)
	),
	TP_fast_assign(
		__entry->vm_pid = from->vm_pid;
		__entry->vcpu_id = from->vcpu_id;
		__entry->nr = nr;
		__entry->ret = ret;
	),
	TP_printk("vm_pid=%d vcpu_id=%u nr=0x%llx ret=%lld", __entry->vm_pid,
		  __entry->vcpu_id, __entry->nr, __entry->ret)
);

TRACE_EVENT(ping_host,
	TP_PROTO(const struct gs_caller *from, u64 cookie),
	TP_ARGS(from, cookie),
	TP_STRUCT__entry(
		__field(s32, vm_pid)
		__field(u32, vcpu_id)
		__field(u64, cookie)
	),
	TP_fast_assign(
		__entry->vm_pid = from->vm_pid;
		__entry->vcpu_id = from->vcpu_id;
		__entry->cookie = cookie;
	),
	TP_printk("vm_pid=%d vcpu_id=%u cookie=0x%llx", __entry->vm_pid,
		  __entry->vcpu_id, __entry->cookie)
);

TRACE_EVENT(flush_host,
	TP_PROTO(const struct gs_caller *from, u64 scope, u64 incident),
	TP_ARGS(from, scope, incident),
	TP_STRUCT__entry(
		__field(s32, vm_pid)
		__field(u32, vcpu_id)
		__field(u64, scope)
		__field(u64, incident)
	),
	TP_fast_assign(
		__entry->vm_pid = from->vm_pid;
		__entry->vcpu_id = from->vcpu_id;
		__entry->scope = scope;
		__entry->incident = incident;
	),
	TP_printk("vm_pid=%d vcpu_id=%u scope=%llu incident=0x%llx", __entry->vm_pid,
		  __entry->vcpu_id, __entry->scope, __entry->incident)
);

DECLARE_EVENT_CLASS(fragment_host,
	TP_PROTO(const struct gs_caller *from, u64 a0, const u8 *bytes),
	TP_ARGS(from, a0, bytes),
	TP_STRUCT__entry(
		__field(s32, vm_pid)
		__field(u32, vcpu_id)
		__field(u32, id)
		__field(u32, offset)
		__field(u32, length)
		__dynamic_array(u8, data, gs_frag_bytes(a0))
	),
	TP_fast_assign(
		__entry->vm_pid = from->vm_pid;
		__entry->vcpu_id = from->vcpu_id;
		__entry->id = gs_frag_id(a0);
		__entry->offset = gs_frag_offset(a0);
		__entry->length = gs_frag_length(a0);
		memcpy(__get_dynamic_array(data), bytes, gs_frag_bytes(a0));
	),
	TP_printk("vm_pid=%d vcpu_id=%u id=0x%x offset=%u length=%u data=%s",
		  __entry->vm_pid, __entry->vcpu_id, __entry->id, __entry->offset,
		  __entry->length,
		  __print_hex_str(__get_dynamic_array(data), __get_dynamic_array_len(data)))
);

DEFINE_EVENT(fragment_host, log_msg_host,
	TP_PROTO(const struct gs_caller *from, u64 a0, const u8 *bytes),
	TP_ARGS(from, a0, bytes));

DEFINE_EVENT(fragment_host, log_data_host,
	TP_PROTO(const struct gs_caller *from, u64 a0, const u8 *bytes),
	TP_ARGS(from, a0, bytes));

#endif /* KVMRT_GS_HOST_MODULE_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH gs/host/module
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
