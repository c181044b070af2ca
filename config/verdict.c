/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verdict.c - a thread's place, as the file wants it and as /proc shows it */
#include "config/verdict.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

#define LIST_ROOM	256

void kcfg_due(struct kcfg_due *ret, const struct kcfg_place *place,
	      const struct kcfg_thread *thread)
{
	bool vcpu = thread->role == KCFG_ROLE_VCPU;
	int cpu = KCFG_ANY;

	*ret = (struct kcfg_due){ .policy = -1 };
	if (vcpu && thread->number >= 0 && (unsigned int)thread->number < place->vm->nr_vcpus)
		cpu = place->vcpus[thread->number];
	if (cpu != KCFG_ANY) {
		rt_cpuset_add(&ret->cpus, cpu);
		ret->exact = true;
	} else {
		ret->cpus = vcpu ? place->cpus : place->others;
	}
	if (place->vm->rt && vcpu) {
		ret->policy = SCHED_FIFO;
		ret->priority = place->vm->vcpu_priority;
	} else if (vcpu || thread->role == KCFG_ROLE_NX) {
		ret->policy = SCHED_OTHER;
	}
}

static const char *list(char buf[LIST_ROOM], const struct rt_cpuset *set)
{
	return rt_cpuset_format(set, buf, LIST_ROOM) < 0 ? "many" : buf;
}

bool kcfg_verdict(char *why, size_t size, const struct kcfg_place *place,
		  const struct kcfg_thread *thread)
{
	const struct tune_task *task = thread->task;
	char wanted[LIST_ROOM], found[LIST_ROOM];
	struct kcfg_due due;

	kcfg_due(&due, place, thread);
	*why = '\0';
	if (!rt_cpuset_empty(&due.cpus) &&
	    (due.exact ? !rt_cpuset_equal(&task->allowed, &due.cpus)
		       : !rt_cpuset_within(&task->allowed, &due.cpus))) {
		snprintf(why, size, "expected CPUs %s, found %s", list(wanted, &due.cpus),
			 list(found, &task->allowed));
		return false;
	}
	if (due.policy == SCHED_FIFO &&
	    (task->policy != due.policy || task->rt_priority != due.priority)) {
		snprintf(why, size, "expected fifo %d, found %s %d", due.priority,
			 tune_policy_name(task->policy), task->rt_priority);
		return false;
	}
	if (due.policy == SCHED_OTHER &&
	    (task->policy == SCHED_FIFO || task->policy == SCHED_RR)) {
		snprintf(why, size, "expected no real-time policy, found %s %d",
			 tune_policy_name(task->policy), task->rt_priority);
		return false;
	}
	return true;
}
