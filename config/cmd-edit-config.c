/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd-edit-config.c - kvmrt-edit-config: kvmrt.cfg in an editor, checked before it
 * is saved, and libvirt made to agree
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/cmd-findings.h"
#include "config/draft.h"
#include "config/session.h"
#include "config/sync.h"
#include "lib/buf.h"
#include "lib/cmd.h"
#include "lib/err.h"

static bool dry_run, yes, no_sync, no_libvirt;
static struct kcfg_session session = { .who = "kvmrt-edit-config" };

static const struct rt_opt edit_opts[] = {
	RT_STRING('f', "file", &session.path, "FILE", "the configuration, not " KCFG_PATH),
	RT_STRING('c', "connect", &session.uri, "URI", "libvirt's, not " KCFG_VIRT_URI),
	RT_BOOL('n', "dry-run", &dry_run, "edit and check, and write nothing"),
	RT_BOOL('y', "yes", &yes, "ask nothing: save where there is no error, else abandon"),
	RT_BOOL(0, "no-sync", &no_sync, "leave libvirt as it is"),
	RT_BOOL(0, "no-libvirt", &no_libvirt, "compare nothing with libvirt; includes --no-sync"),
	RT_STRING(0, "topology", &session.topology, "FILE",
		  "the host is another: an hwloc XML file, or a description"),
	RT_STRING(0, "root", &session.root_path, "DIR", "the host's /proc and /sys are below DIR"),
	RT_END
};

/* A signal that would end us: the copy and the lock go first. */
static volatile sig_atomic_t ended;

static void on_end(int signo)
{
	ended = signo;
}

