/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * print-trace.c - a printer for an open trace: where its texts are
 */
#include "xtrace/print-local.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/err.h"
#include "xtrace/local.h"

struct texts {
	const struct xt_trace *trace;
	const struct xt_format *format[];	/* borrowed; by id */
};

static bool format_of(void *arg, unsigned int id, const char **ret_system, const char **ret_text,
		      size_t *ret_len)
{
	const struct xt_format *format = ((const struct texts *)arg)->format[id];

	if (!format)
		return false;
	*ret_system = format->system;
	*ret_text = format->text.data;
	*ret_len = format->text.len;
	return true;
}

static const struct xt_symbols *symbols_of(void *arg)
{
	return xt_trace_symbols(((const struct texts *)arg)->trace);
}

static unsigned int cpu_of(void *arg, unsigned int lane)
{
	const struct xt_trace *trace = ((const struct texts *)arg)->trace;

	return lane < xt_trace_nr_lanes(trace) ? xt_trace_lane(trace, lane)->cpu : 0;
}

static struct texts *texts_create(const struct xt_trace *trace)
{
	struct texts *texts;
	const char *id;
	unsigned long n;
	size_t i;

	texts = calloc(1, sizeof(*texts) + trace->max_event * sizeof(texts->format[0]));
	if (!texts)
		return NULL;
	texts->trace = trace;
	for (i = 0; i < trace->nr_formats; i++) {
		id = strstr(trace->formats[i].text.data, "\nID:");
		n = id ? strtoul(id + 4, NULL, 10) : trace->max_event;
		if (n < trace->max_event && !texts->format[n])
			texts->format[n] = &trace->formats[i];
	}
	return texts;
}

int xt_printer_create(struct xt_printer **ret, const struct xt_trace *trace, struct rt_err *err)
{
	struct xt_print_source source = {
		.arg = texts_create(trace),
		.destroy = free,
		.max_event = trace->max_event,
		.format = format_of,
		.symbols = symbols_of,
		.printk = trace->printk.data,
		.cpu = cpu_of,
	};

	if (!source.arg)
		return rt_err_set(err, -ENOMEM, "cannot allocate a printer");
	return xt_print_create(ret, &source, err);
}
