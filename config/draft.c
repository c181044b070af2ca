/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * draft.c - a copy of kvmrt.cfg for an editor, with findings as comments in it
 */
#include "config/draft.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/err.h"

#define MARK "#! "		/* begins a comment of ours */

/* ---- the copy ---- */

static int make_folder(struct kcfg_draft *draft, struct rt_err *err)
{
	const char *tmp = getenv("TMPDIR");

	if (!tmp || strlen(tmp) + sizeof("/kvmrt-edit.XXXXXX") > sizeof(draft->dir))
		tmp = "/tmp";
	snprintf(draft->dir, sizeof(draft->dir), "%s/kvmrt-edit.XXXXXX", tmp);
	if (!mkdtemp(draft->dir)) {
		draft->dir[0] = '\0';
		return rt_err_set(err, -errno, "cannot make a folder in %s", tmp);
	}
	snprintf(draft->path, sizeof(draft->path), "%s/kvmrt.cfg", draft->dir);
	return 0;
}

int kcfg_draft_write(struct kcfg_draft *draft, const char *text, size_t len, struct rt_err *err)
{
	FILE *to;
	int rc = 0;

	if (!draft->dir[0])
		rc = make_folder(draft, err);
	if (rc < 0)
		return rc;
	to = fopen(draft->path, "we");
	if (!to)
		return rt_err_set(err, -errno, "cannot write %s", draft->path);
	if (fwrite(text, 1, len, to) != len)
		rc = -EIO;
	if (fclose(to) != 0)
		rc = -errno;
	return rc < 0 ? rt_err_set(err, rc, "cannot write %s", draft->path) : 0;
}

static int read_back(const struct kcfg_draft *draft, struct rt_buf *ret, struct rt_err *err)
{
	struct kcfg *cfg;
	int rc;

	rc = kcfg_read(&cfg, draft->path, err);
	if (rc == -ENOENT)
		return rt_err_say(err, -ECANCELED, "the editor left no file");
	if (rc < 0)
		return rc;
	kcfg_format(ret, cfg);
	kcfg_destroy(cfg);
	return rt_buf_str(ret) ? 0 : rt_err_set(err, -ENOMEM, "%s", draft->path);
}

void kcfg_draft_remove(struct kcfg_draft *draft)
{
	if (!draft->dir[0])
		return;
	unlink(draft->path);
	rmdir(draft->dir);	/* what an editor left beside it stays */
	draft->dir[0] = '\0';
}

/* ---- the editor ---- */

/* A command of a shell, as in sudoedit(8) and git: it may have options. */
static const char *editor(void)
{
	const char *name = getenv("VISUAL");

	if (!name || !*name)
		name = getenv("EDITOR");
	return name && *name ? name : "vi";
}

static pid_t start(const char *command, const char *path)
{
	pid_t pid = fork();

	if (pid == 0) {
		signal(SIGINT, SIG_DFL);
		signal(SIGQUIT, SIG_DFL);
		signal(SIGPIPE, SIG_DFL);
		execl("/bin/sh", "sh", "-c", command, "sh", path, (char *)NULL);
		_exit(127);
	}
	return pid;
}

/* Keys that end the editor are not for us; a command that is not there is status 127. */
static int run(const char *path, struct rt_err *err)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction old_int, old_quit;	/* with their flags, that signal(2) would lose */
	char *command;
	int status = 0;
	pid_t pid = -1;

	sigaction(SIGINT, &ignore, &old_int);
	sigaction(SIGQUIT, &ignore, &old_quit);
	if (asprintf(&command, "%s \"$@\"", editor()) >= 0) {
		pid = start(command, path);
		free(command);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	sigaction(SIGINT, &old_int, NULL);
	sigaction(SIGQUIT, &old_quit, NULL);
	if (pid < 0)
		return rt_err_set(err, -errno, "cannot start the editor \"%s\"", editor());
	if (WIFSIGNALED(status))
		return rt_err_say(err, -ECANCELED, "the editor \"%s\" was ended by signal %d",
				  editor(), WTERMSIG(status));
	if (WEXITSTATUS(status))
		return rt_err_say(err, -ECANCELED, "the editor \"%s\" ended with status %d%s",
				  editor(), WEXITSTATUS(status), WEXITSTATUS(status) == 127 ?
				  "; $VISUAL or $EDITOR names another" : "");
	return 0;
}

int kcfg_draft_edit(const struct kcfg_draft *draft, struct rt_buf *ret, struct rt_err *err)
{
	int rc = run(draft->path, err);

	return rc < 0 ? rc : read_back(draft, ret, err);
}

/* ---- findings in the text ---- */

