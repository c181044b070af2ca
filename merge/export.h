/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * export.h - one trace of a set as a trace.dat, with what its clock is in the set
 */
#ifndef MRG_EXPORT_H
#define MRG_EXPORT_H

#include "merge/set.h"

/**
 * mrg_export() - write member @index to the empty file @fd, as xt_export() does.
 * @opts: ids, shifts and vCPUs are filled in here: a guest names its host, and has the
 *        host's time of each of its CPUs; a host names its guests and their vCPUs' threads.
 *
 * trace-cmd and KernelShark take a guest's time from that when they are given both files.
 * A guest whose clock does not count nanoseconds, or was set back, is written without,
 * but for what a trace.dat of its own has; ->warn() has the reason.
 * Return: as xt_export().
 */
int mrg_export(const struct mrg_set *set, size_t index, int fd, struct xt_export_opts *opts,
	       struct rt_err *err);

#endif /* MRG_EXPORT_H */
