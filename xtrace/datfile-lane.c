/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * datfile-lane.c - the data of a trace.dat, a lane a CPU
 *
 * Compressed data is a list of chunks, each led by its two sizes.  The list is
 * not walked at opening: a load walks on from the nearest place that is known.
 */
#include "xtrace/datfile.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/err.h"

#define CHUNK_HEAD	8
#define COUNT_BYTES	4	/* number of chunks, in front of the first */
#define RAW_CHUNK	65536u	/* bytes of a chunk where the file has none */
#define FIRST_GUESS	16384u
#define PROVEN_BYTES	(8u << 20)	/* a lane up to here is walked when it is opened */
#define READ_AHEAD	(4u << 20)

static bool page_size_ok(uint32_t size)
{
	return size >= XT_MIN_PAGE && size <= XT_MAX_PAGE && (size & (size - 1)) == 0;
}

static uint32_t raw_pages(const struct dat_lane *lane)
{
	return lane->page_size < RAW_CHUNK ? RAW_CHUNK / lane->page_size : 1;
}

/* How many whole chunks there are, whatever their number in front of them says. */
static size_t count_chunks(const struct dat *dat, const struct dat_lane *lane)
{
	uint64_t at = lane->begin;
	size_t n = 0;

	while (lane->end - at >= CHUNK_HEAD) {
		uint32_t csize;

		if (xt_pread(dat->fd, &csize, sizeof(csize), at) < 0 ||
		    csize > lane->end - at - CHUNK_HEAD)
			break;
		at += CHUNK_HEAD + csize;
		n++;
	}
	return n;
}

/* The number of chunks is proven by walking where that costs little or it cannot be right. */
static size_t count_compressed(struct xt_trace *trace, struct dat_lane *lane,
			       const struct xt_lane_info *info, bool cut)
{
	const struct dat *dat = trace->priv;
	uint32_t claimed = 0;
	uint64_t bytes;
	size_t nr;

	if (lane->end - lane->begin < COUNT_BYTES ||
	    xt_pread(dat->fd, &claimed, sizeof(claimed), lane->begin) < 0)
		return 0;
	lane->begin += COUNT_BYTES;
	bytes = lane->end - lane->begin;
	if (!cut && bytes > PROVEN_BYTES && claimed && claimed <= bytes / CHUNK_HEAD)
		return claimed;
	nr = count_chunks(dat, lane);
	if (nr != claimed)
		xt_warn(trace,
			"%s%scpu%u: %u chunks are claimed at %llu, %zu are found: these are read",
			info->buffer, info->buffer[0] ? ": " : "", info->cpu, claimed,
			(unsigned long long)lane->begin - COUNT_BYTES, nr);
	return nr;
}

/* The range in the file, cut to what there is; returns whether it was. */
static bool cut_range(struct xt_trace *trace, const struct xt_lane_info *info, uint64_t *offset,
		      uint64_t *size)
{
	const struct dat *dat = trace->priv;
	uint64_t room = *offset < dat->size ? dat->size - *offset : 0;

	if (*size <= room)
		return false;
	xt_warn(trace, "%s%scpu%u: the file is cut: %llu of %llu bytes are there", info->buffer,
		info->buffer[0] ? ": " : "", info->cpu, (unsigned long long)room,
		(unsigned long long)*size);
	*size = room;
	return true;
}

static int grow_lanes(struct xt_trace *trace)
{
	struct dat *dat = trace->priv;
	unsigned int n = trace->nr_lanes;
	struct xt_lane_info *infos;
	struct dat_lane *lanes;

	if (n & (n - 1))
		return 0;
	infos = realloc(trace->lanes, (n ? 2 * n : 1) * sizeof(*infos));
	if (!infos)
		return -ENOMEM;
	trace->lanes = infos;
	lanes = realloc(dat->lanes, (n ? 2 * n : 1) * sizeof(*lanes));
	if (!lanes)
		return -ENOMEM;
	dat->lanes = lanes;
	return 0;
}

