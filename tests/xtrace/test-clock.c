/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-clock.c - xtrace/clock.c: clocks read together, and what is said of them */
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "lib/err.h"
#include "tests/unit.h"
#include "tests/xtrace/make.h"
#include "tests/xtrace/tree.h"
#include "xtrace/meta.h"
#include "xtrace/store.h"
#include "xtrace/xtrace.h"

static uint64_t now(clockid_t id)
{
	struct timespec ts;

	assert_int_equal(clock_gettime(id, &ts), 0);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

TEST(a_sample_lies_between_what_was_before_and_behind_it)
{
	uint64_t mono = now(CLOCK_MONOTONIC), boot = now(CLOCK_BOOTTIME), tsc = __rdtsc();
	struct xt_clock_sample sample;

	xt_clock_sample_take(&sample);
	assert_true(sample.mono_ns >= mono);
	assert_true(sample.boot_ns >= boot);
	assert_true(sample.tsc >= tsc);
	assert_true(sample.mono_ns + sample.window_ns <= now(CLOCK_MONOTONIC));
	assert_true(sample.tsc <= __rdtsc());
	assert_true(sample.real_ns > 0 && sample.tai_ns > 0);
}

TEST(two_samples_tell_the_same_difference_in_every_clock)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	struct xt_clock_sample a, b;
	int64_t slack;

	xt_clock_sample_take(&a);
	nanosleep(&pause, NULL);
	xt_clock_sample_take(&b);
	slack = (int64_t)(a.window_ns + b.window_ns);
	assert_true(b.mono_ns - a.mono_ns >= 20000000);
	assert_true(llabs((int64_t)(b.boot_ns - a.boot_ns) - (int64_t)(b.mono_ns - a.mono_ns)) <=
		    slack);
	assert_true(llabs((int64_t)(b.tai_ns - a.tai_ns) - (int64_t)(b.real_ns - a.real_ns)) <=
		    slack);
}

TEST(a_clock_that_nobody_sets_is_not_told_to_be_set)
{
	int fd = xt_clock_watch();

	assert_true(fd >= 0);
	assert_false(xt_clock_was_set(fd));
	close(fd);
	assert_false(xt_clock_was_set(-1));
}

/* By the least there is, so that nothing on this machine notices. */
static bool set_clock(long ns)
{
	struct timex tx = { .modes = ADJ_SETOFFSET | ADJ_NANO };

	tx.time.tv_sec = ns < 0 ? -1 : 0;
	tx.time.tv_usec = ns < 0 ? 1000000000 + ns : ns;
	return adjtimex(&tx) >= 0;
}

TEST(a_clock_that_is_set_is_told_each_time)
{
	int fd = xt_clock_watch();

	assert_true(fd >= 0);
	if (!set_clock(1))
		skip();
	assert_true(xt_clock_was_set(fd));
	assert_false(xt_clock_was_set(fd));
	assert_true(set_clock(-1));
	assert_true(xt_clock_was_set(fd));
	assert_false(xt_clock_was_set(fd));
	close(fd);
}

static char *session_with(struct tree *tree, const char *clock)
{
	const struct xt_store_opts opts = { .no_sync = true };
	struct xt_store *store;
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", tree->path, clock);
	assert_int_equal(xt_store_create(&store, path, &opts, NULL), 0);
	assert_int_equal(xt_meta_clock(store, &tree->root, clock, NULL), 0);
	assert_int_equal(xt_store_save(store, NULL), 0);
	xt_store_destroy(store);
	snprintf(path, sizeof(path), "%s/session", clock);
	return tree_get(tree, path);
}

TEST(the_clock_is_named_with_the_state_of_its_synchronisation)
{
	char *text = session_with(*state, "tai");

	assert_contains(text, "\nclock = tai\n");
	assert_contains(text, "\nis-ns = yes\n");
	assert_contains(text, "\nsynchronised = ");
	assert_contains(text, "\nadjtimex = status ");
	assert_contains(text, "\ntai-offset = ");
	free(text);
}

TEST(the_tsc_is_stored_with_its_conversion_where_the_kernel_tells_it)
{
	uint32_t mult, shift;
	uint64_t offset;
	bool known = xt_clock_tsc_conversion(&mult, &shift, &offset);
	char *text = session_with(*state, "x86-tsc"), line[64];

	assert_contains(text, "\nclock = x86-tsc\n");
	if (known) {
		assert_true(mult > 0);
		assert_true(shift < 64);
		snprintf(line, sizeof(line), "\nmult = %u\n", mult);
		assert_contains(text, line);
		assert_contains(text, "\nis-ns = yes\n");
	} else {
		assert_contains(text, "\nis-ns = no\n");
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sample_lies_between_what_was_before_and_behind_it),
		cmocka_unit_test(two_samples_tell_the_same_difference_in_every_clock),
		cmocka_unit_test(a_clock_that_nobody_sets_is_not_told_to_be_set),
		cmocka_unit_test(a_clock_that_is_set_is_told_each_time),
		WITH_TREE(the_clock_is_named_with_the_state_of_its_synchronisation),
		WITH_TREE(the_tsc_is_stored_with_its_conversion_where_the_kernel_tells_it),
	};

	return RUN_TESTS(tests);
}
