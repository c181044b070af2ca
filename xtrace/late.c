/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * late.c - what of a trace is made at its first use: symbols
 *
 * kallsyms is by far the largest text of a trace (5 MB), and most views do not
 * need it.
 */
#include "xtrace/local.h"

#include <stdlib.h>

#include "xtrace/symbols.h"

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

void xt_late_destroy(struct xt_late *late)
{
	if (!late)
		return;
	xt_symbols_destroy(atomic_load(&late->symbols));
	pthread_mutex_destroy(&late->lock);
	free(late);
}
