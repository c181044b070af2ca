/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-lat.c - merge/lat*.c: single stories, a recorded pair, and random sequences of
 * events against a slow model that looks back over all of them
 */
#include "merge/lat-report.h"

#include "lib/err.h"
#include "tests/merge/lat-world.h"
#include "tests/unit.h"

#define HOST "tests/fixtures/pair/host.dat"

/* ---- stories ---- */

TEST(a_task_is_late_from_its_wake_up_until_it_runs)
{
	struct world w;

	world_init(&w);
	world_event(&w, 100, 0, 1, KEV_WAKING, 7, 0, 0);
	world_event(&w, 130, 1, 1, KEV_WAKEUP, 7, 0, 0);	/* the second word about the same */
	world_event(&w, 160, 1, 0, KEV_SWITCH, 7, 0, 0);
	assert_int_equal(world_sum(&w, MRG_LAT_WAKEUP, "task7"), 60);
	world_event(&w, 200, 0, 1, KEV_WAKING, 7, 0, 0);	/* it runs: no wait begins */
	world_event(&w, 300, 1, 7, KEV_SWITCH, 0, 7, 1);	/* asleep */
	world_event(&w, 400, 1, 0, KEV_SWITCH, 7, 0, 0);	/* how it was woken was not seen */
	assert_int_equal(world_find(&w, MRG_LAT_WAKEUP, "task7")->hist.count, 1);
	assert_int_equal(world_find(&w, MRG_LAT_WAKEUP, "task7")->unknown, 0);
	world_finish(&w);
}

TEST(a_task_that_is_pushed_off_waits_in_the_run_queue)
{
	struct world w;

	world_init(&w);
	world_event(&w, 100, 0, 7, KEV_SWITCH, 8, 7, 0);
	world_event(&w, 150, 0, 8, KEV_SWITCH, 7, 8, 1);
	assert_int_equal(world_sum(&w, MRG_LAT_RUNQ, "task7"), 50);
	assert_null(world_find(&w, MRG_LAT_WAKEUP, "task7"));
	world_finish(&w);
}

TEST(interrupts_nest_and_each_has_its_own_time)
{
	struct world w;

	world_init(&w);
	world_event(&w, 100, 0, 7, KEV_IRQ_BEGIN, 30, 0, 0);
	world_event(&w, 110, 0, 7, KEV_IRQ_BEGIN, 31, 0, 0);
	world_event(&w, 115, 0, 7, KEV_IRQ_END, 31, 0, 0);
	world_event(&w, 140, 0, 7, KEV_IRQ_END, 30, 0, 0);
	world_event(&w, 150, 0, 7, KEV_IRQ_END, 30, 0, 0);	/* its begin was before the trace */
	assert_int_equal(world_sum(&w, MRG_LAT_IRQ, "31 "), 5);
	assert_int_equal(world_sum(&w, MRG_LAT_IRQ, "30 "), 40);
	assert_int_equal(world_find(&w, MRG_LAT_IRQ, "30 ")->hist.count, 1);
	world_finish(&w);
}

TEST(each_ns_outside_the_guest_belongs_to_one_part)
{
	const struct mrg_lat_metric *metric;
	struct world w;

	world_init(&w);
	world_event(&w, 1000, 2, 50, KEV_GUEST_BEGIN, 0, 0, 1);
	world_event(&w, 1100, 2, 50, KEV_GUEST_END, 12, 1, 1);	/* HLT, VMX */
	world_event(&w, 1110, 2, 50, KEV_IRQ_BEGIN, 30, 0, 0);	/* kvm 10 */
	world_event(&w, 1130, 2, 50, KEV_IRQ_END, 30, 0, 0);		/* irq 20 */
	world_event(&w, 1135, 2, 50, KEV_USER_BEGIN, 0, 0, 0);	/* kvm 5 */
	world_event(&w, 1175, 2, 50, KEV_SWITCH, 9, 50, 0);		/* user 40 */
	world_event(&w, 1275, 2, 9, KEV_SWITCH, 50, 9, 1);		/* wait 100 */
	world_event(&w, 1280, 2, 50, KEV_SWITCH, 0, 50, 1);		/* user 5 */
	world_event(&w, 1480, 2, 0, KEV_WAKING, 50, 0, 0);		/* halt 200 */
	world_event(&w, 1500, 2, 0, KEV_SWITCH, 50, 0, 0);		/* wait 20 */
	world_event(&w, 1503, 2, 50, KEV_SYSCALL_ENTER, 16, 0, 0);	/* user 3: KVM_RUN */
	world_event(&w, 1504, 2, 50, KEV_SOFTIRQ_BEGIN, 1, 0, 0);	/* kvm 1 */
	world_event(&w, 1511, 2, 50, KEV_SOFTIRQ_END, 1, 0, 0);	/* softirq 7 */
	world_event(&w, 1520, 2, 50, KEV_GUEST_BEGIN, 0, 0, 1);	/* kvm 9 */
	metric = world_find(&w, MRG_LAT_EXIT, "HLT");
	assert_non_null(metric);
	assert_int_equal(metric->hist.sum, 420);
	assert_int_equal(metric->vcpu, 1);
	assert_int_equal(metric->parts[MRG_LAT_PART_KVM], 25);
	assert_int_equal(metric->parts[MRG_LAT_PART_USER], 48);
	assert_int_equal(metric->parts[MRG_LAT_PART_IRQ], 20);
	assert_int_equal(metric->parts[MRG_LAT_PART_SOFTIRQ], 7);
	assert_int_equal(metric->parts[MRG_LAT_PART_WAIT], 120);
	assert_int_equal(metric->parts[MRG_LAT_PART_HALT], 200);
	assert_int_equal(world_sum(&w, MRG_LAT_PREEMPT, "task9"), 100);
	world_finish(&w);
}

