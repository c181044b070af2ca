/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store-lane.c - find the blocks of a cpuN.xt without reading through it
 *
 * Index blocks are chained backwards from the end of the file; what stands
 * behind the last one is found by its heads.  Where the chain does not hold,
 * all heads are walked, and damaged stretches are passed over.
 */
#include "xtrace/store-read.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "lib/buf.h"
#include "lib/err.h"

#define HEAD_MAX	4096u
#define WINDOW		(256u << 10)	/* bytes looked through at a time for a head, at most */
#define FIRST_WINDOW	4096u
#define SEARCH_BACK	(32u << 20)	/* a block is never longer */
#define MAX_TAIL	(1u << 20)	/* blocks kept without an index */

/* ---- heads ---- */

static bool head_ok(const struct xt_block_head *head, unsigned int cpu)
{
	return memcmp(head->magic, XT_BLOCK_MAGIC, sizeof(head->magic)) == 0 &&
	       head->head_crc == (uint32_t)crc32(0, (const void *)head,
						 offsetof(struct xt_block_head, head_crc)) &&
	       head->version == XT_STORE_VERSION && head->head_size >= sizeof(*head) &&
	       head->head_size <= HEAD_MAX && head->cpu == cpu;
}

static uint64_t block_size(const struct xt_block_head *head)
{
	return (uint64_t)head->head_size + head->disk_size;
}

static int read_head(const struct st_lane *lane, unsigned int cpu, uint64_t at,
		     struct xt_block_head *ret)
{
	if (at > lane->size || lane->size - at < sizeof(*ret))
		return -EBADMSG;
	if (xt_pread(lane->fd, ret, sizeof(*ret), at) < 0 || !head_ok(ret, cpu))
		return -EBADMSG;
	return 0;
}

static bool index_ok(const struct xt_block_head *head)
{
	return head->kind == XT_BLOCK_INDEX && head->nr_subbufs > 0 &&
	       head->nr_subbufs <= XT_INDEX_MAX && head->codec == XT_BLOCK_RAW &&
	       head->disk_size == head->nr_subbufs * sizeof(struct xt_index_entry) +
				  sizeof(struct xt_index_tail) &&
	       head->seq >= head->nr_subbufs;
}

/* ---- searching for a head by its magic ---- */

/* The first good head in [from, to): its place, or UINT64_MAX. */
static uint64_t search(const struct st_lane *lane, unsigned int cpu, uint64_t from, uint64_t to,
		       bool last)
{
	uint64_t found = UINT64_MAX;
	size_t len = to - from;
	uint8_t *buf = malloc(len + 1);

	if (!buf || xt_pread(lane->fd, buf, len, from) < 0) {
		free(buf);
		return found;
	}
	for (size_t i = 0; i + 4 <= len && (last || found == UINT64_MAX); i++) {
		struct xt_block_head head;
		const uint8_t *hit = memmem(buf + i, len - i, XT_BLOCK_MAGIC, 4);

		if (!hit)
			break;
		i = (size_t)(hit - buf);
		if (read_head(lane, cpu, from + i, &head) == 0)
			found = from + i;
	}
	free(buf);
	return found;
}

/* Where the next bytes are that stand on a disk: a hole may be larger than any disk. */
static uint64_t skip_hole(const struct st_lane *lane, uint64_t from)
{
	off_t data = lseek(lane->fd, (off_t)from, SEEK_DATA);

	if (data < 0)
		return errno == ENXIO ? lane->size : from;
	return (uint64_t)data > from ? (uint64_t)data : from;
}

static uint64_t search_forward(const struct st_lane *lane, unsigned int cpu, uint64_t from)
{
	uint64_t window = FIRST_WINDOW;

	for (from = skip_hole(lane, from); from < lane->size; from = skip_hole(lane, from)) {
		uint64_t to = lane->size - from < window ? lane->size : from + window;
		uint64_t found = search(lane, cpu, from, to, false);

		if (found != UINT64_MAX || to == lane->size)
			return found;
		from = to - 3;
		window = window < WINDOW ? 2 * window : WINDOW;
	}
	return UINT64_MAX;
}

