/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-lat-gate.c - merge/lat-gate.c, lat-rule.c, lat-save.c, lat-load.c: rules and their
 * verdicts on made-up runs, and runs through a file
 */
#include "merge/lat-gate.h"

#include <math.h>
#include <unistd.h>

#include "lib/err.h"
#include "tests/unit.h"

/* ---- runs made up ---- */

static double draw(void)
{
	return ((double)rand() + 1) / ((double)RAND_MAX + 2);
}

/* So many wake-ups of rtapp around @ns, with a long tail, as latencies have. */
static struct mrg_lat_saved make_run(unsigned int count, double ns)
{
	struct mrg_lat_saved run = { .path = strdup("run"), .duration_ns = 1000000000, .nr = 1 };
	struct mrg_lat_figure *figure = calloc(2, sizeof(*figure));
	unsigned int i;

	figure->kind = MRG_LAT_WAKEUP;
	figure->vcpu = -1;
	snprintf(figure->host, sizeof(figure->host), "vm1");
	snprintf(figure->name, sizeof(figure->name), "rtapp");
	for (i = 0; i < count; i++)
		assert_int_equal(mrg_hist_add(&figure->hist,
					      (uint64_t)(ns * exp(-log(draw()) / 4))), 0);
	run.figures = figure;
	return run;
}

static enum mrg_lat_verdict judge(const char *text, struct mrg_lat_saved *base, size_t nr_base,
				  struct mrg_lat_saved *now, size_t nr_now)
{
	const struct mrg_lat_side a = { base, nr_base }, b = { now, nr_now };
	struct mrg_lat_outcome outcome;
	struct mrg_lat_rule rule;

	assert_int_equal(mrg_lat_rule_parse(&rule, text, NULL), 0);
	assert_int_equal(mrg_lat_judge(&outcome, &rule, &a, &b, NULL), 0);
	return outcome.verdict;
}

/* ---- rules ---- */

TEST(a_rule_has_a_metric_a_stat_and_a_limit)
{
	struct mrg_lat_rule rule;

	assert_int_equal(mrg_lat_rule_parse(&rule, "wakeup(rtapp).p99.9 > +20%", NULL), 0);
	assert_int_equal(rule.select.kind, MRG_LAT_WAKEUP);
	assert_string_equal(rule.select.name, "rtapp");
	assert_true(fabs(rule.quantile - 0.999) < 1e-9);
	assert_int_equal(rule.limit, MRG_LAT_PERCENT);
	assert_true(rule.value == 20);
	assert_int_equal(mrg_lat_rule_parse(&rule, "exit(HLT)@host.a.max>50us", NULL), 0);
	assert_string_equal(rule.select.host, "host.a");
	assert_int_equal(rule.stat, MRG_LAT_STAT_MAX);
	assert_true(rule.value == 50000);
	assert_int_equal(mrg_lat_rule_parse(&rule, "irq.rate < -10%", NULL), 0);
	assert_true(rule.below);
	assert_true(rule.value == -10);
	assert_int_equal(mrg_lat_rule_parse(&rule, "syscall(a.b>c).p50 > +5us", NULL), 0);
	assert_string_equal(rule.select.name, "a.b>c");
	assert_int_equal(rule.limit, MRG_LAT_DELTA);
}

TEST(a_bad_rule_is_refused_with_its_column)
{
	static const struct { const char *rule, *words; } bad[] = {
		{ "wakeup(x).p99", "column 14: expected \"> LIMIT\"" },
		{ "wakeup(x).p100 > 5us", "expected METRIC.STAT" },
		{ "wakeup(x) > 5us", "expected METRIC.STAT" },
		{ "wakup(x).max > 5us", "did you mean wakeup?" },
		{ "wakeup(x).max > 50", "a time with its unit" },
		{ "wakeup(x).max > ", "column 17: expected a limit" },
		{ "wakeup(x).max > fast", "column 17: expected a time" },
		{ "wakeup(x).count > 5us", "expected a number" },
	};
	struct mrg_lat_rule rule;
	struct rt_err err;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		err = (struct rt_err){ 0 };
		assert_int_equal(mrg_lat_rule_parse(&rule, bad[i].rule, &err), -EINVAL);
		assert_contains(err.text, bad[i].words);
	}
}

/* ---- verdicts ---- */

