/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * picture.c - a drawing of the host in text: by node, core and thread, whose each
 * CPU is
 */
#include "config/picture.h"

#include <stdio.h>
#include <string.h>

#include "lib/array.h"
#include "lib/buf.h"
#include "lib/text.h"

#define HEAD 6			/* columns in front of the cells: "  CPU " */
#define CELL 6
#define LEAST_WIDTH 40

struct drawing {
	struct rt_buf *out;
	const struct tune_topo *topo;
	const struct kcfg_places *places;
	unsigned int in_line;	/* cells */
	bool colour;
};

/* ---- names of VMs ---- */

/* The @n-th letter, then two of them: "a" ... "z", "aa", "ab" ... */
static void letters(char *buf, size_t size, size_t n, char first)
{
	if (n < 26)
		snprintf(buf, size, "%c", (char)(first + n));
	else
		snprintf(buf, size, "%c%c", (char)(first + (n / 26 - 1) % 26),
			 (char)(first + n % 26));
}

/* Real-time VMs and others are counted apart. */
static void name_vm(const struct drawing *d, const struct kcfg_place *place, char *buf,
		    size_t size)
{
	const struct kcfg_place *other;
	size_t n = 0;

	for (other = d->places->v; other < place; other++)
		n += other->vm->rt == place->vm->rt;
	letters(buf, size, n, place->vm->rt ? 'A' : 'a');
}

static void begin_colour(const struct drawing *d, const struct kcfg_place *place, bool down)
{
	static const unsigned char codes[] = { 32, 33, 34, 35, 36, 31 };

	if (!d->colour)
		return;
	if (!place)
		rt_buf_puts(d->out, "\033[2m");
	else
		rt_buf_printf(d->out, "\033[%s%um", down ? "2;" : place->vm->rt ? "1;" : "",
			      codes[(size_t)(place - d->places->v) % sizeof(codes)]);
}

static void end_colour(const struct drawing *d)
{
	if (d->colour)
		rt_buf_puts(d->out, "\033[0m");
}

/* ---- cells ---- */

static void cell(const struct drawing *d, const struct kcfg_place *place, bool down,
		 const char *text)
{
	begin_colour(d, place, down);
	rt_buf_printf(d->out, "%*s", CELL, text);
	end_colour(d);
}

static void rt_cell(const struct drawing *d, const struct kcfg_place *place, unsigned int cpu)
{
	bool down = rt_cpuset_has(&place->down, cpu);
	char name[8], text[24];
	unsigned int k;

	name_vm(d, place, name, sizeof(name));
	for (k = 0; k < place->vm->nr_vcpus && place->vcpus[k] != (int)cpu; k++)
		;
	if (k < place->vm->nr_vcpus)
		snprintf(text, sizeof(text), "%s%u", name, k);
	else
		snprintf(text, sizeof(text), "%s%s", name, down ? "-" : "*");
	cell(d, place, down, text);
}

static bool runs_on(const struct kcfg_place *place, unsigned int cpu)
{
	return rt_cpuset_has(&place->used, cpu) || rt_cpuset_has(&place->others, cpu);
}

static void cpu_cell(const struct drawing *d, unsigned int cpu)
{
	const struct kcfg_place *end = rt_array_end(d->places->v, d->places->n);
	const struct kcfg_place *place, *first = NULL;
	char text[24], name[8];
	unsigned int n = 0;

	for (place = d->places->v; place < end; place++) {
		if (rt_cpuset_has(&place->owned, cpu)) {
			rt_cell(d, place, cpu);
			return;
		}
		if (runs_on(place, cpu) && !n++)
			first = place;
	}
	if (!rt_cpuset_has(&d->topo->online, cpu)) {
		cell(d, NULL, false, "off");
		return;
	}
	if (!first) {
		cell(d, NULL, false, ".");
		return;
	}
	name_vm(d, first, name, sizeof(name));
	if (n > 1)
		snprintf(text, sizeof(text), "%s+%u", name, n - 1);
	else
		snprintf(text, sizeof(text), "%s", name);
	cell(d, first, false, text);
}

/* ---- lines ---- */

/* The @thread-th CPU of a core, or -1. */
static int cpu_of(const struct tune_group *core, unsigned int thread)
{
	int cpu = rt_cpuset_next(&core->cpus, 0);

	while (thread-- && cpu >= 0)
		cpu = rt_cpuset_next(&core->cpus, (unsigned int)cpu + 1);
	return cpu;
}