static uint64_t search_back(const struct st_lane *lane, unsigned int cpu)
{
	uint64_t to = lane->size, limit = to > SEARCH_BACK ? to - SEARCH_BACK : 0;

	while (to > limit) {
		uint64_t from = to - limit < WINDOW ? limit : to - WINDOW;
		uint64_t found = search(lane, cpu, from, to, true);

		if (found != UINT64_MAX || from == limit)
			return found;
		to = from + 3;
	}
	return UINT64_MAX;
}

/* ---- the chain of index blocks ---- */

/* An index block that ends the file says so in its last bytes. */
static bool index_at_end(const struct st_lane *lane, unsigned int cpu, uint64_t *ret)
{
	struct xt_index_tail tail;
	struct xt_block_head head;

	if (lane->size < sizeof(head) + sizeof(tail) ||
	    xt_pread(lane->fd, &tail, sizeof(tail), lane->size - sizeof(tail)) < 0 ||
	    memcmp(tail.magic, XT_INDEX_MAGIC, sizeof(tail.magic)) != 0)
		return false;
	if (read_head(lane, cpu, tail.offset, &head) < 0 || !index_ok(&head) ||
	    tail.offset + block_size(&head) != lane->size)
		return false;
	*ret = tail.offset;
	return true;
}

/* The last index block, by any head near the end; 0 where there is none. */
static uint64_t last_index(const struct st_lane *lane, unsigned int cpu)
{
	struct xt_block_head head;
	uint64_t at;

	if (index_at_end(lane, cpu, &at))
		return at;
	at = search_back(lane, cpu);
	if (at == UINT64_MAX || read_head(lane, cpu, at, &head) < 0)
		return 0;
	if (head.kind == XT_BLOCK_INDEX && lane->size - at >= block_size(&head))
		return at;
	return head.index < at ? head.index : 0;
}

static int add_group(struct st_lane *lane, uint64_t at, const struct xt_block_head *head)
{
	size_t n = lane->nr_groups;
	struct st_group *list;

	if ((n & (n - 1)) == 0) {
		list = realloc(lane->groups, (n ? 2 * n : 1) * sizeof(*list));
		if (!list)
			return -ENOMEM;
		lane->groups = list;
	}
	lane->groups[lane->nr_groups++] = (struct st_group){
		.offset = at + head->head_size, .nr = head->nr_subbufs, .crc = head->payload_crc,
		.first = head->seq - head->nr_subbufs, .head = at, .before = head->index,
	};
	return 0;
}

static void reverse_groups(struct st_lane *lane)
{
	for (size_t i = 0, k = lane->nr_groups; k && i < --k; i++) {
		struct st_group group = lane->groups[i];

		lane->groups[i] = lane->groups[k];
		lane->groups[k] = group;
	}
}

/*
 * Follows the chain from the index at @at to the file's begin.
 * Return: where the last index block ends, 0 when the chain does not hold.
 */
static uint64_t read_chain(struct st_lane *lane, unsigned int cpu, uint64_t at)
{
	uint64_t end = 0, expect = UINT64_MAX;
	struct xt_block_head head;

	while (at) {
		if (read_head(lane, cpu, at, &head) < 0 || !index_ok(&head) ||
		    lane->size - at < block_size(&head) || head.index >= at ||
		    (expect != UINT64_MAX && head.seq != expect) ||
		    add_group(lane, at, &head) < 0)
			goto broken;
		if (!end)
			end = at + block_size(&head);
		expect = head.seq - head.nr_subbufs;
		at = head.index;
	}
	if (expect == 0 || !end) {
		reverse_groups(lane);
		return end;
	}
broken:
	lane->nr_groups = 0;
	return 0;
}

/* ---- walking heads ---- */

static struct xt_index_entry entry_of(uint64_t at, const struct xt_block_head *head)
{
	return (struct xt_index_entry){
		.offset = at, .first_ts = head->first_ts, .last_ts = head->last_ts,
		.lost = head->lost, .nr_events = head->nr_events,
		.nr_subbufs = head->nr_subbufs, .flush = head->flush, .kind = head->kind,
		.flags = (uint8_t)head->flags,
	};
}

