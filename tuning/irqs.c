/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * irqs.c - the table of counts that /proc/interrupts and /proc/softirqs are
 *
 * The rows' texts stay where they were read, cut by NULs.  What is read beside
 * the counts is in irqs-more.c.
 */
#include "tuning/irqs.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/root.h"
#include "lib/text.h"
#include "tuning/irqs-internal.h"

/* As the kernel prints most counts. */
#define ZERO_COLUMN	"          0"
#define ZERO_WIDTH	(sizeof(ZERO_COLUMN) - 1)
/* Behind the text's end, so that a column may be compared as a whole. */
#define SLACK		16

void tune_irqs_finish(struct tune_irqs *irqs)
{
	free(irqs->v);
	free(irqs->cpus);
	free(irqs->counts);
	rt_buf_finish(&irqs->text);
	*irqs = (struct tune_irqs){ 0 };
}

uint64_t tune_irq_total(const struct tune_irqs *irqs, const struct tune_irq *irq)
{
	uint64_t total = 0;
	unsigned int i;

	for (i = 0; i < irq->nr_counts; i++)
		total += irqs->counts[irq->counts + i];
	return total;
}

struct tune_irq *tune_irqs_find(struct tune_irqs *irqs, int number)
{
	size_t i;

	for (i = 0; i < irqs->n; i++)
		if (irqs->v[i].number == number)
			return &irqs->v[i];
	return NULL;
}

static const char *skip_spaces(const char *p)
{
	return p + strspn(p, " \t");
}

/* ---- the head: "           CPU0       CPU2" ---- */

static unsigned int count_columns(const char *p)
{
	unsigned int nr = 0;

	for (p = skip_spaces(p); *p; p = skip_spaces(p + strcspn(p, " \t")))
		nr++;
	return nr;
}

static int bad_head(const char *found, struct rt_err *err)
{
	return rt_err_say(err, -EBADMSG, "line 1: expected \"CPU0 CPU1 ...\", found \"%.32s\"",
			  found);
}

static int parse_head(struct tune_irqs *irqs, const char *line, struct rt_err *err)
{
	unsigned int nr = count_columns(line), i;
	const char *p = skip_spaces(line);
	unsigned int *cpus;
	unsigned long cpu;
	char *end;

	if (nr == 0 || nr > RT_MAX_CPUS)
		return bad_head(p, err);
	cpus = reallocarray(irqs->cpus, nr, sizeof(*cpus));
	if (!cpus)
		return rt_err_set(err, -ENOMEM, "%u CPUs", nr);
	irqs->cpus = cpus;
	irqs->nr_cpus = nr;
	for (i = 0; i < nr; i++, p = skip_spaces(end)) {
		if (strncmp(p, "CPU", 3) != 0 || !isdigit((unsigned char)p[3]))
			return bad_head(p, err);
		cpu = strtoul(p + 3, &end, 10);
		if (cpu >= RT_MAX_CPUS || (*end && !isspace((unsigned char)*end)))
			return bad_head(p, err);
		cpus[i] = (unsigned int)cpu;
	}
	return 0;
}

/* ---- a row: " 36:          0    2401983 PCI-MSIX-0000:00:02.0   1-edge      nvme0q1" ---- */

static int more_counts(struct tune_irqs *irqs)
{
	size_t need = irqs->nr_counts + irqs->nr_cpus, room = irqs->counts_room * 2;
	uint32_t *counts;

	if (need <= irqs->counts_room)
		return 0;
	room = room > need ? room : need;
	counts = reallocarray(irqs->counts, room, sizeof(*counts));
	if (!counts)
		return -ENOMEM;
	irqs->counts = counts;
	irqs->counts_room = room;
	return 0;
}

static int more_rows(struct tune_irqs *irqs)
{
	size_t room = irqs->room ? irqs->room * 2 : 64;
	struct tune_irq *v;

	if (irqs->n < irqs->room)
		return 0;
	v = reallocarray(irqs->v, room, sizeof(*v));
	if (!v)
		return -ENOMEM;
	irqs->v = v;
	irqs->room = room;
	return 0;
}

/* The counts of a row, as many as there are; returns what stands behind them. */
static char *parse_counts(const struct tune_irqs *irqs, char *p, uint32_t *counts,
			  unsigned int *ret_nr)
{
	unsigned int nr;
	uint32_t value;
	char *at;

	for (nr = 0; nr < irqs->nr_cpus; nr++) {
		if (memcmp(p, ZERO_COLUMN, ZERO_WIDTH) == 0 &&
		    !isdigit((unsigned char)p[ZERO_WIDTH])) {
			counts[nr] = 0;
			p += ZERO_WIDTH;
			continue;
		}
		at = p + strspn(p, " ");
		if (!isdigit((unsigned char)*at))
			break;
		for (value = 0; isdigit((unsigned char)*at); at++)
			value = value * 10 + (uint32_t)(*at - '0');
		counts[nr] = value;
		p = at;
	}
	*ret_nr = nr;
	return p;
}

