/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * capture.c - from the kernel's ring buffers to the store
 *
 * A lane is one CPU's buffer, a drainer is a thread with some lanes.  How full
 * a lane is stands in its stats file; only sub-buffers that are full are read,
 * for reading a half-full one makes the kernel copy event by event and leaves
 * holes in the store.  What stays behind is fetched once a second.
 */
#include "xtrace/capture-local.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "lib/err.h"
#include "xtrace/store.h"
#include "xtrace/subbuf.h"
#include "xtrace/tracefs.h"
#include "xtrace/xtrace.h"

#define NS_PER_S 1000000000ull
#define PERIOD_MIN_NS 2000000ull
#define PERIOD_MAX_NS 250000000ull
#define LEFTOVER_NS NS_PER_S		/* half-full sub-buffers are fetched this often */
#define FASTEST_FILL (400ull << 20)	/* bytes a second that one CPU may suddenly produce */
#define SUBBUF_HEADER 16

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* ---- one lane ---- */

int capture_lane_stats(const struct lane *lane, struct xt_ring_stats *ret, struct rt_err *err)
{
	char text[1024];
	ssize_t len;

	len = pread(lane->stats_fd, text, sizeof(text) - 1, 0);
	if (len < 0)
		return rt_err_set(err, -errno, "cpu%u: cannot read its stats", lane->cpu);
	text[len] = '\0';
	xt_ring_stats_parse(ret, text);
	return 0;
}

void capture_refuse(const struct xt_capture *capture, struct lane *lane, const void *batch,
		    unsigned int nr)
{
	lane->refused += xt_subbufs_events(batch, nr, capture->subbuf_size);
	lane->hole = true;
}

/* With a mark of lost events where recording stood still. */
static int store_batch(struct xt_capture *capture, struct lane *lane, void *batch,
		       unsigned int nr, uint32_t flush, struct rt_err *err)
{
	unsigned int size = capture->subbuf_size, n;
	uint8_t *at = batch;
	bool cut;
	int rc;

	do {
		for (n = 0, cut = false; n < nr && !cut; n++)
			cut = xt_holes_cut(&lane->holes, at + (size_t)n * size, size,
					   capture->rest);
		rc = xt_store_append(capture->store, lane->cpu, at, n, flush, err);
		if (rc < 0) {
			capture_refuse(capture, lane, at, nr);
			if (cut)
				capture_refuse(capture, lane, capture->rest, 1);
			return rc;
		}
		/* The rest takes the place of what was in front of it. */
		at += (size_t)(n - 1) * size;
		nr -= n - 1;
		if (cut)
			memcpy(at, capture->rest, size);
	} while (cut);
	return 0;
}

/* Moves up to @max sub-buffers; returns how many it found, or -errno. */
static int move_batch(struct xt_capture *capture, struct lane *lane, int fd, void *batch,
		      unsigned int max, uint32_t flush, struct rt_err *err)
{
	int nr, rc;

	if (max > BATCH_BYTES / capture->subbuf_size)
		max = BATCH_BYTES / capture->subbuf_size;
	nr = xt_subbufs_read(fd, batch, capture->subbuf_size, max, lane->loses);
	if (nr < 0)
		return rt_err_set(err, nr, "cpu%u: cannot read its buffer", lane->cpu);
	if (nr == 0)
		return 0;
	if (lane->hole)
		xt_subbuf_set_lost(batch, 0);
	lane->hole = false;
	rc = store_batch(capture, lane, batch, nr, flush, err);
	return rc < 0 ? rc : nr;
}

int capture_empty_lane(struct xt_capture *capture, struct lane *lane, int fd, void *batch,
		       uint32_t flush, struct rt_err *err)
{
	int nr;

	do
		nr = move_batch(capture, lane, fd, batch, UINT32_MAX, flush, err);
	while (nr > 0);
	return nr;
}

/*
 * What there is now.  Not until nothing is left: where system calls are traced,
 * each read brings new events, and one would read sub-buffers of two events for
 * ever.
 */
