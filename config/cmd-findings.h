/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd-findings.h - the rules asked and their findings printed, as
 * kvmrt-validate-config and kvmrt-edit-config do
 */
#ifndef KCFG_CMD_FINDINGS_H
#define KCFG_CMD_FINDINGS_H

#include <stdbool.h>
#include <stdio.h>

#include "config/rules.h"

struct kcfg_session;
struct rt_err;

/* What libvirt has, or that it was not asked.  Start it with { 0 }. */
struct kcfg_known {
	struct kcfg_domain *domains;	/* owned; NULL: not asked */
	size_t nr;
};

/**
 * kcfg_known_ask() - ask libvirt what it has.
 *
 * Where libvirt cannot be reached and no URI was given, says so on stderr and does
 * without.  Return: 0 or -errno.
 */
int kcfg_known_ask(struct kcfg_known *known, struct kcfg_session *session, struct rt_err *err);
/* What it has by now; where it does not answer any more, what it had stays. */
void kcfg_known_again(struct kcfg_known *known, const struct kcfg_session *session);
void kcfg_known_finish(struct kcfg_known *known);

/* The session's configuration and places before every rule; @all: disabled VMs too. */
int kcfg_judge(struct kcfg_findings *ret, const struct kcfg_session *session,
	       const struct kcfg_known *known, bool all, struct rt_err *err);

/* A line each: "kvmrt.cfg:12: error: VM: what is wrong [rule]". */
void kcfg_findings_print(FILE *to, const struct kcfg *cfg, const struct kcfg_findings *findings);
/* "2 errors, 1 warning" into @buf; returns it. */
const char *kcfg_findings_count(const struct kcfg_findings *findings, char *buf, size_t size);

#endif /* KCFG_CMD_FINDINGS_H */
