/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store.c - an xtrace directory while it is written: its life and its session
 */
#include "xtrace/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/io.h"
#include "xtrace/local.h"
#include "xtrace/store-local.h"

/* kallsyms of 5.4 MB: 15 ms and 1.01 MB; level 3 takes twice as long for as many bytes */
#define SYMBOLS_LEVEL 1

#define VALUE_MAX 8192

static const char clocks_head[] = "# mono_ns real_ns tai_ns boot_ns tsc window_ns\n";

/* ---- its life ---- */

static bool subbuf_size_ok(uint32_t size)
{
	return size >= XT_MIN_PAGE && size <= XT_MAX_PAGE && size % XT_MIN_PAGE == 0;
}

int xt_store_create(struct xt_store **ret, const char *path, const struct xt_store_opts *opts,
		    struct rt_err *err)
{
	struct xt_store *store = calloc(1, sizeof(*store));
	int rc = -ENOMEM;

	if (!store)
		return rt_err_set(err, rc, "%s", path);
	store->clocks = -1;
	store->opts = *opts;
	if (!store->opts.subbuf_size)
		store->opts.subbuf_size = XT_MIN_PAGE;
	store->level = opts->level ? opts->level : 1;
	pthread_mutex_init(&store->lock, NULL);
	pthread_mutex_init(&store->packer_lock, NULL);
	store->path = strdup(path);
	if (!store->path) {
		rc = rt_err_set(err, rc, "%s", path);
		goto err_free;
	}
	if (!subbuf_size_ok(store->opts.subbuf_size)) {
		rc = rt_err_say(err, -EINVAL, "%s: sub-buffers of %u bytes, expected %u to %u",
				path, store->opts.subbuf_size, XT_MIN_PAGE, XT_MAX_PAGE);
		goto err_free;
	}
	rc = store_mkdir(path, opts->force, &store->dir, err);
	if (rc < 0)
		goto err_free;
	rc = xt_store_save(store, err);
	if (rc < 0)
		goto err_close;
	*ret = store;
	return 0;

err_close:
	close(store->dir);
err_free:
	pthread_mutex_destroy(&store->packer_lock);
	pthread_mutex_destroy(&store->lock);
	free(store->path);
	free(store);
	return rc;
}

void xt_store_destroy(struct xt_store *store)
{
	if (!store)
		return;
	for (unsigned int i = 0; i < STORE_MAX_CPUS; i++) {
		if (!store->files[i])
			continue;
		close(store->files[i]->fd);
		free(store->files[i]);
	}
	for (size_t i = 0; i < store->nr_lines; i++) {
		free(store->lines[i].section);
		free(store->lines[i].key);
		free(store->lines[i].value);
	}
	free(store->lines);
	store_packers_destroy(store);
	if (store->clocks >= 0)
		close(store->clocks);
	close(store->dir);
	pthread_mutex_destroy(&store->packer_lock);
	pthread_mutex_destroy(&store->lock);
	free(store->path);
	free(store);
}

int xt_store_finish(struct xt_store *store, struct rt_err *err)
{
	int rc = 0, one;

	for (unsigned int i = 0; i < STORE_MAX_CPUS; i++) {
		if (!store->files[i])
			continue;
		one = store_finish_file(store, store->files[i], rc == 0 ? err : NULL);
		if (rc == 0)
			rc = one;
	}
	one = store->opts.no_sync ? 0 : store_sync(store->dir);
	if (one < 0)
		rt_err_set(rc == 0 ? err : NULL, one, "%s: cannot be synced", store->path);
	if (rc == 0)
		rc = one;
	pthread_mutex_lock(&store->lock);
	store->complete = rc == 0;
	pthread_mutex_unlock(&store->lock);
	one = xt_store_save(store, rc == 0 ? err : NULL);
	if (!store->opts.no_sync)
		fsync(store->dir);
	store_give_back(store->dir);
	return rc < 0 ? rc : one;
}

void xt_store_set_level(struct xt_store *store, int level)
{
	__atomic_store_n(&store->level, level, __ATOMIC_RELAXED);
}

uint32_t xt_store_subbuf_size(const struct xt_store *store)
{
	return store->opts.subbuf_size;
}