static size_t line_length(const char *text, size_t len)
{
	const char *end = memchr(text, '\n', len);

	return end ? (size_t)(end - text) + 1 : len;
}

void kcfg_annotate(struct rt_buf *out, const char *text, size_t len,
		   const struct kcfg_findings *findings)
{
	unsigned int line = 1;
	size_t i = 0, n;

	for (; len; text += n, len -= n, line++) {
		for (; i < findings->n && findings->v[i].line <= line; i++)
			rt_buf_printf(out, MARK "%s: %s [%s]\n",
				      findings->v[i].rule->severity == KCFG_ERROR ? "error" :
				      "warning", findings->v[i].text, findings->v[i].rule->id);
		n = line_length(text, len);
		rt_buf_add(out, text, n);
	}
}

/* One that kcfg_annotate() wrote; a person's own comment may begin as it does. */
static bool is_ours(const char *line, size_t len)
{
	static const char *const heads[] = { MARK "error: ", MARK "warning: " };
	const char *open = memrchr(line, '[', len);
	bool ours = false;
	size_t i;

	for (i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		ours |= len > strlen(heads[i]) && memcmp(line, heads[i], strlen(heads[i])) == 0;
	for (i = 0; ours && open && i < kcfg_nr_rules; i++) {
		size_t n = strlen(kcfg_rules[i].id);

		if ((size_t)(line + len - open) >= n + 2 && open[n + 1] == ']' &&
		    memcmp(open + 1, kcfg_rules[i].id, n) == 0)
			return true;
	}
	return false;
}

void kcfg_unannotate(struct rt_buf *out, const char *text, size_t len)
{
	size_t n;

	for (; len; text += n, len -= n) {
		n = line_length(text, len);
		if (!is_ours(text, n))
			rt_buf_add(out, text, n);
	}
}

/* ---- what differs ---- */

static const struct kcfg_vm *same_vm(const struct kcfg *cfg, const struct kcfg_vm *vm)
{
	size_t i;

	for (i = 0; i < cfg->nr_vms; i++)
		if (strcmp(cfg->vms[i]->uuid, vm->uuid) == 0)
			return cfg->vms[i];
	return NULL;
}

/* The first line, cut where it is long. */
static void add_short(struct rt_buf *out, const struct rt_buf *value)
{
	int len = (int)strcspn(value->data, "\n"), most = 50;

	rt_buf_printf(out, "\"%.*s%s\"", len > most ? most : len, value->data,
		      len > most || value->data[len] ? "..." : "");
}

static void value_differs(struct rt_buf *out, const struct kcfg_vm *old,
			  const struct kcfg_vm *new, enum kcfg_attr_id id)
{
	struct rt_buf a = { 0 }, b = { 0 };

	kcfg_attr_format(&a, old, id);
	kcfg_attr_format(&b, new, id);
	if (rt_buf_str(&a) && rt_buf_str(&b) && strcmp(a.data, b.data) != 0) {
		rt_buf_printf(out, "%s: %s: ", new->name, kcfg_attrs[id].name);
		add_short(out, &a);
		rt_buf_puts(out, " becomes ");
		add_short(out, &b);
		rt_buf_puts(out, "\n");
	}
	out->failed |= a.failed || b.failed;
	rt_buf_finish(&a);
	rt_buf_finish(&b);
}

void kcfg_differences(struct rt_buf *out, const struct kcfg *old, const struct kcfg *new)
{
	const struct kcfg_vm *was;
	unsigned int id;
	size_t i;

	for (i = 0; i < old->nr_vms; i++)
		if (!same_vm(new, old->vms[i]))
			rt_buf_printf(out, "%s: taken out\n", old->vms[i]->name);
	for (i = 0; i < new->nr_vms; i++) {
		was = same_vm(old, new->vms[i]);
		if (!was)
			rt_buf_printf(out, "%s: new\n", new->vms[i]->name);
		for (id = 0; was && id < KCFG_NR_ATTRS; id++)
			value_differs(out, was, new->vms[i], id);
	}
}

void kcfg_template(struct rt_buf *out)
{
	unsigned int id;

	rt_buf_puts(out, "# The virtual machines of this host: see kvmrt.cfg(5).\n"
		    "# kvmrt-import makes a section for each VM that libvirt has.\n\n"
		    "#[aeec46cc-0638-4949-ac04-146b233194a9]\n");
	for (id = 0; id < KCFG_NR_ATTRS; id++) {
		const struct kcfg_attr *attr = &kcfg_attrs[id];

		rt_buf_printf(out, "# %s: %s\n#%s =%s%s\n", attr->form, attr->help, attr->name,
			      attr->value[0] ? " " : "", attr->value);
	}
}
