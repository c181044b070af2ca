/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-rates.c - rates out of two readings, whatever happened between them
 */
#include "tuning/rates.h"

#include <math.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "tests/tuning/tree.h"

#define SOFTIRQS "                    CPU0       CPU1       CPU2       CPU3\n" \
	"      NET_RX:          %d          0          0          7\n"

/* What the tests read with. */
struct world {
	struct tree *tree;
	struct tune_rates rates;
	struct tune_rates_choice choice;
};

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	world->tree = tree_new();
	tree_put(world->tree, "proc/softirqs", "          CPU0\n  NET_RX:   0\n");
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	tune_rates_finish(&world->rates);
	tree_destroy(world->tree);
	free(world);
	return 0;
}

static void read_interrupts(struct world *world, const char *text)
{
	struct rt_err err = { 0 };

	tree_put(world->tree, "proc/interrupts", text);
	if (tune_rates_read(&world->rates, &world->tree->root, &world->choice, &err) < 0)
		fail_msg("%s", err.text);
}

static const struct tune_rate *find(const struct world *world, const char *label)
{
	size_t i;

	for (i = 0; i < world->rates.n; i++) {
		if (strcmp(world->rates.v[i].label, label) == 0)
			return &world->rates.v[i];
	}
	return NULL;
}

/* How many between the readings; -1: not known. */
static long total_of(const struct world *world, const char *label)
{
	const struct tune_rate *rate = find(world, label);

	assert_non_null(rate);
	return isnan(rate->total) ? -1 : (long)(rate->total * world->rates.seconds + 0.5);
}

static long count_of(const struct world *world, const char *label, unsigned int column)
{
	const struct tune_rate *rate = find(world, label);
	float value;

	assert_non_null(rate);
	value = tune_rate_of(&world->rates, rate, column);
	return isnan(value) ? -1 : (long)((double)value * world->rates.seconds + 0.5);
}

TEST(the_first_reading_tells_no_rate)
{
	struct world *world = *state;

	read_interrupts(world, "  CPU0 CPU1\n 5: 10 20 IO-APIC 5-edge nic\n");
	assert_true(world->rates.seconds == 0);
	assert_int_equal(total_of(world, "5"), -1);
	assert_int_equal(count_of(world, "5", 0), -1);
	assert_false(find(world, "5")->known);
}

TEST(rates_are_the_difference_by_the_time)
{
	struct world *world = *state;

	read_interrupts(world, "  CPU0 CPU1\n 5: 10 20 IO-APIC 5-edge nic\nLOC: 1 2 Local timer\n"
			"ERR: 3\n");
	read_interrupts(world, "  CPU0 CPU1\n 5: 11 25 IO-APIC 5-edge nic\nLOC: 1 9 Local timer\n"
			"ERR: 5\n");
	assert_true(world->rates.seconds > 0);
	assert_int_equal(total_of(world, "5"), 6);
	assert_int_equal(count_of(world, "5", 0), 1);
	assert_int_equal(count_of(world, "5", 1), 5);
	assert_int_equal(find(world, "5")->kind, TUNE_RATE_DEVICE);
	assert_string_equal(find(world, "5")->about, "nic");
	assert_int_equal(count_of(world, "LOC", 0), 0);
	assert_int_equal(count_of(world, "LOC", 1), 7);
	assert_int_equal(find(world, "LOC")->kind, TUNE_RATE_CPU);
	assert_int_equal(total_of(world, "ERR"), 2);
	assert_int_equal(count_of(world, "ERR", 0), -1);
}

TEST(softirqs_stand_behind_the_interrupts_on_the_cpus_that_are_online)
{
	struct world *world = *state;
	char text[256];

	snprintf(text, sizeof(text), SOFTIRQS, 4);
	tree_put(world->tree, "proc/softirqs", text);
	read_interrupts(world, "  CPU0 CPU3\n 5: 10 20 IO-APIC 5-edge nic\n");
	snprintf(text, sizeof(text), SOFTIRQS, 9);
	tree_put(world->tree, "proc/softirqs", text);
	read_interrupts(world, "  CPU0 CPU3\n 5: 10 20 IO-APIC 5-edge nic\n");
	assert_int_equal(world->rates.nr_cpus, 2);
	assert_int_equal(world->rates.cpus[1], 3);
	assert_int_equal(find(world, "NET_RX")->kind, TUNE_RATE_SOFTIRQ);
	assert_int_equal(count_of(world, "NET_RX", 0), 5);
	assert_int_equal(count_of(world, "NET_RX", 1), 0);
}

TEST(a_cpu_that_goes_offline_takes_its_column_along)
{
	struct world *world = *state;

	read_interrupts(world, "  CPU0 CPU1 CPU2\n 5: 10 20 30 IO-APIC 5-edge nic\n");
	read_interrupts(world, "  CPU0 CPU2\n 5: 11 33 IO-APIC 5-edge nic\n");
	assert_int_equal(world->rates.nr_cpus, 2);
	assert_int_equal(count_of(world, "5", 0), 1);
	assert_int_equal(count_of(world, "5", 1), 3);
	assert_int_equal(total_of(world, "5"), 4);
}

