/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cpulist.h - sets of CPUs, as the kernel writes and reads them
 *
 * cpulist: "0-3,8,10-20:2" (Documentation/admin-guide/kernel-parameters.rst);
 * cpumask: "ff,ffffffff" (hexadecimal words of 32 bits, highest first).
 * A set is a plain value of fixed size: copy it, compare it, no clean-up.
 */
#ifndef RT_LIB_CPULIST_H
#define RT_LIB_CPULIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rt_err;

#define RT_MAX_CPUS 8192	/* CONFIG_NR_CPUS of MAXSMP kernels */
#define RT_CPULIST_MAX (4 * RT_MAX_CPUS)	/* of any set: "8187-8188," is ten for three CPUs */

struct rt_cpuset {
	uint64_t bits[RT_MAX_CPUS / 64];
};

/* Parses a cpulist; "" is the empty set.  -EINVAL names the column and what was found. */
int rt_cpuset_parse(struct rt_cpuset *ret, const char *list, struct rt_err *err);
/* Parses a cpumask as in /proc/irq/N/smp_affinity. */
int rt_cpuset_parse_mask(struct rt_cpuset *ret, const char *mask, struct rt_err *err);
/* Both write a NUL-terminated text; -ENOSPC when it does not fit in @size. */
int rt_cpuset_format(const struct rt_cpuset *set, char *buf, size_t size);
int rt_cpuset_format_mask(const struct rt_cpuset *set, char *buf, size_t size);

static inline bool rt_cpuset_has(const struct rt_cpuset *set, unsigned int cpu)
{
	return cpu < RT_MAX_CPUS && (set->bits[cpu / 64] >> (cpu % 64) & 1);
}

static inline void rt_cpuset_add(struct rt_cpuset *set, unsigned int cpu)
{
	if (cpu < RT_MAX_CPUS)
		set->bits[cpu / 64] |= 1ull << (cpu % 64);
}

static inline void rt_cpuset_remove(struct rt_cpuset *set, unsigned int cpu)
{
	if (cpu < RT_MAX_CPUS)
		set->bits[cpu / 64] &= ~(1ull << (cpu % 64));
}

unsigned int rt_cpuset_count(const struct rt_cpuset *set);
bool rt_cpuset_empty(const struct rt_cpuset *set);
bool rt_cpuset_equal(const struct rt_cpuset *a, const struct rt_cpuset *b);
bool rt_cpuset_overlaps(const struct rt_cpuset *a, const struct rt_cpuset *b);
bool rt_cpuset_within(const struct rt_cpuset *inner, const struct rt_cpuset *outer);
void rt_cpuset_and(struct rt_cpuset *to, const struct rt_cpuset *from);
void rt_cpuset_or(struct rt_cpuset *to, const struct rt_cpuset *from);
void rt_cpuset_minus(struct rt_cpuset *to, const struct rt_cpuset *from);
/* The lowest CPU >= @from, or -1. */
int rt_cpuset_next(const struct rt_cpuset *set, unsigned int from);

#define rt_cpuset_for_each(cpu, set) \
	for (int cpu = rt_cpuset_next(set, 0); cpu >= 0; cpu = rt_cpuset_next(set, cpu + 1))

#endif /* RT_LIB_CPULIST_H */
