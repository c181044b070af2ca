/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * print-expr.c - the expressions of print fmts: compiled, and evaluated
 *
 * As libtraceevent does it: fields are read unsigned, all arithmetic is on 64
 * unsigned bits, both sides of && and || are evaluated, unknown names count 0.
 */
#include "xtrace/print-local.h"

#include <ctype.h>
#include <stdlib.h>

/* ---- evaluation ---- */

void xt_dyn_locate(const struct xt_dyn *dyn, const struct xt_data *data, uint32_t *ret_offset,
		   uint32_t *ret_len)
{
	uint32_t v, offset, len;

	*ret_offset = *ret_len = 0;
	if (dyn->offset + dyn->size > data->size)
		return;
	v = (uint32_t)xt_load(data->p + dyn->offset, dyn->size);
	offset = v & 0xffff;
	len = dyn->size == 2 ? data->size - offset : v >> 16;
	*ret_len = offset + len > data->size ? 0 : len;
	*ret_offset = offset > data->size ? 0 : offset;
	if (dyn->relative)
		*ret_offset += dyn->offset + dyn->size;
}

/* A number at @offset, or 0 when it does not lie within the record. */
static uint64_t load_at(const struct xt_data *data, uint32_t offset, uint32_t size)
{
	if ((uint64_t)offset + size > data->size)
		return 0;
	return xt_load(data->p + offset, size);
}

static uint64_t eval_name(struct xt_printer *printer, const struct xt_expr *expr)
{
	uint64_t v;

	if (atomic_load_explicit(&expr->cache->known, memory_order_acquire))
		return atomic_load_explicit(&expr->cache->value, memory_order_relaxed);
	v = xt_symbols_address(xt_printer_symbols(printer), expr->name);
	atomic_store_explicit(&expr->cache->value, v, memory_order_relaxed);
	atomic_store_explicit(&expr->cache->known, true, memory_order_release);
	return v;
}

static uint64_t eval_binary(enum xt_expr_op op, uint64_t a, uint64_t b)
{
	switch (op) {
	case XT_X_LNOT:	return !b;
	case XT_X_NOT:	return ~b;
	case XT_X_OR:	return a | b;
	case XT_X_LOR:	return a || b;
	case XT_X_AND:	return a & b;
	case XT_X_LAND:	return a && b;
	case XT_X_LT:	return a < b;
	case XT_X_LE:	return a <= b;
	case XT_X_GT:	return a > b;
	case XT_X_GE:	return a >= b;
	case XT_X_EQ:	return a == b;
	case XT_X_NE:	return a != b;
	case XT_X_SHL:	return a << (b & 63);
	case XT_X_SHR:	return a >> (b & 63);
	case XT_X_SUB:	return a - b;
	case XT_X_ADD:	return a + b;
	case XT_X_MUL:	return a * b;
	case XT_X_DIV:	return b ? a / b : 0;
	case XT_X_MOD:	return b ? a % b : 0;
	default:	return 0;
	}
}

static uint64_t eval_dyn(struct xt_printer *printer, const struct xt_expr *expr,
			 const struct xt_data *data)
{
	uint32_t offset, len;

	xt_dyn_locate(&expr->dyn, data, &offset, &len);
	switch (expr->op) {
	case XT_X_DYN_LEN:
		return len;
	case XT_X_DYN_ADDRESS:
		return (uintptr_t)data->p + offset;
	default:
		offset += (uint32_t)xt_eval(printer, expr->right, data);
		return load_at(data, offset, expr->size);
	}
}

uint64_t xt_eval(struct xt_printer *printer, const struct xt_expr *expr,
		 const struct xt_data *data)
{
	uint64_t v;

	switch (expr->op) {
	case XT_X_CONST:
		return expr->value;
	case XT_X_NAME:
		return eval_name(printer, expr);
	case XT_X_LOAD:
		return load_at(data, expr->offset, expr->size);
	case XT_X_MASK:
		return xt_eval(printer, expr->left, data) & expr->value;
	case XT_X_INDEX:
		v = xt_eval(printer, expr->right, data);
		return load_at(data, expr->offset + (uint32_t)(v * expr->size), expr->size);
	case XT_X_DYN_INDEX:
	case XT_X_DYN_LEN:
	case XT_X_DYN_ADDRESS:
		return eval_dyn(printer, expr, data);
	case XT_X_IF:
		v = xt_eval(printer, expr->left, data);
		return xt_eval(printer, v ? expr->right : expr->other, data);
	default:
		return eval_binary(expr->op, xt_eval(printer, expr->left, data),
				   xt_eval(printer, expr->right, data));
	}
}

/* ---- compilation ---- */

static const struct xt_expr zero;

static struct xt_expr *make(struct xt_build *b, enum xt_expr_op op)
{
	struct xt_expr *expr = xt_arena_get(&b->printer->arena, sizeof(*expr));

