/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cpustat-text.c - the columns of cpustat, as a table of text and as JSON
 */
#include "tuning/cpustat.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/array.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/json.h"
#include "lib/text.h"

/* What a column says of a CPU.  A number's text is its JSON too. */
struct cell {
	bool set, number;
	char text[512];
};

typedef void (*cell_fn)(const struct tune_cpustat *stat, const struct tune_cpustat_cpu *cpu,
			struct cell *ret);

static void set_number(struct cell *ret, long long value)
{
	ret->set = ret->number = true;
	snprintf(ret->text, sizeof(ret->text), "%lld", value);
}

static void set_float(struct cell *ret, float value)
{
	if (isnan(value))
		return;
	ret->set = ret->number = true;
	snprintf(ret->text, sizeof(ret->text), "%.1f", (double)value);
}

static void set_text(struct cell *ret, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void set_text(struct cell *ret, const char *fmt, ...)
{
	va_list ap;

	ret->set = true;
	va_start(ap, fmt);
	vsnprintf(ret->text, sizeof(ret->text), fmt, ap);
	va_end(ap);
}

/* ---- the columns ---- */

#define CELL(name) \
	static void name(const struct tune_cpustat *stat __attribute__((unused)), \
			 const struct tune_cpustat_cpu *cpu, struct cell *ret)
#define LEVEL(name, level) \
	CELL(name) \
	{ \
		if (cpu->cpu->in[level] != TUNE_NONE) \
			set_number(ret, cpu->cpu->in[level]); \
	}

CELL(get_cpu)
{
	set_number(ret, cpu->cpu->number);
}

LEVEL(get_package, TUNE_PACKAGE)
LEVEL(get_die, TUNE_DIE)
LEVEL(get_node, TUNE_NODE)
LEVEL(get_l3, TUNE_L3)
LEVEL(get_l2, TUNE_L2)
LEVEL(get_core, TUNE_CORE)

CELL(get_kind)
{
	if (cpu->cpu->kind == TUNE_KIND_PERFORMANCE)
		set_text(ret, "performance");
	else if (cpu->cpu->kind == TUNE_KIND_EFFICIENCY)
		set_text(ret, "efficiency");
}

CELL(get_siblings)
{
	struct rt_cpuset set = tune_topo_siblings(stat->topo, cpu->cpu->number);

	rt_cpuset_remove(&set, cpu->cpu->number);
	if (!rt_cpuset_empty(&set) && rt_cpuset_format(&set, ret->text, sizeof(ret->text)) == 0)
		ret->set = true;
}

/* Words with commas between them; "on" where there is nothing to say. */
CELL(get_state)
{
	const struct {
		bool is;
		const char *word;
	} states[] = {
		{ !cpu->cpu->online, "down" },
		{ cpu->shielded, "shielded" },
		{ cpu->isolated, "isolated" },
		{ cpu->nohz_full, "nohz_full" },
		{ cpu->partition, "partition" },
	};
	size_t i, len = 0;

	set_text(ret, "on");
	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (states[i].is)
			len += (size_t)snprintf(ret->text + len, sizeof(ret->text) - len, "%s%s",
						len ? "," : "", states[i].word);
	}
}

CELL(get_load)
{
	set_float(ret, cpu->load);
}

CELL(get_task)
{
	if (cpu->task)
		set_text(ret, "%s", cpu->task->comm);
}

CELL(get_tid)
{
	if (cpu->task)
		set_number(ret, cpu->task->tid);
}

CELL(get_policy)
{
	if (cpu->task && cpu->task->rt_priority)
		set_text(ret, "%s:%d", tune_policy_name(cpu->task->policy), cpu->task->rt_priority);
	else if (cpu->task)
		set_text(ret, "%s", tune_policy_name(cpu->task->policy));
}

CELL(get_waiting)
{
	if (cpu->cpu->online)
		set_number(ret, cpu->waiting);
}

CELL(get_irq)
{
	if (cpu->irq)
		set_text(ret, "%s", cpu->irq->label);
}

CELL(get_irq_what)
{
	if (cpu->irq && cpu->irq->about[0])
		set_text(ret, "%s", cpu->irq->about);
}

CELL(get_irq_rate)
{
	if (cpu->irq)
		set_float(ret, cpu->irq_rate);
}

CELL(get_interrupts)
{
	set_float(ret, cpu->interrupts);
}

/* More ranges than fit are not worth reading either. */
CELL(get_irqs)
{
	if (!cpu->bound->nr_irqs)
		return;
	ret->set = true;
	if (rt_cpuset_format(&cpu->bound->irqs, ret->text, sizeof(ret->text)) < 0)
		set_text(ret, "%u of them", cpu->bound->nr_irqs);
}