TEST(a_soft_interrupt_whose_task_is_pushed_off_is_unknown)
{
	struct world w;

	world_init(&w);
	world_event(&w, 100, 0, 7, KEV_SOFTIRQ_BEGIN, 3, 0, 0);
	world_event(&w, 110, 0, 7, KEV_SWITCH, 9, 7, 0);
	world_event(&w, 200, 0, 9, KEV_SWITCH, 7, 9, 1);
	world_event(&w, 210, 0, 7, KEV_SOFTIRQ_END, 3, 0, 0);
	world_event(&w, 300, 0, 7, KEV_SOFTIRQ_BEGIN, 3, 0, 0);
	world_event(&w, 340, 0, 7, KEV_SOFTIRQ_END, 3, 0, 0);
	assert_int_equal(w.result.metrics[0]->kind, MRG_LAT_SOFTIRQ);
	assert_int_equal(w.result.metrics[0]->unknown, 1);
	assert_int_equal(w.result.metrics[0]->hist.count, 1);
	assert_int_equal(w.result.metrics[0]->hist.sum, 40);
	world_finish(&w);
}

/* A thread of a vCPU that is out of its guest on a CPU. */
static void leave_guest(struct world *w, uint64_t ns, unsigned int cpu, int pid)
{
	world_event(w, ns, cpu, pid, KEV_GUEST_BEGIN, 0, 0, 0);
	world_event(w, ns + 10, cpu, pid, KEV_GUEST_END, 12, 1, 0);
}

TEST(a_vcpu_waits_for_the_cpu_that_it_is_sent_to)
{
	struct lat_probe probe = { .from = 1000, .to = 2000 };
	struct world w;

	world_init(&w);
	leave_guest(&w, 1000, 2, 50);
	lat_task(&w.lat, &(struct lat_rec){ 0 }, 50)->vcpu->probe = &probe;
	world_event(&w, 1100, 2, 50, KEV_SWITCH, 9, 50, 1);	/* asleep */
	world_event(&w, 1200, 1, 0, KEV_SWITCH, 8, 0, 0);
	world_event(&w, 1300, 0, 0, KEV_WAKING, 50, 0, 0);
	world_event(&w, 1301, 0, 0, KEV_MIGRATE, 50, 1, 0);
	world_event(&w, 1302, 1, 8, KEV_WAKEUP, 50, 1, 0);
	world_event(&w, 1400, 2, 9, KEV_SWITCH, 7, 9, 0);	/* not its CPU any more */
	world_event(&w, 1500, 0, 0, KEV_MIGRATE, 50, 2, 0);	/* pulled out of the queue */
	world_event(&w, 1550, 1, 8, KEV_SWITCH, 6, 8, 0);
	world_event(&w, 1600, 2, 7, KEV_SWITCH, 50, 7, 0);
	assert_int_equal(world_sum(&w, MRG_LAT_WAKEUP, "task50"), 300);
	assert_null(world_find(&w, MRG_LAT_PREEMPT, "task9"));
	assert_int_equal(world_sum(&w, MRG_LAT_PREEMPT, "task8"), 199);
	assert_int_equal(world_sum(&w, MRG_LAT_PREEMPT, "task7"), 100);
	/* of its wait the longest part, for the CPU that had it queued then */
	assert_int_equal(probe.wait_cpu, 1);
	assert_int_equal(probe.wait_from, 1300);
	assert_int_equal(probe.wait_to, 1500);
	world_finish(&w);
}

/* How long all vCPUs together waited while that task ran. */
static uint64_t waited_for(const struct world *w, const char *name)
{
	const struct mrg_lat_metric *metric;
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < w->result.nr; i++) {
		metric = w->result.metrics[i];
		if (metric->kind == MRG_LAT_PREEMPT && strcmp(metric->name, name) == 0)
			sum += metric->hist.sum;
	}
	return sum;
}

TEST(all_vcpus_that_wait_for_a_cpu_do_so_for_the_task_that_runs)
{
	struct world w;

	world_init(&w);
	leave_guest(&w, 1000, 1, 50);
	world_event(&w, 1100, 1, 50, KEV_SWITCH, 51, 50, 0);
	leave_guest(&w, 1110, 1, 51);
	world_event(&w, 1200, 1, 51, KEV_SWITCH, 9, 51, 0);
	world_event(&w, 1300, 1, 9, KEV_SWITCH, 51, 9, 0);
	world_event(&w, 1400, 1, 51, KEV_SWITCH, 50, 51, 1);
	assert_int_equal(world_sum(&w, MRG_LAT_RUNQ, "task50"), 300);
	assert_int_equal(waited_for(&w, "task51"), 200);
	assert_int_equal(waited_for(&w, "task9"), 200);		/* two for 100 each */
	world_event(&w, 1500, 1, 50, KEV_SWITCH, 9, 50, 0);
	world_event(&w, 1600, 1, 9, KEV_NONE, 0, 0, 0);
	world_event(&w, 1700, 1, 9, KEV_TASK_EXIT, 50, 0, 0);
	world_event(&w, 1800, 1, 9, KEV_SWITCH, 51, 9, 0);
	assert_int_equal(waited_for(&w, "task9"), 200);
	world_finish(&w);
}