static bool has_lane(const struct xt_trace *trace, const char *buffer, unsigned int cpu)
{
	for (unsigned int i = trace->nr_lanes; i-- > 0; ) {
		if (trace->lanes[i].cpu == cpu && strcmp(trace->lanes[i].buffer, buffer) == 0)
			return true;
		if (strcmp(trace->lanes[i].buffer, buffer) != 0)
			return false;
	}
	return false;
}

int dat_add_lane(struct xt_trace *trace, const char *buffer, unsigned int cpu, uint64_t offset,
		 uint64_t size, uint32_t page_size, bool compressed)
{
	struct dat *dat = trace->priv;
	struct xt_lane_info *info;
	struct dat_lane *lane;
	bool cut;

	if (cpu >= XT_MAX_CPUS || trace->nr_lanes >= XT_MAX_LANES || !page_size_ok(page_size) ||
	    has_lane(trace, buffer, cpu)) {
		xt_warn(trace,
			"buffer \"%s\": CPU %u with sub-buffers of %u bytes is passed over: %s",
			buffer, cpu, page_size,
			page_size_ok(page_size) ? "too many, or twice" : "no size a kernel has");
		return 0;
	}
	if (grow_lanes(trace) < 0)
		return -ENOMEM;
	info = &trace->lanes[trace->nr_lanes];
	*info = (struct xt_lane_info){ .cpu = cpu };
	if (compressed && size && size <= UINT64_MAX - COUNT_BYTES)
		size += COUNT_BYTES;	/* the writer does not count it */
	info->buffer = trace->nr_lanes && strcmp(info[-1].buffer, buffer) == 0 ? info[-1].buffer :
		       xt_keep(trace, buffer, strlen(buffer));
	cut = cut_range(trace, info, &offset, &size);
	lane = &dat->lanes[trace->nr_lanes];
	*lane = (struct dat_lane){
		.begin = offset, .end = offset + size, .page_size = page_size,
		.compressed = compressed, .guess = FIRST_GUESS,
	};
	pthread_mutex_init(&lane->lock, NULL);
	if (compressed) {
		info->nr_chunks = count_compressed(trace, lane, info, cut);
	} else {
		uint64_t bytes = (uint64_t)raw_pages(lane) * page_size;

		lane->end -= size % page_size;
		info->nr_chunks = (lane->end - lane->begin + bytes - 1) / bytes;
	}
	lane->hint_offset = lane->begin;
	trace->nr_lanes++;
	return 0;
}

static int by_begin(const void *a, const void *b, void *arg)
{
	const struct dat_lane *lanes = arg, *x = &lanes[*(const unsigned int *)a];
	const struct dat_lane *y = &lanes[*(const unsigned int *)b];

	return x->begin < y->begin ? -1 : x->begin > y->begin;
}

int dat_check_overlap(struct xt_trace *trace)
{
	struct dat *dat = trace->priv;
	unsigned int *order = calloc(trace->nr_lanes + 1, sizeof(*order));
	uint64_t end = 0;

	if (!order)
		return -ENOMEM;
	for (unsigned int i = 0; i < trace->nr_lanes; i++)
		order[i] = i;
	qsort_r(order, trace->nr_lanes, sizeof(*order), by_begin, dat->lanes);
	for (unsigned int i = 0; i < trace->nr_lanes; i++) {
		struct xt_lane_info *info = &trace->lanes[order[i]];
		const struct dat_lane *lane = &dat->lanes[order[i]];

		if (!info->nr_chunks)
			continue;
		if (lane->begin < end) {
			xt_warn(trace, "%s%scpu%u: its data at %llu is that of another CPU too: "
				"it is passed over", info->buffer, info->buffer[0] ? ": " : "",
				info->cpu, (unsigned long long)lane->begin);
			info->nr_chunks = 0;
		} else {
			end = lane->end;
		}
	}
	free(order);
	return 0;
}

