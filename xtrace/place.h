/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * place.h - where our own threads run: never on a CPU that is kept free
 */
#ifndef XT_PLACE_H
#define XT_PLACE_H

struct rt_cpuset;
struct rt_err;
struct rt_root;

/* CPUs of a list in /sys/devices/system/cpu: "online", "isolated", "nohz_full". */
int xt_place_read(const struct rt_root *root, struct rt_cpuset *ret, const char *file,
		  struct rt_err *err);

/* @online without the CPUs that somebody keeps free; all of them where none is left. */
void xt_place_default(const struct rt_root *root, const struct rt_cpuset *online,
		      struct rt_cpuset *ret);

/**
 * xt_place_here() - this thread, and all that it starts from now on, run on @cpus.
 * @ret_got: those of them that its cpuset lets it have.
 *
 * Return: 0; -EINVAL when its cpuset has none of them.
 */
int xt_place_here(const struct rt_cpuset *cpus, struct rt_cpuset *ret_got, struct rt_err *err);

#endif /* XT_PLACE_H */
