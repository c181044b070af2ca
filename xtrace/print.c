/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * print.c - the text of events as trace-cmd report prints it: printers and pens
 *
 * A format is parsed by libtraceevent and compiled when its first record comes;
 * symbols and printk formats are read when a text needs them first.
 */
#include "xtrace/print-local.h"

#include <errno.h>
#include <stdlib.h>
#include <traceevent/trace-seq.h>

#include "lib/buf.h"
#include "lib/err.h"

/* ---- what is read late ---- */

const struct xt_symbols *xt_printer_symbols(struct xt_printer *printer)
{
	const struct xt_symbols *symbols;

	symbols = atomic_load_explicit(&printer->symbols, memory_order_acquire);
	if (likely(symbols != NULL))
		return symbols;
	symbols = printer->source.symbols(printer->source.arg);
	if (!symbols)
		return xt_no_symbols();
	atomic_store_explicit(&printer->symbols, symbols, memory_order_release);
	return symbols;
}

static int printk_compare(const void *a, const void *b)
{
	const struct xt_printk *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

/* "0xffffffff81e00000 : "text\n"": the quotes and the newline behind go. */
static void add_printk(struct xt_printer *printer, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len), *text, *end = line + len;
	struct xt_printk *entry = &printer->printk[printer->nr_printk];

	if (!colon || end - colon < 3)
		return;
	text = colon + 2;
	if (*text == '"')
		text++;
	if (end > text && end[-1] == '"')
		end--;
	if (end - text >= 2 && end[-2] == '\\' && end[-1] == 'n')
		end -= 2;
	entry->addr = strtoull(line, NULL, 16);
	entry->text = xt_arena_text(&printer->arena, text, (size_t)(end - text));
	if (entry->text)
		printer->nr_printk++;
}

static int read_printk(struct xt_printer *printer)
{
	const char *line = printer->source.printk, *end;
	size_t n = 1;

	if (!line)
		return 0;
	for (end = line; *end; end++)
		n += *end == '\n';
	printer->printk = calloc(n, sizeof(*printer->printk));
	if (!printer->printk)
		return -ENOMEM;
	for (; *line; line = *end ? end + 1 : end) {
		end = strchrnul(line, '\n');
		add_printk(printer, line, (size_t)(end - line));
	}
	qsort(printer->printk, printer->nr_printk, sizeof(*printer->printk), printk_compare);
	return 0;
}

const char *xt_printer_printk(const struct xt_printer *printer, uint64_t addr)
{
	const struct xt_printk key = { .addr = addr }, *found;

	if (!printer->nr_printk)
		return NULL;
	found = bsearch(&key, printer->printk, printer->nr_printk, sizeof(key), printk_compare);
	return found ? found->text : NULL;
}

/* ---- events ---- */

static struct xt_prog unknown_event;	/* stands for an id without a format */

static struct tep_event *parse(struct xt_printer *printer, unsigned int id)
{
	const struct xt_print_source *source = &printer->source;
	struct tep_event *event = NULL;
	const char *system, *text;
	char *safe;
	size_t len;

	if (!source->format(source->arg, id, &system, &text, &len))
		return NULL;
	event = tep_find_event(printer->tep, (int)id);
	if (!event) {
		safe = xt_print_guard(text, len);
		if (safe)
			tep_parse_format(printer->tep, &event, safe, strlen(safe), system);
		free(safe);
		if (event)
			xt_foreign_check(event);
	}
	return event && event->id == (int)id ? event : NULL;
}

static const struct xt_prog *compile(struct xt_printer *printer, unsigned int id)
{
	struct tep_event *event;
	struct xt_prog *prog;

	pthread_mutex_lock(&printer->lock);
	prog = atomic_load_explicit(&printer->progs[id], memory_order_relaxed);
	if (!prog) {
		event = parse(printer, id);
		prog = event ? xt_compile(printer, event) : NULL;
		if (!prog)
			prog = &unknown_event;
		atomic_store_explicit(&printer->progs[id], prog, memory_order_release);
	}
	pthread_mutex_unlock(&printer->lock);
	return prog;
}

