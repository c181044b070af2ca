/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * place.c - where our own threads run: never on a CPU that is kept free
 *
 * isolcpus= and nohz_full= stand in /sys; a cpuset partition is seen by what
 * the kernel lets this thread have.
 */
#include "xtrace/place.h"

#include <errno.h>
#include <sched.h>

#include "lib/cpulist.h"
#include "lib/err.h"
#include "lib/root.h"

int xt_place_read(const struct rt_root *root, struct rt_cpuset *ret, const char *file,
		  struct rt_err *err)
{
	char list[4096];
	int rc;

	rc = rt_root_read_line(root, list, sizeof(list), err, "sys/devices/system/cpu/%s", file);
	return rc < 0 ? rc : rt_cpuset_parse(ret, list, err);
}

void xt_place_default(const struct rt_root *root, const struct rt_cpuset *online,
		      struct rt_cpuset *ret)
{
	static const char *const kept_free[] = { "isolated", "nohz_full" };
	struct rt_cpuset set;
	size_t i;

	*ret = *online;
	for (i = 0; i < sizeof(kept_free) / sizeof(kept_free[0]); i++) {
		/* "(null)" stands there where the kernel was given none. */
		if (xt_place_read(root, &set, kept_free[i], NULL) == 0)
			rt_cpuset_minus(ret, &set);
	}
	if (rt_cpuset_empty(ret))
		*ret = *online;
}

int xt_place_here(const struct rt_cpuset *cpus, struct rt_cpuset *ret_got, struct rt_err *err)
{
	cpu_set_t *set = CPU_ALLOC(RT_MAX_CPUS);
	size_t size = CPU_ALLOC_SIZE(RT_MAX_CPUS), cpu;
	struct rt_cpuset got = { { 0 } };
	int rc = 0;

	if (!set)
		return rt_err_set(err, -ENOMEM, "cannot choose CPUs");
	CPU_ZERO_S(size, set);
	rt_cpuset_for_each(wanted, cpus)
		CPU_SET_S(wanted, size, set);
	if (sched_setaffinity(0, size, set) < 0 || sched_getaffinity(0, size, set) < 0)
		rc = rt_err_set(err, -errno, "cannot run on these CPUs");
	for (cpu = 0; rc == 0 && cpu < RT_MAX_CPUS; cpu++) {
		if (CPU_ISSET_S(cpu, size, set))
			rt_cpuset_add(&got, cpu);
	}
	CPU_FREE(set);
	if (rc == 0)
		*ret_got = got;
	return rc;
}