static void catch_ends(void)
{
	struct sigaction action = { .sa_handler = on_end };	/* no SA_RESTART: fgets() returns */

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

/* One round of editing: what came out of it. */
struct edited {
	struct rt_buf text;		/* without our comments */
	struct kcfg_findings findings;	/* of the session's configuration, made from it */
};

static void edited_finish(struct edited *edited)
{
	rt_buf_finish(&edited->text);
	kcfg_findings_finish(&edited->findings);
}

/* The session's configuration becomes what was edited. */
static int take(struct edited *edited, struct kcfg_known *known, struct rt_err *err)
{
	struct kcfg *cfg;
	int rc;

	/* What an error asks for may have been done while the editor was open. */
	kcfg_session_look_again(&session);
	kcfg_known_again(known, &session);
	rc = kcfg_parse(&cfg, session.path, edited->text.data, edited->text.len, err);
	if (rc < 0)
		return rc;
	kcfg_places_finish(&session.places);
	kcfg_destroy(session.cfg);
	session.cfg = cfg;
	if (kcfg_places_make(&session.places, cfg, session.topo, false) < 0)
		return rt_err_set(err, -ENOMEM, "cannot place the VMs");
	return kcfg_judge(&edited->findings, &session, known, false, err);
}

/* One round: the editor, and the rules. */
static int edit_once(struct kcfg_draft *draft, struct edited *edited,
		     struct kcfg_known *known, struct rt_err *err)
{
	struct rt_buf raw = { 0 };
	int rc;

	rc = kcfg_draft_edit(draft, &raw, err);
	if (rc == 0 && ended)
		rc = rt_err_say(err, -ECANCELED, "abandoned at signal %d, nothing was changed",
				(int)ended);
	if (rc == 0) {
		kcfg_unannotate(&edited->text, raw.data, raw.len);
		rc = rt_buf_str(&edited->text) ? take(edited, known, err) :
		     rt_err_set(err, -ENOMEM, "%s", session.path);
	}
	rt_buf_finish(&raw);
	if (rc == 0)
		kcfg_findings_print(stderr, session.cfg, &edited->findings);
	return rc;
}

/* Errors were found: true to go back to the editor. */
static bool ask_again(const struct kcfg_findings *findings)
{
	char answer[64], count[64];

	fprintf(stderr, "%s\n", kcfg_findings_count(findings, count, sizeof(count)));
	if (yes || !isatty(STDIN_FILENO))
		return false;
	for (;;) {
		fprintf(stderr, "Edit again, or abandon the changes? [e/a] ");
		if (!fgets(answer, sizeof(answer), stdin) || ended || strchr("aA", answer[0]))
			return false;
		if (strchr("eE\n", answer[0]))
			return true;
	}
}

static int annotate(struct kcfg_draft *draft, const struct edited *edited, struct rt_err *err)
{
	struct rt_buf text = { 0 };
	int rc;

	kcfg_annotate(&text, edited->text.data, edited->text.len, &edited->findings);
	rc = rt_buf_str(&text) ? kcfg_draft_write(draft, text.data, text.len, err) :
	     rt_err_set(err, -ENOMEM, "%s", draft->path);
	rt_buf_finish(&text);
	return rc;
}

/* Rounds of editing until there is no error; -ECANCELED when the user had enough. */
static int edit(struct kcfg_draft *draft, struct edited *edited, const struct rt_buf *before,
		struct kcfg_known *known, struct rt_err *err)
{
	int rc;

	for (;;) {
		edited_finish(edited);
		rc = edit_once(draft, edited, known, err);
		if (rc < 0 || !edited->findings.nr_errors)
			return rc;
		if (edited->text.len == before->len &&
		    memcmp(edited->text.data, before->data, before->len) == 0)
			return rt_err_say(err, -ECANCELED, "the errors are still there");
		if (!ask_again(&edited->findings))
			return rt_err_say(err, -ECANCELED, "abandoned, nothing was changed");
		rc = annotate(draft, edited, err);
		if (rc < 0)
			return rc;
	}
}

/* ---- libvirt ---- */

static int synchronise(struct rt_err *err)
{
	const struct kcfg_sync sync = { session.virt, session.topo, stdout, false };
	unsigned int failed = 0;
	size_t i;

	for (i = 0; i < session.places.n; i++) {
		struct rt_err why = { 0 };

		if (kcfg_sync_push(&sync, &session.places.v[i], &why) >= 0)
			continue;
		fprintf(stderr, "%s: %s: %s\n", session.who, session.places.v[i].vm->name,
			why.text);
		failed++;
	}
	return failed ? rt_err_say(err, -EIO, "saved, but libvirt does not have %u of %zu VMs as "
				   "the file says", failed, session.places.n) : 0;
}

/* ---- saving ---- */

static void print_differences(const struct kcfg *old)
{
	struct rt_buf text = { 0 };

	kcfg_differences(&text, old, session.cfg);
	if (rt_buf_str(&text))
		fputs(text.len ? text.data : "no value differs, only the text\n", stdout);
	rt_buf_finish(&text);
}

static int save(const struct kcfg_draft *draft, const struct kcfg *old, struct rt_err *err)
{
	int rc;

	print_differences(old);
	if (dry_run)
		return 0;
	rc = kcfg_save(session.lock, session.cfg, err);
	if (rc < 0)
		return rt_err_wrap(err, rc, "what was edited is kept in %s", draft->path);
	if (no_sync || no_libvirt)
		return 0;
	if (session.virt)
		return synchronise(err);
	return rt_err_say(err, -ENOTCONN, "saved, but not synchronised: libvirt cannot be reached; "
			  "run kvmrt-sync-config when it can");
}

static int edit_and_save(struct rt_buf *before, const struct kcfg *old,
			 struct kcfg_known *known, struct rt_err *err)
{
	struct kcfg_draft draft = { 0 };
	struct edited edited = { 0 };
	bool keep = false;
	int rc;

	rc = kcfg_draft_write(&draft, before->data, before->len, err);
	if (rc == 0)
		rc = edit(&draft, &edited, before, known, err);
	if (rc == 0 && edited.text.len == before->len &&
	    memcmp(edited.text.data, before->data, before->len) == 0) {
		printf("%s is unchanged\n", session.path);
	} else if (rc == 0) {
		rc = save(&draft, old, err);
		keep = rc < 0 && strstr(err->text, draft.path);
	}
	if (!keep)
		kcfg_draft_remove(&draft);
	edited_finish(&edited);
	return rc;
}

static int run(int argc, char **argv, struct rt_err *err)
{
	struct kcfg_known known = { 0 };
	struct rt_buf before = { 0 };
	struct kcfg *old = NULL;
	int rc;

	(void)argc;
	(void)argv;
	catch_ends();
	if (!session.path)
		session.path = KCFG_PATH;
	if (no_libvirt && session.uri)
		return rt_usage(err, "--connect does not go with --no-libvirt");
	rc = kcfg_session_open(&session, 0, err);
	if (rc == 0)
		rc = kcfg_lock(&session.lock, session.path, session.who, err);
	if (rc == 0)
		rc = kcfg_lock_read(session.lock, &old, err);
	if (rc == 0 && !no_libvirt)
		rc = kcfg_known_ask(&known, &session, err);
	if (rc == 0) {
		kcfg_format(&before, old);
		if (!before.len)
			kcfg_template(&before);
		rc = rt_buf_str(&before) ? edit_and_save(&before, old, &known, err) :
		     rt_err_set(err, -ENOMEM, "%s", session.path);
	}
	rt_buf_finish(&before);
	kcfg_destroy(old);
	kcfg_known_finish(&known);
	kcfg_session_close(&session);
	return rc;
}

static const struct rt_cmd edit_cmd = {
	.name = "kvmrt-edit-config",
	.summary = "edit kvmrt.cfg, check it, and let libvirt have what it says",
	.synopsis = "[options]",
	.details = "Runs $VISUAL, $EDITOR or vi on a copy.  Where errors are found, goes back to "
		   "the editor with the errors as comments, or abandons the changes.",
	.opts = edit_opts,
	.effect = RT_CHANGES_HOST,
	.complete = RT_COMPLETE_NONE,
	.run = run,
};

int main(int argc, char **argv)
{
	return rt_cmd_main(&edit_cmd, argc, argv);
}