TEST(a_cpu_that_comes_online_is_not_known_for_one_reading)
{
	struct world *world = *state;

	read_interrupts(world, "  CPU0 CPU2\n 5: 10 30 IO-APIC 5-edge nic\n");
	read_interrupts(world, "  CPU0 CPU1 CPU2\n 5: 11 900 32 IO-APIC 5-edge nic\n");
	assert_int_equal(count_of(world, "5", 0), 1);
	assert_int_equal(count_of(world, "5", 1), -1);
	assert_int_equal(count_of(world, "5", 2), 2);
	assert_int_equal(total_of(world, "5"), 3);
	read_interrupts(world, "  CPU0 CPU1 CPU2\n 5: 11 904 32 IO-APIC 5-edge nic\n");
	assert_int_equal(count_of(world, "5", 1), 4);
}

TEST(a_counter_that_wraps_goes_on)
{
	struct world *world = *state;

	read_interrupts(world, "  CPU0 CPU1\nLOC: 4294967290 7 Local timer\n");
	read_interrupts(world, "  CPU0 CPU1\nLOC: 10 7 Local timer\n");
	assert_int_equal(count_of(world, "LOC", 0), 16);
	assert_int_equal(total_of(world, "LOC"), 16);
}

TEST(a_counter_that_begins_anew_counts_from_nothing)
{
	struct world *world = *state;

	read_interrupts(world, "  CPU0 CPU1\n 5: 5000 7 IO-APIC 5-edge nic\n");
	read_interrupts(world, "  CPU0 CPU1\n 5: 3 0 IO-APIC 5-edge nic\n");
	assert_int_equal(count_of(world, "5", 0), 3);
	assert_int_equal(count_of(world, "5", 1), 0);
}

TEST(lines_come_and_go)
{
	struct world *world = *state;

	read_interrupts(world, "  CPU0\n 4: 1 A 4-edge a\n 5: 10 A 5-edge b\n 6: 7 A 6-edge c\n");
	read_interrupts(world, "  CPU0\n 3: 9 A 3-edge z\n 4: 2 A 4-edge a\n 6: 9 A 6-edge c\n"
			" 7: 4 A 7-edge d\n");
	assert_int_equal(total_of(world, "4"), 1);
	assert_int_equal(total_of(world, "6"), 2);
	assert_null(find(world, "5"));
	assert_int_equal(total_of(world, "3"), -1);
	assert_false(find(world, "3")->known);
	assert_int_equal(total_of(world, "7"), -1);
	read_interrupts(world, "  CPU0\n 3: 9 A 3-edge z\n 5: 11 A 5-edge b\n 7: 5 A 7-edge d\n");
	assert_int_equal(total_of(world, "3"), 0);
	assert_int_equal(total_of(world, "5"), -1);
	assert_int_equal(total_of(world, "7"), 1);
}

TEST(cpus_and_lines_are_chosen)
{
	static const char *const words[] = { "nic*", "LOC", "NET_*" };
	struct world *world = *state;
	struct rt_cpuset cpus;

	assert_int_equal(rt_cpuset_parse(&cpus, "1,7", NULL), 0);
	world->choice = (struct tune_rates_choice){ .cpus = &cpus, .words = words, .nr_words = 3 };
	read_interrupts(world, "  CPU0 CPU1\n 4: 1 1 A 4-edge disk\n 5: 1 2 A 5-edge nic-rx\n"
			"LOC: 1 2 Local timer\nRES: 1 2 Rescheduling\n");
	read_interrupts(world, "  CPU0 CPU1\n 4: 1 1 A 4-edge disk\n 5: 8 4 A 5-edge nic-rx\n"
			"LOC: 3 3 Local timer\nRES: 3 3 Rescheduling\n");
	assert_int_equal(world->rates.n, 3);
	assert_int_equal(world->rates.nr_cpus, 1);
	assert_int_equal(world->rates.cpus[0], 1);
	assert_int_equal(total_of(world, "5"), 2);	/* on the CPUs chosen */
	assert_int_equal(total_of(world, "LOC"), 1);
	assert_non_null(find(world, "NET_RX"));
}

TEST(a_table_that_is_none_is_refused)
{
	struct world *world = *state;
	struct rt_err err = { 0 };

	tree_put(world->tree, "proc/interrupts", "nonsense\n");
	assert_true(tune_rates_read(&world->rates, &world->tree->root, &world->choice, &err) < 0);
	assert_contains(err.text, "nonsense");
}

/* ---- text ---- */

static void two_readings(struct world *world)
{
	read_interrupts(world, "  CPU0 CPU1\n 4: 1 1 A 4-edge zebra\n 5: 1 2 A 5-edge ant\n"
			"LOC: 1 2 Local timer interrupts\n");
	read_interrupts(world, "  CPU0 CPU1\n 4: 1 1 A 4-edge zebra\n 5: 3 2 A 5-edge ant\n"
			"LOC: 2001 3 Local timer interrupts\n");
	world->rates.seconds = 1;	/* so that the numbers are exact */
	world->rates.per_cpu[find(world, "5")->first] = 2;
	world->rates.per_cpu[find(world, "LOC")->first] = 2000;
	world->rates.per_cpu[find(world, "LOC")->first + 1] = 0.25;
	((struct tune_rate *)find(world, "5"))->total = 2;
	((struct tune_rate *)find(world, "LOC"))->total = 2000.25;
}

