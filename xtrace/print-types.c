/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * print-types.c - %pM, %pI4, %pI6, %pIS, %pU and %ph: addresses and the like
 *
 * libtraceevent takes their bytes from the field itself, so only fields (and
 * dynamic arrays, for some) can be shown; for others it says so in the text.
 */
#include "xtrace/print-local.h"

#include <stdio.h>

enum kind { KIND_MAC, KIND_IP4, KIND_IP6, KIND_SOCKADDR, KIND_UUID, KIND_BYTES };

struct special {
	enum kind kind;
	uint32_t offset, size;
	bool dynamic;
	struct xt_dyn dyn;
	bool reverse, port, compress, upper, swapped;
	bool leading;			/* %pi4: leading zeros; %pi6: no colons */
	const char *delim;
	const struct xt_expr *count;	/* KIND_BYTES */
};

static char *put_mac(const struct special *s, const uint8_t *bytes, char *p)
{
	int i;

	for (i = 0; i < 6; i++) {
		if (i && s->delim[0])
			*p++ = s->delim[0];
		p = rt_put_byte(p, bytes[s->reverse ? 5 - i : i]);
	}
	return p;
}

static char *put_ip4(const struct special *s, bool reverse, const uint8_t *bytes, char *p)
{
	int i;

	for (i = 0; i < 4; i++) {
		uint8_t v = bytes[reverse ? 3 - i : i];

		if (i)
			*p++ = '.';
		if (s->leading && v < 100)
			*p++ = '0';
		if (s->leading && v < 10)
			*p++ = '0';
		p = rt_put_dec(p, v);
	}
	return p;
}

static char *put_ip6_plain(const struct special *s, const uint8_t *bytes, char *p)
{
	int i;

	for (i = 0; i < 16; i++) {
		if (i && i % 2 == 0 && !s->leading)
			*p++ = ':';
		p = rt_put_byte(p, bytes[i]);
	}
	return p;
}

static unsigned int word_at(const uint8_t *bytes, int i)
{
	return (unsigned int)bytes[2 * i] << 8 | bytes[2 * i + 1];
}

/* ::ffff:a.b.c.d and ISATAP addresses end as an IPv4 address. */
static bool ends_in_ip4(const uint8_t *bytes)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (!memcmp(bytes, mapped, sizeof(mapped)))
		return true;
	return (bytes[8] | 2) == 2 && bytes[9] == 0 && bytes[10] == 0x5e && bytes[11] == 0xfe;
}

/* The longest run of at least two zero words, the first of equals; -1 without. */
static int longest_zeros(const uint8_t *bytes, int range, int *ret_len)
{
	int i, j, at = -1;

	*ret_len = 1;
	for (i = 0; i < range; i++) {
		for (j = i; j < range && word_at(bytes, j) == 0; j++)
			;
		if (j - i > *ret_len) {
			*ret_len = j - i;
			at = i;
		}
	}
	return at;
}

static char *put_ip6_short(const struct special *s, const uint8_t *bytes, char *p)
{
	bool ip4 = ends_in_ip4(bytes), colon = false;
	int range = ip4 ? 6 : 8, len, at, i;
	struct special dotted = *s;

	at = longest_zeros(bytes, range, &len);
	for (i = 0; i < range; i++) {
		if (i == at) {
			if (colon || i == 0)
				*p++ = ':';
			*p++ = ':';
			colon = false;
			i += len - 1;
			continue;
		}
		if (colon)
			*p++ = ':';
		p = rt_put_hex(p, word_at(bytes, i));
		colon = true;
	}
	if (!ip4)
		return p;
	if (colon)
		*p++ = ':';
	dotted.leading = false;
	return put_ip4(&dotted, false, bytes + 12, p);
}

static char *put_ip6(const struct special *s, const uint8_t *bytes, char *p)
{
	return s->compress ? put_ip6_short(s, bytes, p) : put_ip6_plain(s, bytes, p);
}

