/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lat-blame.c - reads an interval again and says who had the time */
#include "merge/lat-blame.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/err.h"
#include "merge/lat-engine.h"
#include "merge/lat-report.h"

#define USUAL 8		/* cycles near the median that a long one is compared with */
#define MIN_SHARE 50	/* what had less than 1/50 of the interval is not told */

struct blame {
	const struct mrg_set *set;
	const struct mrg_lat_metric *metric;
	const struct mrg_lat_interval *interval;
	const struct mrg_member *member;
	int host;		/* member whose kernel runs the vCPU; -1: none known */
	int tid;		/* thread of that vCPU on ->host; 0: none */
	int system;		/* member whose CPU ->interval->cpu is; -1: none is looked at */
	struct lat_probe cpu, vcpu;
	uint64_t lost_places;	/* within what was read */
	struct rt_buf *out;
	unsigned int nr_usual;	/* median cycles that were read to compare with */
	struct blame *wait;	/* what the CPU did that the thread waited for; or NULL */
};

/* ---- reading it again ---- */

static bool is_of_waiter(const struct mrg_lat_metric *metric)
{
	return metric->kind == MRG_LAT_WAKEUP || metric->kind == MRG_LAT_RUNQ ||
	       metric->kind == MRG_LAT_LATE;
}

static bool is_of_thread(const struct mrg_lat_metric *metric)
{
	return metric->kind == MRG_LAT_EXIT || metric->kind == MRG_LAT_HYPERCALL;
}

/* The host's thread that ran a guest's CPU, by the merge's own findings. */
static int thread_of(const struct mrg_member *member, unsigned int cpu)
{
	unsigned int i;

	for (i = 0; i < xt_trace_nr_lanes(member->trace); i++) {
		if (xt_trace_lane(member->trace, i)->cpu == cpu && member->lanes[i].vcpu_tid > 0)
			return member->lanes[i].vcpu_tid;
	}
	return 0;
}

static void find_thread(struct blame *blame)
{
	blame->host = -1;
	blame->system = is_of_thread(blame->metric) ? -1 : blame->metric->member;
	if (is_of_thread(blame->metric)) {
		blame->host = blame->metric->member;
		blame->tid = blame->interval->pid;
	} else if (blame->member->host >= 0) {
		blame->host = blame->member->host;
		blame->tid = thread_of(blame->member, blame->interval->cpu);
	}
}

/* The CPU that the task ran on or waited for; NULL for a vCPU's own intervals. */
static struct lat_cpu *cpu_of(const struct mrg_lat *lat, const struct blame *blame)
{
	const struct lat_system *sys;

	if (blame->system < 0)
		return NULL;
	sys = &lat->systems[blame->system];
	return blame->interval->cpu < sys->nr_cpus ? &sys->cpus[blame->interval->cpu] : NULL;
}

static void attach(const struct mrg_lat *lat, struct blame *blame)
{
	struct lat_cpu *cpu = cpu_of(lat, blame);

	if (cpu)
		cpu->probe = &blame->cpu;
}

/* Who still has the CPU at the end has not been counted yet. */
static void count_last(const struct mrg_lat *lat, const struct blame *blame)
{
	const struct lat_cpu *cpu = cpu_of(lat, blame);

	if (cpu && cpu->run_since > 0)
		lat_probe_task(cpu->probe, LAT_RAN, cpu->current, cpu->run_since,
			       blame->interval->to);
}