TEST(lines_are_ordered)
{
	const struct tune_rate *order[8];
	struct tune_rates_view view = { 0 };
	struct world *world = *state;

	two_readings(world);
	assert_int_equal(tune_rates_order(&world->rates, &view, order), 4);
	assert_string_equal(order[0]->label, "4");
	view.sort = TUNE_SORT_TOTAL;
	tune_rates_order(&world->rates, &view, order);
	assert_string_equal(order[0]->label, "LOC");
	assert_string_equal(order[1]->label, "5");
	view.sort = TUNE_SORT_NAME;
	tune_rates_order(&world->rates, &view, order);
	assert_string_equal(order[0]->about, "Local timer interrupts");
	assert_string_equal(order[3]->about, "zebra");
	view.changing = true;
	assert_int_equal(tune_rates_order(&world->rates, &view, order), 2);
	view = (struct tune_rates_view){ .no_irqs = true };
	assert_int_equal(tune_rates_order(&world->rates, &view, order), 1);
	assert_string_equal(order[0]->label, "NET_RX");
}

static void expect_line(const struct world *world, const char *label,
			const struct tune_rates_view *view, const char *expected)
{
	struct rt_buf text = { 0 };

	if (label)
		tune_rates_put_line(&text, &world->rates, find(world, label), view);
	else
		tune_rates_put_head(&text, &world->rates, view);
	assert_string_equal(rt_buf_str(&text), expected);
	rt_buf_finish(&text);
}

TEST(a_line_has_the_rate_of_each_cpu)
{
	struct tune_rates_view view = { 0 };
	struct world *world = *state;

	two_readings(world);
	expect_line(world, NULL, &view,
		    "     IRQ WHAT                   TOTAL/s    CPU0    CPU1");
	expect_line(world, "5", &view,
		    "       5 ant                        2.0     2.0       .");
	expect_line(world, "LOC", &view,
		    "     LOC Local timer interrupts    2000    2000     0.2");
	view.first_cpu = 1;
	expect_line(world, "LOC", &view, "     LOC Local timer interrupts    2000     0.2");
}

TEST(a_narrow_screen_has_fewer_columns_and_no_longer_line)
{
	struct tune_rates_view view = { .width = 44 };
	struct world *world = *state;

	two_readings(world);
	assert_int_equal(tune_rates_columns(&world->rates, &view), 1);
	expect_line(world, "LOC", &view, "     LOC Local timer     2000    2000");
	view.first_cpu = 1;
	assert_int_equal(tune_rates_columns(&world->rates, &view), 1);
	view.first_cpu = 99;
	assert_int_equal(tune_rates_columns(&world->rates, &view), 0);
	view = (struct tune_rates_view){ .width = 12 };
	expect_line(world, "LOC", &view, "     LOC Loc");
}

TEST(json_has_null_for_what_is_not_known)
{
	struct tune_rates_view view = { .sort = TUNE_SORT_TOTAL };
	struct world *world = *state;
	struct rt_buf text = { 0 };

	two_readings(world);
	world->rates.per_cpu[find(world, "5")->first + 1] = NAN;
	tune_rates_put_json(&text, &world->rates, &view);
	assert_contains(rt_buf_str(&text), "\"seconds\":1,\"cpus\":[0,1],\"lines\":["
			"{\"kind\":\"cpu\",\"irq\":\"LOC\",\"chip\":null,"
			"\"what\":\"Local timer interrupts\",\"total\":2000.25,"
			"\"rates\":[2000,0.25]},"
			"{\"kind\":\"irq\",\"irq\":\"5\",\"chip\":\"A\",\"what\":\"ant\","
			"\"total\":2,\"rates\":[2,null]},");
	rt_buf_finish(&text);
}

int main(void)
{
#define RATES_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		RATES_TEST(the_first_reading_tells_no_rate),
		RATES_TEST(rates_are_the_difference_by_the_time),
		RATES_TEST(softirqs_stand_behind_the_interrupts_on_the_cpus_that_are_online),
		RATES_TEST(a_cpu_that_goes_offline_takes_its_column_along),
		RATES_TEST(a_cpu_that_comes_online_is_not_known_for_one_reading),
		RATES_TEST(a_counter_that_wraps_goes_on),
		RATES_TEST(a_counter_that_begins_anew_counts_from_nothing),
		RATES_TEST(lines_come_and_go),
		RATES_TEST(cpus_and_lines_are_chosen),
		RATES_TEST(a_table_that_is_none_is_refused),
		RATES_TEST(lines_are_ordered),
		RATES_TEST(a_line_has_the_rate_of_each_cpu),
		RATES_TEST(a_narrow_screen_has_fewer_columns_and_no_longer_line),
		RATES_TEST(json_has_null_for_what_is_not_known),
	};

	return RUN_TESTS(tests);
}