static int add_tail(struct st_lane *lane, uint64_t at, const struct xt_block_head *head)
{
	size_t n = lane->nr_tail;
	struct xt_index_entry *list;

	if (n >= MAX_TAIL)
		return -EFBIG;
	if ((n & (n - 1)) == 0) {
		list = realloc(lane->tail, (n ? 2 * n : 1) * sizeof(*list));
		if (!list)
			return -ENOMEM;
		lane->tail = list;
	}
	lane->tail[lane->nr_tail++] = entry_of(at, head);
	return 0;
}

/*
 * Stands for blocks that cannot be found any more: a gap of our own, which begins
 * where the block before it ends.
 */
static int add_damage(struct st_lane *lane, unsigned int cpu)
{
	struct xt_block_head head = {
		.kind = XT_BLOCK_GAP, .cpu = cpu, .flags = XT_BLOCK_LOST_UNKNOWN,
	};
	struct xt_block_head index;

	if (lane->nr_tail)
		head.last_ts = lane->tail[lane->nr_tail - 1].last_ts;
	else if (lane->nr_groups &&
		 read_head(lane, cpu, lane->groups[lane->nr_groups - 1].head, &index) == 0)
		head.last_ts = index.last_ts;
	head.first_ts = head.last_ts;
	return add_tail(lane, ST_NOWHERE, &head);
}

/* From a place without a good head to the next one: where that is, or the file's end. */
static uint64_t pass_damage(struct xt_trace *trace, const struct st_lane *lane, unsigned int cpu,
			    uint64_t at)
{
	uint64_t next = search_forward(lane, cpu, at + 1);

	if (next == UINT64_MAX) {
		xt_warn(trace, "cpu%u: last block torn, %llu bytes not read", cpu,
			(unsigned long long)(lane->size - at));
		return lane->size;
	}
	xt_warn(trace, "cpu%u: %llu damaged bytes at %llu are passed over", cpu,
		(unsigned long long)(next - at), (unsigned long long)at);
	return next;
}

/* @growing: what is not whole is still being written. */
static int walk(struct xt_trace *trace, struct st_lane *lane, unsigned int cpu, uint64_t at,
		bool growing)
{
	struct xt_block_head head;
	int rc = 0;

	lane->end = at;
	while (at < lane->size && rc == 0) {
		if (read_head(lane, cpu, at, &head) < 0 || lane->size - at < block_size(&head)) {
			if (growing)
				return 0;
			at = pass_damage(trace, lane, cpu, at);
			if (at < lane->size)
				rc = add_damage(lane, cpu);
			continue;
		}
		if (head.kind == XT_BLOCK_DATA || head.kind == XT_BLOCK_GAP)
			rc = add_tail(lane, at, &head);
		at += block_size(&head);
		lane->end = at;
	}
	if (rc != -EFBIG)
		return rc;
	xt_warn(trace, "cpu%u: more than %u blocks without an index, the rest is not read", cpu,
		MAX_TAIL);
	return 0;
}

int st_open_lane(struct xt_trace *trace, struct st_lane *lane, unsigned int cpu, int fd,
		 size_t *ret_nr_chunks)
{
	uint64_t index, behind;
	off_t size = lseek(fd, 0, SEEK_END);
	int rc;

	*lane = (struct st_lane){ .fd = fd, .size = size < 0 ? 0 : (uint64_t)size };
	pthread_mutex_init(&lane->lock, NULL);
	index = last_index(lane, cpu);
	behind = read_chain(lane, cpu, index);
	if (index && !behind)
		xt_warn(trace, "cpu%u: its index is damaged, all blocks are looked at", cpu);
	rc = walk(trace, lane, cpu, behind, false);
	if (lane->nr_groups) {
		const struct st_group *group = &lane->groups[lane->nr_groups - 1];

		lane->first_tail = group->first + group->nr;
	}
	*ret_nr_chunks = lane->first_tail + lane->nr_tail;
	return rc;
}

int st_grow_lane(struct xt_trace *trace, struct st_lane *lane, unsigned int cpu,
		 size_t *ret_nr_chunks)
{
	off_t size = lseek(lane->fd, 0, SEEK_END);
	int rc = 0;

	if (size > 0 && (uint64_t)size > lane->size)
		lane->size = (uint64_t)size;
	if (lane->end < lane->size)
		rc = walk(trace, lane, cpu, lane->end, true);
	*ret_nr_chunks = lane->first_tail + lane->nr_tail;
	return rc;
}