static int read_again(struct blame *blame, struct rt_err *err)
{
	uint64_t from = blame->interval->from;
	struct mrg_lat_opts opts = {
		.from = from > MRG_LAT_LEAD_NS ? from - MRG_LAT_LEAD_NS : 0,
		.to = blame->interval->to,
	};
	struct lat_probing probing = {
		.host = (uint16_t)(blame->host < 0 ? 0 : blame->host), .tid = blame->tid,
		.vcpu = &blame->vcpu,
	};
	struct mrg_lat_result result = { 0 };
	struct mrg_lat lat = {
		.set = blame->set, .opts = &opts, .result = &result, .probing = &probing,
	};
	int rc = lat_create(&lat);

	blame->cpu.from = blame->vcpu.from = from;
	blame->cpu.to = blame->vcpu.to = blame->interval->to;
	if (rc < 0) {
		rc = rt_err_set(err, rc, "cannot prepare the analysis");
	} else {
		attach(&lat, blame);
		rc = lat_run(&lat, err);
		count_last(&lat, blame);
	}
	if (rc == 0 && blame->host >= 0 && lat.systems[blame->host].lost_ns >= from)
		blame->lost_places = result.lost_places;
	lat_destroy(&lat);
	mrg_lat_result_finish(&result);
	return rc;
}

/*
 * Did the thread wait for a CPU for most of the time outside, while no task that is known had
 * it?  Then an interrupt may have, or it was still idle.  Mostly the thread is sent to a CPU
 * only by the interrupt which that one takes when it has time again: so what the CPU did before
 * can be looked for only when it is known for which one the thread waited.
 */
static bool is_wait_unexplained(const struct blame *blame)
{
	uint64_t ns = blame->interval->to - blame->interval->from;
	uint64_t away = lat_probe_sum(&blame->vcpu, LAT_EXITED, NULL);
	uint64_t preempted = lat_probe_sum(&blame->vcpu, LAT_PREEMPTED, NULL);

	return blame->lost_places == 0 && away * 4 >= ns && preempted * 2 <= away &&
	       (blame->vcpu.wait_to - blame->vcpu.wait_from) * 2 > away;
}

/* Reads the thread's longest wait, with an eye on the CPU that it waited for. */
static int read_wait(struct blame *ret, const struct blame *blame, struct mrg_lat_interval *wait,
		     struct rt_err *err)
{
	*wait = (struct mrg_lat_interval){
		.from = blame->vcpu.wait_from, .to = blame->vcpu.wait_to,
		.cpu = blame->vcpu.wait_cpu, .pid = blame->tid,
	};
	*ret = (struct blame){
		.set = blame->set, .metric = blame->metric, .member = blame->member,
		.out = blame->out, .interval = wait, .host = -1, .system = blame->host,
	};
	return read_again(ret, err);
}

/* ---- words ---- */

static void put_time(struct rt_buf *out, uint64_t ns)
{
	char text[24];

	rt_buf_puts(out, mrg_lat_time_text(ns, text, sizeof(text)));
}

/* Names are bytes of a trace: what is not printable must not reach a terminal. */
static void put_name(struct rt_buf *out, const char *name)
{
	for (; *name; name++)
		rt_buf_add(out, *name >= 0x20 && *name < 0x7f ? name : "?", 1);
}

static void put_class(struct rt_buf *out, int prio)
{
	if (prio < 0)
		rt_buf_puts(out, ", deadline");
	else if (prio < LAT_PRIO_RT)
		rt_buf_printf(out, ", real-time priority %d", LAT_PRIO_RT - 1 - prio);
}

/* Threads of vCPUs have the same names in all VMs. */
static void put_vcpu(const struct blame *blame, const struct lat_doer *doer)
{
	const struct mrg_lat_metric of_vcpu = {
		.member = doer->system, .vm_pid = doer->vm_pid, .vcpu = doer->vcpu,
	};
	char vm[64];

	if (doer->vm_pid == 0)
		return;
	rt_buf_printf(blame->out, ", vCPU %d of ", doer->vcpu);
	put_name(blame->out, mrg_lat_vm_name(blame->set, &of_vcpu, vm, sizeof(vm)));
}