/* A task that hogs a CPU and is killed has no switch of its own that would tell of it. */
TEST(a_vcpu_has_waited_for_a_task_that_ends)
{
	struct lat_probe probe = { .from = 1000, .to = 2000 };
	const struct lat_doer *doer;
	struct world w;

	world_init(&w);
	leave_guest(&w, 1000, 1, 50);
	lat_task(&w.lat, &(struct lat_rec){ 0 }, 50)->vcpu->probe = &probe;
	world_event(&w, 1100, 1, 50, KEV_SWITCH, 9, 50, 0);
	world_event(&w, 1600, 1, 9, KEV_TASK_EXIT, 9, 0, 0);
	world_event(&w, 1610, 1, 9, KEV_SWITCH, 50, 9, 0x80);
	assert_int_equal(world_sum(&w, MRG_LAT_PREEMPT, "task9"), 510);
	assert_int_equal(lat_probe_sum(&probe, LAT_PREEMPTED, &doer), 510);
	assert_int_equal(doer->pid, 9);
	world_finish(&w);
}

TEST(who_had_a_cpu_before_the_trace_is_known_by_the_switch_from_it)
{
	struct lat_probe vcpu = { .from = 1200, .to = 1700 }, cpu = vcpu;
	const struct lat_doer *doer;
	struct world w;

	world_init(&w);
	leave_guest(&w, 1000, 2, 50);
	lat_task(&w.lat, &(struct lat_rec){ 0 }, 50)->vcpu->probe = &vcpu;
	w.cpus[1].probe = &cpu;
	world_event(&w, 1100, 2, 50, KEV_SWITCH, 7, 50, 1);	/* asleep */
	world_event(&w, 1200, 0, 0, KEV_WAKING, 50, 0, 0);
	world_event(&w, 1201, 0, 0, KEV_WAKEUP, 50, 1, 0);
	world_event(&w, 1700, 1, 9, KEV_SWITCH, 50, 9, 0);
	assert_int_equal(world_sum(&w, MRG_LAT_PREEMPT, "task9"), 499);
	assert_int_equal(lat_probe_sum(&vcpu, LAT_PREEMPTED, &doer), 499);
	assert_int_equal(doer->pid, 9);
	assert_int_equal(lat_probe_sum(&cpu, LAT_RAN, &doer), 500);
	assert_string_equal(doer->name, "task9");
	/* behind lost events it is known again, from there on */
	world_event(&w, 1800, 1, 50, KEV_NONE, 0, 0, 0);
	cpu = (struct lat_probe){ .from = 1700, .to = 2000 };
	world_event(&w, 1900, 1, 8, KEV_SWITCH, 50, 8, 1);
	assert_int_equal(lat_probe_sum(&cpu, LAT_RAN, &doer), 100);
	assert_string_equal(doer->name, "task8");
	world_finish(&w);
}

TEST(a_vcpu_that_sleeps_otherwise_than_halted_is_told_apart)
{
	struct lat_probe probe = { .from = 1000, .to = 2000 };
	const struct lat_doer *how;
	struct world w;

	world_init(&w);
	leave_guest(&w, 1000, 1, 50);
	lat_task(&w.lat, &(struct lat_rec){ 0 }, 50)->vcpu->probe = &probe;
	world_event(&w, 1100, 1, 50, KEV_SWITCH, 0, 50, 4);		/* T */
	world_event(&w, 1400, 0, 0, KEV_WAKING, 50, 0, 0);
	world_event(&w, 1410, 1, 0, KEV_SWITCH, 50, 0, 0);
	world_event(&w, 1500, 1, 50, KEV_SWITCH, 0, 50, 2);		/* D */
	world_event(&w, 1700, 0, 0, KEV_WAKING, 50, 0, 0);
	world_event(&w, 1710, 1, 0, KEV_SWITCH, 50, 0, 0);
	world_event(&w, 1720, 1, 50, KEV_SWITCH, 0, 50, 1);		/* S */
	world_event(&w, 1900, 0, 0, KEV_WAKING, 50, 0, 0);
	world_event(&w, 1910, 1, 0, KEV_SWITCH, 50, 0, 0);
	world_event(&w, 1950, 1, 50, KEV_GUEST_BEGIN, 0, 0, 0);
	assert_int_equal(lat_probe_sum(&probe, LAT_SLEPT, &how), 500);
	assert_string_equal(how->name, "stopped by a signal");
	assert_int_equal(how->sum, 300);
	world_finish(&w);
}