static inline const struct xt_prog *find_prog(struct xt_printer *printer, unsigned int id)
{
	const struct xt_prog *prog;

	if (id >= printer->source.max_event)
		return NULL;
	prog = atomic_load_explicit(&printer->progs[id], memory_order_acquire);
	if (unlikely(!prog))
		prog = compile(printer, id);
	return prog == &unknown_event ? NULL : prog;
}

const struct xt_prog *xt_printer_prog(struct xt_printer *printer, unsigned int id)
{
	return find_prog(printer, id);
}

/* ---- function graph ---- */

/* The two events know each other, so both are looked for at the start. */
static void find_graph(struct xt_printer *printer)
{
	const struct xt_print_source *source = &printer->source;
	struct xt_graph *graph = &printer->graph;
	const char *system, *text;
	struct tep_event *entry;
	unsigned int id;
	size_t len;

	graph->entry_id = graph->exit_id = -1;
	for (id = 0; id < source->max_event; id++) {
		if (!source->format(source->arg, id, &system, &text, &len) ||
		    strcmp(system, "ftrace"))
			continue;
		if (!strncmp(text, "name: funcgraph_entry\n", 22))
			graph->entry_id = (int)id;
		else if (!strncmp(text, "name: funcgraph_exit\n", 21))
			graph->exit_id = (int)id;
	}
	if (graph->entry_id < 0 || graph->exit_id < 0)
		return;
	entry = parse(printer, (unsigned int)graph->entry_id);
	graph->exit = parse(printer, (unsigned int)graph->exit_id);
	if (!entry || !graph->exit)
		return;
	graph->pid = tep_find_common_field(graph->exit, "common_pid");
	graph->entry_func = tep_find_field(entry, "func");
	graph->exit_func = tep_find_field(graph->exit, "func");
}

int xt_printer_graph_entry(const struct xt_printer *printer)
{
	return printer->graph.entry_id;
}

static bool same(const struct tep_format_field *a, const struct xt_rec *x,
		 const struct tep_format_field *b, const struct xt_rec *y)
{
	if (!a || !b || (uint32_t)(a->offset + a->size) > x->size ||
	    (uint32_t)(b->offset + b->size) > y->size)
		return false;
	return xt_load(x->data + a->offset, (unsigned int)a->size) ==
	       xt_load(y->data + b->offset, (unsigned int)b->size);
}

bool xt_printer_is_leaf(const struct xt_printer *printer, const struct xt_rec *rec,
			const struct xt_rec *next)
{
	const struct xt_graph *graph = &printer->graph;

	if (rec->size < 2 || next->size < 2 || (next->flags & XT_REC_LOST) ||
	    xt_rec_type(rec) != graph->entry_id || xt_rec_type(next) != graph->exit_id)
		return false;
	return same(graph->pid, rec, graph->pid, next) &&
	       same(graph->entry_func, rec, graph->exit_func, next);
}

/* ---- life ---- */

/* Answers libtraceevent, in the fallback. */
static char *resolve(void *priv, unsigned long long *addr, char **module)
{
	struct xt_symbol found;

	*module = NULL;
	if (!xt_symbols_find(xt_printer_symbols(priv), *addr, &found))
		return NULL;
	*addr = found.addr;
	return (char *)found.name;
}

static int setup_tep(struct xt_printer *printer)
{
	printer->tep = tep_alloc();
	if (!printer->tep)
		return -ENOMEM;
	tep_set_loglevel(TEP_LOG_NONE);
	tep_set_file_bigendian(printer->tep, TEP_LITTLE_ENDIAN);
	tep_set_local_bigendian(printer->tep, TEP_LITTLE_ENDIAN);
	tep_set_long_size(printer->tep, 8);
	if (tep_set_function_resolver(printer->tep, resolve, printer) < 0)
		return -ENOMEM;
	return xt_print_register(printer->tep);
}

int xt_print_create(struct xt_printer **ret, const struct xt_print_source *source,
		    struct rt_err *err)
{
	struct xt_printer *printer = calloc(1, sizeof(*printer));
	int rc = -ENOMEM;

