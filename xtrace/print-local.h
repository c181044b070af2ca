/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * print-local.h - what the printer's files share
 *
 * An event's format is compiled into a program: rows, each a piece of constant
 * text and what stands behind it.  print-compile.c makes them from the tree
 * that libtraceevent parses, print-plugin*.c for the events whose text
 * trace-cmd's plugins write; print-run.c prints a record by them.
 */
#ifndef XT_PRINT_LOCAL_H
#define XT_PRINT_LOCAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <traceevent/event-parse.h>

#include "lib/put.h"
#include "xtrace/symbols.h"
#include "xtrace/xtrace.h"

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)

struct xt_prog;
struct xt_row;

/* ---- where a printer gets its texts from ---- */

struct xt_print_source {
	void *arg;
	void (*destroy)(void *arg);	/* called with the printer's end, and by a failure */
	unsigned int max_event;		/* ids are below */
	/* The text of an event's format; false where there is none. */
	bool (*format)(void *arg, unsigned int id, const char **ret_system,
		       const char **ret_text, size_t *ret_len);
	const struct xt_symbols *(*symbols)(void *arg);	/* NULL without memory */
	const char *printk;		/* text of printk_formats, NUL-terminated, or NULL */
	unsigned int (*cpu)(void *arg, unsigned int lane);
};

int xt_print_create(struct xt_printer **ret, const struct xt_print_source *source,
		    struct rt_err *err);

/*
 * What of a format's text libtraceevent's parser can be given (print-guard.c): a
 * copy, free(3) it; NULL when nothing of it, or without memory.
 */
char *xt_print_guard(const char *text, size_t len);

/* ---- what libtraceevent prints (print-foreign.c) ---- */

/* Marks an event as not parsed whose texts it cannot make without reading astray. */
void xt_foreign_check(struct tep_event *event);
/* @len bytes at an address that a called function was given; NULL outside of the record. */
const uint8_t *xt_foreign_bytes(unsigned long long at, size_t len);

/* ---- a record being printed ---- */

struct xt_data {
	const uint8_t *p;
	uint32_t size;
	const struct xt_rec *rec;
	const struct xt_rec *leaf;
};

static inline uint64_t xt_load(const uint8_t *p, unsigned int size)
{
	uint64_t v = 0;

	switch (size) {
	case 1:
		return *p;
	case 2:
		memcpy(&v, p, 2);
		return v;
	case 4:
		memcpy(&v, p, 4);
		return v;
	case 8:
		memcpy(&v, p, 8);
		return v;
	}
	return 0;
}

/* ---- expressions ---- */

enum xt_expr_op {
	XT_X_CONST,
	XT_X_NAME,	/* a symbol's address, looked up at the first use */
	XT_X_LOAD,
	XT_X_MASK,
	XT_X_INDEX,	/* element of an array; with XT_X_DYN of a dynamic one */
	XT_X_DYN_INDEX,
	XT_X_DYN_LEN,
	XT_X_DYN_ADDRESS,
	XT_X_IF,
	XT_X_LNOT, XT_X_NOT,
	XT_X_OR, XT_X_LOR, XT_X_AND, XT_X_LAND,
	XT_X_LT, XT_X_SHL, XT_X_LE, XT_X_GT, XT_X_SHR, XT_X_GE, XT_X_EQ, XT_X_NE,
	XT_X_SUB, XT_X_ADD, XT_X_DIV, XT_X_MOD, XT_X_MUL,
};

struct xt_dyn {			/* a dynamic array's descriptor within the record */
	uint32_t offset, size;
	bool relative;
};

struct xt_expr {
	enum xt_expr_op op;
	uint32_t size;			/* of what is loaded */
	uint32_t offset;
	struct xt_dyn dyn;
	uint64_t value;
	const char *name;
	struct xt_name *cache;
	const struct xt_expr *left, *right, *other;
};

struct xt_name {
	_Atomic uint64_t value;
	atomic_bool known;
};

uint64_t xt_eval(struct xt_printer *printer, const struct xt_expr *expr,
		 const struct xt_data *data);
/* Offset and length of a dynamic array: 0, 0 where the record's own figures lead out of it. */
void xt_dyn_locate(const struct xt_dyn *dyn, const struct xt_data *data, uint32_t *ret_offset,
		   uint32_t *ret_len);

