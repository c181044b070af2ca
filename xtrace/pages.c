/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pages.c - memory for sub-buffers, and how bytes of a file get into it
 *
 * Blocks and decompression contexts are kept for the next load: giving big
 * blocks back to the kernel each time costs more than decompressing into them.
 * Blocks are mapped by themselves: one thread loads them and another gives them
 * back, which leaves the heap in pieces that are twice what is in use.
 */
#include "xtrace/local.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

struct xt_block {
	struct xt_pages pages;	/* first: what the users hold */
	struct xt_pool *pool;	/* borrowed */
	struct xt_block *next;	/* in the pool */
	unsigned int size_class;
	size_t mapped;		/* bytes of the whole block */
	uint8_t data[] __attribute__((aligned(64)));
};

struct xt_pool *xt_pool_create(void)
{
	struct xt_pool *pool = calloc(1, sizeof(*pool));

	if (pool)
		pthread_mutex_init(&pool->lock, NULL);
	return pool;
}

void xt_pool_destroy(struct xt_pool *pool)
{
	if (!pool)
		return;
	for (unsigned int i = 0; i < XT_POOL_CLASSES; i++) {
		while (pool->blocks[i]) {
			struct xt_block *block = pool->blocks[i];

			pool->blocks[i] = block->next;
			munmap(block, block->mapped);
		}
	}
	while (pool->workers) {
		struct xt_worker *worker = pool->workers;

		pool->workers = worker->next;
		ZSTD_freeDCtx(worker->dctx);
		free(worker->io);
		free(worker);
	}
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

/* Classes are a quarter of a power of two apart: at most a fifth of a block is waste. */
static size_t class_of(size_t size, unsigned int *ret_class)
{
	unsigned int shift = 14, n = 0;

	while (size > (size_t)1 << (shift + 1)) {
		shift++;
		n += 2;
	}
	if (size > (size_t)3 << (shift - 1)) {
		*ret_class = n + 1;
		return (size_t)1 << (shift + 1);
	}
	*ret_class = n;
	return (size_t)3 << (shift - 1);
}

static struct xt_block *take_block(struct xt_pool *pool, unsigned int size_class)
{
	struct xt_block *block;

	pthread_mutex_lock(&pool->lock);
	block = pool->blocks[size_class];
	if (block) {
		pool->blocks[size_class] = block->next;
		pool->kept -= block->mapped;
	}
	pthread_mutex_unlock(&pool->lock);
	return block;
}

static struct xt_block *map_block(size_t size)
{
	size_t mapped = (sizeof(struct xt_block) + size + XT_MIN_PAGE - 1) &
			~(size_t)(XT_MIN_PAGE - 1);
	struct xt_block *block = mmap(NULL, mapped, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (block == MAP_FAILED)
		return NULL;
	block->mapped = mapped;
	return block;
}

struct xt_pages *xt_pool_pages(struct xt_pool *pool, uint32_t nr, uint32_t page_size)
{
	size_t size = (size_t)nr * page_size;
	unsigned int size_class;
	struct xt_block *block;

	if (size > XT_MAX_LOAD)
		return NULL;
	size = class_of(size, &size_class);
	block = take_block(pool, size_class);
	if (!block)
		block = map_block(size);
	if (!block)
		return NULL;
	block->pages = (struct xt_pages){
		.base = block->data, .nr = nr, .page_size = page_size, .refs = 1,
	};
	block->pool = pool;
	block->size_class = size_class;
	return &block->pages;
}

uint8_t *xt_pages_data(struct xt_pages *pages)
{
	return ((struct xt_block *)pages)->data;
}

void xt_pages_get(struct xt_pages *pages)
{
	__atomic_add_fetch(&pages->refs, 1, __ATOMIC_RELAXED);
}

void xt_pages_put(struct xt_pages *pages)
{
	struct xt_block *block = (struct xt_block *)pages;
	struct xt_pool *pool;

	if (!pages || __atomic_sub_fetch(&pages->refs, 1, __ATOMIC_ACQ_REL))
		return;
	pool = block->pool;
	pthread_mutex_lock(&pool->lock);
	if (pool->kept + block->mapped <= XT_POOL_KEEP) {
		block->next = pool->blocks[block->size_class];
		pool->blocks[block->size_class] = block;
		pool->kept += block->mapped;
		block = NULL;
	}
	pthread_mutex_unlock(&pool->lock);
	if (block)
		munmap(block, block->mapped);
}

struct xt_worker *xt_pool_worker(struct xt_pool *pool)
{
	struct xt_worker *worker;

	pthread_mutex_lock(&pool->lock);
	worker = pool->workers;
	if (worker)
		pool->workers = worker->next;
	pthread_mutex_unlock(&pool->lock);
	return worker ? worker : calloc(1, sizeof(*worker));
}

void xt_pool_worker_put(struct xt_pool *pool, struct xt_worker *worker)
{
	pthread_mutex_lock(&pool->lock);
	worker->next = pool->workers;
	pool->workers = worker;
	pthread_mutex_unlock(&pool->lock);
}

uint8_t *xt_worker_io(struct xt_worker *worker, size_t size)
{
	if (size > worker->io_room) {
		free(worker->io);
		size = (size + 0xffff) & ~(size_t)0xffff;
		worker->io = malloc(size);
		worker->io_room = worker->io ? size : 0;
	}
	return worker->io;
}

static int unzstd(struct xt_worker *worker, const void *src, size_t csize, void *dst, size_t usize)
{
	if (!worker->dctx)
		worker->dctx = ZSTD_createDCtx();
	if (!worker->dctx)
		return -ENOMEM;
	return ZSTD_decompressDCtx(worker->dctx, dst, usize, src, csize) == usize ? 0 : -EBADMSG;
}

int xt_decompress(enum xt_codec codec, struct xt_worker *worker, const void *src, size_t csize,
		  void *dst, size_t usize)
{
	uLongf got = usize;

	switch (codec) {
	case XT_CODEC_ZSTD:
		return unzstd(worker, src, csize, dst, usize);
	case XT_CODEC_ZLIB:
		return uncompress(dst, &got, src, csize) == Z_OK && got == usize ? 0 : -EBADMSG;
	case XT_CODEC_NONE:
		break;
	}
	if (csize != usize)
		return -EBADMSG;
	memcpy(dst, src, usize);
	return 0;
}

int xt_pread(int fd, void *buf, size_t len, uint64_t offset)
{
	while (len) {
		ssize_t n = pread(fd, buf, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EBADMSG;
		buf = (char *)buf + n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}
