/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd-findings.c - the rules asked and their findings printed, as
 * kvmrt-validate-config and kvmrt-edit-config do
 */
#include "config/cmd-findings.h"

#include <errno.h>

#include "config/session.h"
#include "lib/err.h"

static int ask(struct kcfg_known *ret, struct kcfg_virt *virt, struct rt_err *err)
{
	int rc = kcfg_virt_list(virt, &ret->domains, &ret->nr, err);

	return rc < 0 ? rc : kcfg_virt_limits(virt, ret->domains, ret->nr, err);
}

int kcfg_known_ask(struct kcfg_known *known, struct kcfg_session *session, struct rt_err *err)
{
	struct rt_err why = { 0 };
	int rc;

	rc = kcfg_virt_open(&session->virt, session->uri, &why);
	if (rc == 0)
		rc = ask(known, session->virt, &why);
	if (rc == 0)
		return 0;
	if (session->uri)
		return rt_err_say(err, rc, "%s", why.text);
	fprintf(stderr, "%s: note: not compared with what libvirt has: %s\n",
		program_invocation_short_name, why.text);
	return 0;
}

void kcfg_known_again(struct kcfg_known *known, const struct kcfg_session *session)
{
	struct kcfg_known now = { 0 };

	if (!session->virt || !known->domains)
		return;
	if (ask(&now, session->virt, NULL) < 0) {
		kcfg_known_finish(&now);
		return;
	}
	kcfg_known_finish(known);
	*known = now;
}

void kcfg_known_finish(struct kcfg_known *known)
{
	kcfg_domains_free(known->domains, known->nr);
	*known = (struct kcfg_known){ 0 };
}

int kcfg_judge(struct kcfg_findings *ret, const struct kcfg_session *session,
	       const struct kcfg_known *known, bool all, struct rt_err *err)
{
	const struct kcfg_check check = {
		.places = &session->places, .all = all, .topo = session->topo,
		.domains = known->domains, .nr_domains = known->nr,
	};
	int rc = kcfg_rules_check(ret, session->cfg, &check);

	return rc < 0 ? rt_err_set(err, rc, "cannot check %s", session->cfg->path) : 0;
}

void kcfg_findings_print(FILE *to, const struct kcfg *cfg, const struct kcfg_findings *findings)
{
	size_t i;

	for (i = 0; i < findings->n; i++) {
		const struct kcfg_finding *f = &findings->v[i];
		const char *name = f->vm ? f->vm->name : "";

		fprintf(to, "%s:%u: %s: %s%s%s [%s]\n", cfg->path, f->line,
			f->rule->severity == KCFG_ERROR ? "error" : "warning", name,
			name[0] ? ": " : "", f->text, f->rule->id);
	}
}

const char *kcfg_findings_count(const struct kcfg_findings *findings, char *buf, size_t size)
{
	size_t errors = findings->nr_errors, warnings = findings->n - errors;

	snprintf(buf, size, "%zu error%s, %zu warning%s", errors, errors == 1 ? "" : "s", warnings,
		 warnings == 1 ? "" : "s");
	return buf;
}
