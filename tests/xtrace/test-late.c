/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-late.c - xtrace/late.c: symbols are read once, at the first look-up, by many threads */
#include "xtrace/local.h"

#include "tests/unit.h"

static atomic_int reads;
static int answer;

static void nothing(struct xt_trace *trace)
{
	(void)trace;
}

static int kallsyms(const struct xt_trace *trace, struct xt_text *ret, struct rt_err *err)
{
	static const char text[] = "ffffffff81000000 T _text\nffffffff81002000 T _etext\n";

	(void)trace;
	(void)err;
	atomic_fetch_add(&reads, 1);
	if (answer < 0)
		return answer;
	*ret = (struct xt_text){ .data = strdup(text), .len = strlen(text) };
	return 0;
}

static const struct xt_backend backend = { .destroy = nothing, .kallsyms = kallsyms };

static struct xt_trace *make_trace(int rc)
{
	struct xt_trace *trace = xt_trace_new();

	assert_non_null(trace);
	trace->backend = &backend;
	answer = rc;
	atomic_store(&reads, 0);
	return trace;
}

static void *look_up(void *arg)
{
	uint64_t start = 0;
	const char *name = xt_trace_symbol(arg, 0xffffffff81000123, &start);

	return name && strcmp(name, "_text") == 0 && start == 0xffffffff81000000 ? arg : NULL;
}

TEST(many_threads_read_the_symbols_once)
{
	struct xt_trace *trace = make_trace(0);
	pthread_t threads[8];
	void *good;

	assert_int_equal(atomic_load(&reads), 0);
	for (unsigned int i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, look_up, trace), 0);
	for (unsigned int i = 0; i < 8; i++) {
		pthread_join(threads[i], &good);
		assert_ptr_equal(good, trace);
	}
	assert_int_equal(atomic_load(&reads), 1);
	assert_null(xt_trace_symbol(trace, 5, NULL));
	xt_trace_destroy(trace);
}

TEST(a_trace_without_symbols_is_asked_once)
{
	struct xt_trace *trace = make_trace(-ENOENT);

	assert_null(xt_trace_symbol(trace, 0xffffffff81000123, NULL));
	assert_null(xt_trace_symbol(trace, 0xffffffff81000123, NULL));
	assert_int_equal(atomic_load(&reads), 1);
	xt_trace_destroy(trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_threads_read_the_symbols_once),
		cmocka_unit_test(a_trace_without_symbols_is_asked_once),
	};

	return RUN_TESTS(tests);
}
