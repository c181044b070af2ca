/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rates-text.c - rates as lines of text and as JSON: their order, their columns
 */
#include "tuning/rates.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/json.h"
#include "lib/put.h"

#define LABEL_WIDTH	8
#define RATE_WIDTH	8
#define ABOUT_LEAST	12
#define ABOUT_MOST	28
#define FIXED_WIDTH	(LABEL_WIDTH + 1 + RATE_WIDTH)

/* ---- order ---- */

/* NAN is less than any number. */
static int by_total(const void *a, const void *b)
{
	const struct tune_rate *x = *(const struct tune_rate *const *)a;
	const struct tune_rate *y = *(const struct tune_rate *const *)b;
	double p = isnan(x->total) ? -1 : x->total, q = isnan(y->total) ? -1 : y->total;

	if (p != q)
		return p < q ? 1 : -1;
	return x < y ? -1 : 1;
}

static int by_name(const void *a, const void *b)
{
	const struct tune_rate *x = *(const struct tune_rate *const *)a;
	const struct tune_rate *y = *(const struct tune_rate *const *)b;
	int order = strverscmp(x->about[0] ? x->about : x->label,
			       y->about[0] ? y->about : y->label);

	return order ? order : x < y ? -1 : 1;
}

static bool shown(const struct tune_rate *rate, const struct tune_rates_view *view)
{
	if (rate->kind == TUNE_RATE_SOFTIRQ ? view->no_softirqs : view->no_irqs)
		return false;
	return !view->changing || rate->total > 0;
}

size_t tune_rates_order(const struct tune_rates *rates, const struct tune_rates_view *view,
			const struct tune_rate **order)
{
	size_t i, n = 0;

	for (i = 0; i < rates->n; i++) {
		if (shown(&rates->v[i], view))
			order[n++] = &rates->v[i];
	}
	if (view->sort == TUNE_SORT_TOTAL)
		qsort(order, n, sizeof(*order), by_total);
	else if (view->sort == TUNE_SORT_NAME)
		qsort(order, n, sizeof(*order), by_name);
	return n;
}

/* ---- text ---- */

static unsigned int about_width(const struct tune_rates *rates,
				const struct tune_rates_view *view)
{
	unsigned int most = ABOUT_MOST;

	if (view->width && view->width / 4 < most)
		most = view->width / 4 > ABOUT_LEAST ? view->width / 4 : ABOUT_LEAST;
	if (rates->widest <= ABOUT_LEAST)
		return ABOUT_LEAST;
	return rates->widest < most ? (unsigned int)rates->widest : most;
}

unsigned int tune_rates_columns(const struct tune_rates *rates,
				const struct tune_rates_view *view)
{
	unsigned int left = rates->nr_cpus - (view->first_cpu < rates->nr_cpus ? view->first_cpu :
					      rates->nr_cpus);
	unsigned int taken = FIXED_WIDTH + about_width(rates, view);
	unsigned int fit = view->width > taken ? (view->width - taken) / RATE_WIDTH : 0;

	return !view->width || left < fit ? left : fit;
}

/* At most RATE_WIDTH - 1 characters: "." is none, "-" not known. */
static void put_rate(struct rt_buf *to, double rate)
{
	char text[32];

	if (isnan(rate) || rate == 0) {	/* as most are */
		rt_buf_puts(to, rate == 0 ? "       ." : "       -");
		return;
	}
	if (rate >= 9999999.5)
		snprintf(text, sizeof(text), "%.0fM", rate / 1e6);
	else
		snprintf(text, sizeof(text), "%.*f", rate >= 9.95 ? 0 : rate >= 0.095 ? 1 : 3,
			 rate);
	rt_buf_printf(to, "%*s", RATE_WIDTH, text);
}

/* Cut, never over the edge of a screen that has not even room for these. */
static void put_start(struct rt_buf *to, const struct tune_rates *rates,
		      const struct tune_rates_view *view, const char *label, const char *about)
{
	int width = (int)about_width(rates, view);

	rt_buf_printf(to, "%*.*s %-*.*s", LABEL_WIDTH, LABEL_WIDTH, label, width, width, about);
}