TEST(the_same_system_passes_whatever_chance_does)
{
	static const char *const rules[] = {
		"wakeup(rtapp).p50 > +5%", "wakeup(rtapp).p99 > +20%",
		"wakeup(rtapp).p99.9 > +20%", "wakeup(rtapp).mean > +5%",
	};
	struct mrg_lat_saved base[3], now[3];
	unsigned int round, i, r;

	for (round = 0; round < 50; round++) {
		srand(round);
		for (i = 0; i < 3; i++) {
			base[i] = make_run(3000, 20000);
			now[i] = make_run(3000, 20000);
		}
		for (r = 0; r < 4; r++)
			assert_int_not_equal(judge(rules[r], base, 3, now, 3), MRG_LAT_BROKEN);
		for (i = 0; i < 3; i++) {
			mrg_lat_saved_finish(&base[i]);
			mrg_lat_saved_finish(&now[i]);
		}
	}
}

/* What meets a whole run alike, such as where its memory lies. */
static double luck_of_the_run(double spread)
{
	double radius = sqrt(-2 * log(draw()));

	return exp(spread * radius * cos(6.283 * draw()));
}

static unsigned int broken_by_luck(const char *rule, double spread, double slower)
{
	struct mrg_lat_saved base[3], now[3];
	unsigned int round, i, broken = 0;

	for (round = 0; round < 200; round++) {
		srand(round);
		for (i = 0; i < 3; i++) {
			base[i] = make_run(2000, 20000 * luck_of_the_run(spread));
			now[i] = make_run(2000, slower * 20000 * luck_of_the_run(spread));
		}
		broken += judge(rule, base, 3, now, 3) == MRG_LAT_BROKEN;
		for (i = 0; i < 3; i++) {
			mrg_lat_saved_finish(&base[i]);
			mrg_lat_saved_finish(&now[i]);
		}
	}
	return broken;
}

TEST(runs_that_differ_by_themselves_hide_less_than_they_differ)
{
	/* Samples without number within a run: only how runs differ can save the build. */
	assert_in_range(broken_by_luck("wakeup(rtapp).p50 > +0%", 0.1, 1), 0, 4);
	assert_in_range(broken_by_luck("wakeup(rtapp).p50 > +10%", 0.2, 1), 0, 2);
	assert_in_range(broken_by_luck("wakeup(rtapp).p50 > +20%", 0.02, 1.4), 195, 200);
	assert_in_range(broken_by_luck("wakeup(rtapp).p50 > +20%", 0.1, 3), 195, 200);
}

TEST(a_slower_system_breaks_the_rule)
{
	struct mrg_lat_saved base[3], now[3];
	unsigned int round, i;

	for (round = 0; round < 50; round++) {
		srand(round);
		for (i = 0; i < 3; i++) {
			base[i] = make_run(20000, 20000);
			now[i] = make_run(20000, 32000);
		}
		assert_int_equal(judge("wakeup(rtapp).p99 > +20%", base, 3, now, 3),
				 MRG_LAT_BROKEN);
		assert_int_equal(judge("wakeup(rtapp).p50 > +5us", base, 3, now, 3),
				 MRG_LAT_BROKEN);
		assert_int_equal(judge("wakeup(rtapp).p50 > 25us", base, 3, now, 3),
				 MRG_LAT_BROKEN);
		assert_int_equal(judge("wakeup(rtapp).p50 < -20%", now, 3, base, 3),
				 MRG_LAT_BROKEN);
		for (i = 0; i < 3; i++) {
			mrg_lat_saved_finish(&base[i]);
			mrg_lat_saved_finish(&now[i]);
		}
	}
}

TEST(a_run_that_differs_from_its_sisters_does_not_fail_the_build)
{
	struct mrg_lat_saved base[3] = {
		make_run(5000, 20000), make_run(5000, 20000), make_run(5000, 30000),
	};
	struct mrg_lat_saved now[2] = { make_run(5000, 30000), make_run(5000, 20000) };
	unsigned int i;

	assert_int_not_equal(judge("wakeup(rtapp).p99 > +10%", base, 3, now, 2), MRG_LAT_BROKEN);
	for (i = 0; i < 3; i++)
		mrg_lat_saved_finish(&base[i]);
	for (i = 0; i < 2; i++)
		mrg_lat_saved_finish(&now[i]);
}

TEST(too_few_samples_are_said_to_be_too_few)
{
	struct mrg_lat_saved few = make_run(100, 20000);
	const struct mrg_lat_side none = { NULL, 0 }, side = { &few, 1 };
	struct mrg_lat_outcome outcome;
	struct mrg_lat_rule rule;

	assert_int_equal(mrg_lat_rule_parse(&rule, "wakeup(rtapp).p99.9 > 1s", NULL), 0);
	assert_int_equal(mrg_lat_judge(&outcome, &rule, &none, &side, NULL), 0);
	assert_int_equal(outcome.verdict, MRG_LAT_FEW);
	assert_in_range(outcome.wanted, 5000, 20000);
	assert_false(mrg_lat_fails(&outcome));
	mrg_lat_saved_finish(&few);
}