static int catch_up(struct xt_capture *capture, struct lane *lane, void *batch,
		    uint64_t events, uint64_t fill, struct rt_err *err)
{
	unsigned int full = fill / (capture->subbuf_size - SUBBUF_HEADER), tries = full + 4;
	struct xt_store_count count;
	uint64_t begin;
	int nr;

	xt_store_count(capture->store, lane->cpu, &count);
	begin = count.events;
	while (tries-- > 0 && count.events - begin < events) {
		nr = move_batch(capture, lane, lane->raw_fd, batch, full + 1, 0, err);
		if (nr <= 0)
			return nr;
		full -= (unsigned int)nr < full ? (unsigned int)nr : full;
		xt_store_count(capture->store, lane->cpu, &count);
	}
	return 0;
}

/* How fast it fills, from what is there now and what was left there last time. */
static void note_rate(struct lane *lane, uint64_t fill, uint64_t now)
{
	uint64_t came = fill > lane->left_bytes ? fill - lane->left_bytes : 0;
	uint64_t rate;

	if (now <= lane->seen_ns)
		return;
	rate = came * NS_PER_S / (now - lane->seen_ns);
	/* Up at once, down slowly. */
	lane->rate = rate > lane->rate ? rate : (3 * lane->rate + rate) / 4;
	lane->seen_ns = now;
	lane->left_bytes = fill;
}

/* The fullest that any buffer was found since it was last asked. */
static void note_fill(struct xt_capture *capture, uint64_t fill)
{
	unsigned int percent = fill * 100 / capture->opts.buffer_bytes;

	if (percent > __atomic_load_n(&capture->fullest, __ATOMIC_RELAXED))
		__atomic_store_n(&capture->fullest, percent, __ATOMIC_RELAXED);
}

unsigned int xt_capture_fullest(struct xt_capture *capture)
{
	return __atomic_exchange_n(&capture->fullest, 0, __ATOMIC_RELAXED);
}

/* As many sub-buffers as are surely full; all there is when @all. */
static int drain_lane(struct xt_capture *capture, struct lane *lane, void *batch, bool all,
		      struct rt_err *err)
{
	uint32_t payload = capture->subbuf_size - SUBBUF_HEADER;
	struct xt_ring_stats stats;
	uint64_t now = now_ns(), fill;
	unsigned int full;
	int rc;

	rc = capture_lane_stats(lane, &stats, err);
	if (rc < 0)
		return rc;
	fill = xt_ring_fill(&stats, capture->opts.buffer_bytes);
	note_rate(lane, fill, now);
	note_fill(capture, fill);
	lane->loses = stats.overrun != lane->seen_overrun || fill > capture->opts.buffer_bytes / 2;
	lane->seen_overrun = stats.overrun;
	if (all || now - lane->fetched_ns >= LEFTOVER_NS) {
		lane->fetched_ns = now;
		lane->left_bytes = 0;
		return catch_up(capture, lane, batch, stats.entries, fill, err);
	}
	full = fill / payload;
	/* Small blocks compress badly: let a slow buffer collect a whole one. */
	if ((uint64_t)full * capture->subbuf_size < XT_STORE_BLOCK_BYTES &&
	    fill < capture->opts.buffer_bytes / 4)
		return 0;
	while (full > 0) {
		rc = move_batch(capture, lane, lane->raw_fd, batch, full, 0, err);
		if (rc <= 0)
			return rc;
		full -= rc;
		lane->left_bytes -= (uint64_t)rc * payload < lane->left_bytes ?
				    (uint64_t)rc * payload : lane->left_bytes;
	}
	return 0;
}

/* ---- the threads ---- */

/* The drainer's first one, or the one behind @lane; NULL: no more. */
static struct lane *next_lane(const struct drainer *drainer, struct lane *lane)
{
	struct xt_capture *capture = drainer->capture;
	struct lane *end = capture->lanes + __atomic_load_n(&capture->nr_lanes, __ATOMIC_ACQUIRE);

	for (lane = lane ? lane + 1 : capture->lanes; lane < end; lane++) {
		if (&capture->drainers[lane->drainer] == drainer)
			return lane;
	}
	return NULL;
}

