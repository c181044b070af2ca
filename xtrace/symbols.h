/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * symbols.h - names for the kernel's addresses, from the text of kallsyms
 *
 * Answers as trace-cmd report does, its choice among several names of one
 * address included, so that texts are equal to the byte.  Read-only once made.
 */
#ifndef XT_SYMBOLS_H
#define XT_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct xt_symbols;

struct xt_symbol {
	uint64_t addr;		/* where it begins */
	const char *name;	/* owned by the table */
};

/**
 * xt_symbols_create() - read kallsyms.
 * @text: owned by the table from here on, also after a failure; it is changed;
 *        NULL stands for a trace without symbols.
 * @len: its length; text[len] must be writable.
 *
 * Reading ends at the first line that is none of kallsyms.
 *
 * Return: 0 or -ENOMEM.
 */
int xt_symbols_create(struct xt_symbols **ret, char *text, size_t len);
/* An empty table that is always there. */
const struct xt_symbols *xt_no_symbols(void);
void xt_symbols_destroy(struct xt_symbols *symbols);

/*
 * Finds the symbol that holds @addr.  Nothing is found before the first one and
 * behind the last one's beginning.  Return: true with *@ret filled.
 */
bool xt_symbols_find(const struct xt_symbols *symbols, uint64_t addr, struct xt_symbol *ret);

/* Return: the address of the first symbol of that name; 0 where there is none.  Slow. */
uint64_t xt_symbols_address(const struct xt_symbols *symbols, const char *name);

#endif /* XT_SYMBOLS_H */