TEST(a_metric_that_is_gone_fails)
{
	struct mrg_lat_saved run = make_run(100, 20000);

	assert_int_equal(judge("wakeup(other).max > 1s", NULL, 0, &run, 1), MRG_LAT_MISSING);
	/* ... but of what is counted none is a figure */
	assert_int_equal(judge("preempt.share > 1ms", NULL, 0, &run, 1), MRG_LAT_KEPT);
	assert_int_equal(judge("preempt.rate > +10%", &run, 1, &run, 1), MRG_LAT_KEPT);
	assert_int_equal(judge("preempt.p50 > +10%", &run, 1, &run, 1), MRG_LAT_MISSING);
	assert_int_equal(judge("wakeup(rtapp).count < 120", NULL, 0, &run, 1), MRG_LAT_NOISE);
	assert_int_equal(judge("wakeup(rtapp).count < 2000", NULL, 0, &run, 1), MRG_LAT_BROKEN);
	mrg_lat_saved_finish(&run);
}

TEST(a_metric_that_one_run_of_several_has_not_fails)
{
	struct mrg_lat_saved with = make_run(1000, 20000), none = make_run(0, 20000);
	struct mrg_lat_saved runs[] = { with, none, with }, whole[] = { with, with, with };

	assert_int_equal(judge("wakeup(rtapp).p50 > 1us", NULL, 0, whole, 3), MRG_LAT_BROKEN);
	assert_int_equal(judge("wakeup(rtapp).p50 > 1us", NULL, 0, runs, 3), MRG_LAT_MISSING);
	assert_int_equal(judge("wakeup(rtapp).max > 1s", NULL, 0, runs, 3), MRG_LAT_MISSING);
	assert_int_equal(judge("wakeup(rtapp).p50 > +9%", runs, 3, whole, 3), MRG_LAT_MISSING);
	assert_int_equal(judge("wakeup(rtapp).p50 > 1us", runs, 3, whole, 3), MRG_LAT_BROKEN);
	assert_int_equal(judge("wakeup(rtapp).count < 0", NULL, 0, runs, 3), MRG_LAT_KEPT);
	mrg_lat_saved_finish(&with);
	mrg_lat_saved_finish(&none);
}

TEST(a_relative_rule_needs_a_base)
{
	struct mrg_lat_saved run = make_run(100, 20000);
	const struct mrg_lat_side none = { NULL, 0 }, side = { &run, 1 };
	struct mrg_lat_outcome outcome;
	struct mrg_lat_rule rule;
	struct rt_err err = { 0 };

	assert_int_equal(mrg_lat_rule_parse(&rule, "wakeup.max > +1%", NULL), 0);
	assert_int_equal(mrg_lat_judge(&outcome, &rule, &none, &side, &err), -EINVAL);
	assert_contains(err.text, "no base");
	mrg_lat_saved_finish(&run);
}

/* ---- files ---- */

TEST(a_run_comes_back_from_its_file_as_it_was)
{
	struct mrg_lat_saved run = make_run(1000, 5e6), back;
	char path[] = "/tmp/test-lat-gate.XXXXXX";
	unsigned int i;

	close(mkstemp(path));
	assert_int_equal(mrg_lat_saved_tell(&run, run.figures, "woke \"late\"\n", "1.5 host\n"), 0);
	assert_int_equal(mrg_lat_save(&run, path, NULL), 0);
	assert_int_equal(mrg_lat_load(&back, path, NULL), 0);
	unlink(path);
	assert_int_equal(back.nr, 1);
	assert_string_equal(back.figures->name, "rtapp");
	assert_string_equal(back.figures->host, "vm1");
	assert_int_equal(back.figures->kind, MRG_LAT_WAKEUP);
	assert_int_equal(back.figures->hist.sum, run.figures->hist.sum);
	assert_int_equal(back.figures->hist.min, run.figures->hist.min);
	assert_int_equal(back.figures->hist.max, run.figures->hist.max);
	assert_int_equal(back.duration_ns, run.duration_ns);
	assert_string_equal(back.tales->text, "woke \"late\"\n");
	assert_string_equal(back.tales->excerpt, "1.5 host\n");
	for (i = 0; i < MRG_HIST_BUCKETS; i++)
		assert_int_equal(mrg_hist_at(&back.figures->hist, i),
				 mrg_hist_at(&run.figures->hist, i));
	mrg_lat_saved_finish(&run);
	mrg_lat_saved_finish(&back);
}