/* ---- how a value is shown ---- */

struct xt_conv {
	char letter;		/* d u x X o s */
	bool left, zero, alt;
	bool plain;		/* none of the above and below */
	int width;		/* 0: none */
	int precision;		/* -1: none */
	unsigned int bits;	/* 8 16 32 64: what is shown of the value */
	bool star_width, star_precision;
	const struct xt_expr *star;
	const char *text;	/* the whole conversion, for those not understood */
	bool odd;		/* leave it to the C library */
};

struct xt_entry {		/* of __print_flags and __print_symbolic */
	int64_t value;
	uint32_t len;
	const char *text;
};

struct xt_list {
	const struct xt_entry *entry;
	unsigned int nr;
	const char *delim;
	uint32_t delim_len;
	uint32_t zero_len;
	const char *zero;	/* flags: shown for 0, or NULL */
	/* symbolic: entry number + 1 by value, for values below .dense_nr */
	const uint16_t *dense;
	unsigned int dense_nr;
};

typedef char *xt_call_fn(struct xt_pen *pen, const struct xt_row *row, const struct xt_data *data,
			 char *p, char *end);

#define XT_HEX_LIT 16

struct xt_hex {
	int32_t load;		/* where its 64 bits are */
	uint32_t lit_len;
	char lit[XT_HEX_LIT];	/* what stands before it; the first one's is its row's */
};

typedef char *xt_hexes_fn(const struct xt_hex *hex, uint32_t nr, const struct xt_data *data,
			  char *p);

enum xt_row_op {
	XT_ROW_END,		/* constant text alone */
	XT_ROW_DEC, XT_ROW_SIGNED, XT_ROW_HEX, XT_ROW_POINTER, XT_ROW_NUMBER,
	XT_ROW_HEXES,		/* several XT_ROW_HEX of 64 bits */
	XT_ROW_SYM, XT_ROW_SYM_OFFSET,
	XT_ROW_COMM,		/* 16 chars, as they are */
	XT_ROW_CHARS,		/* char array */
	XT_ROW_DYN,		/* dynamic string */
	XT_ROW_FLAGS, XT_ROW_SYMBOLIC,
	XT_ROW_EITHER,		/* one of two constant texts */
	XT_ROW_CALL,
	XT_ROW_ON,		/* goes on with another program, in place of an end */
};

struct xt_row {
	uint8_t op;
	uint8_t shift;		/* of the 64 bits that end with the field */
	uint8_t bits;		/* XT_ROW_SIGNED: width of the value */
	bool has_expr;		/* the value is ->expr's */
	uint16_t lit_len;
	int32_t load;		/* where the 64 bits that end with the field begin */
	uint32_t len;		/* XT_ROW_HEXES: number; of a char array: bytes, 0: all the rest */
	const char *lit;	/* 16 bytes may be read whatever its length */
	uint64_t mask;
	const struct xt_expr *expr;
	const struct xt_conv *conv;	/* NULL: as it is */
	struct xt_dyn dyn;
	const struct xt_list *list;
	union {
		xt_call_fn *call;
		xt_hexes_fn *hexes;
	};
	/* of ->call; struct xt_either, xt_hex or xt_prog of XT_ROW_EITHER, _HEXES and _ON */
	const void *arg;
};

struct xt_either {
	const char *text[2];	/* shown when the value is 0, when it is not */
	uint32_t len[2];
};

struct xt_prog {
	const struct xt_row *rows;	/* the last one is XT_ROW_END */
	uint32_t fixed;		/* bytes that all constant texts and numbers can need */
	uint32_t min_size;	/* a record below it is padded with zeros */
	bool ordered;
	bool foreign;		/* cannot be compiled, ->min_size is UINT32_MAX: libtraceevent's */
	struct tep_event *event;
	struct xt_prog *raw;	/* fields, as for -R */
};

/* ---- memory that lives as long as the printer ---- */

struct xt_arena {
	struct xt_arena_block *blocks;
	size_t used, room;	/* of the first one */
};

/* Zeroed; NULL without memory. */
void *xt_arena_get(struct xt_arena *arena, size_t size);
const char *xt_arena_text(struct xt_arena *arena, const char *text, size_t len);
void xt_arena_finish(struct xt_arena *arena);

/* ---- the printer ---- */

