/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store-block.c - append blocks to a CPU's file
 *
 * What one call brings goes out by one pwritev(2) at a known offset; a write
 * that fails is cut off again, so that the file always ends with a whole block.
 */
#include "xtrace/store-local.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "lib/err.h"
#include "xtrace/local.h"

/* ---- contexts, one an append that is under way ---- */

static struct store_packer *take_packer(struct xt_store *store)
{
	struct store_packer *packer;

	pthread_mutex_lock(&store->packer_lock);
	packer = store->packers;
	if (packer)
		store->packers = packer->next;
	pthread_mutex_unlock(&store->packer_lock);
	if (packer)
		return packer;
	packer = calloc(1, sizeof(*packer));
	if (!packer)
		return NULL;
	packer->cctx = ZSTD_createCCtx();
	if (packer->cctx)
		return packer;
	free(packer);
	return NULL;
}

static void put_packer(struct xt_store *store, struct store_packer *packer)
{
	pthread_mutex_lock(&store->packer_lock);
	packer->next = store->packers;
	store->packers = packer;
	pthread_mutex_unlock(&store->packer_lock);
}

void store_packers_destroy(struct xt_store *store)
{
	while (store->packers) {
		struct store_packer *packer = store->packers;

		store->packers = packer->next;
		ZSTD_freeCCtx(packer->cctx);
		free(packer->out);
		free(packer);
	}
}

/* Contents up to @used are kept. */
static bool packer_room(struct store_packer *packer, size_t need)
{
	uint8_t *out;

	if (need <= packer->room)
		return true;
	need += need / 4;
	out = realloc(packer->out, need);
	if (!out)
		return false;
	packer->out = out;
	packer->room = need;
	return true;
}

/* ---- a CPU's file ---- */

static int open_file(struct xt_store *store, unsigned int cpu, struct store_file **ret,
		     struct rt_err *err)
{
	struct store_file *file;
	char name[32];
	int rc;

