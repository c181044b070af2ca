/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rates.c - two readings of the interrupts' counts, compared line by line and CPU
 * by CPU
 */
#include "tuning/rates.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/err.h"
#include "lib/root.h"
#include "lib/text.h"

#define NO_COLUMN UINT32_MAX

/* One table, now and before, and where its columns are. */
struct pair {
	const struct tune_irqs *now, *before;
	const uint32_t *now_column, *before_column;	/* of each CPU of rates->cpus */
	bool soft;
};

void tune_rates_finish(struct tune_rates *rates)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		tune_irqs_finish(&rates->irqs[i]);
		tune_irqs_finish(&rates->softirqs[i]);
	}
	free(rates->v);
	free(rates->per_cpu);
	free(rates->cpus);
	*rates = (struct tune_rates){ 0 };
}

const char *tune_rate_kind_name(enum tune_rate_kind kind)
{
	static const char *const names[] = {
		[TUNE_RATE_DEVICE] = "irq",
		[TUNE_RATE_CPU] = "cpu",
		[TUNE_RATE_SOFTIRQ] = "softirq",
	};

	return names[kind];
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Makes room for @need elements of @size, keeping those there are. */
static int grow(void *array, size_t *room, size_t need, size_t size)
{
	void **at = array, *bigger;

	if (need <= *room)
		return 0;
	need += need / 2;
	bigger = reallocarray(*at, need, size);
	if (!bigger)
		return -ENOMEM;
	*at = bigger;
	*room = need;
	return 0;
}

/* ---- CPUs ---- */

static int choose_cpus(struct tune_rates *rates, const struct tune_irqs *irqs,
		       const struct tune_rates_choice *choice)
{
	unsigned int *cpus, i;

	if (irqs->nr_cpus > rates->cpus_room) {
		cpus = reallocarray(rates->cpus, irqs->nr_cpus, sizeof(*cpus));
		if (!cpus)
			return -ENOMEM;
		rates->cpus = cpus;
		rates->cpus_room = irqs->nr_cpus;
	}
	rates->nr_cpus = 0;
	for (i = 0; i < irqs->nr_cpus; i++) {
		if (!choice->cpus || rt_cpuset_has(choice->cpus, irqs->cpus[i]))
			rates->cpus[rates->nr_cpus++] = irqs->cpus[i];
	}
	return 0;
}

/* Where the chosen CPUs stand in a table; both are ascending. */
static void find_columns(const struct tune_rates *rates, const struct tune_irqs *irqs,
			 uint32_t *columns)
{
	unsigned int i, at = 0;

	for (i = 0; i < rates->nr_cpus; i++) {
		while (at < irqs->nr_cpus && irqs->cpus[at] < rates->cpus[i])
			at++;
		columns[i] = NO_COLUMN;
		if (at < irqs->nr_cpus && irqs->cpus[at] == rates->cpus[i])
			columns[i] = at;
	}
}

/* ---- lines ---- */

static bool matches(const struct tune_irq *irq, const char *word, bool soft)
{
	return soft ? rt_glob(word, irq->label, true) : tune_irq_matches(irq, word);
}

static bool chosen(const struct tune_irq *irq, const struct tune_rates_choice *choice, bool soft)
{
	size_t i;

	for (i = 0; i < choice->nr_words; i++) {
		if (matches(irq, choice->words[i], soft))
			return true;
	}
	return choice->nr_words == 0;
}

static bool in_table(const struct tune_irqs *table, const char *word, bool soft)
{
	size_t i;

	for (i = 0; i < table->n; i++) {
		if (matches(&table->v[i], word, soft))
			return true;
	}
	return false;
}

const char *tune_rates_unknown(const struct tune_rates *rates,
			       const struct tune_rates_choice *choice, const char **ret_near)
{
	const struct tune_irqs *hard = &rates->irqs[rates->now];
	const struct tune_irqs *soft = &rates->softirqs[rates->now];
	const char *word;
	size_t i;

	for (i = 0; i < choice->nr_words; i++) {
		word = choice->words[i];
		if (in_table(hard, word, false) || in_table(soft, word, true))
			continue;
		*ret_near = tune_irqs_near(hard, false, word);
		if (!*ret_near)
			*ret_near = tune_irqs_near(soft, false, word);
		return word;
	}
	return NULL;
}

/* The same line of the reading before: most often right where the last one was. */
static const struct tune_irq *find_before(const struct tune_irqs *before, const char *label,
					  size_t *at)
{
	size_t i, n;

	for (n = 0; n < before->n; n++) {
		i = (*at + n) % before->n;
		if (strcmp(before->v[i].label, label) == 0) {
			*at = i + 1;
			return &before->v[i];
		}
	}
	return NULL;
}

/*
 * Counts have 32 bits.  One that is less than it was has wrapped, if that makes a
 * step that is possible; else it began anew, as when a driver is loaded again.
 */
static uint32_t step(uint32_t now, uint32_t before)
{
	uint32_t difference = now - before;

	return now >= before || difference < 1u << 31 ? difference : now;
}

static void compare_cpus(struct tune_rates *rates, const struct pair *pair,
			 const struct tune_irq *irq, const struct tune_irq *before,
			 struct tune_rate *rate)
{
	const uint32_t *now_counts = pair->now->counts + irq->counts;
	const uint32_t *before_counts = before ? pair->before->counts + before->counts : NULL;
	float *to = rates->per_cpu + rate->first, scale = (float)(1 / rates->seconds);
	uint64_t sum = 0;
	unsigned int i;
	uint32_t a, b, by;

	for (i = 0; i < rates->nr_cpus; i++) {
		a = pair->now_column[i];
		b = pair->before_column[i];
		if (!before || a >= irq->nr_counts || b >= before->nr_counts) {
			to[i] = NAN;
			continue;
		}
		by = step(now_counts[a], before_counts[b]);
		sum += by;
		to[i] = (float)by * scale;
	}
	rate->total = before ? (double)sum / rates->seconds : NAN;
}

/* ERR and MIS: one count, of no CPU. */
static void compare_single(struct tune_rates *rates, const struct pair *pair,
			   const struct tune_irq *irq, const struct tune_irq *before,
			   struct tune_rate *rate)
{
	unsigned int i;

	for (i = 0; i < rates->nr_cpus; i++)
		rates->per_cpu[rate->first + i] = NAN;
	rate->total = before ? step(tune_irq_count(pair->now, irq, 0),
				    tune_irq_count(pair->before, before, 0)) / rates->seconds : NAN;
}

static int compare_table(struct tune_rates *rates, const struct pair *pair,
			 const struct tune_rates_choice *choice)
{
	const struct tune_irq *irq, *before;
	struct tune_rate *rate;
	size_t i, len, at = 0;

	for (i = 0; i < pair->now->n; i++) {
		irq = &pair->now->v[i];
		if (!chosen(irq, choice, pair->soft))
			continue;
		before = rates->seconds > 0 ? find_before(pair->before, irq->label, &at) : NULL;
		if (grow(&rates->v, &rates->room, rates->n + 1, sizeof(*rates->v)) < 0 ||
		    grow(&rates->per_cpu, &rates->per_cpu_room, (rates->n + 1) * rates->nr_cpus,
			 sizeof(*rates->per_cpu)) < 0)
			return -ENOMEM;
		rate = &rates->v[rates->n];
		*rate = (struct tune_rate){
			.kind = pair->soft ? TUNE_RATE_SOFTIRQ :
				irq->number >= 0 ? TUNE_RATE_DEVICE : TUNE_RATE_CPU,
			.label = irq->label, .chip = irq->chip, .about = irq->actions,
			.known = before, .first = rates->n * rates->nr_cpus,
		};
		rates->n++;
		len = strlen(irq->actions);
		if (len > rates->widest)
			rates->widest = len;
		if (irq->nr_counts == 1 && pair->now->nr_cpus > 1)
			compare_single(rates, pair, irq, before, rate);
		else
			compare_cpus(rates, pair, irq, before, rate);
	}
	return 0;
}

static int compare(struct tune_rates *rates, const struct tune_rates_choice *choice)
{
	const struct tune_irqs *tables[2] = { rates->irqs, rates->softirqs };
	unsigned int now = rates->now, i;
	uint32_t *columns;
	int rc = 0;

	rates->n = 0;
	rates->widest = 0;
	if (choose_cpus(rates, &rates->irqs[now], choice) < 0)
		return -ENOMEM;
	columns = calloc(2 * (size_t)rates->nr_cpus + 1, sizeof(*columns));
	if (!columns)
		return -ENOMEM;
	for (i = 0; i < 2 && rc == 0; i++) {
		const struct pair pair = {
			.now = &tables[i][now], .before = &tables[i][!now],
			.now_column = columns, .before_column = columns + rates->nr_cpus,
			.soft = i == 1,
		};

		find_columns(rates, pair.now, columns);
		find_columns(rates, pair.before, columns + rates->nr_cpus);
		rc = compare_table(rates, &pair, choice);
	}
	free(columns);
	return rc;
}

/* The interrupts always: their columns are the CPUs that are online. */
static int read_tables(struct tune_rates *rates, unsigned int into, const struct rt_root *root,
		       const struct tune_rates_choice *choice, struct rt_err *err)
{
	unsigned int what = choice->nr_words ? TUNE_IRQS_DEVICE : 0;
	int rc;

	rc = tune_irqs_read(&rates->irqs[into], root, what, err);
	return rc < 0 ? rc : tune_softirqs_read(&rates->softirqs[into], root, err);
}

int tune_rates_read(struct tune_rates *rates, const struct rt_root *root,
		    const struct tune_rates_choice *choice, struct rt_err *err)
{
	unsigned int into = !rates->now;
	int rc;

	rc = read_tables(rates, into, root, choice, err);
	if (rc < 0)
		return rc;
	rates->time_ns = clock_ns(CLOCK_REALTIME);
	rates->read_ns[into] = clock_ns(CLOCK_MONOTONIC);
	rates->seconds = !rates->read_ns[rates->now] ? 0 :
		(double)(rates->read_ns[into] - rates->read_ns[rates->now]) / 1e9;
	rates->now = into;
	rc = compare(rates, choice);
	return rc < 0 ? rt_err_set(err, rc, "cannot compare two readings") : 0;
}