TEST(a_vcpu_that_is_pushed_off_waits_for_that_cpu_if_it_stays_there)
{
	struct lat_probe probe = { .from = 1000, .to = 4000 };
	struct world w;

	world_init(&w);
	leave_guest(&w, 1000, 1, 50);
	lat_task(&w.lat, &(struct lat_rec){ 0 }, 50)->vcpu->probe = &probe;
	world_event(&w, 1100, 1, 50, KEV_SWITCH, 0, 50, 0);
	world_event(&w, 1900, 2, 0, KEV_SWITCH, 50, 0, 0);	/* of its move there is no event */
	assert_int_equal(probe.wait_to, 0);
	world_event(&w, 2000, 2, 50, KEV_SWITCH, 0, 50, 0);
	world_event(&w, 2500, 2, 0, KEV_SWITCH, 50, 0, 0);
	assert_int_equal(probe.wait_to - probe.wait_from, 500);
	assert_true(probe.wait_pushed && probe.wait_cpu == 2);
	world_event(&w, 2600, 2, 50, KEV_SWITCH, 0, 50, 1);
	world_event(&w, 2700, 2, 0, KEV_WAKEUP, 50, 2, 0);
	world_event(&w, 3300, 2, 0, KEV_SWITCH, 50, 0, 0);
	assert_int_equal(probe.wait_to, 3300);
	assert_false(probe.wait_pushed);
	world_finish(&w);
}

TEST(a_vcpu_sent_where_nothing_was_recorded_waits_for_nobody_known)
{
	struct world w;

	world_init(&w);
	leave_guest(&w, 1000, 1, 50);
	world_event(&w, 1100, 1, 50, KEV_SWITCH, 9, 50, 0);
	world_event(&w, 1200, 1, 9, KEV_MIGRATE, 50, 99, 0);
	world_event(&w, 1300, 1, 9, KEV_SWITCH, 8, 9, 0);
	assert_int_equal(world_sum(&w, MRG_LAT_PREEMPT, "task9"), 100);
	world_event(&w, 1400, 1, 8, KEV_MIGRATE, 50, 1, 0);
	world_event(&w, 1500, 1, 8, KEV_SWITCH, 50, 8, 0);
	assert_int_equal(world_sum(&w, MRG_LAT_PREEMPT, "task8"), 100);
	world_finish(&w);
}

/* What was before the reference's own zero is all at 0. */
TEST(a_vcpu_may_begin_to_wait_at_time_0)
{
	static const enum kev_role between[] = { KEV_SWITCH, KEV_NONE, KEV_TASK_EXIT };
	struct world w;
	size_t i;

	for (i = 0; i < sizeof(between) / sizeof(*between); i++) {
		world_init(&w);
		world_event(&w, 0, 1, 50, KEV_GUEST_BEGIN, 0, 0, 0);
		world_event(&w, 0, 1, 50, KEV_GUEST_END, 12, 1, 0);
		world_event(&w, 0, 1, 50, KEV_SWITCH, 9, 50, 0);
		world_event(&w, 100, 1, 9, between[i], 50, 9, 0);
		world_event(&w, 150, 1, 9, KEV_SWITCH, 50, 9, 0);
		leave_guest(&w, 160, 1, 50);
		world_event(&w, 200, 1, 50, KEV_SWITCH, 9, 50, 0);
		world_event(&w, 300, 1, 9, KEV_SWITCH, 50, 9, 0);
		assert_int_equal(waited_for(&w, "task9"), 100);
		world_event(&w, 400, 1, 50, KEV_SWITCH, 9, 50, 1);
		world_event(&w, 500, 1, 9, KEV_SWITCH, 8, 9, 0);
		assert_int_equal(waited_for(&w, "task9"), 100);
		world_finish(&w);
	}
}

/* As trace-cmd has them: it names threads, not processes. */
TEST(vms_that_a_trace_names_without_their_processes_stay_apart)
{
	static const struct xt_vcpu vcpus[] = {
		{ .tid = 500, .vcpu = 0, .vm = "one" }, { .tid = 600, .vcpu = 0, .vm = "two" },
	};
	const struct mrg_lat_metric *metric;
	struct xt_info *info;
	struct world w;
	char name[64];

	world_init(&w);
	info = (struct xt_info *)xt_trace_info(w.set.members[0].trace);
	info->vcpus = vcpus;
	info->nr_vcpus = 2;
	leave_guest(&w, 1000, 0, 500);
	leave_guest(&w, 1000, 1, 600);
	world_event(&w, 1100, 0, 500, KEV_GUEST_BEGIN, 0, 0, 0);
	world_event(&w, 1200, 1, 600, KEV_GUEST_BEGIN, 0, 0, 0);
	assert_int_equal(w.result.nr, 2);
	metric = w.result.metrics[0];
	assert_string_equal(mrg_lat_vm_name(&w.set, metric, name, sizeof(name)), "one");
	assert_int_equal(metric->hist.sum, 90);
	metric = w.result.metrics[1];
	assert_string_equal(mrg_lat_vm_name(&w.set, metric, name, sizeof(name)), "two");
	assert_int_equal(metric->hist.sum, 190);
	world_finish(&w);
}

TEST(an_interval_over_lost_events_has_no_figure)
{
	struct world w;

	world_init(&w);
	world_event(&w, 100, 0, 1, KEV_WAKING, 7, 0, 0);
	world_event(&w, 110, 2, 50, KEV_GUEST_END, 12, 1, 1);
	world_event(&w, 120, 1, 0, KEV_NONE, 0, 0, 0);
	world_event(&w, 160, 0, 0, KEV_SWITCH, 7, 0, 0);
	world_event(&w, 170, 2, 50, KEV_GUEST_BEGIN, 0, 0, 1);
	assert_int_equal(world_find(&w, MRG_LAT_WAKEUP, "task7")->hist.count, 0);
	assert_int_equal(world_find(&w, MRG_LAT_WAKEUP, "task7")->unknown, 1);
	assert_int_equal(world_find(&w, MRG_LAT_EXIT, "HLT")->unknown, 1);
	assert_int_equal(w.result.lost_places, 1);
	world_finish(&w);
}