/* Two lines for a thread of each of these cores; false: none of them has that many. */
static bool threads_line(const struct drawing *d, const struct tune_group *const *cores,
			 unsigned int n, unsigned int thread)
{
	unsigned int i;
	bool any = false;

	for (i = 0; i < n; i++)
		any |= cpu_of(cores[i], thread) >= 0;
	if (!any)
		return false;
	rt_buf_puts(d->out, "  CPU ");
	for (i = 0; i < n; i++) {
		int cpu = cpu_of(cores[i], thread);

		if (cpu >= 0)
			rt_buf_printf(d->out, "%*d", CELL, cpu);
		else
			rt_buf_printf(d->out, "%*s", CELL, "");
	}
	rt_buf_printf(d->out, "\n%*s", HEAD, "");
	for (i = 0; i < n; i++) {
		int cpu = cpu_of(cores[i], thread);

		if (cpu >= 0)
			cpu_cell(d, (unsigned int)cpu);
		else
			rt_buf_printf(d->out, "%*s", CELL, "");
	}
	rt_buf_puts(d->out, "\n");
	return true;
}

static void cores_line(const struct drawing *d, const struct tune_group *const *cores,
		       unsigned int n)
{
	unsigned int i, thread = 0;

	rt_buf_puts(d->out, "  core");
	for (i = 0; i < n; i++)
		rt_buf_printf(d->out, "%*d", CELL, cores[i]->number);
	rt_buf_puts(d->out, "\n");
	while (threads_line(d, cores, n, thread))
		thread++;
}

static void node_block(const struct drawing *d, const struct tune_group *node)
{
	const struct tune_groups *at = &d->topo->at[TUNE_CORE];
	const struct tune_group *line[64];
	unsigned int i, n = 0;
	char size[32] = "";

	rt_buf_printf(d->out, "node %d", node->number);
	if (node->bytes)
		rt_buf_printf(d->out, " (%s)", rt_format_size(node->bytes, size, sizeof(size)));
	rt_buf_puts(d->out, "\n");
	for (i = 0; i < at->n; i++) {
		if (!rt_cpuset_overlaps(&at->v[i].cpus, &node->cpus))
			continue;
		line[n++] = &at->v[i];
		if (n == d->in_line) {
			cores_line(d, line, n);
			n = 0;
		}
	}
	if (n)
		cores_line(d, line, n);
}

/* ---- what the letters mean ---- */

static void legend_line(const struct drawing *d, const struct kcfg_place *place)
{
	const struct kcfg_vm *vm = place->vm;
	char name[8];

	name_vm(d, place, name, sizeof(name));
	begin_colour(d, place, false);
	rt_buf_printf(d->out, "%*s", HEAD - 2, name);
	end_colour(d);
	rt_buf_printf(d->out, "  %s: %u vCPU%s%s%s\n", vm->name[0] ? vm->name : vm->uuid,
		      vm->nr_vcpus, vm->nr_vcpus == 1 ? "" : "s", vm->rt ? ", real-time" : "",
		      rt_cpuset_empty(&place->used) ? ", on any CPU that is not taken" : "");
}

static void legend(const struct drawing *d)
{
	bool rt = false;
	size_t i;

	for (i = 0; i < d->places->n; i++) {
		legend_line(d, &d->places->v[i]);
		rt |= d->places->v[i].vm->rt;
	}
	if (rt)
		rt_buf_puts(d->out, "  A0  virtual CPU 0 of A;  A*  its other threads;  "
			    "A-  goes down\n");
	rt_buf_puts(d->out, "   .  the host's\n");
}

/* CPUs of which nobody knows the core: they have been offline since the machine started. */
static void lost_cpus(const struct drawing *d)
{
	struct rt_cpuset lost = d->topo->present;
	char list[400];
	unsigned int i;

	for (i = 0; i < d->topo->at[TUNE_CORE].n; i++)
		rt_cpuset_minus(&lost, &d->topo->at[TUNE_CORE].v[i].cpus);
	if (!rt_cpuset_empty(&lost) && rt_cpuset_format(&lost, list, sizeof(list)) == 0)
		rt_buf_printf(d->out, "offline, of an unknown core: CPUs %s\n", list);
}

void kcfg_picture(struct rt_buf *out, const struct tune_topo *topo,
		  const struct kcfg_places *places, unsigned int width, bool colour)
{
	struct drawing d = {
		.out = out, .topo = topo, .places = places, .colour = colour,
		.in_line = ((width < LEAST_WIDTH ? LEAST_WIDTH : width) - HEAD) / CELL,
	};
	unsigned int i;

	if (d.in_line > 64)
		d.in_line = 64;
	for (i = 0; i < topo->at[TUNE_NODE].n; i++)
		node_block(&d, &topo->at[TUNE_NODE].v[i]);
	lost_cpus(&d);
	legend(&d);
}