void st_lane_finish(struct st_lane *lane)
{
	close(lane->fd);
	free(lane->groups);
	free(lane->tail);
	free(lane->loaded);
	pthread_mutex_destroy(&lane->lock);
}

/* ---- entries ---- */

static size_t group_of(const struct st_lane *lane, uint64_t chunk)
{
	size_t low = 0, high = lane->nr_groups;

	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (lane->groups[mid].first <= chunk)
			low = mid;
		else
			high = mid;
	}
	return low;
}

/*
 * Entries of a group whose index block is damaged, from the blocks themselves; those
 * that are damaged too stay without a kind.
 */
static void find_entries(const struct st_lane *lane, unsigned int cpu,
			 const struct st_group *group, struct xt_index_entry *entries)
{
	struct xt_block_head head;
	uint64_t at = group->before;

	memset(entries, 0, group->nr * sizeof(*entries));
	while (at < group->head) {
		if (read_head(lane, cpu, at, &head) < 0 || group->head - at < block_size(&head)) {
			at = search_forward(lane, cpu, at + 1);
			continue;
		}
		if (head.kind != XT_BLOCK_INDEX && head.seq >= group->first &&
		    head.seq - group->first < group->nr)
			entries[head.seq - group->first] = entry_of(at, &head);
		at += block_size(&head);
	}
}

/* Has the entries of a group in ->loaded; under the lock. */
static int load_group(struct st_lane *lane, unsigned int cpu, size_t number)
{
	const struct st_group *group = &lane->groups[number];
	size_t list = group->nr * sizeof(struct xt_index_entry);
	size_t len = list + sizeof(struct xt_index_tail);
	struct xt_index_entry *entries;

	if (lane->loaded && lane->loaded_group == number)
		return 0;
	entries = malloc(len);
	if (!entries)
		return -ENOMEM;
	if (xt_pread(lane->fd, entries, len, group->offset) < 0 ||
	    (uint32_t)crc32(0, (const void *)entries, (uInt)len) != group->crc)
		find_entries(lane, cpu, group, entries);
	free(lane->loaded);
	lane->loaded = entries;
	lane->loaded_group = number;
	return 0;
}

static int get_entry(struct st_lane *lane, unsigned int cpu, uint64_t chunk,
		     struct xt_index_entry *ret)
{
	size_t number;
	int rc;

	if (chunk >= lane->first_tail) {
		*ret = lane->tail[chunk - lane->first_tail];
		return 0;
	}
	number = group_of(lane, chunk);
	pthread_mutex_lock(&lane->lock);
	rc = load_group(lane, cpu, number);
	if (rc == 0)
		*ret = lane->loaded[chunk - lane->groups[number].first];
	pthread_mutex_unlock(&lane->lock);
	return rc;
}

void st_chunk(const struct xt_trace *trace, unsigned int index, size_t chunk,
	      struct xt_chunk *ret)
{
	const struct st *st = trace->priv;
	struct xt_index_entry entry;

	if (get_entry(&st->lanes[index], trace->lanes[index].cpu, chunk, &entry) < 0 || !entry.kind)
		return;
	*ret = (struct xt_chunk){
		.times_known = true, .counts_known = !(entry.flags & XT_BLOCK_LOST_UNKNOWN),
		.first_ts = entry.first_ts, .last_ts = entry.last_ts, .lost = entry.lost,
		.nr_events = entry.nr_events,
		.nr_pages = entry.kind == XT_BLOCK_GAP ? 1 : entry.nr_subbufs,
		.flush = entry.flush,
	};
	ret->bytes = ret->nr_pages * st->subbuf_size;
}

/* ---- loading ---- */