TEST(a_timer_is_late_by_what_its_own_clock_says)
{
	struct world w;

	world_init(&w);
	world_event(&w, 90000, 0, 1, KEV_TIMER_ARM, 0xffff888000001000, 0, 5000);
	world_event(&w, 95000, 0, 1, KEV_TIMER_BEGIN, 0xffff888000001000, 5070, 0);
	world_event(&w, 95020, 0, 1, KEV_TIMER_END, 0xffff888000001000, 0, 0);
	assert_int_equal(w.result.metrics[0]->kind, MRG_LAT_TIMER);
	assert_int_equal(w.result.metrics[0]->hist.sum, 70);
	assert_int_equal(w.result.metrics[1]->kind, MRG_LAT_TIMERFN);
	assert_int_equal(w.result.metrics[1]->hist.sum, 20);
	world_finish(&w);
}

TEST(a_timer_that_expires_within_its_slack_is_on_time)
{
	struct world w;

	world_init(&w);
	world_event(&w, 10, 1, 7, KEV_SWITCH, 0, 7, 1);
	world_event(&w, 90000, 0, 1, KEV_TIMER_ARM, 0xabc, 0, 5000);
	world_event(&w, 94970, 0, 1, KEV_TIMER_BEGIN, 0xabc, 4970, 0);
	world_event(&w, 94980, 0, 1, KEV_WAKING, 7, 0, 0);
	world_event(&w, 94990, 0, 1, KEV_TIMER_END, 0xabc, 0, 0);
	world_event(&w, 95000, 1, 0, KEV_SWITCH, 7, 0, 0);
	assert_int_equal(world_find(&w, MRG_LAT_TIMER, "0")->hist.count, 1);
	assert_int_equal(world_sum(&w, MRG_LAT_TIMER, "0"), 0);
	assert_int_equal(world_sum(&w, MRG_LAT_LATE, "task7"), 30);
	world_finish(&w);
}

TEST(a_timer_that_may_have_been_armed_anew_has_no_figure)
{
	struct world w;

	world_init(&w);
	world_event(&w, 91000, 0, 1, KEV_TIMER_ARM, 0xabc, 0, 5000);
	world_event(&w, 91100, 1, 0, KEV_NONE, 0, 0, 0);	/* armed anew, for 9000 */
	world_event(&w, 95500, 0, 0, KEV_TIMER_BEGIN, 0xabc, 9010, 0);
	world_event(&w, 95501, 0, 0, KEV_WAKING, 7, 0, 0);
	world_event(&w, 95502, 0, 0, KEV_TIMER_END, 0xabc, 0, 0);
	world_event(&w, 95510, 0, 0, KEV_SWITCH, 7, 0, 0);
	assert_int_equal(world_find(&w, MRG_LAT_TIMER, "0")->hist.count, 0);
	assert_int_equal(world_find(&w, MRG_LAT_TIMER, "0")->unknown, 1);
	assert_int_equal(world_find(&w, MRG_LAT_LATE, "task7")->hist.count, 0);
	assert_int_equal(world_find(&w, MRG_LAT_LATE, "task7")->unknown, 1);
	assert_int_equal(world_sum(&w, MRG_LAT_WAKEUP, "task7"), 9);
	world_finish(&w);
}

TEST(a_task_is_late_from_when_its_timer_was_due_until_it_runs)
{
	struct world w;

	world_init(&w);
	world_event(&w, 10, 1, 7, KEV_SWITCH, 0, 7, 1);
	world_event(&w, 90000, 0, 1, KEV_TIMER_ARM, 0xffff888000001000, 0, 5000);
	world_event(&w, 95000, 0, 1, KEV_TIMER_BEGIN, 0xffff888000001000, 5070, 0);
	world_event(&w, 95010, 0, 1, KEV_WAKING, 7, 0, 0);
	world_event(&w, 95020, 0, 1, KEV_TIMER_END, 0xffff888000001000, 0, 0);
	world_event(&w, 95100, 1, 0, KEV_SWITCH, 7, 0, 0);
	assert_int_equal(world_sum(&w, MRG_LAT_LATE, "task7"), 170);
	assert_int_equal(world_sum(&w, MRG_LAT_WAKEUP, "task7"), 90);
	/* woken by something else it is not late */
	world_event(&w, 95200, 1, 7, KEV_SWITCH, 0, 7, 1);
	world_event(&w, 95300, 0, 1, KEV_WAKING, 7, 0, 0);
	world_event(&w, 95400, 1, 0, KEV_SWITCH, 7, 0, 0);
	assert_int_equal(world_find(&w, MRG_LAT_LATE, "task7")->hist.count, 1);
	assert_int_equal(world_find(&w, MRG_LAT_WAKEUP, "task7")->hist.count, 2);
	world_finish(&w);
}

