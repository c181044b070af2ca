/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * late.c - what of a trace is made at its first use: symbols, and libtraceevent's
 * view of the formats for the printer
 *
 * kallsyms is by far the largest text of a trace (5 MB), parsing the `print fmt`
 * texts takes long, and most views need neither.
 */
#include "xtrace/local.h"

#include <stdlib.h>
#include <traceevent/event-parse.h>

#include "xtrace/symbols.h"

/* ---- symbols ---- */

static struct xt_symbols *symbols_create(const struct xt_trace *trace)
{
	struct xt_text text = { 0 };
	struct xt_symbols *symbols;

	if (trace->backend->kallsyms(trace, &text, NULL) < 0)
		text = (struct xt_text){ 0 };
	return xt_symbols_create(&symbols, text.data, text.len) < 0 ? NULL : symbols;
}

const struct xt_symbols *xt_trace_symbols(const struct xt_trace *trace)
{
	struct xt_late *late = trace->late;
	struct xt_symbols *symbols = atomic_load_explicit(&late->symbols, memory_order_acquire);

	if (symbols)
		return symbols;
	pthread_mutex_lock(&late->lock);
	symbols = atomic_load_explicit(&late->symbols, memory_order_relaxed);
	if (!symbols) {
		symbols = symbols_create(trace);
		atomic_store_explicit(&late->symbols, symbols, memory_order_release);
	}
	pthread_mutex_unlock(&late->lock);
	return symbols;
}

const char *xt_trace_symbol(const struct xt_trace *trace, uint64_t addr, uint64_t *ret_start)
{
	const struct xt_symbols *symbols = xt_trace_symbols(trace);
	struct xt_symbol symbol;

	if (!symbols || !xt_symbols_find(symbols, addr, &symbol))
		return NULL;
	if (ret_start)
		*ret_start = symbol.addr;
	return symbol.name;
}

/* ---- libtraceevent ---- */

static void add_names(struct tep_handle *tep, const struct xt_trace *trace)
{
	for (size_t i = 0; i < trace->nr_comms; i++)
		tep_register_comm(tep, trace->comm_list[i].comm, trace->comm_list[i].pid);
}

/* tep_parse_printk_formats() cuts the text up: it gets a copy. */
static void add_printk(struct tep_handle *tep, const struct xt_trace *trace)
{
	char *copy = trace->printk.data ? strdup(trace->printk.data) : NULL;

	if (copy)
		tep_parse_printk_formats(tep, copy);
	free(copy);
}

static struct tep_handle *tep_create(const struct xt_trace *trace)
{
	struct tep_handle *tep = tep_alloc();

	if (!tep)
		return NULL;
	tep_set_loglevel(TEP_LOG_NONE);
	tep_set_file_bigendian(tep, TEP_LITTLE_ENDIAN);
	tep_set_local_bigendian(tep, TEP_LITTLE_ENDIAN);
	tep_set_long_size(tep, 8);
	tep_set_cpus(tep, (int)trace->info.nr_cpus);
	if (trace->header_page.data)
		tep_parse_header_page(tep, trace->header_page.data, trace->header_page.len, 8);
	add_names(tep, trace);
	add_printk(tep, trace);
	for (size_t i = 0; i < trace->nr_formats; i++) {
		const struct xt_format *format = &trace->formats[i];

		tep_parse_event(tep, format->text.data, format->text.len, format->system);
	}
	return tep;
}

struct tep_handle *xt_trace_tep(const struct xt_trace *trace)
{
	struct xt_late *late = trace->late;
	struct tep_handle *tep = atomic_load_explicit(&late->tep, memory_order_acquire);

	if (tep)
		return tep;
	pthread_mutex_lock(&late->lock);
	tep = atomic_load_explicit(&late->tep, memory_order_relaxed);
	if (!tep) {
		tep = tep_create(trace);
		atomic_store_explicit(&late->tep, tep, memory_order_release);
	}
	pthread_mutex_unlock(&late->lock);
	return tep;
}

void xt_late_destroy(struct xt_late *late)
{
	if (!late)
		return;
	xt_symbols_destroy(atomic_load(&late->symbols));
	if (atomic_load(&late->tep))
		tep_free(atomic_load(&late->tep));
	pthread_mutex_destroy(&late->lock);
	free(late);
}
