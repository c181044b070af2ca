/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * print-ftrace.c - the events of the kernel's tracers: functions, function
 * graph, stacks and raw data
 *
 * A function stands indented below the one that called it, by what was called
 * on its CPU before; an entry of the function graph knows the record behind it.
 */
#include "xtrace/print-plugins.h"

#include <stdio.h>
#include <stdlib.h>

static uint64_t field_of(const struct tep_format_field *field, const struct xt_data *data)
{
	if ((uint32_t)(field->offset + field->size) > data->size)
		return 0;
	return xt_load(data->p + field->offset, (unsigned int)field->size);
}

/* ---- functions ---- */

struct xt_func_stacks {
	unsigned int nr;
	struct func_stack {
		const char **name;	/* owned list of borrowed names; NULL ends it */
		size_t room;
	} *stack;			/* by CPU */
};

void xt_func_stacks_destroy(struct xt_func_stacks *stacks)
{
	unsigned int i;

	if (!stacks)
		return;
	for (i = 0; i < stacks->nr; i++)
		free(stacks->stack[i].name);
	free(stacks->stack);
	free(stacks);
}

static void set_child(struct func_stack *stack, const char *name, size_t pos)
{
	const char **more;

	if (!name)
		return;
	if (pos >= stack->room) {
		more = realloc(stack->name, (stack->room + 10) * sizeof(*more));
		if (!more)
			return;
		memset(more + stack->room, 0, 10 * sizeof(*more));
		stack->name = more;
		stack->room += 10;
	}
	stack->name[pos] = name;
}

static struct func_stack *stack_of(struct xt_printer *printer, unsigned int cpu)
{
	struct xt_func_stacks *stacks = printer->stacks;
	struct func_stack *more;

	if (!stacks) {
		stacks = calloc(1, sizeof(*stacks));
		printer->stacks = stacks;
	}
	if (!stacks)
		return NULL;
	if (cpu >= stacks->nr) {
		more = realloc(stacks->stack, (cpu + 1) * sizeof(*more));
		if (!more)
			return NULL;
		memset(more + stacks->nr, 0, (cpu + 1 - stacks->nr) * sizeof(*more));
		stacks->stack = more;
		stacks->nr = cpu + 1;
	}
	return &stacks->stack[cpu];
}

/* How deep the function stands: one below the place where its caller is kept. */
static unsigned int depth_of(struct xt_printer *printer, unsigned int cpu, const char *parent,
			     const char *child)
{
	struct func_stack *stack = stack_of(printer, cpu);
	size_t i;

	if (!stack)
		return 0;
	for (i = 0; i < stack->room && stack->name[i]; i++) {
		if (strcmp(parent, stack->name[i]))
			continue;
		set_child(stack, child, i + 1);
		return (unsigned int)i;
	}
	set_child(stack, parent, 0);
	set_child(stack, child, 1);
	return 0;
}

struct function {
	const struct tep_format_field *ip, *parent, *count, *top, *bottom;
};

static unsigned int cpu_of(struct xt_printer *printer, const struct xt_data *data)
{
	const struct xt_print_source *source = &printer->source;

	return source->cpu ? source->cpu(source->arg, data->rec->lane) : data->rec->lane;
}

static char *put_function(struct xt_pen *pen, const struct xt_row *row,
			  const struct xt_data *data, char *p, char *end)
{
	const struct function *f = row->arg;
	struct xt_printer *first = pen->printer->first;
	uint64_t addr = field_of(f->ip, data);
	const char *func = xt_pen_find(pen, addr)->name;
	const char *parent = xt_pen_find(pen, field_of(f->parent, data))->name;
	size_t indent = 0, len = func ? strlen(func) : RT_PUT_ROOM;

	if (parent) {
		pthread_mutex_lock(&first->lock);
		indent = 3 * depth_of(first, cpu_of(pen->printer, data), parent, func);
		pthread_mutex_unlock(&first->lock);
	}
	if (!xt_has_room(pen, p, end, indent + len + 2))
		return NULL;
	memset(p, ' ', indent);
	p += indent;
	if (func)
		return xt_put_text(pen, p, end, func, len);
	memcpy(p, "0x", 2);
	return rt_put_hex(p + 2, addr);
}

static struct function *function(struct xt_build *b)
{
	struct function *f = xt_arena_get(&b->printer->arena, sizeof(*f));

	if (!f) {
		b->failed = true;
		return NULL;
	}
	b->ordered = true;
	f->ip = xt_build_find(b, "ip", true);
	f->parent = f->ip ? xt_build_find(b, "parent_ip", true) : NULL;
	if (!f->parent) {
		xt_build_puts(b, "!");
		return NULL;
	}
	xt_build_call(b, put_function, f);
	return f;
}