static void put_doer(const struct blame *blame, const struct lat_doer *doer)
{
	struct rt_buf *out = blame->out;

	if (doer->name[0] == '\0')
		rt_buf_puts(out, "nobody (idle)");
	else
		put_name(out, doer->name);
	if (doer->pid <= 0)
		return;
	rt_buf_printf(out, " (PID %d%s", doer->pid, doer->several ? " and others" : "");
	put_vcpu(blame, doer);
	put_class(out, doer->prio);
	if (doer->waker[0]) {
		rt_buf_puts(out, ", woken by ");
		put_name(out, doer->waker);
	}
	rt_buf_puts(out, ")");
}

/* "in guest task rtapp (PID 12)": whom the interval befell. */
static void put_victim(struct blame *blame)
{
	const struct mrg_lat_metric *metric = blame->metric;
	struct rt_buf *out = blame->out;
	const char *comm;
	char vm[64];

	if (metric->vm_pid > 0) {
		rt_buf_puts(out, "vCPU ");
		rt_buf_printf(out, "%d of ", metric->vcpu);
		put_name(out, mrg_lat_vm_name(blame->set, metric, vm, sizeof(vm)));
		rt_buf_printf(out, " (thread %d)", blame->interval->pid);
		return;
	}
	rt_buf_puts(out, blame->member->host >= 0 ? "guest task " : "task ");
	if (is_of_waiter(metric))
		comm = metric->name;
	else
		comm = xt_trace_comm(blame->member->trace, blame->interval->pid);
	put_name(out, comm ? comm : "<...>");
	rt_buf_printf(out, " (PID %d) of ", blame->interval->pid);
	put_name(out, blame->member->label);
}

static void put_what(struct blame *blame)
{
	const struct mrg_lat_metric *metric = blame->metric;
	uint64_t ns = blame->interval->to - blame->interval->from;
	struct rt_buf *out = blame->out;

	put_victim(blame);
	if (metric->kind == MRG_LAT_WAKEUP) {
		rt_buf_puts(out, " woke ");
		put_time(out, ns);
		rt_buf_printf(out, " late on CPU %u", blame->interval->cpu);
	} else if (metric->kind == MRG_LAT_LATE) {
		rt_buf_puts(out, " ran ");
		put_time(out, ns);
		rt_buf_printf(out, " after its timer was due, on CPU %u", blame->interval->cpu);
	} else if (metric->kind == MRG_LAT_RUNQ) {
		rt_buf_puts(out, " was kept off its CPU for ");
		put_time(out, ns);
	} else if (metric->kind == MRG_LAT_SECTION) {
		rt_buf_puts(out, ", cycle of ");
		put_time(out, ns);
	} else if (metric->kind == MRG_LAT_PREEMPT) {
		rt_buf_puts(out, ", preempted by ");
		put_name(out, metric->name);
		rt_buf_puts(out, " for ");
		put_time(out, ns);
	} else {
		rt_buf_printf(out, ", %s of ", mrg_lat_kind_name(metric->kind));
		put_name(out, metric->name);
		rt_buf_puts(out, " for ");
		put_time(out, ns);
	}
}

/* A probe knows the parts of an exit by their short names. */
static const char *part_help(const char *name)
{
	unsigned int part = 0;

	while (part + 1 < MRG_LAT_NR_PARTS && strcmp(mrg_lat_part_name(part), name) != 0)
		part++;
	return mrg_lat_part_help(part);
}

/* All interrupts, and which of them had the most. */
static uint64_t handled(const struct lat_probe *probe, const struct lat_doer **ret_most)
{
	const struct lat_doer *soft;
	uint64_t sum = lat_probe_sum(probe, LAT_INTERRUPT, ret_most);

	sum += lat_probe_sum(probe, LAT_SOFTIRQ, &soft);
	if (soft && (!*ret_most || soft->sum > (*ret_most)->sum))
		*ret_most = soft;
	return sum;
}

static void put_ran(struct blame *blame, const struct lat_doer *who)
{
	if (who->name[0])
		put_doer(blame, who);
	rt_buf_puts(blame->out, who->name[0] ? " ran on its CPU for " : "its CPU was idle for ");
	put_time(blame->out, who->sum);
}