	if (expr)
		expr->op = op;
	else
		b->failed = true;
	return expr;
}

static const struct xt_expr *constant(struct xt_build *b, uint64_t value)
{
	struct xt_expr *expr = make(b, XT_X_CONST);

	if (expr)
		expr->value = value;
	return expr;
}

/* What a cast leaves of a value; the types that libtraceevent knows. */
static uint64_t type_mask(const char *type, size_t len)
{
	static const struct {
		const char *name;
		uint64_t mask;
	} types[] = {
		{ "u8", 0xff }, { "s8", 0xff }, { "u16", 0xffff }, { "s16", 0xffff },
		{ "u32", 0xffffffff }, { "s32", 0xffffffff },
	};
	static const struct {
		const char *name;
		uint64_t mask;
	} c_types[] = { { "char", 0xff }, { "short", 0xffff }, { "int", 0xffffffff } };
	size_t i;

	if (len < 2 || type[len - 1] == '*' || !strncmp(type, "struct", 6))
		return UINT64_MAX;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strlen(types[i].name) == len && !strncmp(type, types[i].name, len))
			return types[i].mask;
	if (len > 9 && !strncmp(type, "unsigned ", 9)) {
		type += 9;
		len -= 9;
	}
	for (i = 0; i < sizeof(c_types) / sizeof(c_types[0]); i++)
		if (strlen(c_types[i].name) == len && !strncmp(type, c_types[i].name, len))
			return c_types[i].mask;
	return UINT64_MAX;
}

/* The mask of what a pointer of this type points at. */
static uint64_t target_mask(const char *type)
{
	size_t len = strlen(type);

	if (len < 2 || type[len - 1] != '*')
		return UINT64_MAX;
	return type_mask(type, len - 2);
}

static const struct xt_expr *masked(struct xt_build *b, const struct xt_expr *inner,
				    uint64_t mask)
{
	struct xt_expr *expr;

	if (!inner || mask == UINT64_MAX)
		return inner;
	if (inner->op == XT_X_MASK) {
		mask &= inner->value;
		inner = inner->left;
	}
	expr = make(b, XT_X_MASK);
	if (expr) {
		expr->left = inner;
		expr->value = mask;
	}
	return expr;
}

static const struct xt_expr *atom(struct xt_build *b, const char *text)
{
	uint64_t value = strtoull(text, NULL, 0);
	struct xt_expr *expr;

	if (value || isdigit((unsigned char)text[0]))
		return constant(b, value);
	expr = make(b, XT_X_NAME);
	if (!expr)
		return NULL;
	expr->name = xt_arena_text(&b->printer->arena, text, strlen(text) + 1);
	expr->cache = xt_arena_get(&b->printer->arena, sizeof(*expr->cache));
	if (!expr->name || !expr->cache)
		b->failed = true;
	return expr;
}

static struct tep_format_field *arg_field(struct xt_build *b, const struct tep_print_arg *arg)
{
	if (arg->field.field)
		return arg->field.field;
	return tep_find_any_field(b->event, arg->field.name);
}

static const struct xt_expr *load(struct xt_build *b, const struct tep_format_field *field)
{
	struct xt_expr *expr;

	if (!field)
		return &zero;
	expr = make(b, XT_X_LOAD);
	if (!expr)
		return NULL;
	expr->offset = (uint32_t)field->offset;
	expr->size = (uint32_t)field->size;
	xt_build_need(b, expr->offset, expr->size);
	return expr;
}

static const struct xt_expr *dynamic(struct xt_build *b, enum xt_expr_op op,
				     const struct tep_format_field *field)
{
	struct xt_expr *expr = make(b, op);

	if (expr)
		expr->dyn = xt_build_dyn(b, field);
	return expr;
}

static const struct xt_expr *element(struct xt_build *b, struct tep_print_arg *arg)
{
	const struct tep_print_arg *array = arg->op.left, *cast = NULL;
	const struct xt_expr *index = xt_build_expr(b, arg->op.right);
	const struct tep_format_field *field;
	struct xt_expr *expr;

	while (array->type == TEP_PRINT_TYPE) {
		if (!cast)
			cast = array;
		array = array->typecast.item;
	}
	if (array->type == TEP_PRINT_DYNAMIC_ARRAY) {
		field = array->dynarray.field;
		expr = (struct xt_expr *)dynamic(b, XT_X_DYN_INDEX, field);
		if (expr)
			expr->size = field->elementsize ? field->elementsize : 8;
	} else if (array->type == TEP_PRINT_FIELD) {
		field = arg_field(b, array);
		if (!field)
			return &zero;
		expr = make(b, XT_X_INDEX);
		if (expr) {
			expr->offset = (uint32_t)field->offset;
			expr->size = field->elementsize;
		}
	} else {
		return &zero;
	}
	if (!expr || !index)
		return NULL;
	if (expr->op == XT_X_INDEX && index->op == XT_X_CONST) {
		expr->op = XT_X_LOAD;
		expr->offset += (uint32_t)(index->value * expr->size);
		xt_build_need(b, expr->offset, expr->size);
	}
	expr->right = index;
	return masked(b, expr, cast ? target_mask(cast->typecast.type) : UINT64_MAX);
}

