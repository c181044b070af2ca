/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rules.h - what is wrong, or not for the best, in a configuration
 *
 * Each rule is a row of rules.c; kvmrt-validate-config --explain prints its text
 * and its reason.  Errors stop kvmrt-boot, warnings do not.
 */
#ifndef KCFG_RULES_H
#define KCFG_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "config/place.h"

struct kcfg_domain;
struct kcfg_findings;

enum kcfg_severity { KCFG_WARNING, KCFG_ERROR };

/* What a rule has before it; the first five are the caller's. */
struct kcfg_check {
	const struct kcfg_places *places;	/* VMs that were not placed are left out */
	bool all;				/* look at disabled ones among them, too */
	const struct tune_topo *topo;		/* on which they were placed */
	const struct kcfg_domain *domains;	/* what libvirt has; NULL: it was not asked */
	size_t nr_domains;
	const struct kcfg_rule *rule;		/* the one whose turn it is */
	struct kcfg_findings *findings;
};

struct kcfg_rule {
	const char *id;
	enum kcfg_severity severity;
	const char *text;	/* what it demands, in one line */
	const char *reason;	/* why, and what helps */
	/* One of these, or none for what the reader itself finds. */
	void (*vm)(struct kcfg_check *check, const struct kcfg_place *place);
	void (*host)(struct kcfg_check *check);
};

struct kcfg_finding {
	const struct kcfg_rule *rule;
	const struct kcfg_vm *vm;	/* the configuration's; NULL: of no VM */
	unsigned int line;		/* 0: of no line */
	char *text;			/* owned */
};

struct kcfg_findings {
	struct kcfg_finding *v;		/* owned; by line */
	size_t n, nr_errors;
	bool failed;			/* memory was short: not all are here */
};

extern const struct kcfg_rule kcfg_rules[];
extern const size_t kcfg_nr_rules;

/* NULL where there is no such rule. */
const struct kcfg_rule *kcfg_rule_find(const char *id);

/**
 * kcfg_rules_check() - put a configuration before every rule.
 *
 * @ret points into @cfg.  Return: 0 or -ENOMEM.
 */
int kcfg_rules_check(struct kcfg_findings *ret, const struct kcfg *cfg,
		     const struct kcfg_check *check);
void kcfg_findings_finish(struct kcfg_findings *findings);

#endif /* KCFG_RULES_H */
