/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rates.h - interrupts and softirqs a second: what two readings of the counts tell
 *
 * Lines may come and go between the readings, CPUs too, counters wrap at 32 bits
 * or begin anew; what the two readings cannot tell is NAN, never a guess.
 */
#ifndef TUNE_RATES_H
#define TUNE_RATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/cpulist.h"
#include "tuning/irqs.h"

struct rt_buf;
struct rt_err;
struct rt_root;

enum tune_rate_kind {
	TUNE_RATE_DEVICE,	/* "36": of a device */
	TUNE_RATE_CPU,		/* "LOC": of the CPUs themselves */
	TUNE_RATE_SOFTIRQ,	/* "NET_RX" */
};

/* Which lines, and which CPUs of each; all of it is borrowed. */
struct tune_rates_choice {
	const struct rt_cpuset *cpus;	/* NULL: all that are online */
	const char *const *words;	/* tune_irq_matches(); softirqs by glob */
	size_t nr_words;		/* 0: every line */
};

/* A line.  Texts are borrowed from the struct tune_rates, until its next reading. */
struct tune_rate {
	enum tune_rate_kind kind;
	const char *label;	/* "36", "LOC", "NET_RX" */
	const char *chip;	/* "PCI-MSIX-0000:00:02.0" or "" */
	const char *about;	/* "virtio1-req.0", "Local timer interrupts" or "" */
	bool known;		/* it was there at the reading before */
	double total;		/* a second, on the CPUs chosen; NAN where not known */
	size_t first;		/* of tune_rates.per_cpu, for the CPUs of tune_rates.cpus */
};

/* Start it with { 0 }, and read into it as often as wanted. */
struct tune_rates {
	struct tune_rate *v;
	size_t n, room;
	size_t widest;		/* length of the longest ->about */
	float *per_cpu;		/* a second; NAN where not known */
	size_t per_cpu_room;
	unsigned int *cpus;	/* those chosen that are online */
	unsigned int nr_cpus, cpus_room;
	double seconds;		/* between the readings; 0 after the first */
	uint64_t time_ns;	/* CLOCK_REALTIME of the newer one */

	/* both readings of each table; [now] is the newer one */
	struct tune_irqs irqs[2], softirqs[2];
	uint64_t read_ns[2];	/* CLOCK_MONOTONIC */
	unsigned int now;
};

/**
 * tune_rates_read() - take a reading, and compare it with the one before.
 *
 * The first one gives lines whose rates are not known.
 * Return: 0 or -errno; the reading before is kept then.
 */
int tune_rates_read(struct tune_rates *rates, const struct rt_root *root,
		    const struct tune_rates_choice *choice, struct rt_err *err);
void tune_rates_finish(struct tune_rates *rates);
/*
 * The first of the words that no line of the newest reading matches, or NULL; with what
 * may have been meant, or NULL.
 */
const char *tune_rates_unknown(const struct tune_rates *rates,
			       const struct tune_rates_choice *choice, const char **ret_near);

static inline float tune_rate_of(const struct tune_rates *rates, const struct tune_rate *rate,
				 unsigned int column)
{
	return rates->per_cpu[rate->first + column];
}

const char *tune_rate_kind_name(enum tune_rate_kind kind);	/* "irq", "cpu", "softirq" */

/* ---- rates-text.c: as text and as JSON ---- */

enum tune_rate_sort { TUNE_SORT_LISTED, TUNE_SORT_TOTAL, TUNE_SORT_NAME };

/* How the lines are shown. */
struct tune_rates_view {
	enum tune_rate_sort sort;
	bool changing;		/* only lines that count */
	bool no_irqs, no_softirqs;
	unsigned int first_cpu;	/* columns left out at the left */
	unsigned int width;	/* of the screen; 0: as wide as it needs */
};

/* The lines to be shown, in their order, into @order of rates->n places; how many. */
size_t tune_rates_order(const struct tune_rates *rates, const struct tune_rates_view *view,
			const struct tune_rate **order);
/* The head, and a line below it: without a newline, no wider than the view. */
void tune_rates_put_head(struct rt_buf *to, const struct tune_rates *rates,
			 const struct tune_rates_view *view);
void tune_rates_put_line(struct rt_buf *to, const struct tune_rates *rates,
			 const struct tune_rate *rate, const struct tune_rates_view *view);
/* How many CPU columns fit from view->first_cpu on. */
unsigned int tune_rates_columns(const struct tune_rates *rates,
				const struct tune_rates_view *view);
/* One object in one line, without a newline. */
void tune_rates_put_json(struct rt_buf *to, const struct tune_rates *rates,
			 const struct tune_rates_view *view);

#endif /* TUNE_RATES_H */