struct xt_printk {
	uint64_t addr;
	const char *text;	/* without quotes and the last newline */
};

struct xt_graph {		/* what function graph lines need of two events */
	int entry_id, exit_id;
	const struct tep_format_field *pid, *entry_func, *exit_func;
	struct tep_event *exit;
};

struct xt_printer {
	struct xt_print_source source;
	pthread_mutex_t lock;		/* compiling, and whatever libtraceevent does */
	struct tep_handle *tep;
	struct trace_seq *seq;		/* of the fallback */
	uint8_t *padded;		/* of the fallback: a record with zeros behind it */
	struct xt_arena arena;
	_Atomic(struct xt_prog *) *progs;	/* by id */
	_Atomic(const struct xt_symbols *) symbols;
	struct xt_printk *printk;	/* sorted */
	size_t nr_printk;
	struct xt_graph graph;
	struct xt_func_stacks *stacks;	/* of the function tracer's indentation */
	struct xt_printer *first;	/* whose stacks are used; or this one */
	enum xt_time_style times;
	const struct xt_guest_cpu *guests;	/* borrowed */
	size_t nr_guests;
};

#define XT_PEN_SYMBOLS	1024
#define XT_PEN_FLAGS	256

struct xt_pen_symbol {
	uint64_t addr;
	uint64_t start;
	const char *name;	/* NULL: no symbol holds it */
	uint32_t len;
	uint16_t full_len;	/* of ->text; 0: it does not fit there */
	char text[64];		/* name+0xoffset */
};

struct xt_pen_flags {
	const struct xt_list *list;
	uint64_t value;
	uint32_t len;
	char text[96];
};

struct xt_pen {
	struct xt_printer *printer;
	const struct xt_prog *prog;	/* being run: its room */
	struct xt_pen_symbol symbols[XT_PEN_SYMBOLS];
	struct xt_pen_flags flags[XT_PEN_FLAGS];
};

const struct xt_symbols *xt_printer_symbols(struct xt_printer *printer);
/* Fills an address's place in the cache. */
const struct xt_pen_symbol *xt_pen_fill(struct xt_pen *pen, uint64_t addr);

static inline uint32_t xt_pen_slot(uint64_t addr)
{
	return (uint32_t)(addr ^ addr >> 10) % XT_PEN_SYMBOLS;
}

static inline const struct xt_pen_symbol *xt_pen_find(struct xt_pen *pen, uint64_t addr)
{
	const struct xt_pen_symbol *s = &pen->symbols[xt_pen_slot(addr)];

	return likely(s->addr == addr) ? s : xt_pen_fill(pen, addr);
}

const char *xt_printer_printk(const struct xt_printer *printer, uint64_t addr);
/* The program of an event, compiled when it is asked for first; NULL: no such event. */
const struct xt_prog *xt_printer_prog(struct xt_printer *printer, unsigned int id);

/* ---- running ---- */

char *xt_run(struct xt_pen *pen, const struct xt_prog *prog, const struct xt_data *data, char *p,
	     char *end);
/* The fastest one for this machine's processor. */
xt_hexes_fn *xt_hexes(void);
/* By libtraceevent: slow, behind the printer's lock. */
char *xt_run_foreign(struct xt_pen *pen, const struct xt_prog *prog, const struct xt_data *data,
		     char *p, char *end);

/* Room for @n more bytes beside what the program's fixed parts may need. */
static inline bool xt_has_room(const struct xt_pen *pen, const char *p, const char *end, size_t n)
{
	return (size_t)(end - p) >= n + pen->prog->fixed;
}

/* These return NULL when there is no room. */
char *xt_put_text(struct xt_pen *pen, char *p, char *end, const char *text, size_t len);
/* A string by its conversion; @data for a precision or width that is an argument. */
char *xt_put_str(struct xt_pen *pen, const struct xt_conv *conv, const struct xt_data *data,
		 char *p, char *end, const char *text, size_t len);
char *xt_put_number(struct xt_pen *pen, const struct xt_conv *conv, int star, uint64_t value,
		    char *p, char *end);
char *xt_put_sym(struct xt_pen *pen, char *p, char *end, uint64_t addr, bool with_offset);