void dat_lanes_destroy(struct xt_trace *trace)
{
	struct dat *dat = trace->priv;

	for (unsigned int i = 0; i < trace->nr_lanes; i++) {
		pthread_mutex_destroy(&dat->lanes[i].lock);
		free(dat->lanes[i].marks);
	}
	free(dat->lanes);
}

/* ---- where a chunk stands ---- */

static void add_mark(struct dat_lane *lane, uint64_t offset)
{
	size_t n = lane->nr_marks;
	uint64_t *list;

	if ((n & (n - 1)) == 0) {
		list = realloc(lane->marks, (n ? 2 * n : 1) * sizeof(*list));
		if (!list)
			return;
		lane->marks = list;
	}
	lane->marks[lane->nr_marks++] = offset;
}

/* Notes where a chunk stands, in passing; under the lane's lock. */
static void passed(struct dat_lane *lane, size_t index, uint64_t offset)
{
	if (index % DAT_MARK_EACH == 0 && index / DAT_MARK_EACH == lane->nr_marks)
		add_mark(lane, offset);
	lane->hint_index = index;
	lane->hint_offset = offset;
}

/* The next chunk's place is known by this one's length: there is none behind it. */
static int no_chunk(struct rt_err *err, size_t index, uint64_t at, const struct dat_lane *lane)
{
	return rt_err_say(err, -ENODATA,
			  "chunk %zu at %llu leads out of the lane, which ends at %llu: it and all "
			  "behind it cannot be read", index, (unsigned long long)at,
			  (unsigned long long)lane->end);
}

/* No compression makes more of data than that. */
static uint64_t most_packed(uint32_t raw)
{
	return raw + raw / 8u + 1024;
}

/* Both sizes in a chunk's head, checked against the lane. */
static int chunk_sizes(const struct dat *dat, const struct dat_lane *lane, size_t index,
		       uint64_t at, uint32_t sizes[2], struct rt_err *err)
{
	int rc;

	if (lane->end - at < CHUNK_HEAD)
		return no_chunk(err, index, at, lane);
	rc = xt_pread(dat->fd, sizes, CHUNK_HEAD, at);
	if (rc < 0)
		return rt_err_set(err, rc, "cannot read the head of chunk %zu at %llu", index,
				  (unsigned long long)at);
	if (sizes[0] > lane->end - at - CHUNK_HEAD)
		return no_chunk(err, index, at, lane);
	return 0;
}

static int locate(const struct dat *dat, struct dat_lane *lane, size_t index, uint64_t *ret,
		  struct rt_err *err)
{
	size_t at_index = 0;
	uint64_t at = lane->begin;
	int rc = 0;

	pthread_mutex_lock(&lane->lock);
	if (lane->nr_marks) {
		size_t mark = index / DAT_MARK_EACH;

		mark = mark < lane->nr_marks ? mark : lane->nr_marks - 1;
		at_index = mark * DAT_MARK_EACH;
		at = lane->marks[mark];
	}
	if (lane->hint_index <= index && lane->hint_index > at_index) {
		at_index = lane->hint_index;
		at = lane->hint_offset;
	}
	for (;; at_index++) {
		uint32_t sizes[2];

		passed(lane, at_index, at);
		if (at_index == index)
			break;
		rc = chunk_sizes(dat, lane, at_index, at, sizes, err);
		if (rc < 0)
			break;
		at += CHUNK_HEAD + sizes[0];
	}
	pthread_mutex_unlock(&lane->lock);
	*ret = at;
	return rc;
}

void dat_chunk(const struct xt_trace *trace, unsigned int index, size_t chunk,
	       struct xt_chunk *ret)
{
	const struct dat *dat = trace->priv;
	struct dat_lane *lane = &dat->lanes[index];
	uint32_t sizes[2];
	uint64_t at;

	if (!lane->compressed) {
		uint64_t bytes = (uint64_t)raw_pages(lane) * lane->page_size;
		uint64_t left = lane->end - lane->begin - chunk * bytes;

		ret->bytes = (uint32_t)(left < bytes ? left : bytes);
	} else if (locate(dat, lane, chunk, &at, NULL) == 0 &&
		   chunk_sizes(dat, lane, chunk, at, sizes, NULL) == 0) {
		ret->bytes = sizes[1];
	}
	ret->nr_pages = ret->bytes / lane->page_size;
}

