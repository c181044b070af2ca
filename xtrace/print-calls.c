/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * print-calls.c - functions that print fmts call, as trace-cmd's plugins know
 * them; a format that calls any other cannot be parsed
 *
 * They are called by libtraceevent, which prints the events that use them.
 */
#include "xtrace/print-local.h"

#include <errno.h>
#include <traceevent/trace-seq.h>

#define CDB_MAX 32	/* bytes of a command that are looked at */

typedef unsigned long long ull;

static ull le16_to_cpup(struct trace_seq *s, ull *args)
{
	const uint8_t *p = xt_foreign_bytes(args[0], 2);

	(void)s;
	return p ? xt_load(p, 2) : 0;
}

/* A device number: major above 20 bits of minor. */
static ull dev_to_name(struct trace_seq *s, ull *args)
{
	unsigned int dev = (unsigned int)args[0];

	trace_seq_printf(s, "%d:%d", (int)(dev >> 20), (int)(dev & 0xfffff));
	return 0;
}

static ull jiffies_to_msecs(struct trace_seq *s, ull *args)
{
	trace_seq_printf(s, "%lld", (long long)args[0]);
	return args[0];
}

static ull is_writable_pte(struct trace_seq *s, ull *args)
{
	(void)s;
	return args[0] & 2;
}

static ull xen_hypercall_name(struct trace_seq *s, ull *args)
{
	static const char *const names[] = {
		[0] = "set_trap_table", "mmu_update", "set_gdt", "stack_switch", "set_callbacks",
		"fpu_taskswitch", "sched_op_compat", "dom0_op", "set_debugreg", "get_debugreg",
		"update_descriptor", [12] = "memory_op", "multicall", "update_va_mapping",
		"set_timer_op", "event_channel_op_compat", "xen_version", "console_io",
		"physdev_op_compat", "grant_table_op", "vm_assist",
		"update_va_mapping_otherdomain", "iret", "vcpu_op", "set_segment_base",
		"mmuext_op", "acm_op", "nmi_op", "sched_op", "callback_op", "xenoprof_op",
		"event_channel_op", "physdev_op", "hvm_op", [48] = "arch_0", "arch_1", "arch_2",
		"arch_3", "arch_4", "arch_5", "arch_6", "arch_7",
	};
	unsigned int op = (unsigned int)args[0];

	if (op < sizeof(names) / sizeof(names[0]) && names[op])
		trace_seq_printf(s, "(%s)", names[op]);
	return 0;
}

/* ---- SCSI commands ---- */

static uint64_t big_endian(const uint8_t *p, unsigned int n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | *p++;
	return v;
}

/*
 * Block numbers of 32 bits and more are put together from ints there: their
 * sign reaches into the upper half.
 */
static ull widened(const uint8_t *p)
{
	return (ull)(int64_t)(int32_t)big_endian(p, 4);
}

static void scsi_rw(struct trace_seq *s, ull lba, ull len, const uint8_t *cdb, unsigned int same)
{
	trace_seq_printf(s, "lba=%llu txlen=%llu protect=%u", lba, len, cdb[1] >> 5);
	if (cdb[0] == same)
		trace_seq_printf(s, " unmap=%u", cdb[1] >> 3 & 1);
}

static void scsi_rw32(struct trace_seq *s, const uint8_t *cdb)
{
	const char *name;

	switch (big_endian(cdb + 8, 2)) {
	case 0x09:
		name = "READ";
		break;
	case 0x0a:
		name = "VERIFY";
		break;
	case 0x0b:
		name = "WRITE";
		break;
	case 0x0d:
		name = "WRITE_SAME";
		break;
	default:
		trace_seq_putc(s, '-');
		return;
	}
	trace_seq_printf(s, "%s_32 lba=%llu txlen=%llu protect=%u ei_lbrt=%u", name,
			 (ull)big_endian(cdb + 12, 4) << 32 | widened(cdb + 16),
			 widened(cdb + 28), cdb[10] >> 5, (unsigned int)big_endian(cdb + 20, 4));
	if (cdb[9] == 0x0d)
		trace_seq_printf(s, " unmap=%u", cdb[10] >> 3 & 1);
}