	if (cpu >= STORE_MAX_CPUS)
		return rt_err_say(err, -EINVAL, "%s: CPU %u, expected less than %u", store->path,
				  cpu, STORE_MAX_CPUS);
	if (store->files[cpu]) {
		*ret = store->files[cpu];
		return 0;
	}
	file = calloc(1, sizeof(*file));
	if (!file)
		return rt_err_set(err, -ENOMEM, "%s/cpu%u.xt", store->path, cpu);
	file->cpu = cpu;
	snprintf(name, sizeof(name), "cpu%u.xt", cpu);
	file->fd = openat(store->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (file->fd < 0) {
		rc = rt_err_set(err, -errno, "%s/%s: cannot be made", store->path, name);
		free(file);
		return rc;
	}
	__atomic_store_n(&store->files[cpu], file, __ATOMIC_RELEASE);
	*ret = file;
	return 0;
}

static void add_count(uint64_t *to, uint64_t n)
{
	__atomic_store_n(to, *to + n, __ATOMIC_RELAXED);
}

/* All of the bytes at the file's end, or none of them. */
static int write_out(struct xt_store *store, struct store_file *file, const uint8_t *data,
		     size_t len, struct rt_err *err)
{
	size_t done = 0;
	int rc = 0;

	while (done < len) {
		struct iovec part = { (void *)(data + done), len - done };
		ssize_t n = pwritev(file->fd, &part, 1, (off_t)(file->size + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			rc = n < 0 ? -errno : -ENOSPC;
			break;
		}
		done += (size_t)n;
	}
	if (rc == 0) {
		file->size += len;
		add_count(&file->count.bytes_disk, len);
		return 0;
	}
	if (done && ftruncate(file->fd, (off_t)file->size) < 0)
		return rt_err_set(err, -errno, "%s/cpu%u.xt: cannot be cut back to its last block",
				  store->path, file->cpu);
	return rt_err_set(err, rc, "%s/cpu%u.xt: cannot write %zu bytes", store->path, file->cpu,
			  len);
}

static void sync_file(struct xt_store *store, struct store_file *file)
{
	if (!store->opts.sync_bytes || file->size - file->synced < store->opts.sync_bytes)
		return;
	fdatasync(file->fd);
	file->synced = file->size;
}

/* ---- heads ---- */

static void seal(struct xt_block_head *head, const void *payload)
{
	memcpy(head->magic, XT_BLOCK_MAGIC, sizeof(head->magic));
	head->version = XT_STORE_VERSION;
	head->head_size = sizeof(*head);
	head->payload_crc = (uint32_t)crc32(0, payload, head->disk_size);
	head->head_crc = (uint32_t)crc32(0, (const void *)head,
					 offsetof(struct xt_block_head, head_crc));
}

/* What one append builds: bytes, and where its blocks will stand. */
struct batch {
	struct store_packer *packer;
	size_t len;
	struct xt_index_entry *entries;		/* the file's own, then these */
	unsigned int nr_entries;
	uint64_t seq, index, last_ts;
	struct xt_store_count count;
};

static void note_entry(struct batch *batch, uint64_t offset, const struct xt_block_head *head)
{
	batch->entries[batch->nr_entries++] = (struct xt_index_entry){
		.offset = offset,
		.first_ts = head->first_ts, .last_ts = head->last_ts, .lost = head->lost,
		.nr_events = head->nr_events, .nr_subbufs = head->nr_subbufs,
		.flush = head->flush, .kind = head->kind, .flags = (uint8_t)head->flags,
	};
	batch->seq++;
	batch->last_ts = head->last_ts;
	batch->count.events += head->nr_events;
	batch->count.lost += head->lost;
	batch->count.bytes_raw += head->raw_size;
	batch->count.blocks++;
}

/* An index over the entries so far: they begin anew. */
static bool add_index(struct xt_store *store, struct store_file *file, struct batch *batch)
{
	uint64_t offset = file->size + batch->len;
	size_t list = batch->nr_entries * sizeof(struct xt_index_entry);
	struct xt_index_tail tail = { .offset = offset };
	struct xt_block_head head = {
		.kind = XT_BLOCK_INDEX, .cpu = file->cpu, .seq = batch->seq,
		.first_ts = UINT64_MAX, .subbuf_size = store->opts.subbuf_size,
		.nr_subbufs = batch->nr_entries, .index = batch->index,
		.disk_size = (uint32_t)(list + sizeof(tail)),
		.raw_size = (uint32_t)(list + sizeof(tail)),
	};
	uint8_t *to;

	if (!packer_room(batch->packer, batch->len + sizeof(head) + head.disk_size))
		return false;
	to = batch->packer->out + batch->len;
	for (unsigned int i = 0; i < batch->nr_entries; i++) {
		const struct xt_index_entry *entry = &batch->entries[i];

		if (entry->first_ts < head.first_ts)
			head.first_ts = entry->first_ts;
		if (entry->last_ts > head.last_ts)
			head.last_ts = entry->last_ts;
	}
	memcpy(tail.magic, XT_INDEX_MAGIC, sizeof(tail.magic));
	memcpy(to + sizeof(head), batch->entries, list);
	memcpy(to + sizeof(head) + list, &tail, sizeof(tail));
	seal(&head, to + sizeof(head));
	memcpy(to, &head, sizeof(head));
	batch->len += sizeof(head) + head.disk_size;
	batch->nr_entries = 0;
	batch->index = offset;
	return true;
}

/* ---- data ---- */

/* Clears what stands behind the data of a sub-buffer; returns where that ends. */
static uint32_t trim(uint8_t *subbuf, uint32_t size)
{
	uint32_t commit, used;

	memcpy(&commit, subbuf + XT_PAGE_COMMIT, sizeof(commit));
	used = XT_PAGE_HEAD + (commit & XT_COMMIT_BYTES);
	if (used > size)
		return size;
	if ((commit & XT_COMMIT_COUNT) && size - used >= sizeof(uint64_t))
		used += sizeof(uint64_t);
	memset(subbuf + used, 0, size - used);
	return used;
}

static void count_records(const uint8_t *subbuf, uint32_t size, struct xt_block_head *head)
{
	struct xt_cursor cursor;
	struct xt_rec rec;

	xt_cursor_start(&cursor, subbuf, size, 0);
	if (cursor.ts < head->first_ts)
		head->first_ts = cursor.ts;
	if (cursor.ts > head->last_ts)
		head->last_ts = cursor.ts;
	while (xt_cursor_next(&cursor, &rec)) {
		uint64_t lost;

		if (rec.ts < head->first_ts)
			head->first_ts = rec.ts;
		if (rec.ts > head->last_ts)
			head->last_ts = rec.ts;
		if (!(rec.flags & XT_REC_LOST)) {
			head->nr_events++;
		} else if (rec.data) {
			memcpy(&lost, rec.data, sizeof(lost));
			head->lost += lost;
		} else {
			head->flags |= XT_BLOCK_LOST_UNKNOWN;
		}
	}
}

static bool pack(struct batch *batch, const uint8_t *data, struct xt_block_head *head, int level)
{
	size_t bound = ZSTD_compressBound(head->raw_size), n;
	uint8_t *to;

	if (!packer_room(batch->packer, batch->len + sizeof(*head) + bound))
		return false;
	to = batch->packer->out + batch->len + sizeof(*head);
	n = ZSTD_compressCCtx(batch->packer->cctx, to, bound, data, head->raw_size, level);
	head->codec = XT_BLOCK_ZSTD;
	if (ZSTD_isError(n) || n >= head->raw_size) {
		head->codec = XT_BLOCK_RAW;
		n = head->raw_size;
		memcpy(to, data, n);
	}
	head->disk_size = (uint32_t)n;
	seal(head, to);
	memcpy(to - sizeof(*head), head, sizeof(*head));
	return true;
}

static bool add_block(struct xt_store *store, struct store_file *file, struct batch *batch,
		      uint8_t *subbufs, uint32_t nr, uint32_t flush)
{
	uint32_t size = store->opts.subbuf_size, used = 0;
	struct xt_block_head head = {
		.kind = XT_BLOCK_DATA, .cpu = file->cpu, .flush = flush, .seq = batch->seq,
		.first_ts = UINT64_MAX, .subbuf_size = size, .nr_subbufs = nr,
		.index = batch->index,
	};

	for (uint32_t i = 0; i < nr; i++) {
		used = trim(subbufs + (size_t)i * size, size);
		count_records(subbufs + (size_t)i * size, size, &head);
	}
	head.raw_size = (nr - 1) * size + used;
	if (!pack(batch, subbufs, &head, __atomic_load_n(&store->level, __ATOMIC_RELAXED)))
		return false;
	note_entry(batch, file->size + batch->len, &head);
	batch->len += sizeof(head) + head.disk_size;
	return batch->nr_entries < XT_INDEX_EACH || add_index(store, file, batch);
}

/* The batch begins where the file ends, and works on a copy of its entries. */
static int batch_start(struct xt_store *store, struct store_file *file, struct batch *batch)
{
	*batch = (struct batch){
		.packer = take_packer(store), .seq = file->seq, .index = file->index,
		.last_ts = file->last_ts, .nr_entries = file->nr_entries,
		.entries = malloc(sizeof(file->entries)),
	};
	if (!batch->packer || !batch->entries)
		return -ENOMEM;
	memcpy(batch->entries, file->entries, file->nr_entries * sizeof(file->entries[0]));
	return 0;
}

/* Only what is on the disk becomes the file's state. */
static int batch_write(struct xt_store *store, struct store_file *file, struct batch *batch,
		       struct rt_err *err)
{
	int rc = write_out(store, file, batch->packer->out, batch->len, err);

	if (rc < 0)
		return rc;
	memcpy(file->entries, batch->entries, batch->nr_entries * sizeof(file->entries[0]));
	file->nr_entries = batch->nr_entries;
	file->seq = batch->seq;
	file->index = batch->index;
	file->last_ts = batch->last_ts;
	add_count(&file->count.events, batch->count.events);
	add_count(&file->count.lost, batch->count.lost);
	add_count(&file->count.bytes_raw, batch->count.bytes_raw);
	add_count(&file->count.blocks, batch->count.blocks);
	sync_file(store, file);
	return 0;
}

static void batch_end(struct xt_store *store, struct batch *batch)
{
	if (batch->packer)
		put_packer(store, batch->packer);
	free(batch->entries);
}

int xt_store_append(struct xt_store *store, unsigned int cpu, void *subbufs, size_t nr,
		    uint32_t flush, struct rt_err *err)
{
	uint32_t size = store->opts.subbuf_size;
	uint32_t each = size < XT_STORE_BLOCK_BYTES ? XT_STORE_BLOCK_BYTES / size : 1;
	struct store_file *file;
	struct batch batch;
	int rc = open_file(store, cpu, &file, err);

	if (rc < 0 || nr == 0)
		return rc;
	rc = batch_start(store, file, &batch);
	for (size_t i = 0; i < nr && rc == 0; i += each) {
		uint32_t n = nr - i < each ? (uint32_t)(nr - i) : each;

		if (!add_block(store, file, &batch, (uint8_t *)subbufs + i * size, n, flush))
			rc = -ENOMEM;
	}
	if (rc < 0)
		rt_err_set(err, rc, "%s/cpu%u.xt: cannot compress", store->path, cpu);
	else
		rc = batch_write(store, file, &batch, err);
	batch_end(store, &batch);
	return rc;
}

/* A clock that is a CPU's own may be behind that of who notes the gap, or in front. */
static void bound_gap(const struct store_file *file, struct xt_block_head *head)
{
	if (head->first_ts < file->last_ts)
		head->first_ts = file->last_ts;
	if (head->last_ts < head->first_ts)
		head->last_ts = head->first_ts;
}

int xt_store_gap(struct xt_store *store, unsigned int cpu, const struct xt_gap *gap,
		 struct rt_err *err)
{
	struct xt_block_head head = {
		.kind = XT_BLOCK_GAP, .cpu = cpu, .flush = gap->flush,
		.first_ts = gap->first_ts, .last_ts = gap->last_ts,
		.lost = gap->count_known ? gap->count : 0,
		.flags = gap->count_known ? 0 : XT_BLOCK_LOST_UNKNOWN,
		.subbuf_size = store->opts.subbuf_size, .reason = (uint8_t)gap->reason,
	};
	struct store_file *file;
	struct batch batch;
	int rc = open_file(store, cpu, &file, err);

	if (rc < 0)
		return rc;
	rc = batch_start(store, file, &batch);
	if (rc == 0 && !packer_room(batch.packer, sizeof(head)))
		rc = -ENOMEM;
	if (rc == 0) {
		head.seq = batch.seq;
		head.index = batch.index;
		bound_gap(file, &head);
		seal(&head, "");
		memcpy(batch.packer->out, &head, sizeof(head));
		note_entry(&batch, file->size, &head);
		batch.len = sizeof(head);
		if (batch.nr_entries == XT_INDEX_EACH && !add_index(store, file, &batch))
			rc = -ENOMEM;
	}
	if (rc < 0)
		rt_err_set(err, rc, "%s/cpu%u.xt: cannot note a gap", store->path, cpu);
	else
		rc = batch_write(store, file, &batch, err);
	batch_end(store, &batch);
	return rc;
}

int store_finish_file(struct xt_store *store, struct store_file *file, struct rt_err *err)
{
	struct batch batch;
	int rc = 0;

	if (file->nr_entries) {
		rc = batch_start(store, file, &batch);
		if (rc == 0 && !add_index(store, file, &batch))
			rc = -ENOMEM;
		if (rc < 0)
			rt_err_set(err, rc, "%s/cpu%u.xt: cannot write its index", store->path,
				   file->cpu);
		else
			rc = batch_write(store, file, &batch, err);
		batch_end(store, &batch);
	}
	if (!store->opts.no_sync && fdatasync(file->fd) < 0 && rc == 0)
		rc = rt_err_set(err, -errno, "%s/cpu%u.xt: cannot be synced", store->path,
				file->cpu);
	return rc;
}