/* What the CPU did that was waited for; @before goes in front. */
static bool put_own_cause(struct blame *blame, uint64_t ns, const char *before)
{
	const struct lat_doer *who, *irq;
	uint64_t ran = lat_probe_sum(&blame->cpu, LAT_RAN, &who);
	uint64_t interrupted = handled(&blame->cpu, &irq);
	struct rt_buf *out = blame->out;

	if (irq && interrupted * 2 > ns) {
		rt_buf_printf(out, "%sthe CPU handled %s", before,
			      irq->deed == LAT_SOFTIRQ ? "soft interrupt " : "");
		put_doer(blame, irq);
		rt_buf_puts(out, " for ");
		put_time(out, irq->sum);
		return true;
	}
	if (!who || ran * 4 < ns)
		return false;
	rt_buf_puts(out, before);
	put_ran(blame, who);
	return true;
}

/* A CPU leaves one idle that was pushed off it only where it may not run. */
static void put_throttled(struct blame *blame)
{
	const struct lat_probe *cpu = &blame->wait->cpu;
	const struct lat_doer *who;

	lat_probe_sum(cpu, LAT_RAN, &who);
	if (blame->vcpu.wait_pushed && who && !who->name[0] &&
	    who->sum * 2 > cpu->to - cpu->from)
		rt_buf_puts(blame->out, ": throttled (cpu.max, sched_rt_runtime_us), or held "
			    "back by core scheduling");
}

/* How it slept for most of @ns, where that is not how a halted vCPU does. */
static void put_sleep(struct blame *blame, uint64_t ns)
{
	const struct lat_doer *how;

	lat_probe_sum(&blame->vcpu, LAT_SLEPT, &how);
	if (how && how->sum * 2 > ns)
		rt_buf_printf(blame->out, ", %s,", how->name);
}

/* The cause on the host, if the vCPU was away for a good part of the time. */
static bool put_host_cause(struct blame *blame, uint64_t ns)
{
	const struct lat_doer *reason, *who, *irq, *part;
	uint64_t away = lat_probe_sum(&blame->vcpu, LAT_EXITED, &reason);
	uint64_t preempted = lat_probe_sum(&blame->vcpu, LAT_PREEMPTED, &who);
	uint64_t interrupted = handled(&blame->vcpu, &irq);
	struct rt_buf *out = blame->out;

	lat_probe_sum(&blame->vcpu, LAT_PART, &part);
	if (!reason || away * 4 < ns)
		return false;
	if (!is_of_thread(blame->metric)) {
		rt_buf_puts(out, "its vCPU was not running for ");
		put_time(out, away);
		rt_buf_puts(out, ": ");
	}
	if (who && preempted * 2 > away) {
		rt_buf_puts(out, "its thread was preempted by ");
		put_doer(blame, who);
		rt_buf_puts(out, " for ");
		put_time(out, who->sum);
	} else if (irq && interrupted * 2 > away) {
		rt_buf_printf(out, "the host handled %sinterrupt ",
			      irq->deed == LAT_SOFTIRQ ? "soft " : "");
		put_doer(blame, irq);
		rt_buf_puts(out, " for ");
		put_time(out, irq->sum);
	} else {
		rt_buf_puts(out, "exit ");
		put_doer(blame, reason);
		if (part) {
			rt_buf_puts(out, ", most of it ");
			rt_buf_puts(out, part_help(part->name));
			put_sleep(blame, part->sum);
			rt_buf_puts(out, " for ");
			put_time(out, part->sum);
			if (blame->wait) {
				put_own_cause(blame->wait, blame->wait->cpu.to -
					      blame->wait->cpu.from, " as ");
				put_throttled(blame);
			}
		}
	}
	return true;
}