#define FAMILY_INET	2
#define FAMILY_INET6	10

static char *put_port(char *p, const uint8_t *sockaddr)
{
	*p++ = ':';
	return rt_put_dec(p, word_at(sockaddr, 1));
}

static char *put_words(char *p, const char *text)
{
	size_t len = strlen(text);

	memcpy(p, text, len);
	return p + len;
}

/* struct sockaddr_in has 16 bytes, the address at 4; struct sockaddr_in6 28, at 8. */
static char *put_sockaddr(const struct special *s, const uint8_t *bytes, uint32_t len, char *p)
{
	uint64_t family = xt_load(bytes, 2);

	if (family == FAMILY_INET) {
		if (len < 16)
			return put_words(p, "INVALIDIPv4");
		p = put_ip4(s, s->reverse, bytes + 4, p);
		return s->port ? put_port(p, bytes) : p;
	}
	if (family != FAMILY_INET6)
		return p;
	if (len < 28)
		return put_words(p, "INVALIDIPv6");
	if (s->port)
		*p++ = '[';
	p = put_ip6(s, bytes + 8, p);
	if (!s->port)
		return p;
	*p++ = ']';
	return put_port(p, bytes);
}

static char *put_uuid(const struct special *s, const uint8_t *bytes, char *p)
{
	static const uint8_t swapped[16] = { 3, 2, 1, 0, 5, 4, 7, 6,
					     8, 9, 10, 11, 12, 13, 14, 15 };
	int i;

	for (i = 0; i < 16; i++) {
		uint8_t v = bytes[s->swapped ? swapped[i] : i];

		p[0] = (s->upper ? "0123456789ABCDEF" : "0123456789abcdef")[v >> 4];
		p[1] = (s->upper ? "0123456789ABCDEF" : "0123456789abcdef")[v & 15];
		p += 2;
		if (i == 3 || i == 5 || i == 7 || i == 9)
			*p++ = '-';
	}
	return p;
}

static char *put_bytes(struct xt_pen *pen, const struct special *s, const struct xt_data *data,
		       uint32_t offset, uint32_t len, char *p, char *end)
{
	uint32_t n = s->count ? (uint32_t)xt_eval(pen->printer, s->count, data) : 1, i;

	if (len < n)
		n = len;
	if ((int32_t)n < 1)
		return p;
	if (!xt_has_room(pen, p, end, 3 * (size_t)n))
		return NULL;
	for (i = 0; i < n; i++) {
		if (i && s->delim[0])
			*p++ = s->delim[0];
		p = rt_put_byte(p, data->p[offset + i]);
	}
	return p;
}

static char *run_special(struct xt_pen *pen, const struct xt_row *row,
			 const struct xt_data *data, char *p, char *end)
{
	const struct special *s = row->arg;
	uint32_t offset = s->offset, len = s->size;
	uint8_t bytes[32] = { 0 };

	if (s->dynamic)
		xt_dyn_locate(&s->dyn, data, &offset, &len);
	if (offset > data->size)
		offset = len = 0;
	if (len > data->size - offset)
		len = data->size - offset;
	if (s->kind == KIND_BYTES)
		return put_bytes(pen, s, data, offset, len, p, end);
	if (!xt_has_room(pen, p, end, 96))
		return NULL;
	memcpy(bytes, data->p + offset, data->size - offset < 32 ? data->size - offset : 32);
	switch (s->kind) {
	case KIND_MAC:
		return put_mac(s, bytes, p);
	case KIND_IP4:
		return put_ip4(s, s->reverse, bytes, p);
	case KIND_IP6:
		return put_ip6(s, bytes, p);
	case KIND_SOCKADDR:
		return put_sockaddr(s, bytes, len, p);
	default:
		return put_uuid(s, bytes, p);
	}
}

static bool host_order(const char *l)
{
	return *l == 'h' || *l == 'l';	/* this file's and the machine's order is little-endian */
}

