/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * persist.c - the block of IRQ_ASSIGN lines in the shield service's file; what is
 * kept for services is in persist-units.c
 */
#include "tuning/persist.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/cpulist.h"
#include "lib/err.h"
#include "lib/io.h"
#include "lib/replace.h"
#include "lib/root.h"
#include "tuning/irqs.h"
#include "tuning/shield-file.h"

#define BEGIN	"# irq-affinity --persist: begin"
#define END	"# irq-affinity --persist: end"
#define ASSIGN	"IRQ_ASSIGN+=\""

void tune_persist_finish(struct tune_persist *persist)
{
	size_t i;

	for (i = 0; i < persist->n; i++) {
		free(persist->v[i].name);
		free(persist->v[i].cpus);
	}
	free(persist->v);
	*persist = (struct tune_persist){ 0 };
}

/* ---- words that mean an interrupt ---- */

/* "HANDLER", or "DEVICE/HANDLER"; "?" stands for what the file or a glob would read otherwise. */
static char *make_word(const char *device, const char *handler, size_t len)
{
	char *word, *at;

	if (asprintf(&word, "%s%s%.*s", device, device[0] ? "/" : "", (int)len, handler) < 0)
		return NULL;
	for (at = word; *at; at++)
		if (strchr(" \t;\"'\\$`*?[", *at))
			*at = '?';
	return word;
}

/* Whether nothing would move by it that is elsewhere. */
static bool word_fits(const struct tune_irqs *irqs, const struct tune_irq *irq, const char *word)
{
	const struct tune_irq *other;
	size_t i;

	for (i = 0; i < irqs->n; i++) {
		other = &irqs->v[i];
		if (other->number >= 0 && tune_irq_matches(other, word) &&
		    !(other->has_affinity && rt_cpuset_equal(&other->affinity, &irq->affinity)))
			return false;
	}
	return tune_irq_matches(irq, word);
}

/* Of its handlers the first whose word fits.  Return: 0, 1 for none, -ENOMEM. */
static int find_handler(char **ret, const struct tune_irqs *irqs, const struct tune_irq *irq,
			const char *device)
{
	const char *at;
	size_t len;

	for (at = irq->actions; *at; at += len + strspn(at + len, ", ")) {
		len = strcspn(at, ",");
		*ret = make_word(device, at, len);
		if (!*ret)
			return -ENOMEM;
		if (word_fits(irqs, irq, *ret))
			return 0;
		free(*ret);
	}
	return 1;
}

static int find_word(char **ret, const struct tune_irqs *irqs, const struct tune_irq *irq)
{
	int rc = find_handler(ret, irqs, irq, "");

	return rc > 0 && irq->device[0] ? find_handler(ret, irqs, irq, irq->device) : rc;
}

/* Several of one name go to the same CPUs: one line does for them. */
static bool has_word(const struct tune_persist *persist, const char *word)
{
	size_t i;

	for (i = 0; i < persist->n; i++)
		if (strcmp(persist->v[i].name, word) == 0)
			return true;
	return false;
}

/* Takes the word over. */
static int add_word(struct tune_persist *persist, char *word, const struct rt_cpuset *cpus)
{
	struct tune_assign *v = reallocarray(persist->v, persist->n + 1, sizeof(*v));
	char list[RT_CPULIST_MAX];
	int rc = v ? rt_cpuset_format(cpus, list, sizeof(list)) : -ENOMEM;

	persist->v = v ? v : persist->v;
	if (rc < 0) {
		free(word);
		return rc;
	}
	v[persist->n] = (struct tune_assign){ .name = word, .cpus = strdup(list) };
	return v[persist->n++].cpus ? 0 : -ENOMEM;
}

int tune_persist_add(struct tune_persist *persist, const struct tune_irqs *irqs,
		     const struct tune_irq *irq)
{
	char *word;
	int rc = find_word(&word, irqs, irq);

	if (rc != 0)
		return rc;
	if (!has_word(persist, word))
		return add_word(persist, word, &irq->affinity);
	free(word);
	return 0;
}

/* ---- the file ---- */

static bool has_word_for(const struct tune_persist *persist, const struct tune_irq *irq)
{
	size_t i;

	for (i = 0; i < persist->n; i++)
		if (tune_irq_matches(irq, persist->v[i].name))
			return true;
	return false;
}

/* There are interrupts of this name, and each has a word that comes anew, maybe another one. */
static bool is_superseded(const struct tune_persist *persist, const struct tune_irqs *irqs,
			  const char *name)
{
	bool any = false;
	size_t i;

	for (i = 0; i < irqs->n; i++) {
		if (irqs->v[i].number < 0 || !tune_irq_matches(&irqs->v[i], name))
			continue;
		if (!has_word_for(persist, &irqs->v[i]))
			return false;
		any = true;
	}
	return any;
}

