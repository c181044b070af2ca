/* SPDX-License-Identifier: GPL-2.0-or-later */
/* view-quick-row.c - the steps that print a usual record of an event */
#include "merge/view-quick.h"

#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"

#define MAX_TAILS 512u	/* system calls have numbers below */
#define PADDING 16	/* behind a text that is copied 16 bytes at a time */

void mrg_quick_row_destroy(struct mrg_quick_row *row)
{
	if (!row)
		return;
	free(row->tails);
	free(row->text);
	free(row);
}

/* ---- events that only name a number ---- */

static bool has_names(const struct mrg_row *row)
{
	enum kev_show show = (enum kev_show)row->args[0].show;

	return row->nr_args == 1 && !row->args[0].number &&
	       (show == KEV_SYSCALL || show == KEV_SOFTIRQ);
}

static const char *word_name(const struct mrg_row *row, uint64_t nr)
{
	if (!row->word)
		return NULL;
	return row->role == KEV_SYSCALL_ENTER ? kev_syscall_derived(nr) :
						kev_syscall_exit_derived(nr);
}

static void make_tail(struct mrg_tail *tail, const struct mrg_row *row, const char *name,
		      const char *word)
{
	const struct mrg_arg *arg = &row->args[0];
	size_t len = (size_t)row->head_len + arg->lead_len + strlen(name) + 2;
	size_t word_len = word ? strlen(word) + 2 : 0;
	char *p = tail->text;

	if (len > sizeof(tail->text) || word_len > sizeof(tail->word))
		return;
	p = mempcpy(p, row->head, row->head_len);
	p = mempcpy(p, arg->lead, arg->lead_len);
	memcpy(mempcpy(p, name, strlen(name)), "]\n", 2);
	if (word)
		memcpy(mempcpy(tail->word, word, strlen(word)), " [", 2);
	tail->len = (uint8_t)len;
	tail->word_len = (uint8_t)word_len;
}

static int make_tails(struct mrg_quick_row *quick, const struct mrg_row *row)
{
	const struct xt_field *field = row->args[0].field;
	enum kev_show show = (enum kev_show)row->args[0].show;
	uint32_t nr = MAX_TAILS, i;
	const char *name;

	while (nr > 0 && !kev_value_name(show, nr - 1))
		nr--;
	quick->tails = aligned_alloc(sizeof(struct mrg_tail), (nr + 1) * sizeof(struct mrg_tail));
	if (!quick->tails)
		return -1;
	memset(quick->tails, 0, nr * sizeof(struct mrg_tail));
	for (i = 0; i < nr; i++) {
		name = kev_value_name(show, i);
		if (name)
			make_tail(&quick->tails[i], row, name, word_name(row, i));
	}
	quick->nr_tails = nr;
	quick->load = field->offset + field->size - 8;
	quick->shift = (uint8_t)(64 - 8 * field->size);
	return 0;
}

/* ---- all others ---- */

static bool is_word(const struct xt_field *field)
{
	return field->offset + field->size >= 8 && (field->size == 1 || field->size == 2 ||
						    field->size == 4 || field->size == 8);
}

static enum mrg_step_kind text_kind(const struct xt_field *field)
{
	if (!(field->flags & XT_FIELD_STRING) || field->flags & XT_FIELD_REL)
		return MRG_STEP_OTHER;
	if (field->flags & XT_FIELD_DYNAMIC)
		return field->size == 4 ? MRG_STEP_DYNAMIC_TEXT : MRG_STEP_OTHER;
	return field->size > 0 ? MRG_STEP_TEXT : MRG_STEP_OTHER;
}

static enum mrg_step_kind kind_of(const struct mrg_arg *arg)
{
	if (arg->number)
		return arg->is_signed ? MRG_STEP_SIGNED :
		       arg->shift == 0 ? MRG_STEP_LARGE : MRG_STEP_UNSIGNED;
	if (arg->show == KEV_HEX && is_word(arg->field))
		return MRG_STEP_HEX;
	return arg->show == KEV_STR ? text_kind(arg->field) : MRG_STEP_OTHER;
}

/* The text is copied: all of a row's stands together. */
static void add_step(struct mrg_step *step, struct rt_buf *text, const char *lead, size_t len,
		     const struct mrg_arg *arg)
{
	rt_buf_add(text, lead, len);
	step->len = (uint16_t)(step->len + len);
	step->arg = arg;
	step->kind = MRG_STEP_END;
	if (!arg)
		return;
	step->kind = (uint8_t)kind_of(arg);
	step->load = arg->number ? arg->load : arg->field->offset;
	step->shift = arg->shift;
	if (step->kind == MRG_STEP_HEX) {
		step->load = arg->field->offset + arg->field->size - 8;
		step->shift = (uint8_t)(64 - 8 * arg->field->size);
		rt_buf_add(text, "0x", 2);
		step->len = (uint16_t)(step->len + 2);
	}
}

static int make_steps(struct mrg_quick_row *quick, const struct mrg_row *row)
{
	static const char padding[PADDING];
	struct rt_buf text = { 0 };
	size_t at = 0;
	unsigned int i;

	rt_buf_add(&text, row->head, row->head_len);
	quick->steps[0].len = row->head_len;
	for (i = 0; i < row->nr_args; i++)
		add_step(&quick->steps[i], &text, row->args[i].lead, row->args[i].lead_len,
			 &row->args[i]);
	if (row->bracket)
		add_step(&quick->steps[i], &text, "]\n", 2, NULL);
	else
		add_step(&quick->steps[i], &text, "\n", 1, NULL);
	rt_buf_add(&text, padding, PADDING);
	if (text.failed)
		return -1;
	quick->text = text.data;
	for (i = 0; i <= row->nr_args; at += quick->steps[i++].len)
		quick->steps[i].text = quick->text + at;
	return 0;
}

struct mrg_quick_row *mrg_quick_row_create(const struct mrg_row *row)
{
	struct mrg_quick_row *quick;
	int rc = 0;

	quick = calloc(1, sizeof(*quick) + (row->nr_args + 1u) * sizeof(quick->steps[0]));
	if (!quick)
		return NULL;
	quick->row = row;
	quick->min_size = row->min_size;
	if (row->event && has_names(row) && is_word(row->args[0].field) &&
	    (!row->word || row->nr == row->args[0].field))
		rc = make_tails(quick, row);
	else if (!row->event || row->word)
		quick->min_size = UINT32_MAX;
	else
		rc = make_steps(quick, row);
	if (rc < 0) {
		mrg_quick_row_destroy(quick);
		return NULL;
	}
	return quick;
}