/* Whether a data block's numbers agree with each other and with the trace. */
static int check_data(const struct xt_block_head *head, uint32_t subbuf_size, struct rt_err *err)
{
	uint64_t whole = (uint64_t)head->nr_subbufs * subbuf_size;

	if (head->subbuf_size != subbuf_size)
		return rt_err_say(err, -EBADMSG, "expected sub-buffers of %u bytes, found %u",
				  subbuf_size, head->subbuf_size);
	if (head->nr_subbufs == 0 || whole > XT_MAX_CHUNK || head->raw_size > whole ||
	    head->raw_size <= whole - subbuf_size)
		return rt_err_say(err, -EBADMSG, "%u bytes are no %u sub-buffers of %u bytes",
				  head->raw_size, head->nr_subbufs, subbuf_size);
	if (head->codec > XT_BLOCK_ZSTD)
		return rt_err_say(err, -EOPNOTSUPP, "compression %u is not known", head->codec);
	if (head->disk_size > XT_MAX_CHUNK + XT_MAX_PAGE)
		return rt_err_say(err, -EBADMSG, "claims %u bytes on disk", head->disk_size);
	return 0;
}

/* Where and with what one load works. */
struct loader {
	const struct xt_trace *trace;
	unsigned int index;	/* of the lane */
	struct xt_worker *worker;
	struct rt_buf *frame;	/* gets the bytes of a block as compressed; NULL */
};

static int load_data(const struct loader *loader, uint64_t at, const struct xt_block_head *head,
		     uint8_t *to, struct rt_err *err)
{
	const struct st *st = loader->trace->priv;
	const struct st_lane *lane = &st->lanes[loader->index];
	uint32_t subbuf_size = st->subbuf_size;
	struct xt_worker *worker = loader->worker;
	uint8_t *io;
	int rc = check_data(head, subbuf_size, err);

	if (rc < 0)
		return rc;
	io = xt_worker_io(worker, head->disk_size);
	if (!io)
		return rt_err_set(err, -ENOMEM, "cannot read %u bytes", head->disk_size);
	rc = xt_pread(lane->fd, io, head->disk_size, at + head->head_size);
	if (rc < 0)
		return rt_err_set(err, rc, "cannot read %u bytes", head->disk_size);
	if ((uint32_t)crc32(0, io, head->disk_size) != head->payload_crc)
		return rt_err_say(err, -EBADMSG, "checksum mismatch");
	rc = xt_decompress(head->codec == XT_BLOCK_ZSTD ? XT_CODEC_ZSTD : XT_CODEC_NONE, worker,
			   io, head->disk_size, to, head->raw_size);
	if (rc < 0)
		return rt_err_say(err, rc, "cannot decompress %u bytes to %u", head->disk_size,
				  head->raw_size);
	memset(to + head->raw_size, 0, (size_t)head->nr_subbufs * subbuf_size - head->raw_size);
	if (loader->frame && head->codec == XT_BLOCK_ZSTD)
		rt_buf_add(loader->frame, io, head->disk_size);
	return 0;
}

/* A gap becomes a sub-buffer without events in front of which events were lost. */
static void make_gap(const struct xt_block_head *head, uint32_t subbuf_size, uint8_t *to)
{
	uint32_t commit = XT_COMMIT_LOST | (((uint32_t)head->reason << XT_COMMIT_WHY_SHIFT) &
					    XT_COMMIT_WHY);

	memset(to, 0, subbuf_size);
	memcpy(to, &head->last_ts, sizeof(head->last_ts));
	if (!(head->flags & XT_BLOCK_LOST_UNKNOWN)) {
		commit |= XT_COMMIT_COUNT;
		memcpy(to + XT_PAGE_HEAD, &head->lost, sizeof(head->lost));
	}
	memcpy(to + XT_PAGE_COMMIT, &commit, sizeof(commit));
}

static int load_one(const struct loader *loader, size_t chunk, const struct xt_index_entry *entry,
		    uint8_t *to, struct rt_err *err)
{
	const struct st *st = loader->trace->priv;
	const struct st_lane *lane = &st->lanes[loader->index];
	unsigned int cpu = loader->trace->lanes[loader->index].cpu;
	struct xt_block_head head;
	int rc;

	if (entry->offset == ST_NOWHERE) {
		head = (struct xt_block_head){ .flags = entry->flags, .last_ts = entry->last_ts };
		make_gap(&head, st->subbuf_size, to);
		return 0;
	}
	rc = read_head(lane, cpu, entry->offset, &head);
	if (rc < 0 || head.kind != entry->kind || lane->size - entry->offset < block_size(&head) ||
	    (head.kind == XT_BLOCK_DATA && head.nr_subbufs != entry->nr_subbufs))
		rc = rt_err_say(err, -EBADMSG, "its head is damaged");
	else if (head.kind == XT_BLOCK_DATA)
		rc = load_data(loader, entry->offset, &head, to, err);
	else
		make_gap(&head, st->subbuf_size, to);
	if (rc < 0)
		return rt_err_wrap(err, rc, "cpu%u.xt: block %zu at %llu", cpu, chunk,
				   (unsigned long long)entry->offset);
	return 0;
}

