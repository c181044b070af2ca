/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * print-items.c - cut a print fmt into constant texts and conversions
 *
 * libtraceevent knows fewer conversions than printf(3) and its way of cutting
 * decides the text; what it does with each odd format is done here as well.
 */
#include "xtrace/print-local.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

static struct xt_item *add(struct xt_items *items, enum xt_item_type type, const char *format,
			   size_t len)
{
	struct xt_item *item;

	if (items->nr == items->room) {
		size_t room = items->room ? 2 * items->room : 16;

		item = realloc(items->item, room * sizeof(*item));
		if (!item)
			return NULL;
		items->item = item;
		items->room = room;
	}
	item = &items->item[items->nr];
	*item = (struct xt_item){ .type = type, .len = len };
	item->format = strndup(format, len);
	if (!item->format)
		return NULL;
	items->nr++;
	return item;
}

void xt_items_finish(struct xt_items *items)
{
	size_t i;

	for (i = 0; i < items->nr; i++)
		free((char *)items->item[i].format);
	free(items->item);
}

/* Letters behind a 'p' that belong to it: [h][CDN] and so on. */
static size_t pointer_letters(const char *s)
{
	const char *p = s + 1;

	switch (s[0]) {
	case 'F':
	case 'S':
	case 'f':
	case 's':
		return 1;
	case 'M':
	case 'm':
		return *p == 'R' || *p == 'F' ? 2 : 1;
	case 'U':
		return *p && strchr("LlBb", *p) ? 2 : 1;
	case 'h':
		return *p && strchr("CDN", *p) ? 2 : 1;
	case 'I':
	case 'i':
		break;
	default:
		return 0;
	}
	if (*p != '4' && *p != '6' && *p != 'S')
		return 1;
	p++;
	if (s[1] == 'S')
		p += strspn(p, "pfs");
	if (s[1] != '6' && *p && strchr("hnlb", *p))
		p++;
	if (s[1] != '4' && *p == 'c')
		p++;
	return (size_t)(p - s);
}

struct cutter {
	struct xt_items *items;
	struct tep_print_arg *next;	/* the argument that is taken next */
	struct tep_print_arg *star;
	int ls;
};

static struct tep_print_arg *take(struct cutter *c)
{
	struct tep_print_arg *arg = c->next;

	if (arg)
		c->next = arg->next;
	else
		c->items->failed = true;
	return arg;
}

static int add_conversion(struct cutter *c, enum xt_item_type type, const char *start, size_t len)
{
	struct tep_print_arg *arg = take(c);
	struct xt_item *item;

	if (!arg)
		return 0;
	if (len > 30)
		c->items->failed = true;
	item = add(c->items, type, start, len);
	if (!item)
		return -ENOMEM;
	item->arg = arg;
	item->star = c->star;
	item->ls = c->ls;
	if (type == XT_ITEM_NUMBER && (c->ls < -2 || c->ls > 2))
		c->items->failed = true;
	return 0;
}

/* One letter of a conversion: 0 when it goes on, 1 when it ended, -errno. */
static int letter(struct cutter *c, const char *start, const char **pos)
{
	const char *p = *pos;
	char text[4];

	switch (*p) {
	case 'h':
		c->ls--;
		return 0;
	case 'l':
		c->ls++;
		return 0;
	case 'L':
		c->ls = 2;
		return 0;
	case 'z':
	case 'Z':
		c->ls = 1;
		return 0;
	case '*':
		if (c->star) {
			c->items->failed = true;
			return 1;
		}
		c->star = take(c);
		return c->star ? 0 : 1;
	case 'p':
		p += pointer_letters(p + 1);
		*pos = p;
		return add_conversion(c, XT_ITEM_POINTER, start, (size_t)(p + 1 - start)) ?: 1;
	case 'd':
	case 'u':
	case 'i':
	case 'x':
	case 'X':
	case 'o':
		return add_conversion(c, XT_ITEM_NUMBER, start, (size_t)(p + 1 - start)) ?: 1;
	case 's':
		c->ls = 0;
		return add_conversion(c, XT_ITEM_STRING, start, (size_t)(p + 1 - start)) ?: 1;
	}
	if (strchr("#.-", *p) || isdigit((unsigned char)*p))
		return 0;
	snprintf(text, sizeof(text), ">%c<", *p);	/* %c and all others, no argument taken */
	return add(c->items, XT_ITEM_TEXT, text, 3) ? 1 : -ENOMEM;
}

static int cut_conversion(struct cutter *c, const char **format)
{
	const char *start = *format, *p;
	int rc = 0;

	c->star = NULL;
	c->ls = 0;
	for (p = start + 1; *p && rc == 0; p++)
		rc = letter(c, start, &p);
	*format = p;
	return rc < 0 ? rc : 0;
}

static int cut_text(struct cutter *c, const char **format)
{
	const char *p = *format;
	char *text = malloc(strlen(p) + 1);
	struct xt_item *item;
	size_t len = 0;

	if (!text)
		return -ENOMEM;
	for (; *p; p++) {
		char ch = *p;

		if (ch == '%') {
			if (p[1] != '%')
				break;
			p++;
		} else if (ch == '\\' && p[1]) {
			ch = *++p;
			ch = ch == 'n' ? '\n' : ch == 't' ? '\t' : ch == 'r' ? '\r' : ch;
		}
		text[len++] = ch;
	}
	*format = p;
	item = add(c->items, XT_ITEM_TEXT, text, len);
	free(text);
	return item ? 0 : -ENOMEM;
}

int xt_items_parse(struct xt_items *items, const char *format, struct tep_print_arg *args)
{
	struct cutter c = { .items = items, .next = args };
	int rc = 0;

	while (rc == 0 && *format && !items->failed) {
		if (format[0] == '%' && format[1] != '%')
			rc = cut_conversion(&c, &format);
		else
			rc = cut_text(&c, &format);
	}
	return rc;
}

static int number(const char **p)
{
	int v = 0;

	for (; isdigit((unsigned char)**p); ++*p)
		if (v < 100000)
			v = 10 * v + (**p - '0');
	return v;
}

static void flags(struct xt_conv *conv, const char **p)
{
	for (;; ++*p) {
		if (**p == '-')
			conv->left = true;
		else if (**p == '0')
			conv->zero = true;
		else if (**p == '#')
			conv->alt = true;
		else
			return;
	}
}

void xt_conv_parse(struct xt_conv *conv, const char *format, size_t len, int ls)
{
	const char *p = format + 1;
	static const unsigned int bits[] = { 8, 16, 32, 64, 64 };

	*conv = (struct xt_conv){ .precision = -1, .text = format,
				  .bits = ls >= -2 && ls <= 2 ? bits[ls + 2] : 64 };
	flags(conv, &p);
	if (*p == '*') {
		conv->star_width = true;
		p++;
	} else {
		conv->width = number(&p);
	}
	if (*p == '.') {
		p++;
		conv->precision = 0;
		if (*p == '*') {
			conv->star_precision = true;
			p++;
		} else {
			conv->precision = number(&p);
		}
	}
	p += strspn(p, "hlLzZ");
	conv->letter = *p == 'i' ? 'd' : *p;
	conv->odd = p + 1 != format + len;
	conv->plain = !conv->left && !conv->zero && !conv->alt && !conv->width &&
		      conv->precision < 0 && !conv->star_width && !conv->odd;
}