/* Length of the string at @offset, which does not reach out of the record. */
static inline size_t xt_strlen_at(const struct xt_data *data, uint32_t offset)
{
	return offset < data->size ?
	       strnlen((const char *)data->p + offset, data->size - offset) : 0;
}

/* ---- compiling ---- */

struct xt_build {
	struct xt_printer *printer;
	struct tep_event *event;
	struct xt_row *rows;
	size_t nr, room;
	char *lit;		/* constant text not yet in a row */
	size_t lit_len, lit_room;
	uint32_t fixed, min_size;
	bool failed;		/* no memory */
	bool foreign;
	bool ordered;
};

/* An item of a print fmt: what libtraceevent keeps in its print cache. */
enum xt_item_type { XT_ITEM_TEXT, XT_ITEM_NUMBER, XT_ITEM_POINTER, XT_ITEM_STRING };

struct xt_item {
	enum xt_item_type type;
	const char *format;	/* the conversion, or the text */
	size_t len;
	struct tep_print_arg *arg, *star;
	int ls;
};

struct xt_items {
	struct xt_item *item;	/* owned, with the texts in it */
	size_t nr, room;
	bool failed;		/* a conversion without its argument: not parsable */
};

/* Cuts a format up as libtraceevent does; @args are taken one after the other. */
int xt_items_parse(struct xt_items *items, const char *format, struct tep_print_arg *args);
void xt_items_finish(struct xt_items *items);

/* Reads a conversion; @ls: 2 for ll, 1 l, 0 none, -1 h, -2 hh. */
void xt_conv_parse(struct xt_conv *conv, const char *format, size_t len, int ls);

struct xt_prog *xt_compile(struct xt_printer *printer, struct tep_event *event);

void xt_build_lit(struct xt_build *b, const char *text, size_t len);
void xt_build_puts(struct xt_build *b, const char *text);
void xt_build_printf(struct xt_build *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
struct xt_row *xt_build_row(struct xt_build *b, enum xt_row_op op);	/* NULL without memory */
/* A row that shows a numeric field by a conversion such as "0x%llx". */
void xt_build_field(struct xt_build *b, const struct tep_format_field *field, const char *fmt);
struct xt_row *xt_build_call(struct xt_build *b, xt_call_fn *call, const void *arg);
void xt_build_need(struct xt_build *b, uint32_t offset, uint32_t size);
void xt_build_items(struct xt_build *b, const struct xt_items *items);
void xt_build_item(struct xt_build *b, const struct xt_item *item);
struct xt_prog *xt_build_end(struct xt_build *b);	/* NULL without memory */
const struct xt_expr *xt_build_expr(struct xt_build *b, struct tep_print_arg *arg);
const struct xt_expr *xt_build_truth(struct xt_build *b, struct tep_print_arg *arg);
struct xt_dyn xt_build_dyn(struct xt_build *b, const struct tep_format_field *field);
/* print-fields.c: all fields by name, as -R and for what cannot be parsed */
void xt_build_fields(struct xt_build *b, const struct xt_items *items);
/* print-types.c: %p with a letter behind it that asks for more than a symbol */
void xt_build_special_pointer(struct xt_build *b, const struct xt_item *item, const char *letter);
/* print-array.c: __print_hex and its like */
void xt_build_array(struct xt_build *b, struct tep_print_arg *arg);
void xt_build_mask(struct xt_build *b, struct tep_print_arg *arg, const struct xt_conv *conv);

/* What a plugin writes in place of the print fmt. */
struct xt_plugin {
	const char *system, *name;
	/* Return: true when the print fmt's text is to follow. */
	bool (*build)(struct xt_build *b, const struct xt_prog *generic);
};

const struct xt_plugin *xt_plugin_find(const char *system, const char *name);

/*
 * Field of an event by name, for a plugin that reads it as a number; NULL where
 * it is missing or has no number's size, with trace-cmd's words for it built when
 * @say.
 */
const struct tep_format_field *xt_build_find(struct xt_build *b, const char *name, bool say);

/* print-bprint.c: ftrace:bprint, whose format is in the record */
void xt_build_bprint(struct xt_build *b);

void xt_func_stacks_destroy(struct xt_func_stacks *stacks);	/* print-ftrace.c */

/* Registers the functions that print fmts may call, as the plugins do. */
int xt_print_register(struct tep_handle *tep);

#endif /* XT_PRINT_LOCAL_H */