TEST(page_faults_within_an_interval_are_counted_by_task)
{
	struct lat_probe probe = { .from = 200, .to = 400 };
	struct world w;

	world_init(&w);
	w.cpus[0].probe = &probe;
	world_event(&w, 100, 0, 0, KEV_SWITCH, 7, 0, 0);
	world_event(&w, 150, 0, 7, KEV_FAULT, 0, 0, 0);	/* before it */
	world_event(&w, 250, 0, 7, KEV_FAULT, 0, 0, 0);
	world_event(&w, 260, 1, 8, KEV_FAULT, 0, 0, 0);	/* elsewhere */
	world_event(&w, 300, 0, 7, KEV_FAULT, 0, 0, 0);
	world_event(&w, 410, 0, 7, KEV_FAULT, 0, 0, 0);
	assert_int_equal(probe.nr, 1);
	assert_string_equal(probe.doers[0].name, "task7");
	assert_int_equal(probe.doers[0].times, 2);
	world_finish(&w);
}

TEST(of_more_doers_than_there_is_room_for_others_are_summed_by_deed)
{
	struct lat_probe probe = { .from = 0, .to = 100000 };
	const struct lat_doer *most;
	uint64_t at = 0;
	char name[16];

	for (unsigned int i = 0; i < 100; i++, at += 10) {
		snprintf(name, sizeof(name), "task%u", i);
		lat_probe_add(&probe, LAT_RAN, name, at, at + 10);
	}
	lat_probe_add(&probe, LAT_PART, "kvm", at, at + 10);
	lat_probe_add(&probe, LAT_INTERRUPT, "eth0", at, at + 10);
	assert_int_equal(lat_probe_sum(&probe, LAT_RAN, &most), 1000);
	assert_string_equal(most->name, LAT_OTHERS);
	assert_int_equal(lat_probe_sum(&probe, LAT_PART, &most), 10);
	assert_string_equal(most->name, "kvm");
	assert_int_equal(lat_probe_sum(&probe, LAT_INTERRUPT, &most), 10);
	assert_string_equal(most->name, LAT_OTHERS);
	assert_int_equal(probe.doers[0].sum, 10);
}

TEST(of_tasks_of_one_name_the_one_that_ran_longest_is_told)
{
	struct lat_probe probe = { .from = 0, .to = 1000 };
	const struct lat_task first = { .pid = 159, .comm = "qemu", .waker = "eth0" };
	const struct lat_task last = { .pid = 156, .comm = "qemu" };

	lat_probe_task(&probe, LAT_RAN, &first, 100, 1000);
	lat_probe_task(&probe, LAT_RAN, &last, 1000, 1000);
	assert_int_equal(probe.nr, 1);
	assert_int_equal(probe.doers[0].pid, 159);
	assert_false(probe.doers[0].several);
	lat_probe_task(&probe, LAT_RAN, &last, 50, 100);
	assert_int_equal(probe.doers[0].pid, 159);
	assert_string_equal(probe.doers[0].waker, "eth0");
	assert_true(probe.doers[0].several);
}

TEST(the_longest_intervals_are_kept_longest_first)
{
	struct world w;
	unsigned int i;

	world_init(&w);
	for (i = 1; i <= 20; i++) {
		world_event(&w, 1000 * i, 0, 1, KEV_WAKING, 7, 0, 0);
		world_event(&w, 1000 * i + (i * 7) % 20 + 1, 0, 1, KEV_SWITCH, 7, 1, 1);
		world_event(&w, 1000 * i + 500, 0, 7, KEV_SWITCH, 1, 7, 1);
	}
	assert_int_equal(lat_metrics_result(&w.lat), 0);
	assert_int_equal(lat_worst_result(&w.lat), 0);
	assert_int_equal(w.result.nr_worst, 3);
	for (i = 0; i < 3; i++) {
		assert_int_equal(w.result.worst[i].to - w.result.worst[i].from, 20 - i);
		assert_int_equal(w.result.worst[i].pid, 7);
	}
	world_finish(&w);
}

/* ---- random sequences against a model ---- */

#define STEPS 400
#define TASKS 5

struct step {
	uint64_t ns;
	unsigned int cpu;
	enum kev_role role;
	int pid, prev;		/* WAKING: whom; SWITCH: next and prev */
	bool asleep;		/* SWITCH: how prev leaves */
};

/* What the engine may know of a task before step @i, by looking back. */
static bool waits(const struct step *steps, unsigned int i, int pid, uint64_t *since, bool *woken)
{
	while (i-- > 0) {
		if (steps[i].role == KEV_SWITCH && steps[i].pid == pid)
			return false;
		if (steps[i].role == KEV_SWITCH && steps[i].prev == pid) {
			*since = steps[i].ns;
			*woken = false;
			return !steps[i].asleep;
		}
		if (steps[i].role == KEV_WAKING && steps[i].pid == pid &&
		    !waits(steps, i, pid, since, woken)) {
			*since = steps[i].ns;
			*woken = true;
			return true;
		}
		if (steps[i].role == KEV_WAKING && steps[i].pid == pid)
			return true;	/* it waited already */
	}
	return false;
}

static bool lost_since(const struct step *steps, unsigned int i, uint64_t since)
{
	while (i-- > 0 && steps[i].ns >= since) {
		if (steps[i].role == KEV_NONE)
			return true;
	}
	return false;
}

static unsigned int random_below(unsigned int n)
{
	return (unsigned int)rand() % n;
}