bool xt_build_function(struct xt_build *b, const struct xt_prog *generic)
{
	(void)generic;
	return !function(b);
}

static char *put_time(char *p, enum xt_time_style style, uint64_t time)
{
	uint64_t us = (time + 500) / 1000;

	switch (style) {
	case XT_TIME_MICRO:
		return p + sprintf(p, "%5llu.%06llu", (unsigned long long)us / 1000000,
				   (unsigned long long)us % 1000000);
	case XT_TIME_NANO:
		return p + sprintf(p, "%5llu.%09llu", (unsigned long long)time / 1000000000,
				   (unsigned long long)time % 1000000000);
	case XT_TIME_PLAIN:
		break;
	}
	return p + sprintf(p, "%12llu", (unsigned long long)time);
}

static char *put_repeats(struct xt_pen *pen, const struct xt_row *row,
			 const struct xt_data *data, char *p, char *end)
{
	const struct function *f = row->arg;
	uint64_t back = field_of(f->top, data) << 32 | field_of(f->bottom, data);

	if (!xt_has_room(pen, p, end, 128))
		return NULL;
	p += sprintf(p, " (count: %lld  last_ts: ", (long long)field_of(f->count, data));
	p = put_time(p, pen->printer->times, data->rec->ts - back);
	*p = ')';
	return p + 1;
}

bool xt_build_repeats(struct xt_build *b, const struct xt_prog *generic)
{
	struct function *f = function(b);

	(void)generic;
	if (!f)
		f = xt_arena_get(&b->printer->arena, sizeof(*f));
	if (!f) {
		b->failed = true;
		return true;
	}
	f->count = xt_build_find(b, "count", true);
	f->top = f->count ? xt_build_find(b, "top_delta_ts", true) : NULL;
	f->bottom = f->top ? xt_build_find(b, "bottom_delta_ts", true) : NULL;
	if (!f->bottom) {
		xt_build_puts(b, "!");
		return true;
	}
	xt_build_call(b, put_repeats, f);
	return false;
}

/* ---- stacks and raw data ---- */

static char *put_stack(struct xt_pen *pen, const struct xt_row *row, const struct xt_data *data,
		       char *p, char *end)
{
	const struct tep_format_field *caller = row->arg;
	uint32_t pos = (uint32_t)caller->offset;

	for (; pos + 8 <= data->size && p; pos += 8) {
		uint64_t addr = xt_load(data->p + pos, 8);
		const struct xt_pen_symbol *sym;

		if ((uint32_t)addr == UINT32_MAX)
			break;
		sym = xt_pen_find(pen, addr);
		if (!xt_has_room(pen, p, end, sym->len + 64))
			return NULL;
		if (sym->name)
			p += sprintf(p, "=> %s (%llx)\n", sym->name, (unsigned long long)addr);
		else
			p += sprintf(p, "=> %llx\n", (unsigned long long)addr);
	}
	return p;
}

bool xt_build_stack(struct xt_build *b, const struct xt_prog *generic)
{
	const struct tep_format_field *caller = tep_find_any_field(b->event, "caller");

	(void)generic;
	if (!caller) {
		xt_build_puts(b, "<CANT FIND FIELD caller>");
		return false;
	}
	xt_build_puts(b, "<stack trace >\n");
	xt_build_call(b, put_stack, caller);
	return false;
}

static char *put_raw_data(struct xt_pen *pen, const struct xt_row *row,
			  const struct xt_data *data, char *p, char *end)
{
	const struct tep_format_field *buf = row->arg;
	uint32_t pos = (uint32_t)buf->offset;

	if (pos < data->size && !xt_has_room(pen, p, end, 3 * (size_t)(data->size - pos)))
		return NULL;
	for (; pos < data->size; pos++) {
		*p++ = ' ';
		p = rt_put_byte(p, data->p[pos]);
	}
	return p;
}

bool xt_build_raw_data(struct xt_build *b, const struct xt_prog *generic)
{
	const struct tep_format_field *id = xt_build_find(b, "id", true), *buf;

	(void)generic;
	if (!id) {
		xt_build_puts(b, "!");
		return true;
	}
	xt_build_puts(b, "# ");
	xt_build_field(b, id, "%llx");
	buf = tep_find_any_field(b->event, "buf");
	if (buf)
		xt_build_call(b, put_raw_data, buf);
	else
		xt_build_puts(b, "<CANT FIND FIELD buf>");
	return false;
}

/* ---- function graph ---- */

/* What a line of the graph is made of; fields of one of two events. */
struct graph {
	const struct tep_format_field *func, *depth;	/* of the entry or the exit itself */
	const struct tep_format_field *rettime, *calltime;	/* of the exit */
};

/* Depths beyond this are no depths. */
#define MAX_DEPTH 512