/* A buffer may be an eighth full at its present pace, and not overflow at the fastest. */
static uint64_t next_period(const struct xt_capture *capture, const struct drainer *drainer)
{
	uint64_t size = capture->opts.buffer_bytes, period;
	uint64_t rate = 1;
	struct lane *lane = NULL;

	while ((lane = next_lane(drainer, lane))) {
		if (lane->rate > rate)
			rate = lane->rate;
	}
	period = size * (NS_PER_S / 8) / rate;
	if (period > size * NS_PER_S / FASTEST_FILL)
		period = size * NS_PER_S / FASTEST_FILL;
	if (period > PERIOD_MAX_NS)
		period = PERIOD_MAX_NS;
	return period < PERIOD_MIN_NS ? PERIOD_MIN_NS : period;
}

static void note_fault(struct xt_capture *capture, const struct rt_err *err)
{
	const uint64_t one = 1;

	pthread_mutex_lock(&capture->lock);
	if (!capture->fault.code)
		capture->fault = *err;
	capture->stop = true;
	pthread_cond_broadcast(&capture->done);
	pthread_mutex_unlock(&capture->lock);
	/* The counter cannot overflow by the few threads there are. */
	if (write(capture->fault_fd, &one, sizeof(one)) < 0)
		return;
}

static int drain_round(struct drainer *drainer, bool all, struct rt_err *err)
{
	struct lane *lane = NULL;
	int rc = 0;

	while (rc >= 0 && (lane = next_lane(drainer, lane)))
		rc = drain_lane(drainer->capture, lane, drainer->batch, all, err);
	return rc;
}

static void wait_until(struct xt_capture *capture, uint64_t ns)
{
	const struct timespec ts = { .tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S };

	pthread_cond_timedwait(&capture->wake, &capture->lock, &ts);
}

static void *drainer_main(void *arg)
{
	struct drainer *drainer = arg;
	struct xt_capture *capture = drainer->capture;
	uint64_t next = now_ns();
	uint64_t wanted;

	pthread_mutex_lock(&capture->lock);
	while (!capture->stop) {
		struct rt_err err = { 0 };
		int rc;

		wanted = capture->rounds_wanted;
		if (wanted == drainer->rounds && now_ns() < next) {
			wait_until(capture, next);
			continue;
		}
		pthread_mutex_unlock(&capture->lock);
		rc = drain_round(drainer, wanted != drainer->rounds, &err);
		next = now_ns() + next_period(capture, drainer);
		if (rc < 0)
			note_fault(capture, &err);
		pthread_mutex_lock(&capture->lock);
		drainer->rounds = wanted;
		pthread_cond_broadcast(&capture->done);
	}
	pthread_mutex_unlock(&capture->lock);
	return NULL;
}

/*
 * Just above all that is not real-time: a buffer that overflows while a compiler
 * runs would be the wrong choice.
 */
static void lift_thread(pthread_t thread)
{
	const struct sched_param lowest = { .sched_priority = sched_get_priority_min(SCHED_FIFO) };

	pthread_setschedparam(thread, SCHED_FIFO, &lowest);
}

int xt_capture_start(struct xt_capture *capture, struct rt_err *err)
{
	struct drainer *drainer;
	unsigned int i;
	int rc;

	for (i = 0; i < capture->nr_drainers; i++) {
		drainer = &capture->drainers[i];
		drainer->batch = malloc(BATCH_BYTES);
		if (!drainer->batch)
			return rt_err_set(err, -ENOMEM, "cannot allocate a drain buffer");
		rc = pthread_create(&drainer->thread, NULL, drainer_main, drainer);
		if (rc)
			return rt_err_set(err, -rc, "cannot start a drain thread");
		drainer->running = true;
		lift_thread(drainer->thread);
	}
	return 0;
}

static bool round_done(const struct xt_capture *capture)
{
	unsigned int i;

	for (i = 0; i < capture->nr_drainers; i++) {
		if (capture->drainers[i].running &&
		    capture->drainers[i].rounds != capture->rounds_wanted)
			return false;
	}
	return true;
}