/* A sequence that a kernel could have recorded: a task runs on one CPU at a time. */
static void make_steps(struct step *steps)
{
	int running[WORLD_CPUS] = { 0 }, next;
	uint64_t ns = 1000;
	unsigned int i, c;

	for (i = 0; i < STEPS; i++) {
		struct step *step = &steps[i];
		bool is_running = false;

		ns += 1 + random_below(50);
		*step = (struct step){ .ns = ns, .cpu = random_below(WORLD_CPUS) };
		next = (int)random_below(TASKS + 1);
		for (c = 0; c < WORLD_CPUS; c++)
			is_running |= next > 0 && running[c] == next;
		if (random_below(60) == 0) {
			step->role = KEV_NONE;
			continue;
		}
		if (is_running || random_below(3) == 0) {
			step->role = KEV_WAKING;
			step->pid = next > 0 && !is_running ? next : 1;
			for (c = 0; c < WORLD_CPUS; c++)
				if (running[c] == step->pid)
					step->pid = 77;	/* one that never runs */
			continue;
		}
		step->role = KEV_SWITCH;
		step->prev = running[step->cpu];
		step->pid = next;
		step->asleep = random_below(2);
		running[step->cpu] = next;
	}
}

struct sums {
	uint64_t count, sum, unknown;
};

static void model(const struct step *steps, int pid, struct sums sums[2])
{
	uint64_t since = 0;
	bool woken = false;
	unsigned int i;

	memset(sums, 0, 2 * sizeof(*sums));
	for (i = 0; i < STEPS; i++) {
		if (steps[i].role != KEV_SWITCH || steps[i].pid != pid ||
		    !waits(steps, i, pid, &since, &woken))
			continue;
		if (lost_since(steps, i, since)) {
			sums[woken].unknown++;
		} else {
			sums[woken].count++;
			sums[woken].sum += steps[i].ns - since;
		}
	}
}

static void compare(const struct world *w, const struct step *steps)
{
	static const enum mrg_lat_kind kinds[] = { MRG_LAT_RUNQ, MRG_LAT_WAKEUP };
	const struct mrg_lat_metric *metric;
	struct sums sums[2];
	char name[LAT_COMM];
	int pid;
	unsigned int k;

	for (pid = 1; pid <= TASKS; pid++) {
		model(steps, pid, sums);
		snprintf(name, sizeof(name), "task%d", pid);
		for (k = 0; k < 2; k++) {
			metric = world_find(w, kinds[k], name);
			assert_int_equal(metric ? metric->hist.count : 0, sums[k].count);
			assert_int_equal(metric ? metric->hist.sum : 0, sums[k].sum);
			assert_int_equal(metric ? metric->unknown : 0, sums[k].unknown);
		}
	}
}

TEST(random_sequences_give_what_a_slow_model_gives)
{
	struct step steps[STEPS];
	unsigned int round, i;
	struct world w;

	for (round = 0; round < 200; round++) {
		srand(round);
		make_steps(steps);
		world_init(&w);
		for (i = 0; i < STEPS; i++)
			world_event(&w, steps[i].ns, steps[i].cpu, steps[i].prev, steps[i].role,
			      (uint64_t)steps[i].pid, (uint64_t)steps[i].prev, steps[i].asleep);
		compare(&w, steps);
		world_finish(&w);
	}
}

/* ---- the parts around it ---- */

TEST(a_map_finds_what_was_put_and_not_what_was_taken)
{
	struct mrg_lat_map map = { .max = 1000 };
	static char values[2000];
	uint64_t i;

	for (i = 0; i < 1000; i++)
		assert_int_equal(mrg_lat_map_put(&map, i * 64, &values[i]), 0);
	assert_int_equal(mrg_lat_map_put(&map, 5, &values[0]), -ENOSPC);
	for (i = 0; i < 1000; i += 3)
		assert_ptr_equal(mrg_lat_map_take(&map, i * 64), &values[i]);
	for (i = 0; i < 1000; i++)
		assert_ptr_equal(mrg_lat_map_get(&map, i * 64), i % 3 ? &values[i] : NULL);
	assert_null(mrg_lat_map_take(&map, 1));
	mrg_lat_map_finish(&map);
	assert_null(mrg_lat_map_get(&map, 64));
	assert_null(mrg_lat_map_take(&map, 64));
}

static int parse(struct mrg_lat_select *select, const char *text, struct rt_err *err)
{
	return mrg_lat_select_parse(select, text, strlen(text), err);
}

TEST(a_metric_is_named_by_kind_name_and_host)
{
	struct mrg_lat_select select;

	assert_int_equal(parse(&select, "wakeup(rt*)@vm?", NULL), 0);
	assert_true(mrg_lat_select_match(&select, MRG_LAT_WAKEUP, "rtapp", "vm1"));
	assert_false(mrg_lat_select_match(&select, MRG_LAT_WAKEUP, "app", "vm1"));
	assert_false(mrg_lat_select_match(&select, MRG_LAT_WAKEUP, "rtapp", "host"));
	assert_false(mrg_lat_select_match(&select, MRG_LAT_RUNQ, "rtapp", "vm1"));
	assert_int_equal(parse(&select, "exit@host", NULL), 0);
	assert_true(mrg_lat_select_match(&select, MRG_LAT_EXIT, "HLT", "host"));
	assert_int_equal(parse(&select, "*", NULL), 0);
	assert_true(mrg_lat_select_match(&select, MRG_LAT_IRQ, "30 eth0", "host"));
	assert_int_equal(parse(&select, "irq(a(b)c)", NULL), 0);
	assert_string_equal(select.name, "a(b)c");
}