static void cut(struct rt_buf *to, size_t start, const struct tune_rates_view *view)
{
	while (to->len > start && to->data[to->len - 1] == ' ')
		to->len--;
	if (view->width && to->len - start > view->width)
		to->len = start + view->width;
}

void tune_rates_put_head(struct rt_buf *to, const struct tune_rates *rates,
			 const struct tune_rates_view *view)
{
	unsigned int i, nr = tune_rates_columns(rates, view);
	size_t start = to->len;
	char name[16];

	put_start(to, rates, view, "IRQ", "WHAT");
	rt_buf_printf(to, "%*s", RATE_WIDTH, "TOTAL/s");
	for (i = 0; i < nr; i++) {
		snprintf(name, sizeof(name), "CPU%u", rates->cpus[view->first_cpu + i]);
		rt_buf_printf(to, "%*s", RATE_WIDTH, name);
	}
	cut(to, start, view);
}

void tune_rates_put_line(struct rt_buf *to, const struct tune_rates *rates,
			 const struct tune_rate *rate, const struct tune_rates_view *view)
{
	unsigned int i, nr = tune_rates_columns(rates, view);
	size_t start = to->len;

	put_start(to, rates, view, rate->label, rate->about);
	put_rate(to, rate->total);
	for (i = 0; i < nr; i++)
		put_rate(to, tune_rate_of(rates, rate, view->first_cpu + i));
	cut(to, start, view);
}

/* ---- JSON ---- */

/* To three places, without zeros at the end: most are whole, and most are 0. */
static void put_number(struct rt_json *json, double value)
{
	char text[2 * RT_PUT_ROOM], *p;
	uint64_t milli;

	if (isnan(value)) {
		rt_json_null(json);
		return;
	}
	if (value == 0) {
		rt_json_raw(json, "0", 1);
		return;
	}
	milli = (uint64_t)(value * 1000 + 0.5);
	p = rt_put_dec(text, milli / 1000);
	milli %= 1000;
	if (milli) {
		*p++ = '.';
		*p++ = (char)('0' + milli / 100);
		*p++ = (char)('0' + milli / 10 % 10);
		*p++ = (char)('0' + milli % 10);
		while (p[-1] == '0')
			p--;
	}
	rt_json_raw(json, text, (size_t)(p - text));
}

static void put_json_line(struct rt_json *json, const struct tune_rates *rates,
			  const struct tune_rate *rate)
{
	unsigned int i;

	rt_json_open(json, '{');
	rt_json_put_str(json, "kind", tune_rate_kind_name(rate->kind));
	rt_json_put_str(json, "irq", rate->label);
	rt_json_put_str(json, "chip", rate->chip[0] ? rate->chip : NULL);
	rt_json_put_str(json, "what", rate->about);
	rt_json_key(json, "total");
	put_number(json, rate->total);
	rt_json_key(json, "rates");
	rt_json_open(json, '[');
	for (i = 0; i < rates->nr_cpus; i++)
		put_number(json, tune_rate_of(rates, rate, i));
	rt_json_close(json, ']');
	rt_json_close(json, '}');
}

void tune_rates_put_json(struct rt_buf *to, const struct tune_rates *rates,
			 const struct tune_rates_view *view)
{
	const struct tune_rate **order = calloc(rates->n + 1, sizeof(*order));
	struct rt_json json = { .buf = to };
	size_t i, n;

	if (!order) {
		to->failed = true;
		return;
	}
	n = tune_rates_order(rates, view, order);
	rt_json_open(&json, '{');
	rt_json_key(&json, "time");
	put_number(&json, (double)rates->time_ns / 1e9);
	rt_json_key(&json, "seconds");
	put_number(&json, rates->seconds);
	rt_json_key(&json, "cpus");
	rt_json_open(&json, '[');
	for (i = 0; i < rates->nr_cpus; i++)
		rt_json_u64(&json, rates->cpus[i]);
	rt_json_close(&json, ']');
	rt_json_key(&json, "lines");
	rt_json_open(&json, '[');
	for (i = 0; i < n; i++)
		put_json_line(&json, rates, order[i]);
	rt_json_close(&json, ']');
	rt_json_close(&json, '}');
	free(order);
}