CELL(get_nr_irqs)
{
	if (cpu->cpu->online)
		set_number(ret, cpu->bound->nr_irqs);
}

CELL(get_tasks)
{
	if (cpu->cpu->online)
		set_number(ret, cpu->bound->nr_tasks);
}

CELL(get_pinned)
{
	const struct tune_cpustat_bound *bound = cpu->bound;
	unsigned int i, shown = bound->nr_pinned;
	size_t len = 0;

	shown = shown < TUNE_PINNED_SHOWN ? shown : TUNE_PINNED_SHOWN;
	for (i = 0; i < shown; i++)
		len += (size_t)snprintf(ret->text + len, sizeof(ret->text) - len, "%s%s:%d",
					len ? "," : "", bound->pinned[i]->comm,
					bound->pinned[i]->tid);
	if (bound->nr_pinned > shown)
		snprintf(ret->text + len, sizeof(ret->text) - len, ",+%u",
			 bound->nr_pinned - shown);
	ret->set = bound->nr_pinned;
}

/* What a person calls it: the first of its names, else its address. */
static int put_device(char *to, size_t size, const struct tune_pci *dev, const char *before)
{
	size_t len = dev->names ? strcspn(dev->names, " ") : 0;

	return snprintf(to, size, "%s%.*s", before, (int)(len ? len : sizeof(dev->address)),
			len ? dev->names : dev->address);
}

CELL(get_devices)
{
	const size_t room = sizeof(ret->text) - sizeof(",+4294967295");
	const struct tune_pci *dev = stat->topo->pci, *end = rt_array_end(dev, stat->topo->nr_pci);
	unsigned int more = 0;
	size_t len = 0, next;

	for (; dev < end; dev++) {
		if (tune_pci_is_bridge(dev) || !tune_pci_is_notable(dev) ||
		    !rt_cpuset_has(&dev->local, cpu->cpu->number))
			continue;
		next = len + (size_t)put_device(ret->text + len, sizeof(ret->text) - len, dev,
						len ? "," : "");
		if (more || next > room)
			more++;
		else
			len = next;
	}
	ret->text[len] = '\0';
	if (more)
		snprintf(ret->text + len, sizeof(ret->text) - len, ",+%u", more);
	ret->set = len > 0;
}

/* One list of columns for both tables, so that their places agree. */
#define COLUMNS(C) \
	C(cpu, "CPU", NUMBER, "number of the CPU") \
	C(package, "PACKAGE", NUMBER, "package, counted over the machine") \
	C(die, "DIE", NUMBER, "die") \
	C(node, "NODE", NUMBER, "NUMA node") \
	C(l3, "L3", NUMBER, "L3 cache") \
	C(l2, "L2", NUMBER, "L2 cache") \
	C(core, "CORE", NUMBER, "core") \
	C(siblings, "SIBLINGS", STRING, "the other threads of its core") \
	C(kind, "KIND", STRING, "kind of core, where there are several") \
	C(state, "STATE", STRING, "down, shielded, isolated, nohz_full, partition, on") \
	C(load, "LOAD%", NUMBER, "time that was not idle") \
	C(task, "TASK", STRING, "thread that runs there") \
	C(tid, "TID", NUMBER, "its number") \
	C(policy, "POLICY", STRING, "its policy, and real-time priority") \
	C(waiting, "WAITING", NUMBER, "threads that wait for it") \
	C(irq, "IRQ", STRING, "interrupt that came most") \
	C(irq_what, "WHAT", STRING, "whose that is") \
	C(irq_rate, "IRQ/s", NUMBER, "how often it came") \
	C(interrupts, "ALL/s", NUMBER, "how often any came") \
	C(irqs, "IRQS", STRING, "numbers of those delivered there") \
	C(nr_irqs, "#IRQS", NUMBER, "how many these are") \
	C(tasks, "#TASKS", NUMBER, "threads that may run there") \
	C(pinned, "PINNED", STRING, "threads that chose it alone") \
	C(devices, "DEVICES", STRING, "PCI devices that are near it")

#define AS_COLUMN(name, head, type, help) { head, #name, RT_COL_##type, help },
#define AS_GETTER(name, head, type, help) get_##name,

const struct rt_column tune_cpustat_columns[] = { COLUMNS(AS_COLUMN) { .head = NULL } };
static const cell_fn getters[] = { COLUMNS(AS_GETTER) };