TEST(a_metric_that_means_nothing_is_refused_with_what_was_expected)
{
	struct mrg_lat_select select;
	struct rt_err err = { 0 };

	assert_int_equal(parse(&select, "wakup(x)", &err), -EINVAL);
	assert_contains(err.text, "did you mean wakeup?");
	assert_int_equal(parse(&select, "exit(HLT", &err), -EINVAL);
	assert_contains(err.text, "expected \")\"");
	assert_int_equal(parse(&select, "exit(HLT)x", &err), -EINVAL);
	assert_int_equal(parse(&select, "exit(0123456789012345678901234567890123456789012345678)",
			       &err), -EINVAL);
	assert_contains(err.text, "too long");
}

TEST(durations_have_three_digits_and_a_unit)
{
	char text[24];

	assert_string_equal(mrg_lat_time_text(0, text, sizeof(text)), "0ns");
	assert_string_equal(mrg_lat_time_text(999, text, sizeof(text)), "999ns");
	assert_string_equal(mrg_lat_time_text(1000, text, sizeof(text)), "1.00us");
	assert_string_equal(mrg_lat_time_text(60671, text, sizeof(text)), "60.7us");
	assert_string_equal(mrg_lat_time_text(999600, text, sizeof(text)), "1.00ms");
	assert_string_equal(mrg_lat_time_text(12713983, text, sizeof(text)), "12.7ms");
	assert_string_equal(mrg_lat_time_text(6294742991, text, sizeof(text)), "6.29s");
}

TEST(a_recorded_host_gives_the_exits_that_are_in_it)
{
	static const char *const paths[] = { HOST };
	struct mrg_lat_opts opts = { .to = UINT64_MAX };
	struct mrg_lat_result result;
	struct mrg_set *set;
	uint64_t exits = 0, parts = 0, sum = 0;
	size_t i;
	unsigned int p;

	assert_int_equal(mrg_set_open(&set, paths, 1, NULL), 0);
	assert_int_equal(mrg_lat_run(&result, set, &opts, NULL), 0);
	for (i = 0; i < result.nr && result.metrics[i]->kind == MRG_LAT_EXIT; i++) {
		exits += result.metrics[i]->hist.count;
		sum += result.metrics[i]->hist.sum;
		for (p = 0; p < MRG_LAT_NR_PARTS; p++)
			parts += result.metrics[i]->parts[p];
	}
	/* so many kvm_exit events are followed by a kvm_entry of their thread */
	assert_int_equal(exits, 1174);
	assert_int_equal(parts, sum);
	mrg_lat_result_finish(&result);
	mrg_set_destroy(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_task_is_late_from_its_wake_up_until_it_runs),
		cmocka_unit_test(a_task_that_is_pushed_off_waits_in_the_run_queue),
		cmocka_unit_test(interrupts_nest_and_each_has_its_own_time),
		cmocka_unit_test(each_ns_outside_the_guest_belongs_to_one_part),
		cmocka_unit_test(a_soft_interrupt_whose_task_is_pushed_off_is_unknown),
		cmocka_unit_test(a_vcpu_waits_for_the_cpu_that_it_is_sent_to),
		cmocka_unit_test(all_vcpus_that_wait_for_a_cpu_do_so_for_the_task_that_runs),
		cmocka_unit_test(a_vcpu_has_waited_for_a_task_that_ends),
		cmocka_unit_test(who_had_a_cpu_before_the_trace_is_known_by_the_switch_from_it),
		cmocka_unit_test(a_vcpu_that_sleeps_otherwise_than_halted_is_told_apart),
		cmocka_unit_test(a_vcpu_that_is_pushed_off_waits_for_that_cpu_if_it_stays_there),
		cmocka_unit_test(a_vcpu_sent_where_nothing_was_recorded_waits_for_nobody_known),
		cmocka_unit_test(a_vcpu_may_begin_to_wait_at_time_0),
		cmocka_unit_test(vms_that_a_trace_names_without_their_processes_stay_apart),
		cmocka_unit_test(an_interval_over_lost_events_has_no_figure),
		cmocka_unit_test(a_timer_is_late_by_what_its_own_clock_says),
		cmocka_unit_test(a_timer_that_expires_within_its_slack_is_on_time),
		cmocka_unit_test(a_timer_that_may_have_been_armed_anew_has_no_figure),
		cmocka_unit_test(a_task_is_late_from_when_its_timer_was_due_until_it_runs),
		cmocka_unit_test(page_faults_within_an_interval_are_counted_by_task),
		cmocka_unit_test(of_more_doers_than_there_is_room_for_others_are_summed_by_deed),
		cmocka_unit_test(of_tasks_of_one_name_the_one_that_ran_longest_is_told),
		cmocka_unit_test(the_longest_intervals_are_kept_longest_first),
		cmocka_unit_test(random_sequences_give_what_a_slow_model_gives),
		cmocka_unit_test(a_map_finds_what_was_put_and_not_what_was_taken),
		cmocka_unit_test(a_metric_is_named_by_kind_name_and_host),
		cmocka_unit_test(a_metric_that_means_nothing_is_refused_with_what_was_expected),
		cmocka_unit_test(durations_have_three_digits_and_a_unit),
		cmocka_unit_test(a_recorded_host_gives_the_exits_that_are_in_it),
	};

	return RUN_TESTS(tests);
}