	if (!printer) {
		source->destroy(source->arg);
		return rt_err_set(err, rc, "cannot allocate a printer");
	}
	printer->source = *source;
	printer->first = printer;
	pthread_mutex_init(&printer->lock, NULL);
	printer->progs = calloc(source->max_event + 1, sizeof(*printer->progs));
	printer->seq = calloc(1, sizeof(*printer->seq));
	if (printer->progs && printer->seq)
		rc = setup_tep(printer);
	if (rc == 0)
		rc = read_printk(printer);
	if (rc < 0) {
		xt_printer_destroy(printer);
		return rt_err_set(err, rc, "cannot allocate a printer");
	}
	find_graph(printer);
	*ret = printer;
	return 0;
}

void xt_printer_destroy(struct xt_printer *printer)
{
	if (!printer)
		return;
	if (printer->tep)
		tep_free(printer->tep);
	if (printer->seq && printer->seq->buffer)
		trace_seq_destroy(printer->seq);
	free(printer->seq);
	free(printer->padded);
	free(printer->progs);
	free(printer->printk);
	xt_func_stacks_destroy(printer->stacks);
	xt_arena_finish(&printer->arena);
	printer->source.destroy(printer->source.arg);
	pthread_mutex_destroy(&printer->lock);
	free(printer);
}

void xt_printer_times(struct xt_printer *printer, enum xt_time_style style)
{
	printer->times = style;
}

void xt_printer_guests(struct xt_printer *printer, const struct xt_guest_cpu *cpus, size_t nr)
{
	printer->guests = cpus;
	printer->nr_guests = nr;
}

void xt_printer_follow(struct xt_printer *printer, struct xt_printer *first)
{
	printer->first = first->first;
}

int xt_pen_create(struct xt_pen **ret, struct xt_printer *printer)
{
	struct xt_pen *pen = calloc(1, sizeof(*pen));

	if (!pen)
		return -ENOMEM;
	pen->printer = printer;
	pen->symbols[0].addr = 1;	/* no place holds what it is looked into for */
	*ret = pen;
	return 0;
}

void xt_pen_destroy(struct xt_pen *pen)
{
	free(pen);
}

/* ---- records ---- */

char *xt_pen_event(struct xt_pen *pen, const struct xt_rec *rec, bool raw,
		   const struct xt_rec *leaf, char *out, char *end)
{
	static const char unknown[] = "[UNKNOWN EVENT]";
	struct xt_data data = { .p = rec->data, .size = rec->size, .rec = rec, .leaf = leaf };
	const struct xt_prog *prog = NULL;
	char *p;

	if (likely(rec->size >= 2))
		prog = find_prog(pen->printer, xt_rec_type(rec));
	if (unlikely(!prog)) {
		if ((size_t)(end - out) < sizeof(unknown))
			return NULL;
		memcpy(out, unknown, sizeof(unknown) - 1);
		return out + sizeof(unknown) - 1;
	}
	if (raw)
		prog = prog->raw;
	pen->prog = prog;
	if (unlikely((size_t)(end - out) < prog->fixed))
		return NULL;
	p = xt_run(pen, prog, &data, out, end);
	if (p && p > out && p[-1] == '\n')
		p--;
	return p;
}

void xt_pen_append(struct xt_pen *pen, const struct xt_rec *rec, bool raw,
		   const struct xt_rec *leaf, struct rt_buf *out)
{
	size_t room;
	char *at, *end;

	for (room = XT_PEN_ROOM; room <= 64u << 20; room *= 4) {
		at = rt_buf_reserve(out, room);
		if (!at)
			return;
		end = xt_pen_event(pen, rec, raw, leaf, at, at + room);
		if (!end)
			continue;
		out->len += (size_t)(end - at);
		return;
	}
}

bool xt_printer_is_ordered(struct xt_printer *printer, unsigned int event_id, bool raw)
{
	const struct xt_prog *prog = xt_printer_prog(printer, event_id);

	return prog && (raw ? prog->raw->ordered : prog->ordered);
}