static int get_entries(const struct xt_trace *trace, unsigned int index, size_t first, size_t nr,
		       struct xt_index_entry *ret, uint32_t *ret_pages, struct rt_err *err)
{
	const struct st *st = trace->priv;
	uint64_t pages = 0;

	for (size_t i = 0; i < nr; i++) {
		unsigned int cpu = trace->lanes[index].cpu;
		int rc = get_entry(&st->lanes[index], cpu, first + i, &ret[i]);

		if (rc < 0)
			return rt_err_set(err, rc,
					  "cpu%u.xt: the index of block %zu cannot be read", cpu,
					  first + i);
		if (ret[i].kind != XT_BLOCK_DATA && ret[i].kind != XT_BLOCK_GAP)
			return rt_err_say(err, -EBADMSG,
					  "cpu%u.xt: block %zu is damaged, and so is its index",
					  cpu, first + i);
		if (ret[i].kind == XT_BLOCK_GAP)
			ret[i].nr_subbufs = 1;
		pages += ret[i].nr_subbufs;
		if (pages * st->subbuf_size > XT_MAX_LOAD)
			return rt_err_say(err, -EFBIG, "cpu%u.xt: more than %u bytes in one load",
					  trace->lanes[index].cpu, XT_MAX_LOAD);
	}
	*ret_pages = (uint32_t)pages;
	return 0;
}

static int load_all(const struct xt_trace *trace, unsigned int index, size_t first, size_t nr,
		    const struct xt_index_entry *entries, uint8_t *to, struct rt_buf *frame,
		    struct rt_err *err)
{
	const struct st *st = trace->priv;
	const struct loader loader = {
		.trace = trace, .index = index, .worker = xt_pool_worker(trace->pool),
		.frame = frame,
	};
	int rc = 0;

	if (!loader.worker)
		return rt_err_set(err, -ENOMEM, "cannot load");
	for (size_t i = 0; i < nr && rc == 0; i++) {
		rc = load_one(&loader, first + i, &entries[i], to, err);
		to += (size_t)entries[i].nr_subbufs * st->subbuf_size;
	}
	xt_pool_worker_put(trace->pool, loader.worker);
	return rc;
}

static int load_blocks(const struct xt_trace *trace, unsigned int index, size_t first, size_t nr,
		       struct rt_buf *frame, struct xt_pages **ret, struct rt_err *err)
{
	const struct st *st = trace->priv;
	struct xt_index_entry few[64], *entries = few;
	struct xt_pages *pages = NULL;
	uint32_t nr_pages = 0;
	int rc;

	if (nr > sizeof(few) / sizeof(few[0])) {
		entries = calloc(nr, sizeof(*entries));
		if (!entries)
			return rt_err_set(err, -ENOMEM, "cannot load %zu blocks", nr);
	}
	rc = get_entries(trace, index, first, nr, entries, &nr_pages, err);
	if (rc == 0) {
		pages = xt_pool_pages(trace->pool, nr_pages, st->subbuf_size);
		rc = pages ? load_all(trace, index, first, nr, entries, xt_pages_data(pages), frame,
				      err) :
		     rt_err_set(err, -ENOMEM, "cannot load %u sub-buffers", nr_pages);
	}
	if (entries != few)
		free(entries);
	if (rc < 0)
		xt_pages_put(pages);
	else
		*ret = pages;
	return rc;
}

int st_load(const struct xt_trace *trace, unsigned int index, size_t first, size_t nr,
	    struct xt_pages **ret, struct rt_err *err)
{
	return load_blocks(trace, index, first, nr, NULL, ret, err);
}

int st_load_frame(const struct xt_trace *trace, unsigned int index, size_t chunk,
		  struct rt_buf *frame, struct xt_pages **ret, struct rt_err *err)
{
	return load_blocks(trace, index, chunk, 1, frame, ret, err);
}