int xt_capture_drain(struct xt_capture *capture, struct rt_err *err)
{
	int rc;

	pthread_mutex_lock(&capture->lock);
	capture->rounds_wanted++;
	pthread_cond_broadcast(&capture->wake);
	while (!round_done(capture) && !capture->stop)
		pthread_cond_wait(&capture->done, &capture->lock);
	rc = capture->fault.code;
	if (rc < 0 && err)
		*err = capture->fault;
	pthread_mutex_unlock(&capture->lock);
	return rc;
}

static void join_drainers(struct xt_capture *capture)
{
	unsigned int i;

	pthread_mutex_lock(&capture->lock);
	capture->stop = true;
	pthread_cond_broadcast(&capture->wake);
	pthread_mutex_unlock(&capture->lock);
	for (i = 0; i < capture->nr_drainers; i++) {
		if (capture->drainers[i].running)
			pthread_join(capture->drainers[i].thread, NULL);
		capture->drainers[i].running = false;
	}
}

int xt_capture_stop(struct xt_capture *capture, struct rt_err *err)
{
	join_drainers(capture);
	if (capture->fault.code < 0)
		return xt_capture_fault(capture, err);
	return xt_capture_save(capture, &capture->opts.cpus, 0, err);
}

/* ---- counts and faults ---- */

int xt_capture_fault_fd(const struct xt_capture *capture)
{
	return capture->fault_fd;
}

int xt_capture_fault(struct xt_capture *capture, struct rt_err *err)
{
	int rc;

	pthread_mutex_lock(&capture->lock);
	rc = capture->fault.code;
	if (rc < 0 && err)
		*err = capture->fault;
	pthread_mutex_unlock(&capture->lock);
	return rc;
}

static struct lane *find_lane(const struct xt_capture *capture, unsigned int cpu)
{
	unsigned int i;

	for (i = 0; i < capture->nr_lanes; i++) {
		if (capture->lanes[i].cpu == cpu)
			return &capture->lanes[i];
	}
	return NULL;
}

uint64_t xt_capture_unread(const struct xt_capture *capture, unsigned int cpu)
{
	const struct lane *lane = find_lane(capture, cpu);
	struct xt_ring_stats ring;

	return lane && capture_lane_stats(lane, &ring, NULL) == 0 ? ring.entries : 0;
}

int xt_capture_stats(struct xt_capture *capture, unsigned int cpu, struct xt_cpu_stats *ret,
		     struct rt_err *err)
{
	struct lane *lane = find_lane(capture, cpu);
	struct xt_store_count count;
	struct xt_ring_stats ring;
	uint64_t lost, overrun, read_by_us;
	int rc;

	if (!lane)
		return rt_err_say(err, -EINVAL, "cpu%u is not recorded", cpu);
	rc = capture_lane_stats(lane, &ring, err);
	if (rc < 0)
		return rc;
	xt_store_count(capture->store, cpu, &count);
	overrun = ring.overrun + lane->gone_overrun;
	lost = ring.dropped + ring.commit_overrun + lane->gone_dropped;
	/*
	 * Read from the kernel and not in the store: the disk did not take it, or a drainer
	 * has it in hand.
	 */
	read_by_us = ring.read + lane->gone_events;
	if (read_by_us > count.events && !capture->drainers[0].running)
		lost += read_by_us - count.events;
	memset(ret, 0, sizeof(*ret));
	ret->cpu = cpu;
	ret->written = read_by_us + ring.entries + overrun + ring.dropped + ring.commit_overrun +
		       lane->gone_dropped;
	ret->lost = lost + (capture->opts.overwriting ? 0 : overrun);
	ret->overwritten = capture->opts.overwriting ? overrun : 0;
	ret->bytes_raw = count.bytes_raw;
	ret->bytes_disk = count.bytes_disk;
	return 0;
}

/* ---- life ---- */

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* A CPU that drains has its own buffer where it can; the others are dealt out. */
static unsigned int drainer_of(const struct xt_capture *capture, unsigned int cpu)
{
	unsigned int nth = 0;

	rt_cpuset_for_each(drain, &capture->opts.drain_cpus) {
		if ((unsigned int)drain == cpu)
			return nth % capture->nr_drainers;
		nth++;
	}
	return capture->nr_lanes % capture->nr_drainers;
}

