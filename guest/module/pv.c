/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pv.c - probes around the hypercall instructions of the guest's own kernel
 *
 * The instruction itself cannot be probed everywhere (kprobes refuse VMCALL), so a
 * site has two probes: behind the instruction before it, where the registers hold
 * the number and the arguments, and in front of the one after it, where RAX holds the
 * answer.  A probe costs each hypercall a trap; therefore they stand only while both
 * events are enabled.  That is noticed under tracing's own locks, so the work is done
 * by a work item.
 */
#include "guest/module/pv.h"

#include <linux/atomic.h>
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "guest/module/trace.h"

/* Functions with hypercalls in Linux 6.1 to 6.12; what a kernel lacks is passed over. */
static const char *const functions[] = {
	"__send_ipi_mask",
	"kvm_kick_cpu",
	"kvm_smp_send_call_func_ipi",
	"ptp_kvm:kvm_arch_ptp_get_clock",
	"ptp_kvm:kvm_arch_ptp_get_crosststamp",
};

#define MAX_SITES	16
#define CALL_SIZE	3	/* bytes of VMCALL and of VMMCALL */
#define INSN_MAX	15	/* bytes of the longest instruction */

struct site {
	struct kprobe before, after;
};

static struct site *sites;
static unsigned int nr_sites;
static atomic_t watched;	/* how many of the two events have a user */

/* Set between the two probes of a site: interrupts are off there, or it is lost. */
struct in_flight {
	bool valid;
	u64 nr;
};
static DEFINE_PER_CPU(struct in_flight, in_flight);

/* Behind the instruction before the hypercall. */
static void start(struct kprobe *probe, struct pt_regs *regs, unsigned long flags)
{
	this_cpu_write(in_flight.nr, regs->ax);
	this_cpu_write(in_flight.valid, true);
	trace_hc_start_guest(regs->ax, regs->bx, regs->cx, regs->dx, regs->si);
}

/* Code that jumps here from elsewhere has made no hypercall. */
static int end(struct kprobe *probe, struct pt_regs *regs)
{
	if (!this_cpu_read(in_flight.valid))
		return 0;
	this_cpu_write(in_flight.valid, false);
	trace_hc_end_guest(this_cpu_read(in_flight.nr), regs->ax);
	return 0;
}

static bool is_hypercall(const u8 *code)
{
	return code[0] == 0x0f && code[1] == 0x01 && (code[2] == 0xc1 || code[2] == 0xd9);
}

/* The nearest place that kprobes take for an instruction's first byte is the one before. */
static int probe_before(struct kprobe *probe, u8 *call, const u8 *first)
{
	u8 *at;
	int rc = -EILSEQ;

	for (at = call - 1; at >= first && call - at <= INSN_MAX && rc == -EILSEQ; at--) {
		memset(probe, 0, sizeof(*probe));
		probe->addr = at;
		probe->post_handler = start;
		rc = register_kprobe(probe);
	}
	return rc;
}

static int probe_site(struct site *site, u8 *call, const u8 *first)
{
	int rc;

	memset(&site->after, 0, sizeof(site->after));
	site->after.addr = call + CALL_SIZE;
	site->after.pre_handler = end;
	rc = register_kprobe(&site->after);
	if (rc < 0)
		return rc;
	rc = probe_before(&site->before, call, first);
	if (rc < 0)
		unregister_kprobe(&site->after);
	return rc;
}

/* Address and size of a function, out of what kprobes and kallsyms tell everybody. */
static u8 *find_function(const char *name, unsigned long *ret_size)
{
	struct kprobe probe = { .symbol_name = name };
	char text[KSYM_SYMBOL_LEN];
	unsigned long offset;
	char *plus;
	u8 *at;

	if (register_kprobe(&probe) < 0)
		return NULL;
	at = (u8 *)probe.addr;
	unregister_kprobe(&probe);
	sprint_symbol(text, (unsigned long)at);
	plus = strchr(text, '+');
	if (!plus || sscanf(plus, "+%lx/%lx", &offset, ret_size) != 2)
		return NULL;
	return at - offset;
}

static void probe_function(const char *name)
{
	unsigned long size;
	u8 *first = find_function(name, &size), *at;

	if (!first)
		return;
	for (at = first; at + CALL_SIZE < first + size && nr_sites < MAX_SITES; at++) {
		if (is_hypercall(at) && probe_site(&sites[nr_sites], at, first) == 0)
			nr_sites++;
	}
}

static void probe_all(void)
{
	unsigned int i;

	sites = kcalloc(MAX_SITES, sizeof(*sites), GFP_KERNEL);
	if (!sites)
		return;
	for (i = 0; i < ARRAY_SIZE(functions); i++)
		probe_function(functions[i]);
	pr_debug("%u hypercalls of this kernel are probed\n", nr_sites);
}

static void unprobe_all(void)
{
	while (nr_sites > 0) {
		nr_sites--;
		unregister_kprobe(&sites[nr_sites].before);
		unregister_kprobe(&sites[nr_sites].after);
	}
	kfree(sites);
	sites = NULL;
}

static void follow(struct work_struct *work)
{
	bool wanted = atomic_read(&watched) == 2;

	if (wanted && !sites)
		probe_all();
	else if (!wanted && sites)
		unprobe_all();
}

static DECLARE_WORK(follow_work, follow);
static DEFINE_SPINLOCK(closing_lock);
static bool closing;

/* Tracing takes its users off a module's events after the module's exit: too late for work. */
static void changed(int by)
{
	spin_lock(&closing_lock);
	atomic_add(by, &watched);
	if (!closing)
		schedule_work(&follow_work);
	spin_unlock(&closing_lock);
}

int gs_pv_start_watched(void)
{
	changed(1);
	return 0;
}

void gs_pv_start_unwatched(void)
{
	changed(-1);
}

int gs_pv_end_watched(void)
{
	return gs_pv_start_watched();
}

void gs_pv_end_unwatched(void)
{
	gs_pv_start_unwatched();
}

void gs_pv_finish(void)
{
	spin_lock(&closing_lock);
	closing = true;
	spin_unlock(&closing_lock);
	cancel_work_sync(&follow_work);
	unprobe_all();
}
