/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * where-run.c - records held against a bound expression
 *
 * Reads bytes where they stand and allocates nothing.  A record that is too
 * short for a field does not have it.
 */
#include "merge/where-local.h"

#include <string.h>

#include "lib/text.h"

#define SCRATCH 8192	/* bytes of a value as it is shown, or of a text for a glob */

static const struct where_list *list_of(const struct mrg_where *where, uint16_t member,
					unsigned int id)
{
	const struct where_member *of = &where->members[member];

	return &of->events[id < of->nr ? id : of->nr];
}

bool mrg_where_may_match(const struct mrg_where *where, uint16_t member, unsigned int id)
{
	return list_of(where, member, id)->first != WHERE_FAIL;
}

bool mrg_where_may_match_name(const struct mrg_where *where, uint16_t member, const char *name)
{
	int index = where_derived_index(where, name);

	return index >= 0 && where->members[member].derived[index].first != WHERE_FAIL;
}

/* ---- operands ---- */

static bool load_number(const struct xt_field *field, const struct mrg_item *item,
			where_number *ret)
{
	struct xt_rec rec = mrg_item_rec(item, 0);

	if ((uint64_t)field->offset + field->size > item->size)
		return false;
	if (field->flags & XT_FIELD_SIGNED)
		*ret = xt_field_i64(field, &rec);
	else
		*ret = xt_field_u64(field, &rec);
	return true;
}

static bool load_element(const struct where_operand *operand, const struct mrg_item *item,
			 where_number *ret)
{
	const struct xt_field *field = operand->arg.field;
	struct xt_rec rec = mrg_item_rec(item, 0);
	uint32_t len, size = field->elem_size;
	unsigned int shift = 64 - 8 * size;
	const uint8_t *bytes;
	uint64_t v = 0;

	if ((uint64_t)field->offset + field->size > item->size)
		return false;
	bytes = xt_field_bytes(field, &rec, &len);
	if (!bytes || ((uint64_t)operand->index + 1) * size > len)
		return false;
	memcpy(&v, bytes + (size_t)operand->index * size, size);
	*ret = field->flags & XT_FIELD_SIGNED ? (where_number)((int64_t)(v << shift) >> shift) :
	       (where_number)v;
	return true;
}

static const struct mrg_stream_lane *lane_of(const struct mrg_subject *subject)
{
	return mrg_stream_lane(subject->view->stream, subject->item->lane);
}

/* The vCPU whose thread, or whose CPU in the guest, made the record; NULL: none. */
static const struct xt_vcpu *vcpu_of(const struct mrg_subject *subject)
{
	return mrg_view_vcpu(subject->view, lane_of(subject), mrg_item_pid(subject->item));
}

static bool load_vm(const struct where_operand *operand, const struct mrg_subject *subject,
		    where_number *ret)
{
	const struct xt_vcpu *vcpu = vcpu_of(subject);

	if (vcpu && vcpu->vm_pid > 0) {
		*ret = vcpu->vm_pid;
		return true;
	}
	return operand->arg.field && load_number(operand->arg.field, subject->item, ret);
}

static bool number_of(const struct where_operand *operand, const struct mrg_subject *subject,
		      where_number *ret)
{
	const struct xt_vcpu *vcpu;

	switch (operand->source) {
	case WHERE_FIELD: case WHERE_SHOWN:
		return load_number(operand->arg.field, subject->item, ret);
	case WHERE_ELEMENT:
		return load_element(operand, subject->item, ret);
	case WHERE_PID:
		*ret = mrg_item_pid(subject->item);
		return true;
	case WHERE_CPU:
		*ret = lane_of(subject)->info->cpu;
		return true;
	case WHERE_TIME:
		*ret = subject->item->time;
		return true;
	case WHERE_VM:
		return load_vm(operand, subject, ret);
	case WHERE_VCPU:
		vcpu = vcpu_of(subject);
		*ret = vcpu ? vcpu->vcpu : 0;
		return vcpu != NULL;
	case WHERE_DERIVED_NUMBER:
		*ret = subject->number;
		return true;
	default:
		return false;
	}
}

/* A text, not ended by a NUL; may use the scratch. */
struct text {
	const char *data;
	size_t len;
};

static bool set_text(struct text *ret, const char *text)
{
	ret->data = text;
	ret->len = strlen(text);
	return ret->len > 0;
}

static bool bytes_of(const struct mrg_arg *arg, const struct mrg_item *item, struct text *ret)
{
	const uint8_t *bytes;
	uint32_t len;

	if ((uint64_t)arg->field->offset + arg->field->size > item->size ||
	    !mrg_arg_bytes(item, arg, &bytes, &len) || !bytes)
		return false;
	ret->data = (const char *)bytes;
	ret->len = len;
	return true;
}