static int open_lane(struct xt_capture *capture, unsigned int cpu, struct rt_err *err)
{
	struct lane *lane = &capture->lanes[capture->nr_lanes];

	lane->cpu = cpu;
	lane->drainer = drainer_of(capture, cpu);
	lane->seen_ns = lane->fetched_ns = now_ns();
	lane->raw_fd = xt_instance_open(capture->inst, err, O_RDONLY | O_NONBLOCK,
					"per_cpu/cpu%u/trace_pipe_raw", cpu);
	if (lane->raw_fd < 0)
		return lane->raw_fd;
	lane->stats_fd = xt_instance_open(capture->inst, err, O_RDONLY, "per_cpu/cpu%u/stats",
					  cpu);
	if (lane->stats_fd < 0) {
		close(lane->raw_fd);
		return lane->stats_fd;
	}
	__atomic_store_n(&capture->nr_lanes, capture->nr_lanes + 1, __ATOMIC_RELEASE);
	return 0;
}

static int open_lanes(struct xt_capture *capture, struct rt_err *err)
{
	int rc = 0;

	rt_cpuset_for_each(cpu, &capture->opts.cpus)
		rc = rc < 0 ? rc : open_lane(capture, cpu, err);
	return rc;
}

int xt_capture_add(struct xt_capture *capture, unsigned int cpu, struct rt_err *err)
{
	int rc = open_lane(capture, cpu, err);

	if (rc == 0)
		rt_cpuset_add(&capture->opts.cpus, cpu);
	return rc;
}

static void init_locks(struct xt_capture *capture)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&capture->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&capture->wake, &attr);
	pthread_cond_init(&capture->done, &attr);
	pthread_condattr_destroy(&attr);
}

int xt_capture_create(struct xt_capture **ret, const struct xt_instance *inst,
		      struct xt_store *store, const struct xt_capture_opts *opts,
		      struct rt_err *err)
{
	struct xt_capture *capture;
	unsigned int d, cpus = rt_cpuset_count(&opts->cpus);
	int rc;

	capture = calloc(1, sizeof(*capture));
	if (!capture)
		return rt_err_set(err, -ENOMEM, "cannot allocate the capture");
	init_locks(capture);
	capture->inst = inst;
	capture->store = store;
	capture->opts = *opts;
	capture->subbuf_size = xt_store_subbuf_size(store);
	capture->nr_drainers = rt_cpuset_count(&opts->drain_cpus);
	if (capture->nr_drainers > cpus)
		capture->nr_drainers = cpus;
	if (capture->nr_drainers > MAX_DRAINERS)
		capture->nr_drainers = MAX_DRAINERS;
	capture->fault_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	for (d = 0; d < capture->nr_drainers; d++)
		capture->drainers[d].capture = capture;
	capture->lanes = calloc(RT_MAX_CPUS, sizeof(*capture->lanes));
	if (!capture->lanes || capture->fault_fd < 0)
		rc = rt_err_set(err, -ENOMEM, "cannot allocate the capture");
	else
		rc = open_lanes(capture, err);
	if (rc < 0) {
		xt_capture_destroy(capture);
		return rc;
	}
	*ret = capture;
	return 0;
}

void xt_capture_destroy(struct xt_capture *capture)
{
	unsigned int i;

	if (!capture)
		return;
	join_drainers(capture);
	for (i = 0; i < capture->nr_lanes; i++) {
		close_fd(capture->lanes[i].raw_fd);
		close_fd(capture->lanes[i].stats_fd);
		xt_holes_finish(&capture->lanes[i].holes);
	}
	for (i = 0; i < capture->nr_drainers; i++)
		free(capture->drainers[i].batch);
	close_fd(capture->fault_fd);
	pthread_cond_destroy(&capture->wake);
	pthread_cond_destroy(&capture->done);
	pthread_mutex_destroy(&capture->lock);
	free(capture->lanes);
	free(capture->rest);
	free(capture->batch);
	free(capture);
}