static char *put_overhead(char *p, uint64_t ns)
{
	char mark = ' ';

	if (ns > 1000000000)
		mark = '$';
	else if (ns > 1000000)
		mark = '#';
	else if (ns > 100000)
		mark = '!';
	else if (ns > 10000)
		mark = '+';
	p[0] = mark;
	p[1] = ' ';
	return p + 2;
}

static char *put_duration(char *p, uint64_t ns)
{
	char *start = p;
	long len;

	p = rt_put_dec(p, ns / 1000);
	if (p - start < 7)
		p += sprintf(p, ".%03u", (unsigned int)(ns % 1000));
	len = p - start;
	memcpy(p, " us ", 4);
	for (p += 4; len < 7; len++)
		*p++ = ' ';
	memcpy(p, "|  ", 3);
	return p + 3;
}

static char *put_indent(const struct graph *g, const struct xt_data *data, char *p)
{
	int64_t n = (int32_t)(2 * field_of(g->depth, data));

	if (n <= 0)
		return p;
	if (n > 2 * MAX_DEPTH)
		n = 2 * MAX_DEPTH;
	memset(p, ' ', (size_t)n);
	return p + n;
}

#define GRAPH_ROOM (2 * MAX_DEPTH + 128)

static char *put_graph_entry(struct xt_pen *pen, const struct xt_row *row,
			     const struct xt_data *data, char *p, char *end)
{
	const struct graph *g = row->arg;
	uint64_t addr = field_of(g->func, data), ns;
	const struct xt_pen_symbol *sym = xt_pen_find(pen, addr);
	const struct xt_rec *leaf = data->leaf;
	const struct xt_data exit = { .p = leaf ? leaf->data : NULL,
				      .size = leaf ? leaf->size : 0 };

	if (!xt_has_room(pen, p, end, GRAPH_ROOM + sym->len))
		return NULL;
	if (leaf && !g->rettime)
		return p + sprintf(p, "<CANT FIND FIELD rettime>!");
	if (leaf && !g->calltime)
		return p + sprintf(p, "<CANT FIND FIELD calltime>!");
	if (leaf) {
		ns = field_of(g->rettime, &exit) - field_of(g->calltime, &exit);
		p = put_overhead(p, ns == UINT64_MAX ? 0 : ns);
		p = put_duration(p, ns);
	} else {
		p += sprintf(p, "             |  ");
	}
	if (!g->depth)
		return p + sprintf(p, "<CANT FIND FIELD depth>!");
	p = put_indent(g, data, p);
	if (sym->name) {
		memcpy(p, sym->name, sym->len);
		p += sym->len;
	} else {
		p = rt_put_hex(p, addr);
	}
	return p + sprintf(p, leaf ? "();" : "() {");
}

bool xt_build_graph_entry(struct xt_build *b, const struct xt_prog *generic)
{
	const struct xt_graph *graph = &b->printer->graph;
	struct graph *g = xt_arena_get(&b->printer->arena, sizeof(*g));

	(void)generic;
	if (!g) {
		b->failed = true;
		return true;
	}
	if (!graph->exit)
		return true;
	g->func = xt_build_find(b, "func", true);
	if (!g->func) {
		xt_build_puts(b, "!");
		return true;
	}
	g->depth = xt_build_find(b, "depth", false);
	g->rettime = tep_find_field(graph->exit, "rettime");
	g->calltime = tep_find_field(graph->exit, "calltime");
	xt_build_call(b, put_graph_entry, g);
	return false;
}

static char *put_graph_exit(struct xt_pen *pen, const struct xt_row *row,
			    const struct xt_data *data, char *p, char *end)
{
	const struct graph *g = row->arg;
	uint64_t ns = field_of(g->rettime, data) - field_of(g->calltime, data);

	if (!xt_has_room(pen, p, end, GRAPH_ROOM))
		return NULL;
	p = put_overhead(p, ns == UINT64_MAX ? 0 : ns);
	p = put_duration(p, ns);
	if (!g->depth)
		return p;
	p = put_indent(g, data, p);
	*p = '}';
	return p + 1;
}

bool xt_build_graph_exit(struct xt_build *b, const struct xt_prog *generic)
{
	struct graph *g = xt_arena_get(&b->printer->arena, sizeof(*g));

	(void)generic;
	if (!g) {
		b->failed = true;
		return true;
	}
	g->rettime = xt_build_find(b, "rettime", true);
	g->calltime = g->rettime ? xt_build_find(b, "calltime", true) : NULL;
	if (!g->calltime) {
		xt_build_puts(b, "!");
		return true;
	}
	g->depth = xt_build_find(b, "depth", false);
	xt_build_call(b, put_graph_exit, g);
	if (g->depth)
		return false;
	xt_build_puts(b, "<CANT FIND FIELD depth>!");
	return true;
}
