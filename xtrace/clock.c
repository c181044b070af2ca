/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * clock.c - the clocks of a machine, read together (its interface is in meta.h)
 *
 * A merge of two machines stands on these samples; so each says how far apart
 * its first and its last reading were.
 */
#include "xtrace/meta.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "lib/err.h"
#include "lib/root.h"
#include "xtrace/store.h"
#include "xtrace/xtrace.h"

#define TRIES 8
#define NS_PER_S 1000000000ull

static uint64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts) < 0)
		return 0;
	return (uint64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static void sample_once(struct xt_clock_sample *ret)
{
	uint64_t end;

	ret->mono_ns = clock_ns(CLOCK_MONOTONIC);
	ret->real_ns = clock_ns(CLOCK_REALTIME);
	ret->tsc = __rdtsc();
	ret->tai_ns = clock_ns(CLOCK_TAI);
	ret->boot_ns = clock_ns(CLOCK_BOOTTIME);
	end = clock_ns(CLOCK_MONOTONIC);
	ret->window_ns = end - ret->mono_ns;
}

void xt_clock_sample_take(struct xt_clock_sample *ret)
{
	struct xt_clock_sample sample;
	int i;

	sample_once(ret);
	for (i = 1; i < TRIES; i++) {
		sample_once(&sample);
		if (sample.window_ns < ret->window_ns)
			*ret = sample;
	}
}

/* A timer that never comes, and is cancelled instead. */
static int arm_watch(int fd)
{
	const struct itimerspec never = { .it_value.tv_sec = INT64_MAX / 1000000000 };

	return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL);
}

int xt_clock_watch(void)
{
	int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC), rc;

	if (fd < 0)
		return -errno;
	if (arm_watch(fd) == 0 || errno == ECANCELED)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

bool xt_clock_was_set(int fd)
{
	uint64_t times;

	if (read(fd, &times, sizeof(times)) >= 0 || errno != ECANCELED)
		return false;
	arm_watch(fd);
	return true;
}

/*
 * The page that perf maps for users of rdtsc; any event will do.  One of this
 * CPU and no task: an event of a task makes the kernel patch its scheduler, and
 * again a second behind its end, which interrupts all CPUs.
 */
static struct perf_event_mmap_page *map_perf_page(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
		.disabled = 1,
	};
	void *page;
	int fd;

	fd = syscall(SYS_perf_event_open, &attr, -1, sched_getcpu(), -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return NULL;
	page = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	return page == MAP_FAILED ? NULL : page;
}

bool xt_clock_tsc_conversion(uint32_t *ret_mult, uint32_t *ret_shift, uint64_t *ret_offset)
{
	volatile struct perf_event_mmap_page *page = map_perf_page();
	uint32_t seq;
	bool known;

	if (!page)
		return false;
	do {
		seq = page->lock;
		__sync_synchronize();
		known = page->cap_user_time;
		*ret_mult = page->time_mult;
		*ret_shift = page->time_shift;
		*ret_offset = page->time_offset;
		__sync_synchronize();
	} while (page->lock != seq || (seq & 1));
	munmap((void *)page, sysconf(_SC_PAGESIZE));
	return known && *ret_mult;
}

/* What chronyd thinks of its clock, where it runs: one line of figures. */
static void chrony_state(struct xt_store *store, const struct rt_root *root)
{
	char line[512];
	FILE *from;

	if (!rt_root_exists(root, "run/chrony/chronyd.sock") || root->path[0])
		return;
	from = popen("timeout 2 chronyc -n -c tracking 2>/dev/null", "re");
	if (!from)
		return;
	if (fgets(line, sizeof(line), from)) {
		line[strcspn(line, "\n")] = '\0';
		xt_store_set(store, "time-sync", "chrony-tracking", "%s", line);
	}
	pclose(from);
}

static int sync_state(struct xt_store *store, const struct rt_root *root, int64_t *ret_tai)
{
	struct timex tx = { 0 };
	int state = adjtimex(&tx), rc;

	*ret_tai = tx.tai;
	rc = xt_store_set(store, "time-sync", "synchronised", "%s",
			  state >= 0 && state != TIME_ERROR && !(tx.status & STA_UNSYNC) ? "yes" :
			  "no");
	if (rc == 0 && state >= 0)
		rc = xt_store_set(store, "time-sync", "adjtimex", "status 0x%x offset %ld freq %ld "
				  "maxerror %ld esterror %ld tai %d", tx.status, tx.offset,
				  tx.freq, tx.maxerror, tx.esterror, tx.tai);
	chrony_state(store, root);
	return rc;
}

int xt_meta_clock(struct xt_store *store, const struct rt_root *root, const char *clock,
		  struct rt_err *err)
{
	struct xt_timebase time = { 0 };
	uint64_t offset = 0;
	bool tsc;
	int rc;

	snprintf(time.clock, sizeof(time.clock), "%s", clock);
	tsc = xt_clock_tsc_conversion(&time.mult, &time.shift, &offset);
	rc = sync_state(store, root, &time.tai_offset_s);
	if (rc == 0 && tsc)
		rc = xt_store_set(store, "tsc", "conversion", "mult %u shift %u offset %llu",
				  time.mult, time.shift, (unsigned long long)offset);
	time.convert = tsc && strcmp(clock, "x86-tsc") == 0;
	time.is_ns = time.convert || (strcmp(clock, "x86-tsc") && strcmp(clock, "counter") &&
				      strcmp(clock, "uptime"));
	if (time.convert)
		time.offset = offset;
	else
		time.mult = time.shift = 0;
	if (rc == 0)
		rc = xt_store_set_timebase(store, &time);
	return rc < 0 ? rt_err_set(err, rc, "cannot keep what is known of the clock") : 0;
}