/* Is this line of the block only about what comes anew?  If in doubt it stays: the last counts. */
static bool replaced(const struct tune_persist *persist, const struct tune_irqs *irqs,
		     const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len), *end;
	bool is = false;
	char *name;

	end = colon ? memchr(colon, ';', len - (size_t)(colon - line)) : NULL;
	name = end ? strndup(colon + 1, (size_t)(end - colon) - 1) : NULL;
	if (name)
		is = has_word(persist, name) || is_superseded(persist, irqs, name);
	free(name);
	return is;
}

static bool is_line(const char *line, size_t len, const char *text)
{
	return len == strlen(text) && memcmp(line, text, len) == 0;
}

void tune_persist_edit(struct rt_buf *out, const char *text, const struct tune_persist *persist,
		       const struct tune_irqs *irqs)
{
	struct rt_buf kept = { 0 };
	bool inside = false;
	size_t len, i;

	for (; *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		if (is_line(text, len, BEGIN)) {
			inside = true;
		} else if (is_line(text, len, END)) {
			inside = false;
		} else if (!inside || !replaced(persist, irqs, text, len)) {
			struct rt_buf *to = inside ? &kept : out;

			rt_buf_add(to, text, len);
			rt_buf_puts(to, "\n");
		}
	}
	rt_buf_puts(out, BEGIN "\n");
	rt_buf_add(out, kept.data, kept.len);
	for (i = 0; i < persist->n; i++)
		rt_buf_printf(out, ASSIGN "%s:%s;\"\n", persist->v[i].cpus, persist->v[i].name);
	rt_buf_puts(out, END "\n");
	out->failed |= kept.failed;
	rt_buf_finish(&kept);
}

/* Beside the old one, on the disk, and then in its place. */
static int replace_real(const char *real, const struct rt_buf *text, struct rt_err *err)
{
	char fresh[PATH_MAX];
	int fd, rc;

	if (snprintf(fresh, sizeof(fresh), "%s.XXXXXX", real) >= (int)sizeof(fresh))
		return rt_err_set(err, -ENAMETOOLONG, "%s", real);
	fd = mkostemp(fresh, O_CLOEXEC);
	if (fd < 0)
		return rt_err_set(err, errno == EROFS || errno == EACCES ? RT_ECANNOT : -errno,
				  "--persist: cannot write beside %s", real);
	rc = fchmod(fd, 0644) < 0 ? rt_err_set(err, -errno, "%s", fresh) :
	     rt_take_after(fd, real, err);
	if (rc == 0 && (rt_write_all(fd, text->data, text->len) < 0 || fsync(fd) < 0 ||
			rename(fresh, real) < 0))
		rc = rt_err_set(err, -errno, "cannot write %s", real);
	close(fd);
	if (rc < 0)
		unlink(fresh);
	return rc;
}

int tune_persist_replace(const struct rt_root *root, const char *path, const struct rt_buf *text,
			 struct rt_err *err)
{
	char whole[PATH_MAX], *real;
	int rc;

	snprintf(whole, sizeof(whole), "%s/%s", root->path, path);
	real = rt_real_path(whole);
	if (!real)
		return rt_err_set(err, -errno, "--persist: cannot write %s", whole);
	rc = replace_real(real, text, err);
	free(real);
	return rc;
}

/* The one that is there, which the service reads; else the one of the distribution. */
static const char *find_file(const struct rt_root *root)
{
	static const char *const paths[] = { "etc/sysconfig/shield", "etc/default/shield" };
	size_t i;

	for (i = 0; i < 2; i++)
		if (rt_root_exists(root, "%s", paths[i]))
			return paths[i];
	return paths[rt_root_exists(root, "etc/sysconfig") ? 0 : 1];
}

/* What the service would refuse must not take the place of what it takes. */
static int check_text(const struct rt_root *root, const char *path, struct rt_buf *text,
		      struct rt_err *err)
{
	struct tune_service service = { 0 };
	int rc;

	if (!rt_buf_str(text))
		return rt_err_set(err, -ENOMEM, "%s", path);
	rc = tune_service_parse(&service, text->data, err);
	tune_service_finish(&service);
	return rc < 0 ? rt_err_wrap(err, rc, "nothing is kept, as the service could not read "
				    "%s/%s then", root->path, path) : 0;
}

int tune_persist_write(struct tune_persist *persist, const struct tune_irqs *irqs,
		       const struct rt_root *root, bool dry_run, struct rt_err *err)
{
	struct rt_buf out = { 0 };
	char *text = NULL;
	int rc;

	persist->path = find_file(root);
	if (persist->n == 0)
		return 0;
	rc = rt_root_read(root, &text, NULL, err, "%s", persist->path);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	tune_persist_edit(&out, rc == 0 ? text : "", persist, irqs);
	rc = check_text(root, persist->path, &out, err);
	if (rc == 0 && !dry_run)
		rc = tune_persist_replace(root, persist->path, &out, err);
	free(text);
	rt_buf_finish(&out);
	return rc;
}
