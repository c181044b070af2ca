/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * status.h - the state and counts of a session, as they travel from its owner
 * to xtrace-ctl: lines "KEY VALUE", and one "cpu N ..." for each CPU
 */
#ifndef XT_STATUS_H
#define XT_STATUS_H

#include <stddef.h>
#include <stdint.h>

#include "xtrace/xtrace.h"

struct rt_buf;
struct rt_err;
struct xt_record;

#define XT_STATUS_WORD_MAX 64

struct xt_status {
	char name[XT_STATUS_WORD_MAX], state[XT_STATUS_WORD_MAX], mode[XT_STATUS_WORD_MAX];
	char clock[XT_STATUS_WORD_MAX];
	char *directory, *command;	/* owned */
	uint64_t pid, seconds, buffer_bytes, subbuf_bytes, flushes;
	struct xt_cpu_stats *cpus;	/* owned */
	size_t nr_cpus;
};

/* Appends what a status request is answered with. */
void xt_status_format(struct xt_record *record, struct rt_buf *out);
/* Keys that it does not know are passed over: a newer owner may say more. */
int xt_status_parse(struct xt_status *ret, const char *text, struct rt_err *err);
void xt_status_finish(struct xt_status *status);
/* Sum over all CPUs. */
struct xt_cpu_stats xt_status_total(const struct xt_cpu_stats *cpus, size_t nr);

#endif /* XT_STATUS_H */