/* Who had the guest's CPU while the task waited, whatever the host did beside; or NULL. */
static const struct lat_doer *rival_of(const struct blame *blame, uint64_t ns)
{
	const struct lat_doer *who;

	lat_probe_sum(&blame->cpu, LAT_RAN, &who);
	return is_of_waiter(blame->metric) && who && who->name[0] && who->sum * 2 > ns ? who
										       : NULL;
}

/* Where both kernels have a part in it, both are told, that with the greater one first. */
static bool put_causes(struct blame *blame, uint64_t ns)
{
	uint64_t away = lat_probe_sum(&blame->vcpu, LAT_EXITED, NULL);
	const struct lat_doer *rival = rival_of(blame, ns);

	if (!rival || away * 4 < ns)
		return put_host_cause(blame, ns) || put_own_cause(blame, ns, "");
	if (rival->sum > 2 * away) {
		put_ran(blame, rival);
		rt_buf_puts(blame->out, "; ");
		return put_host_cause(blame, ns);
	}
	put_host_cause(blame, ns);
	rt_buf_puts(blame->out, "; in the guest ");
	put_ran(blame, rival);
	return true;
}

static void put_cause(struct blame *blame)
{
	uint64_t ns = blame->interval->to - blame->interval->from;

	put_what(blame);
	rt_buf_puts(blame->out, ": ");
	if (blame->lost_places > 0)
		rt_buf_puts(blame->out, "unknown, the host lost events in this time");
	else if (!put_causes(blame, ns))
		rt_buf_puts(blame->out, "no event of the trace says why");
}

/* ---- the lines below the sentence ---- */

static int by_sum(const void *a, const void *b)
{
	const struct lat_doer *x = a, *y = b;

	return x->sum < y->sum ? 1 : x->sum > y->sum ? -1 : 0;
}

/* How often the same is in a cycle as they mostly are. */
static void put_usual_times(struct rt_buf *out, const struct lat_doer *doer,
			    const struct lat_probe *usual, unsigned int nr)
{
	unsigned int times = 0, i;

	for (i = 0; i < usual->nr; i++) {
		if (usual->doers[i].deed == doer->deed &&
		    strcmp(usual->doers[i].name, doer->name) == 0)
			times += usual->doers[i].times;
	}
	rt_buf_printf(out, "; median cycles %.1f", (double)times / nr);
}

/* What has no duration: page faults. */
static void put_counts(struct blame *blame, const struct lat_probe *probe, const char *where,
		       const struct lat_probe *usual)
{
	const struct lat_doer *doer;

	for (doer = probe->doers; doer < probe->doers + probe->nr; doer++) {
		if (doer->deed != LAT_FAULTED)
			continue;
		rt_buf_printf(blame->out, "\n      %-12s %7s    %3u  page faults of ", where, "",
			      doer->times);
		put_name(blame->out, doer->name);
		if (usual)
			put_usual_times(blame->out, doer, usual, blame->nr_usual);
	}
}

/* What the same doer has in a cycle as they mostly are. */
static void put_usual(struct rt_buf *out, const struct lat_doer *doer,
		      const struct lat_probe *usual, unsigned int nr)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < usual->nr; i++) {
		if (usual->doers[i].deed == doer->deed &&
		    strcmp(usual->doers[i].name, doer->name) == 0)
			sum += usual->doers[i].sum;
	}
	if (sum == 0) {
		rt_buf_puts(out, "; median cycles had none");
		return;
	}
	rt_buf_puts(out, "; median cycles ");
	put_time(out, sum / nr);
}