void xt_store_count(const struct xt_store *store, unsigned int cpu, struct xt_store_count *ret)
{
	const struct store_file *file = NULL;

	if (cpu < STORE_MAX_CPUS)
		file = __atomic_load_n(&store->files[cpu], __ATOMIC_ACQUIRE);
	*ret = (struct xt_store_count){ 0 };
	if (!file)
		return;
	ret->events = __atomic_load_n(&file->count.events, __ATOMIC_RELAXED);
	ret->lost = __atomic_load_n(&file->count.lost, __ATOMIC_RELAXED);
	ret->bytes_raw = __atomic_load_n(&file->count.bytes_raw, __ATOMIC_RELAXED);
	ret->bytes_disk = __atomic_load_n(&file->count.bytes_disk, __ATOMIC_RELAXED);
	ret->blocks = __atomic_load_n(&file->count.blocks, __ATOMIC_RELAXED);
}

/* ---- lines of the session file ---- */

static bool word_ok(const char *word)
{
	return word[strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789.-_")] == '\0';
}

/* Keeps a value on its line: bytes below 32, DEL and \ become \xHH. */
static char *escape(const char *text)
{
	struct rt_buf buf = { 0 };
	char *out;

	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		bool edge = *p == ' ' && (p == (const unsigned char *)text || p[1] == '\0');

		if (*p < 32 || *p == 127 || *p == '\\' || edge)
			rt_buf_printf(&buf, "\\x%02x", *p);
		else
			rt_buf_add(&buf, p, 1);
	}
	out = rt_buf_str(&buf);
	if (!out)
		rt_buf_finish(&buf);
	return out;
}

static struct store_line *find_line(struct xt_store *store, const char *section, const char *key)
{
	for (size_t i = 0; i < store->nr_lines; i++) {
		if (strcmp(store->lines[i].key, key) == 0 &&
		    strcmp(store->lines[i].section, section) == 0)
			return &store->lines[i];
	}
	return NULL;
}

static int add_line(struct xt_store *store, const char *section, const char *key, char *value)
{
	struct store_line line = { strdup(section), strdup(key), value }, *list;

	if (!line.section || !line.key)
		goto no_memory;
	if ((store->nr_lines & (store->nr_lines + 1)) == 0) {
		list = realloc(store->lines, (2 * store->nr_lines + 2) * sizeof(*list));
		if (!list)
			goto no_memory;
		store->lines = list;
	}
	store->lines[store->nr_lines++] = line;
	return 0;

no_memory:
	free(line.section);
	free(line.key);
	free(value);
	return -ENOMEM;
}

static int put_line(struct xt_store *store, const char *section, const char *key, bool again,
		    const char *fmt, va_list ap)
{
	char text[VALUE_MAX], *value;
	struct store_line *line;
	int rc = 0;

	if (!word_ok(section) || !word_ok(key) || !key[0])
		return -EINVAL;
	vsnprintf(text, sizeof(text), fmt, ap);
	value = escape(text);
	if (!value)
		return -ENOMEM;
	pthread_mutex_lock(&store->lock);
	line = again ? NULL : find_line(store, section, key);
	if (line) {
		free(line->value);
		line->value = value;
	} else {
		rc = add_line(store, section, key, value);
	}
	pthread_mutex_unlock(&store->lock);
	return rc;
}

int xt_store_set(struct xt_store *store, const char *section, const char *key,
		 const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = put_line(store, section, key, false, fmt, ap);
	va_end(ap);
	return rc;
}

int xt_store_add(struct xt_store *store, const char *section, const char *key,
		 const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = put_line(store, section, key, true, fmt, ap);
	va_end(ap);
	return rc;
}

int xt_store_set_timebase(struct xt_store *store, const struct xt_timebase *time)
{
	int rc = xt_store_set(store, "clock", "clock", "%s", time->clock);

	if (rc == 0)
		rc = xt_store_set(store, "clock", "is-ns", "%s", time->is_ns ? "yes" : "no");
	if (rc == 0 && time->convert)
		rc = xt_store_set(store, "clock", "convert", "mult %" PRIu32 " shift %" PRIu32,
				  time->mult, time->shift);
	if (rc == 0)
		rc = xt_store_set(store, "clock", "offset", "%" PRId64, time->offset);
	if (rc == 0)
		rc = xt_store_set(store, "clock", "tai-offset", "%" PRId64, time->tai_offset_s);
	return rc;
}

int xt_store_set_stats(struct xt_store *store, const struct xt_cpu_stats *stats)
{
	char key[16];

	snprintf(key, sizeof(key), "%u", stats->cpu);
	return xt_store_set(store, "cpus", key,
			    "written %" PRIu64 " lost %" PRIu64 " overwritten %" PRIu64
			    " raw %" PRIu64 " disk %" PRIu64, stats->written, stats->lost,
			    stats->overwritten, stats->bytes_raw, stats->bytes_disk);
}