/* ---- loading ---- */

static int load_raw(const struct xt_trace *trace, const struct dat_lane *lane, size_t first,
		    size_t nr, struct xt_pages **ret, struct rt_err *err)
{
	const struct dat *dat = trace->priv;
	uint64_t bytes = (uint64_t)raw_pages(lane) * lane->page_size;
	uint64_t at = lane->begin + first * bytes, len = lane->end - at;
	struct xt_pages *pages;
	int rc;

	if (nr < len / bytes + 1 && nr * bytes < len)
		len = nr * bytes;
	if (len > XT_MAX_LOAD)
		return rt_err_say(err, -EFBIG, "%llu bytes in one load, at most %u",
				  (unsigned long long)len, XT_MAX_LOAD);
	pages = xt_pool_pages(trace->pool, (uint32_t)(len / lane->page_size), lane->page_size);
	if (!pages)
		return rt_err_set(err, -ENOMEM, "cannot load %llu bytes", (unsigned long long)len);
	rc = xt_pread(dat->fd, xt_pages_data(pages), len, at);
	if (rc < 0) {
		xt_pages_put(pages);
		return rt_err_set(err, rc, "cannot read %llu bytes at %llu",
				  (unsigned long long)len, (unsigned long long)at);
	}
	*ret = pages;
	return 0;
}

struct window {		/* the chunks of one load as they stand in the file */
	uint8_t *data;	/* in the worker */
	uint64_t at;	/* offset of data[0] in the file */
	size_t len;	/* bytes read */
	size_t used;	/* bytes that the chunks take */
	uint64_t raw;	/* bytes when decompressed */
};

/* Makes the window hold @need bytes and, where it must read, some more. */
static int window_fill(const struct dat *dat, const struct dat_lane *lane,
		       struct xt_worker *worker, struct window *win, size_t need, size_t more)
{
	uint64_t left = lane->end - win->at;
	uint8_t *old = worker->io;
	size_t len;
	int rc;

	if (need <= win->len)
		return 0;
	len = need + more < left ? need + more : left;
	if (len > worker->io_room) {
		size_t room = (len + len / 2 + 0xffff) & ~(size_t)0xffff;

		old = realloc(worker->io, room);
		if (!old)
			return -ENOMEM;
		worker->io = old;
		worker->io_room = room;
	}
	win->data = worker->io;
	rc = xt_pread(dat->fd, win->data + win->len, len - win->len, win->at + win->len);
	if (rc == 0)
		win->len = len;
	return rc;
}

static int window_chunk(const struct dat *dat, const struct dat_lane *lane,
			struct xt_worker *worker, struct window *win, size_t index, size_t left,
			struct rt_err *err)
{
	uint64_t at = win->at + win->used, room = lane->end - at;
	size_t more =
		(size_t)__atomic_load_n(&lane->guess, __ATOMIC_RELAXED) * (left < 256 ? left : 256);
	uint32_t sizes[2];
	int rc;

	if (room < CHUNK_HEAD)
		return no_chunk(err, index, at, lane);
	rc = window_fill(dat, lane, worker, win, win->used + CHUNK_HEAD,
			 more < READ_AHEAD ? more : READ_AHEAD);
	if (rc == 0) {
		memcpy(sizes, win->data + win->used, CHUNK_HEAD);
		if (sizes[0] > room - CHUNK_HEAD)
			return no_chunk(err, index, at, lane);
		if (sizes[1] == 0 || sizes[1] > XT_MAX_CHUNK || sizes[1] % lane->page_size)
			return rt_err_say(err, -EBADMSG,
					  "chunk %zu at %llu: expected whole sub-buffers of %u "
					  "bytes, at most %u, found %u bytes", index,
					  (unsigned long long)at, lane->page_size, XT_MAX_CHUNK,
					  sizes[1]);
		if (sizes[0] > most_packed(sizes[1]))
			return rt_err_say(err, -EBADMSG,
					  "chunk %zu at %llu: %u bytes are no %u bytes compressed",
					  index, (unsigned long long)at, sizes[0], sizes[1]);
		win->used += CHUNK_HEAD + sizes[0];
		win->raw += sizes[1];
		rc = window_fill(dat, lane, worker, win, win->used,
				 left > 1 ? FIRST_GUESS : 0);
	}
	if (rc < 0)
		return rt_err_set(err, rc, "cannot read chunk %zu at %llu", index,
				  (unsigned long long)at);
	if (win->raw > XT_MAX_LOAD)
		return rt_err_say(err, -EFBIG, "more than %u bytes in one load", XT_MAX_LOAD);
	return 0;
}