static void put_doers(struct blame *blame, struct lat_probe *probe, const char *where,
		      const struct lat_probe *usual)
{
	static const char *const deeds[] = {
		[LAT_RAN] = "ran", [LAT_INTERRUPT] = "interrupt",
		[LAT_SOFTIRQ] = "soft interrupt", [LAT_PART] = "spent in",
		[LAT_EXITED] = "outside for", [LAT_PREEMPTED] = "preempted by",
		[LAT_SLEPT] = "asleep,",
	};
	uint64_t least = (blame->interval->to - blame->interval->from) / MIN_SHARE;
	struct rt_buf *out = blame->out;
	unsigned int i;
	char text[24];

	qsort(probe->doers, probe->nr, sizeof(*probe->doers), by_sum);
	for (i = 0; i < probe->nr && probe->doers[i].sum > least; i++) {
		rt_buf_printf(out, "\n      %-12s %7s in %3u  %s ", where,
			      mrg_lat_time_text(probe->doers[i].sum, text, sizeof(text)),
			      probe->doers[i].times, deeds[probe->doers[i].deed]);
		put_doer(blame, &probe->doers[i]);
		if (usual)
			put_usual(out, &probe->doers[i], usual, blame->nr_usual);
	}
}

/* ---- what is usual ---- */

static uint64_t distance(const struct mrg_lat_interval *one, uint64_t ns)
{
	uint64_t len = one->to - one->from;

	return len < ns ? ns - len : len - ns;
}

/* The sampled cycle nearest to @ns that is not taken; their number when all are. */
static size_t nearest(const struct mrg_lat_result *result, const bool *taken, uint64_t ns)
{
	size_t i, best = result->nr_samples;

	for (i = 0; i < result->nr_samples; i++) {
		if (!taken[i] && (best == result->nr_samples ||
				  distance(&result->samples[i], ns) <
				  distance(&result->samples[best], ns)))
			best = i;
	}
	return best;
}

/* Reads the sampled cycles that are nearest to the median into one sum. */
static int read_usual(struct blame *ret, const struct mrg_lat_result *result, struct rt_err *err)
{
	uint64_t median = mrg_hist_quantile(&ret->metric->hist, 0.5);
	bool taken[MRG_LAT_SAMPLES] = { false };
	size_t best;
	int rc = 0;

	while (ret->nr_usual < USUAL && rc == 0) {
		best = nearest(result, taken, median);
		if (best == result->nr_samples)
			break;
		taken[best] = true;
		ret->nr_usual++;
		ret->interval = &result->samples[best];
		find_thread(ret);
		rc = read_again(ret, err);
	}
	return rc;
}

int mrg_lat_blame(const struct mrg_set *set, const struct mrg_lat_result *result,
		  const struct mrg_lat_interval *interval, struct rt_buf *out, struct rt_err *err)
{
	const struct mrg_lat_metric *metric = result->metrics[interval->metric];
	struct blame blame = {
		.set = set, .metric = metric, .interval = interval, .out = out,
		.member = &set->members[metric->member],
	};
	struct blame usual = { .set = set, .metric = metric, .member = blame.member };
	struct mrg_lat_interval waited;
	struct blame wait;
	char where[32];
	int rc;

	find_thread(&blame);
	rc = read_again(&blame, err);
	if (rc < 0)
		return rc;
	if (metric->kind == MRG_LAT_SECTION) {
		rc = read_usual(&usual, result, err);
		if (rc < 0)
			return rc;
		blame.nr_usual = usual.nr_usual;
	}
	if (is_wait_unexplained(&blame)) {
		rc = read_wait(&wait, &blame, &waited, err);
		if (rc < 0)
			return rc;
		blame.wait = &wait;
	}
	put_cause(&blame);
	snprintf(where, sizeof(where), "CPU %u", interval->cpu);
	put_doers(&blame, &blame.cpu, where, blame.nr_usual ? &usual.cpu : NULL);
	put_counts(&blame, &blame.cpu, where, blame.nr_usual ? &usual.cpu : NULL);
	snprintf(where, sizeof(where), "thread %d", blame.tid);
	put_doers(&blame, &blame.vcpu, where, blame.nr_usual ? &usual.vcpu : NULL);
	snprintf(where, sizeof(where), "host CPU %u", blame.vcpu.wait_cpu);
	if (blame.wait)
		put_doers(&blame, &wait.cpu, where, NULL);
	return 0;
}