#define NR_COLUMNS (sizeof(getters) / sizeof(getters[0]))
_Static_assert(NR_COLUMNS <= TUNE_CPUSTAT_MAX, "room for all columns");

const char tune_cpustat_default[] =
	"cpu,package,node,l3,core,state,load,task,tid,policy,irq,irq_rate,irqs,tasks,pinned";

/* ---- choosing ---- */

static int unknown_column(const char *name, struct rt_err *err)
{
	const char *names[NR_COLUMNS], *near;
	size_t i;

	for (i = 0; i < NR_COLUMNS; i++)
		names[i] = tune_cpustat_columns[i].key;
	if (rt_nearest(name, names, NR_COLUMNS, &near, 1))
		return rt_err_say(err, -EINVAL, "no column \"%s\"; there is \"%s\"", name, near);
	return rt_err_say(err, -EINVAL, "no column \"%s\"; --list names them", name);
}

static int find_column(const char *name)
{
	unsigned int i;

	for (i = 0; i < NR_COLUMNS; i++) {
		if (strcmp(tune_cpustat_columns[i].key, name) == 0)
			return (int)i;
	}
	return -1;
}

static bool is_among(const unsigned int *columns, unsigned int nr, unsigned int column)
{
	while (nr)
		if (columns[--nr] == column)
			return true;
	return false;
}

int tune_cpustat_choose(const char *names, unsigned int *ret, struct rt_err *err)
{
	unsigned int nr = 0;
	char name[32];
	size_t len;
	int found;

	for (; *names; names += len + (names[len] == ',')) {
		len = strcspn(names, ",");
		snprintf(name, sizeof(name), "%.*s", (int)(len < 31 ? len : 31), names);
		found = find_column(name);
		if (found < 0)
			return unknown_column(name, err);
		/* of a key that a JSON object has twice, readers know one */
		if (is_among(ret, nr, (unsigned int)found))
			return rt_err_say(err, -EINVAL, "\"%s\" stands there twice", name);
		ret[nr++] = (unsigned int)found;
	}
	if (nr == 0)
		return rt_err_say(err, -EINVAL, "expected names of columns, found \"\"");
	return (int)nr;
}

/* ---- printing ---- */

int tune_cpustat_print(const struct tune_cpustat *stat, const unsigned int *columns,
		       unsigned int nr, FILE *to, struct rt_err *err)
{
	struct rt_column heads[TUNE_CPUSTAT_MAX];
	struct rt_table *table;
	unsigned int i, c;
	int rc;

	for (c = 0; c < nr; c++)
		heads[c] = tune_cpustat_columns[columns[c]];
	rc = rt_table_create(&table, heads, nr);
	if (rc < 0)
		return rt_err_set(err, rc, "cannot make a table");
	for (i = 0; i < stat->n; i++) {
		rt_table_row(table);
		for (c = 0; c < nr; c++) {
			struct cell cell = { .set = false };

			getters[columns[c]](stat, &stat->v[i], &cell);
			if (cell.set)
				rt_table_str(table, c, cell.text);
		}
	}
	rc = rt_table_print(table, to, err);
	rt_table_destroy(table);
	return rc;
}

static void put_cell(struct rt_json *json, const struct cell *cell)
{
	if (!cell->set)
		rt_json_null(json);
	else if (cell->number)
		rt_json_raw(json, cell->text, strlen(cell->text));
	else
		rt_json_str(json, cell->text);
}

void tune_cpustat_put_json(struct rt_buf *to, const struct tune_cpustat *stat,
			   const unsigned int *columns, unsigned int nr)
{
	struct rt_json json = { .buf = to };
	unsigned int i, c;
	char text[32];

	rt_json_open(&json, '{');
	rt_json_key(&json, "time");
	snprintf(text, sizeof(text), "%.3f", (double)stat->time_ns / 1e9);
	rt_json_raw(&json, text, strlen(text));
	rt_json_key(&json, "seconds");
	snprintf(text, sizeof(text), "%.3f", stat->seconds);
	rt_json_raw(&json, text, strlen(text));
	rt_json_key(&json, "cpus");
	rt_json_open(&json, '[');
	for (i = 0; i < stat->n; i++) {
		rt_json_open(&json, '{');
		for (c = 0; c < nr; c++) {
			struct cell cell;

			cell.set = cell.number = false;
			getters[columns[c]](stat, &stat->v[i], &cell);
			rt_json_key(&json, tune_cpustat_columns[columns[c]].key);
			put_cell(&json, &cell);
		}
		rt_json_close(&json, '}');
	}
	rt_json_close(&json, ']');
	rt_json_close(&json, '}');
}