int xt_store_set_vcpu(struct xt_store *store, const struct xt_vcpu *vcpu)
{
	char key[16], tsc[128] = "";

	snprintf(key, sizeof(key), "%d", vcpu->tid);
	if (vcpu->tsc_known)
		snprintf(tsc, sizeof(tsc), " tsc-offset %" PRId64 " tsc-ratio %" PRIu64
			 " tsc-frac %u", vcpu->tsc_offset, vcpu->tsc_ratio, vcpu->tsc_frac_bits);
	return xt_store_set(store, "vcpus", key, "vm-pid %d vcpu %u%s name %s", vcpu->vm_pid,
			    vcpu->vcpu, tsc, vcpu->vm);
}

/* ---- files ---- */

int xt_store_add_sample(struct xt_store *store, const struct xt_clock_sample *sample,
			struct rt_err *err)
{
	char line[160];
	int len, rc = 0;

	len = snprintf(line, sizeof(line),
		       "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
		       sample->mono_ns, sample->real_ns, sample->tai_ns, sample->boot_ns,
		       sample->tsc, sample->window_ns);
	pthread_mutex_lock(&store->lock);
	if (store->clocks < 0) {
		store->clocks = openat(store->dir, XT_STORE_CLOCKS,
				       O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
		if (store->clocks < 0)
			rc = -errno;
		else
			rc = rt_write_all(store->clocks, clocks_head, strlen(clocks_head));
	}
	if (rc == 0)
		rc = rt_write_all(store->clocks, line, (size_t)len);
	pthread_mutex_unlock(&store->lock);
	if (rc < 0)
		return rt_err_set(err, rc, "%s/%s: cannot be written", store->path,
				  XT_STORE_CLOCKS);
	return 0;
}

/* A section stands where its first line was set; lines stand in the order they came. */
static void print_lines(const struct xt_store *store, struct rt_buf *buf)
{
	for (size_t i = 0; i < store->nr_lines; i++) {
		const char *section = store->lines[i].section;
		bool first = true;

		for (size_t k = 0; k < i && first; k++)
			first = strcmp(store->lines[k].section, section) != 0;
		if (!first)
			continue;
		if (section[0])
			rt_buf_printf(buf, "\n[%s]\n", section);
		for (size_t k = i; k < store->nr_lines; k++) {
			if (strcmp(store->lines[k].section, section) == 0)
				rt_buf_printf(buf, "%s = %s\n", store->lines[k].key,
					      store->lines[k].value);
		}
	}
}

int xt_store_save(struct xt_store *store, struct rt_err *err)
{
	struct rt_buf buf = { 0 };
	int rc = 0;

	pthread_mutex_lock(&store->lock);
	rt_buf_printf(&buf, "xtrace = %d\ncomplete = %s\nsubbuf-size = %u\n", XT_STORE_VERSION,
		      store->complete ? "yes" : "no", store->opts.subbuf_size);
	print_lines(store, &buf);
	if (buf.failed)
		rc = rt_err_set(err, -ENOMEM, "%s", XT_STORE_SESSION);
	else
		rc = store_replace(store->dir, XT_STORE_SESSION, buf.data, buf.len,
				   !store->opts.no_sync, err);
	pthread_mutex_unlock(&store->lock);
	rt_buf_finish(&buf);
	return rc < 0 ? rt_err_wrap(err, rc, "%s", store->path) : 0;
}

/* 5 MB, a third of a second's trace, would be the most of a short recording. */
static int put_symbols(struct xt_store *store, const void *data, size_t len, struct rt_err *err)
{
	size_t bound = ZSTD_compressBound(len), n;
	void *frame = malloc(bound);
	int rc;

	n = frame ? ZSTD_compress(frame, bound, data, len, SYMBOLS_LEVEL) : 0;
	if (!frame || ZSTD_isError(n))
		rc = rt_err_set(err, -ENOMEM, XT_STORE_SYMBOLS);
	else
		rc = store_replace(store->dir, XT_STORE_SYMBOLS, frame, n, false, err);
	free(frame);
	return rc;
}

int xt_store_put(struct xt_store *store, const char *name, const void *data, size_t len,
		 struct rt_err *err)
{
	int rc;

	if (!store_known_name(name) || strcmp(name, XT_STORE_SESSION) == 0)
		return rt_err_say(err, -EINVAL, "%s: \"%s\" is no file of an xtrace directory",
				  store->path, name);
	if (strcmp(name, "kallsyms") == 0)
		rc = put_symbols(store, data, len, err);
	else
		rc = store_replace(store->dir, name, data, len, false, err);
	return rc < 0 ? rt_err_wrap(err, rc, "%s", store->path) : 0;
}