/* As the line has it. */
static bool shown(const struct mrg_arg *arg, const struct mrg_subject *subject, char *scratch,
		  struct text *ret)
{
	const struct mrg_item *item = subject->item;

	if ((uint64_t)arg->field->offset + arg->field->size > item->size ||
	    4 * (size_t)item->size + MRG_VALUE_MAX > SCRATCH)
		return false;
	ret->data = scratch;
	ret->len = (size_t)(mrg_put_value(subject->view, scratch, item, arg) - scratch);
	return true;
}

static bool text_of(const struct where_operand *operand, const struct mrg_subject *subject,
		    char *scratch, struct text *ret)
{
	const struct mrg_stream_lane *lane = lane_of(subject);
	const struct xt_vcpu *vcpu;
	const struct mrg_name *name;

	switch (operand->source) {
	case WHERE_BYTES:
		return bytes_of(&operand->arg, subject->item, ret);
	case WHERE_SHOWN:
		return shown(&operand->arg, subject, scratch, ret);
	case WHERE_BUFFER:
		return set_text(ret, lane->info->buffer[0] ? lane->info->buffer : "-");
	case WHERE_COMM:
		name = mrg_names_get(subject->view->names, lane->member_index,
				     mrg_item_pid(subject->item), subject->seq);
		ret->data = name->comm;
		ret->len = name->comm_len;
		return true;
	case WHERE_VM_NAME:
		vcpu = vcpu_of(subject);
		return vcpu && set_text(ret, vcpu->vm);
	case WHERE_DERIVED_TEXT:
		ret->data = (const char *)subject->text;
		ret->len = subject->text_len;
		return subject->text != NULL;
	default:
		return false;
	}
}

/* ---- tests ---- */

static bool compare(enum where_op op, where_number a, where_number b)
{
	switch (op) {
	case WHERE_EQ:
		return a == b;
	case WHERE_NE:
		return a != b;
	case WHERE_LT:
		return a < b;
	case WHERE_LE:
		return a <= b;
	case WHERE_GT:
		return a > b;
	case WHERE_GE:
		return a >= b;
	default:
		return false;
	}
}

static bool test_number(const struct where_test *test, const struct mrg_subject *subject)
{
	const struct where_leaf *leaf = test->leaf;
	where_number a, b = leaf->value.number;

	if (!number_of(&test->left, subject, &a))
		return false;
	if (leaf->value.field && !number_of(&test->right, subject, &b))
		return false;
	if (test->left.source == WHERE_TIME && !leaf->value.field)
		b = leaf->time;
	return compare(leaf->op, a, b);
}

static bool like(const char *pattern, const struct text *text)
{
	char copy[SCRATCH];
	size_t len = text->len < sizeof(copy) ? text->len : sizeof(copy) - 1;

	memcpy(copy, text->data, len);
	copy[len] = '\0';
	return rt_glob(pattern, copy, false);
}

/* A symbol without the distance from its begin, where the value has none either. */
static void cut_distance(const struct where_test *test, struct text *shown)
{
	const char *wanted = test->leaf->value.text, *plus;

	if (test->left.source != WHERE_SHOWN || test->left.arg.show != KEV_SYMBOL ||
	    (wanted && strchr(wanted, '+')))
		return;
	plus = memchr(shown->data, '+', shown->len);
	if (plus)
		shown->len = (size_t)(plus - shown->data);
}

static bool test_text(const struct where_test *test, const struct mrg_subject *subject)
{
	const struct where_leaf *leaf = test->leaf;
	char scratch[SCRATCH];
	struct text a, b;

	if (!text_of(&test->left, subject, scratch, &a))
		return false;
	cut_distance(test, &a);
	if (leaf->op == WHERE_LIKE || leaf->op == WHERE_UNLIKE)
		return like(leaf->value.text, &a) == (leaf->op == WHERE_LIKE);
	if (!leaf->value.field)
		set_text(&b, leaf->value.text);
	else if (!bytes_of(&test->right.arg, subject->item, &b))
		return false;
	return (a.len == b.len && memcmp(a.data, b.data, a.len) == 0) == (leaf->op == WHERE_EQ);
}

bool mrg_where_match(const struct mrg_where *where, const struct mrg_subject *subject)
{
	uint16_t member = lane_of(subject)->member_index;
	const struct where_list *list;
	const struct where_test *test;
	int at;

	if (subject->name) {
		at = where_derived_index(where, subject->name);
		if (at < 0)
			return false;
		list = &where->members[member].derived[at];
	} else {
		list = list_of(where, member, mrg_item_id(subject->item));
	}
	for (at = list->first; at >= 0; ) {
		test = &list->tests[at];
		at = (test->numbers ? test_number(test, subject) : test_text(test, subject)) ?
		     test->on_true : test->on_false;
	}
	return at == WHERE_PASS;
}
