/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * print-foreign.c - texts that libtraceevent makes: of events whose print fmt calls
 * functions
 *
 * It trusts a record's lengths and pointers, so that it gets a copy with room
 * behind it whose lengths are kept within that room, and formats that would lead
 * out of it all the same are taken for ones that cannot be parsed.
 */
#include "xtrace/print-local.h"

#include <ctype.h>
#include <stdlib.h>
#include <traceevent/trace-seq.h>

#define RECORD_MAX 65536u	/* as far as an offset leads, and as long as what is there */
#define PADDED (2 * RECORD_MAX)

/* ---- which formats ---- */

static bool any(struct tep_print_arg *arg, bool (*is)(const struct tep_print_arg *arg));

static bool any_below(struct tep_print_arg *arg, bool (*is)(const struct tep_print_arg *arg))
{
	switch (arg->type) {
	case TEP_PRINT_FLAGS:
		return any(arg->flags.field, is);
	case TEP_PRINT_SYMBOL:
		return any(arg->symbol.field, is);
	case TEP_PRINT_HEX:
	case TEP_PRINT_HEX_STR:
		return any(arg->hex.field, is) || any(arg->hex.size, is);
	case TEP_PRINT_TYPE:
		return any(arg->typecast.item, is);
	case TEP_PRINT_OP:
		return any(arg->op.left, is) || any(arg->op.right, is);
	case TEP_PRINT_FUNC:
		return any(arg->func.args, is);
	default:
		return false;
	}
}

static bool any(struct tep_print_arg *arg, bool (*is)(const struct tep_print_arg *arg))
{
	for (; arg; arg = arg->next) {
		if (is(arg) || any_below(arg, is))
			return true;
	}
	return false;
}

static bool is_call(const struct tep_print_arg *arg)
{
	return arg->type == TEP_PRINT_FUNC;
}

#define MAX_INDEX 1024u	/* eight bytes each, behind any offset: within the copy */

/* An element that the format names by a number, as args[5]. */
static bool is_near(const struct tep_print_arg *index)
{
	return index->type == TEP_PRINT_ATOM && isdigit((unsigned char)index->atom.atom[0]) &&
	       strtoul(index->atom.atom, NULL, 0) < MAX_INDEX;
}

/* What reads at places that are computed, or masks, whose empty ones it cannot print. */
static bool is_unbound(const struct tep_print_arg *arg)
{
	switch (arg->type) {
	case TEP_PRINT_INT_ARRAY:
	case TEP_PRINT_BITMASK:
	case TEP_PRINT_CPUMASK:
		return true;
	case TEP_PRINT_HEX:
	case TEP_PRINT_HEX_STR:
		return arg->hex.field->type != TEP_PRINT_DYNAMIC_ARRAY ||
		       arg->hex.size->type != TEP_PRINT_FIELD;
	case TEP_PRINT_DYNAMIC_ARRAY:
		return arg->dynarray.index != NULL;
	case TEP_PRINT_OP:
		return arg->op.op[0] == '[' && !is_near(arg->op.right);
	default:
		return false;
	}
}

void xt_foreign_check(struct tep_event *event)
{
	struct tep_print_arg *args = event->print_fmt.args;
	const struct tep_format_field *field;

	if (event->flags & (int)TEP_EVENT_FL_FAILED || !any(args, is_call))
		return;
	for (field = event->format.fields; field; field = field->next) {
		if ((field->flags & TEP_FIELD_IS_DYNAMIC) && field->size != 4)
			event->flags |= (int)TEP_EVENT_FL_FAILED;
	}
	if (any(args, is_unbound) || strchr(event->print_fmt.format, '*'))
		event->flags |= (int)TEP_EVENT_FL_FAILED;
}

/* ---- a record ---- */

static _Thread_local const uint8_t *record_begin;	/* of the one being printed; NULL: none */

const uint8_t *xt_foreign_bytes(unsigned long long at, size_t len)
{
	const uint8_t *p = (const uint8_t *)(uintptr_t)at;

	if (!record_begin || p < record_begin || p > record_begin + PADDED - len)
		return NULL;
	return p;
}

/* Lengths of __print_hex() that lead out of the copy are those of the record. */
static void bound_lengths(const struct tep_event *event, struct tep_print_arg *arg, uint8_t *data,
			  uint32_t size)
{
	for (; arg; arg = arg->next) {
		const struct tep_format_field *field;
		uint64_t len = 0;

		if (arg->type != TEP_PRINT_HEX && arg->type != TEP_PRINT_HEX_STR)
			continue;
		field = tep_find_any_field((struct tep_event *)event, arg->hex.size->field.name);
		if (!field || field->size > (int)sizeof(len))
			continue;
		memcpy(&len, data + field->offset, (size_t)field->size);
		if (len <= RECORD_MAX)
			continue;
		len = size;
		memcpy(data + field->offset, &len, (size_t)field->size);
	}
}

/* Where a record lacks a field, libtraceevent reads what it never set. */
static int fields_end(const struct tep_event *event)
{
	const struct tep_format_field *field;
	int end = 0;

	for (field = event->format.fields; field; field = field->next) {
		if (field->offset + field->size > end)
			end = field->offset + field->size;
	}
	return end;
}

/* Under the printer's lock: libtraceevent keeps state in its trees. */
static size_t foreign_text(struct xt_printer *printer, const struct xt_prog *prog,
			   const struct xt_data *data)
{
	struct tep_record record = { .ts = data->rec->ts, .size = (int)data->size };
	uint32_t size = data->size < RECORD_MAX ? data->size : RECORD_MAX;

	if (!printer->seq->buffer)
		trace_seq_init(printer->seq);
	if (!printer->padded)
		printer->padded = malloc(PADDED);
	if (!printer->padded)
		return 0;
	memcpy(printer->padded, data->p, size);
	memset(printer->padded + size, 0, PADDED - size);
	if (size < 2)
		memcpy(printer->padded, &prog->event->id, 2);
	if (record.size < fields_end(prog->event))
		record.size = fields_end(prog->event);
	bound_lengths(prog->event, prog->event->print_fmt.args, printer->padded, size);
	record.data = printer->padded;
	record_begin = printer->padded;
	trace_seq_reset(printer->seq);
	tep_print_event(printer->tep, printer->seq, &record, "%s", TEP_PRINT_INFO);
	trace_seq_terminate(printer->seq);
	record_begin = NULL;
	return strlen(printer->seq->buffer);
}

char *xt_run_foreign(struct xt_pen *pen, const struct xt_prog *prog, const struct xt_data *data,
		     char *p, char *end)
{
	struct xt_printer *printer = pen->printer;
	size_t len;

	pthread_mutex_lock(&printer->lock);
	len = foreign_text(printer, prog, data);
	p = xt_put_text(pen, p, end, printer->seq->buffer, len);
	pthread_mutex_unlock(&printer->lock);
	return p;
}