static int window_unpack(const struct dat *dat, struct xt_worker *worker,
			 const struct window *win, size_t first, uint8_t *to, struct rt_err *err)
{
	size_t at = 0, index = first;

	for (; at < win->used; index++) {
		uint32_t sizes[2];
		int rc;

		memcpy(sizes, win->data + at, CHUNK_HEAD);
		rc = xt_decompress(dat->codec, worker, win->data + at + CHUNK_HEAD, sizes[0], to,
				   sizes[1]);
		if (rc < 0)
			return rt_err_say(
				err, rc, "chunk %zu at %llu: cannot decompress %u bytes to %u",
				index, (unsigned long long)(win->at + at), sizes[0], sizes[1]);
		at += CHUNK_HEAD + sizes[0];
		to += sizes[1];
	}
	return 0;
}

static int load_packed(const struct xt_trace *trace, struct dat_lane *lane,
		       struct xt_worker *worker, size_t first, size_t nr, struct xt_pages **ret,
		       struct rt_err *err)
{
	const struct dat *dat = trace->priv;
	struct window win = { 0 };
	struct xt_pages *pages;
	int rc = locate(dat, lane, first, &win.at, err);

	for (size_t i = 0; i < nr && rc == 0; i++)
		rc = window_chunk(dat, lane, worker, &win, first + i, nr - i, err);
	if (rc < 0)
		return rc;
	pages = xt_pool_pages(trace->pool, (uint32_t)(win.raw / lane->page_size), lane->page_size);
	if (!pages)
		return rt_err_set(err, -ENOMEM, "cannot load %llu bytes",
				  (unsigned long long)win.raw);
	rc = window_unpack(dat, worker, &win, first, xt_pages_data(pages), err);
	if (rc < 0) {
		xt_pages_put(pages);
		return rc;
	}
	pthread_mutex_lock(&lane->lock);
	passed(lane, first + nr, win.at + win.used);
	__atomic_store_n(&lane->guess, (uint32_t)(win.used / nr + win.used / nr / 8),
			 __ATOMIC_RELAXED);
	pthread_mutex_unlock(&lane->lock);
	*ret = pages;
	return 0;
}

int dat_load(const struct xt_trace *trace, unsigned int index, size_t first, size_t nr,
	     struct xt_pages **ret, struct rt_err *err)
{
	const struct dat *dat = trace->priv;
	struct dat_lane *lane = &dat->lanes[index];
	struct xt_worker *worker;
	int rc;

	if (!lane->compressed)
		return load_raw(trace, lane, first, nr, ret, err);
	if (!dat->codec_known)
		return rt_err_say(err, -EOPNOTSUPP, "compression \"%s\" is not known",
				  dat->codec_name);
	worker = xt_pool_worker(trace->pool);
	if (!worker)
		return rt_err_set(err, -ENOMEM, "cannot load");
	rc = load_packed(trace, lane, worker, first, nr, ret, err);
	xt_pool_worker_put(trace->pool, worker);
	if (rc < 0)
		return rt_err_wrap(err, rc, "%s%scpu%u", trace->lanes[index].buffer,
				   trace->lanes[index].buffer[0] ? ": " : "",
				   trace->lanes[index].cpu);
	return 0;
}