static const struct xt_expr *condition(struct xt_build *b, const struct tep_print_arg *arg)
{
	const struct tep_print_arg *both = arg->op.right;
	struct xt_expr *expr = make(b, XT_X_IF);

	if (!expr)
		return NULL;
	expr->left = xt_build_expr(b, arg->op.left);
	expr->right = xt_build_expr(b, both->op.left);
	expr->other = xt_build_expr(b, both->op.right);
	return expr->left && expr->right && expr->other ? expr : NULL;
}

static bool find_op(const char *text, enum xt_expr_op *ret)
{
	static const struct {
		const char *text;
		enum xt_expr_op op;
	} ops[] = {
		{ "!", XT_X_LNOT }, { "~", XT_X_NOT }, { "|", XT_X_OR }, { "||", XT_X_LOR },
		{ "&", XT_X_AND }, { "&&", XT_X_LAND }, { "<", XT_X_LT }, { "<<", XT_X_SHL },
		{ "<=", XT_X_LE }, { ">", XT_X_GT }, { ">>", XT_X_SHR }, { ">=", XT_X_GE },
		{ "==", XT_X_EQ }, { "!=", XT_X_NE }, { "-", XT_X_SUB }, { "+", XT_X_ADD },
		{ "/", XT_X_DIV }, { "%", XT_X_MOD }, { "*", XT_X_MUL },
	};
	size_t i;

	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (strcmp(text, ops[i].text))
			continue;
		*ret = ops[i].op;
		return true;
	}
	return false;
}

static const struct xt_expr *operation(struct xt_build *b, struct tep_print_arg *arg)
{
	struct xt_expr *expr;
	enum xt_expr_op op;

	if (!strcmp(arg->op.op, "["))
		return element(b, arg);
	if (!strcmp(arg->op.op, "?"))
		return condition(b, arg);
	if (!find_op(arg->op.op, &op) || !arg->op.right)
		return &zero;
	expr = make(b, op);
	if (!expr)
		return NULL;
	expr->left = arg->op.left ? xt_build_expr(b, arg->op.left) : &zero;
	expr->right = xt_build_expr(b, arg->op.right);
	if (!expr->left || !expr->right)
		return NULL;
	if (expr->left->op == XT_X_CONST && expr->right->op == XT_X_CONST)
		return constant(b, eval_binary(op, expr->left->value, expr->right->value));
	if (op == XT_X_AND && expr->right->op == XT_X_CONST)
		return masked(b, expr->left, expr->right->value);
	return expr;
}

static bool is_constant(const struct xt_expr *expr, bool truth)
{
	return expr->op == XT_X_CONST && (expr->value != 0) == truth;
}

/* What is asked for its truth alone: "1 && x" and "0 || x" are x. */
const struct xt_expr *xt_build_truth(struct xt_build *b, struct tep_print_arg *arg)
{
	const struct xt_expr *expr = xt_build_expr(b, arg);
	bool idle;

	while (expr && (expr->op == XT_X_LAND || expr->op == XT_X_LOR)) {
		idle = expr->op == XT_X_LAND;
		if (is_constant(expr->left, idle))
			expr = expr->right;
		else if (is_constant(expr->right, idle))
			expr = expr->left;
		else
			break;
	}
	return expr;
}

/* Return: the expression; NULL without memory. */
const struct xt_expr *xt_build_expr(struct xt_build *b, struct tep_print_arg *arg)
{
	switch (arg->type) {
	case TEP_PRINT_ATOM:
		return atom(b, arg->atom.atom);
	case TEP_PRINT_FIELD:
		return load(b, arg_field(b, arg));
	case TEP_PRINT_TYPE:
		return masked(b, xt_build_expr(b, arg->typecast.item),
			      type_mask(arg->typecast.type, strlen(arg->typecast.type)));
	case TEP_PRINT_OP:
		return operation(b, arg);
	case TEP_PRINT_DYNAMIC_ARRAY_LEN:
		return dynamic(b, XT_X_DYN_LEN, arg->dynarray.field);
	case TEP_PRINT_DYNAMIC_ARRAY:
		return dynamic(b, XT_X_DYN_ADDRESS, arg->dynarray.field);
	case TEP_PRINT_FUNC:
		b->foreign = true;
		return &zero;
	default:
		return &zero;
	}
}