/* The text between .Bd and .Ed of a page's EXAMPLES. */
static char *page_example(const char *path)
{
	char *page = calloc(1, 1 << 16), *begin, *end;
	FILE *file = fopen(path, "re");

	assert_non_null(file);
	assert_true(fread(page, 1, (1 << 16) - 1, file) > 0);
	fclose(file);
	begin = strstr(strstr(page, ".Sh EXAMPLES"), ".Bd");
	begin = strchr(begin, '\n') + 1;
	end = strstr(begin, ".Ed");
	memmove(page, begin, (size_t)(end - begin));
	page[end - begin] = '\0';
	return page;
}

TEST(the_example_of_the_page_is_what_it_says)
{
	char *text = page_example("doc/formats/xtrace-latency.5");
	struct mrg_lat_saved run;

	assert_int_equal(mrg_lat_load_text(&run, text, strlen(text), "page", NULL), 0);
	assert_int_equal(run.figures->hist.count, 3);
	assert_int_equal(mrg_hist_rank(&run.figures->hist, 1), 5);
	assert_int_equal(mrg_hist_at(&run.figures->hist, mrg_hist_bucket(300)), 1);
	assert_int_equal(mrg_hist_bucket(301), 278);
	mrg_lat_saved_finish(&run);
	free(text);
}

TEST(a_file_that_is_none_of_ours_is_refused)
{
	static const struct { const char *text, *words; } bad[] = {
		{ "{\"a\": 1}", "there is no \"xtrace-latency\" in it" },
		{ "{\"xtrace-latency\": 9, \"sub_buckets\": 128}", "version 9" },
		{ "{\"xtrace-latency\":1,\"sub_buckets\":128,\"metrics\":[{\"kind\":\"x\"}]}",
		  "metric 0: expected a kind" },
		{ "{\"xtrace-latency\":1,\"sub_buckets\":128,\"metrics\":[{\"kind\":\"irq\","
		  "\"buckets\":[9999999,1]}]}", "do not make a histogram" },
		{ "{\"xtrace-latency\":1,\"sub_buckets\":128,\"metrics\":[{\"kind\":\"irq\","
		  "\"buckets\":[5]}]}", "do not make a histogram" },
		{ "{\"xtrace-latency\":1,\"sub_buckets\":128,\"metrics\":[{\"kind\":\"irq\","
		  "\"min\":1,\"max\":900,\"buckets\":[5,1]}]}", "do not make a histogram" },
		{ "{\"xtrace-latency\":1,\"sub_buckets\":128,\"metrics\":[{\"kind\":\"irq\","
		  "\"buckets\":[5,18446744073709551615]}]}", "do not make a histogram" },
		{ "{\"xtrace-latency\":1,\"sub_buckets\":128,\"metrics\":[{\"kind\":\"irq\","
		  "\"sum\":603,\"min\":300,\"max\":301,\"buckets\":[278,2]}]}", "do not make a" },
		{ "{\"xtrace-latency\":1,\"sub_buckets\":128,\"metrics\":[{\"kind\":\"irq\","
		  "\"min\":300,\"max\":301,\"buckets\":[278,2]}]}", "do not make a histogram" },
	};
	struct mrg_lat_saved run;
	struct rt_err err;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		err = (struct rt_err){ 0 };
		assert_int_equal(mrg_lat_load_text(&run, bad[i].text, strlen(bad[i].text), "x",
						   &err), -EBADMSG);
		assert_contains(err.text, bad[i].words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rule_has_a_metric_a_stat_and_a_limit),
		cmocka_unit_test(a_bad_rule_is_refused_with_its_column),
		cmocka_unit_test(the_same_system_passes_whatever_chance_does),
		cmocka_unit_test(runs_that_differ_by_themselves_hide_less_than_they_differ),
		cmocka_unit_test(a_slower_system_breaks_the_rule),
		cmocka_unit_test(a_run_that_differs_from_its_sisters_does_not_fail_the_build),
		cmocka_unit_test(too_few_samples_are_said_to_be_too_few),
		cmocka_unit_test(a_metric_that_is_gone_fails),
		cmocka_unit_test(a_metric_that_one_run_of_several_has_not_fails),
		cmocka_unit_test(a_relative_rule_needs_a_base),
		cmocka_unit_test(a_run_comes_back_from_its_file_as_it_was),
		cmocka_unit_test(the_example_of_the_page_is_what_it_says),
		cmocka_unit_test(a_file_that_is_none_of_ours_is_refused),
	};

	return RUN_TESTS(tests);
}