static void scsi_service(struct trace_seq *s, const uint8_t *cdb)
{
	unsigned int action = cdb[1] & 0x1f;

	if (action != 0x10 && action != 0x12) {
		trace_seq_puts(s, "UNKNOWN");
		return;
	}
	trace_seq_printf(s, "%s lba=%llu alloc_len=%u",
			 action == 0x10 ? "READ_CAPACITY_16" : "GET_LBA_STATUS",
			 (ull)big_endian(cdb + 2, 4) << 32 | widened(cdb + 6),
			 (unsigned int)big_endian(cdb + 10, 4));
}

static void scsi_command(struct trace_seq *s, const uint8_t *cdb)
{
	switch (cdb[0]) {
	case 0x08: case 0x0a:
		trace_seq_printf(s, "lba=%llu txlen=%llu",
				 (ull)(big_endian(cdb + 1, 3) & 0x1fffff), (ull)cdb[4]);
		break;
	case 0x28: case 0x2a: case 0x2f: case 0x41:
		scsi_rw(s, widened(cdb + 2), big_endian(cdb + 7, 2), cdb, 0x41);
		break;
	case 0xa8: case 0xaa: case 0xaf:
		scsi_rw(s, widened(cdb + 2), widened(cdb + 6), cdb, 0x100);
		break;
	case 0x88: case 0x8a: case 0x8f: case 0x93:
		scsi_rw(s, (ull)big_endian(cdb + 2, 4) << 32 | widened(cdb + 6),
			widened(cdb + 10), cdb, 0x93);
		break;
	case 0x42:
		trace_seq_printf(s, "regions=%u", ((unsigned int)big_endian(cdb + 7, 2) - 8) / 16);
		break;
	case 0x9e:
		scsi_service(s, cdb);
		break;
	case 0x7f:
		scsi_rw32(s, cdb);
		break;
	default:
		trace_seq_putc(s, '-');
		break;
	}
}

static ull scsi_trace_parse_cdb(struct trace_seq *s, ull *args)
{
	const uint8_t *cdb = xt_foreign_bytes(args[1], CDB_MAX);

	if (cdb)
		scsi_command(s, cdb);
	return 0;
}

int xt_print_register(struct tep_handle *tep)
{
	int rc = 0;

	rc |= tep_register_print_function(tep, le16_to_cpup, TEP_FUNC_ARG_INT, "__le16_to_cpup",
					  TEP_FUNC_ARG_PTR, TEP_FUNC_ARG_VOID);
	rc |= tep_register_print_function(tep, dev_to_name, TEP_FUNC_ARG_STRING,
					  "jbd2_dev_to_name", TEP_FUNC_ARG_INT, TEP_FUNC_ARG_VOID);
	rc |= tep_register_print_function(tep, jiffies_to_msecs, TEP_FUNC_ARG_LONG,
					  "jiffies_to_msecs", TEP_FUNC_ARG_LONG,
					  TEP_FUNC_ARG_VOID);
	rc |= tep_register_print_function(tep, is_writable_pte, TEP_FUNC_ARG_INT,
					  "is_writable_pte", TEP_FUNC_ARG_LONG, TEP_FUNC_ARG_VOID);
	rc |= tep_register_print_function(tep, xen_hypercall_name, TEP_FUNC_ARG_STRING,
					  "xen_hypercall_name", TEP_FUNC_ARG_INT,
					  TEP_FUNC_ARG_VOID);
	rc |= tep_register_print_function(tep, scsi_trace_parse_cdb, TEP_FUNC_ARG_STRING,
					  "scsi_trace_parse_cdb", TEP_FUNC_ARG_PTR,
					  TEP_FUNC_ARG_PTR, TEP_FUNC_ARG_INT, TEP_FUNC_ARG_VOID);
	return rc ? -ENOMEM : 0;
}