/* "1-edge", "9-fasteoi", "17": the number within the chip, which no chip's name begins with. */
static char *find_trigger(char *tail)
{
	char *p;

	for (p = tail; *p; p += strcspn(p, " "), p += strspn(p, " "))
		if (isdigit((unsigned char)*p) && p != tail)
			return p;
	return NULL;
}

static void trim(char *start, char *end)
{
	while (end > start && end[-1] == ' ')
		end--;
	*end = '\0';
}

/* The tail of a device's interrupt: "chip trigger  action, action"; without a trigger: "chip". */
static void cut_tail(struct tune_irq *irq, char *tail)
{
	char *trigger = find_trigger(tail), *rest;

	irq->chip = tail;
	if (!trigger) {
		rest = tail + strcspn(tail, " ");
		irq->trigger = "";
	} else {
		trim(tail, trigger);
		irq->trigger = trigger;
		rest = trigger + strcspn(trigger, " ");
	}
	irq->actions = "";
	if (*rest) {
		*rest = '\0';
		irq->actions = rest + 1 + strspn(rest + 1, " ");
	}
}

static int parse_row(struct tune_irqs *irqs, char *line, char *end, struct rt_err *err)
{
	char *label = line + strspn(line, " "), *colon = strchr(label, ':'), *tail;
	struct tune_irq *irq;
	uint64_t number;

	if (!colon || colon == label)
		return rt_err_say(err, -EBADMSG, "expected \"NAME: counts\", found \"%.32s\"",
				  line);
	if (more_rows(irqs) < 0 || more_counts(irqs) < 0)
		return rt_err_set(err, -ENOMEM, "%zu lines", irqs->n);
	*colon = '\0';
	irq = &irqs->v[irqs->n++];
	irq->label = label;
	irq->number = rt_parse_u64(label, 0, INT32_MAX, &number) == 0 ? (int)number : -1;
	irq->chip = irq->trigger = "";
	irq->has_affinity = false;
	irq->hold = TUNE_IRQ_UNKNOWN;
	irq->node = -1;
	irq->device[0] = irq->netdev[0] = '\0';
	irq->counts = irqs->nr_counts;
	tail = parse_counts(irqs, colon + 1, irqs->counts + irqs->nr_counts, &irq->nr_counts);
	irqs->nr_counts += irq->nr_counts;
	tail += strspn(tail, " ");
	trim(tail, end);
	irq->actions = tail;
	if (irq->number >= 0)
		cut_tail(irq, tail);
	return 0;
}

int tune_irqs_parse(struct tune_irqs *irqs, struct rt_err *err)
{
	size_t len = irqs->text.len;
	char *p, *end, *stop;
	int rc;

	irqs->n = irqs->nr_counts = 0;
	p = rt_buf_reserve(&irqs->text, SLACK);
	if (!p)
		return rt_err_set(err, -ENOMEM, "%zu bytes", len);
	memset(p, 0, SLACK);
	p = irqs->text.data;
	stop = p + len;
	end = p + strcspn(p, "\n");
	if (end >= stop)
		return bad_head(p, err);
	*end = '\0';
	rc = parse_head(irqs, p, err);
	for (p = end + 1; rc == 0 && p < stop; p = end + 1) {
		end = memchr(p, '\n', (size_t)(stop - p));
		if (!end)
			end = stop;
		*end = '\0';
		rc = parse_row(irqs, p, end, err);
		if (rc < 0)
			return rt_err_wrap(err, rc, "line %zu", irqs->n + 2);
	}
	return rc;
}

static int read_table(struct tune_irqs *irqs, const struct rt_root *root, const char *path,
		      struct rt_err *err)
{
	int rc = rt_root_read_buf(root, &irqs->text, err, "%s", path);

	if (rc < 0)
		return rc;
	rc = tune_irqs_parse(irqs, err);
	return rc < 0 ? rt_err_wrap(err, rc, "%s/%s", root->path, path) : 0;
}

int tune_irqs_read(struct tune_irqs *irqs, const struct rt_root *root, unsigned int what,
		   struct rt_err *err)
{
	int rc = read_table(irqs, root, "proc/interrupts", err);

	if (rc == 0 && what & TUNE_IRQS_DEVICE)
		tune_irqs_devices(irqs, root);
	if (rc == 0 && what & TUNE_IRQS_AFFINITY)
		tune_irqs_affinities(irqs, root);
	return rc;
}

int tune_softirqs_read(struct tune_irqs *irqs, const struct rt_root *root, struct rt_err *err)
{
	return read_table(irqs, root, "proc/softirqs", err);
}