/* [Ii]4[hnbl], [Ii]6c, [Ii]S[p][c][hnbl] */
static void read_ip(struct special *s, const char *l)
{
	bool capital = l[0] == 'I';

	s->leading = !capital;
	if (l[1] == '4') {
		s->kind = KIND_IP4;
		s->size = 4;
		s->reverse = host_order(l + 2);
		return;
	}
	s->compress = capital && l[1] == '6' && l[2] == 'c';
	s->kind = KIND_IP6;
	s->size = 16;
	if (l[1] == '6')
		return;
	s->kind = KIND_SOCKADDR;
	l += 2;
	s->port = capital && *l == 'p';
	l += s->port;
	s->compress = capital && *l == 'c';
	l += s->compress;
	s->reverse = host_order(l);
}

static void read_letters(struct special *s, const char *l)
{
	switch (l[0]) {
	case 'M':
	case 'm':
		s->kind = KIND_MAC;
		s->size = 6;
		s->delim = l[0] == 'm' ? "" : l[1] == 'F' ? "-" : ":";
		s->reverse = l[1] == 'R';
		break;
	case 'U':
		s->kind = KIND_UUID;
		s->size = 16;
		s->swapped = l[1] == 'L' || l[1] == 'l';
		s->upper = l[1] == 'L' || l[1] == 'B';
		break;
	case 'h':
		s->kind = KIND_BYTES;
		s->delim = l[1] == 'C' ? ":" : l[1] == 'D' ? "-" : l[1] == 'N' ? "" : " ";
		break;
	default:
		read_ip(s, l);
		break;
	}
}

static const char *const wrong_size[] = {
	[KIND_MAC] = "INVALIDMAC", [KIND_IP4] = "INVALIDIPv4", [KIND_IP6] = "INVALIDIPv6",
	[KIND_UUID] = "INVALIDUUID",
};

/* Return: false when a text stands in place of the value. */
static bool find_bytes(struct xt_build *b, struct special *s, const struct tep_print_arg *arg)
{
	const struct tep_format_field *field;

	while (s->kind != KIND_BYTES && arg->type == TEP_PRINT_TYPE)
		arg = arg->typecast.item;
	if (arg->type == TEP_PRINT_DYNAMIC_ARRAY &&
	    (s->kind == KIND_BYTES || s->kind == KIND_SOCKADDR)) {
		s->dynamic = true;
		s->dyn = xt_build_dyn(b, arg->dynarray.field);
		return true;
	}
	if (arg->type != TEP_PRINT_FIELD || s->kind == KIND_BYTES) {
		xt_build_printf(b, s->kind == KIND_SOCKADDR ?
				"ARG NOT FIELD NOR DYNAMIC ARRAY BUT TYPE %d" :
				"ARG TYPE NOT FIELD BUT %d", (int)arg->type);
		return false;
	}
	field = arg->field.field ?: tep_find_any_field(b->event, arg->field.name);
	if (!field)
		return false;
	if (s->kind != KIND_SOCKADDR && field->size != (int)s->size) {
		xt_build_puts(b, wrong_size[s->kind]);
		return false;
	}
	s->offset = (uint32_t)field->offset;
	s->size = (uint32_t)field->size;
	xt_build_need(b, s->offset, s->size);
	return true;
}

void xt_build_special_pointer(struct xt_build *b, const struct xt_item *item, const char *letter)
{
	struct special *s;

	if ((letter[0] == 'I' || letter[0] == 'i') && (!letter[1] || !strchr("46S", letter[1])))
		return;		/* shows nothing */
	s = xt_arena_get(&b->printer->arena, sizeof(*s));
	if (!s) {
		b->failed = true;
		return;
	}
	read_letters(s, letter);
	if (!find_bytes(b, s, item->arg))
		return;
	if (item->star)
		s->count = xt_build_expr(b, item->star);
	xt_build_call(b, run_special, s);
}
