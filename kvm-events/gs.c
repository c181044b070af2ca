/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gs.c - guest services out of a hypercall's registers or a marker's text
 *
 * Both come from a guest, which is not trusted: nothing is used before it is
 * checked against gs/protocol.h.
 */
#include "kvm-events/kvm-events.h"

#include <errno.h>
#include <string.h>

#define NR(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *guest, *host;
} event_names[KEV_NR_GS_KINDS] = {
	[KEV_GS_HC_START] = { "KVM_GUEST_HC_START", "KVM_HOST_HC_ENTER" },
	[KEV_GS_HC_END] = { "KVM_GUEST_HC_END", "KVM_HOST_HC_EXIT" },
	[KEV_GS_QUERY] = { NULL, NULL },
	[KEV_GS_PING] = { "KVMRT_GS_PING_GUEST", "KVMRT_GS_PING_HOST" },
	[KEV_GS_FLUSH] = { "KVMRT_GS_FLUSH_GUEST", "KVMRT_GS_FLUSH_HOST" },
	[KEV_GS_LOG_MSG] = { "KVMRT_GS_LOG_MSG_GUEST", "KVMRT_GS_LOG_MSG_HOST" },
	[KEV_GS_LOG_DATA] = { "KVMRT_GS_LOG_DATA_GUEST", "KVMRT_GS_LOG_DATA_HOST" },
};

const char *kev_gs_name(enum kev_gs_kind kind, bool host)
{
	if ((unsigned int)kind >= KEV_NR_GS_KINDS)
		return NULL;
	return host ? event_names[kind].host : event_names[kind].guest;
}

bool kev_gs_event(const struct kev_event *row, enum kev_gs_kind *ret_kind, bool *ret_host)
{
	const char *name;
	unsigned int kind, host;

	if (!row || (row->role != KEV_GS_GUEST && row->role != KEV_GS_HOST))
		return false;
	for (kind = 0; kind < KEV_NR_GS_KINDS; kind++) {
		for (host = 0; host < 2; host++) {
			name = kev_gs_name((enum kev_gs_kind)kind, host);
			if (!name || strcmp(name, row->name) != 0)
				continue;
			*ret_kind = (enum kev_gs_kind)kind;
			*ret_host = host;
			return true;
		}
	}
	return false;
}

static void decode_frag(struct kev_frag *ret, const uint64_t args[4])
{
	ret->id = gs_frag_id(args[0]);
	ret->offset = gs_frag_offset(args[0]);
	ret->length = gs_frag_length(args[0]);
	ret->size = gs_frag_bytes(args[0]);
	gs_frag_unpack(ret->data, args[1], args[2], args[3]);
}

int kev_gs_decode(struct kev_gs *ret, uint64_t nr, const uint64_t args[4])
{
	static const enum kev_gs_kind kinds[] = {
		[GS_NR_QUERY - GS_NR_FIRST] = KEV_GS_QUERY,
		[GS_NR_PING - GS_NR_FIRST] = KEV_GS_PING,
		[GS_NR_LOG_MSG - GS_NR_FIRST] = KEV_GS_LOG_MSG,
		[GS_NR_XTRACE_FLUSH - GS_NR_FIRST] = KEV_GS_FLUSH,
		[GS_NR_XTRACE_LOG_DATA - GS_NR_FIRST] = KEV_GS_LOG_DATA,
	};
	struct kev_gs gs = { .nr = nr };

	if (nr < GS_NR_FIRST || nr > GS_NR_LAST)
		return -ENOENT;
	if (!gs_call_valid(nr, args[0]))
		return -EINVAL;
	gs.kind = kinds[nr - GS_NR_FIRST];
	memcpy(gs.arg, args, sizeof(gs.arg));
	if (gs_length_max(nr))
		decode_frag(&gs.frag, args);
	*ret = gs;
	return 0;
}

/* What is left of a marker's line. */
struct cursor {
	const char *p, *end;
};

static bool take(struct cursor *c, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(c->end - c->p) < len || memcmp(c->p, word, len) != 0)
		return false;
	c->p += len;
	return true;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* " key=0x1f" with at most 16 digits; false when it is not there. */
static bool take_hex(struct cursor *c, const char *key, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;
	unsigned int n = 0;

	if (!take(c, " ") || !take(c, key) || !take(c, "=0x"))
		return false;
	for (; c->p < c->end && digit(*c->p) >= 0; c->p++, n++) {
		if (n == 16)
			return false;
		value = value << 4 | (uint64_t)digit(*c->p);
	}
	if (n == 0 || value > max)
		return false;
	*ret = value;
	return true;
}

/* " ret=-1000" */
static bool take_result(struct cursor *c, uint64_t *ret)
{
	uint64_t value = 0;
	bool negative;
	unsigned int n = 0;

	if (!take(c, " ret="))
		return false;
	negative = take(c, "-");
	for (; c->p < c->end && *c->p >= '0' && *c->p <= '9' && n < 19; c->p++, n++)
		value = value * 10 + (uint64_t)(*c->p - '0');
	*ret = negative ? 0 - value : value;
	return n > 0;
}

/* " data=6869": whole bytes, at most GS_MARKER_DATA_MAX. */
static bool take_data(struct cursor *c, struct kev_frag *frag)
{
	if (!take(c, " data="))
		return false;
	for (frag->size = 0; c->end - c->p >= 2; c->p += 2) {
		int high = digit(c->p[0]), low = digit(c->p[1]);

		if (high < 0 || low < 0 || frag->size == GS_MARKER_DATA_MAX)
			return false;
		frag->data[frag->size++] = (uint8_t)(high << 4 | low);
	}
	return frag->size > 0;
}

static bool parse_frag(struct cursor *c, struct kev_gs *gs)
{
	uint64_t nr = gs->kind == KEV_GS_LOG_MSG ? GS_NR_LOG_MSG : GS_NR_XTRACE_LOG_DATA;
	struct kev_frag *frag = &gs->frag;
	uint64_t id, offset, length;

	if (!take_hex(c, "id", UINT32_MAX, &id) ||
	    !take_hex(c, "offset", UINT16_MAX, &offset) ||
	    !take_hex(c, "length", UINT16_MAX, &length) || !take_data(c, frag))
		return false;
	frag->id = id;
	frag->offset = offset;
	frag->length = length;
	return gs_frag_valid(nr, gs_frag_head(id, offset, length)) &&
	       frag->size <= length - offset;
}

/* The keys of a marker in their order; frag: the keys of a fragment instead. */
struct syntax {
	const char *word;
	enum kev_gs_kind kind;
	bool nr, frag, result;
	const char *keys[4];
};

static const struct syntax markers[] = {
	{ .word = "hc_start", .kind = KEV_GS_HC_START, .nr = true,
	  .keys = { "a0", "a1", "a2", "a3" } },
	{ .word = "hc_end", .kind = KEV_GS_HC_END, .nr = true, .result = true },
	{ .word = "ping", .kind = KEV_GS_PING, .keys = { "cookie" } },
	{ .word = "flush", .kind = KEV_GS_FLUSH, .keys = { "scope", "incident" } },
	{ .word = "log_msg", .kind = KEV_GS_LOG_MSG, .frag = true },
	{ .word = "log_data", .kind = KEV_GS_LOG_DATA, .frag = true },
};

static bool parse_keys(struct cursor *c, const struct syntax *syntax, struct kev_gs *gs)
{
	size_t i;

	if (syntax->nr && !take_hex(c, "nr", UINT64_MAX, &gs->nr))
		return false;
	if (syntax->result && !take_result(c, &gs->arg[0]))
		return false;
	if (syntax->frag && !parse_frag(c, gs))
		return false;
	for (i = 0; i < NR(syntax->keys) && syntax->keys[i]; i++)
		if (!take_hex(c, syntax->keys[i], UINT64_MAX, &gs->arg[i]))
			return false;
	return c->p == c->end && !(gs->kind == KEV_GS_FLUSH && gs->arg[0] > GS_SCOPE_ALL);
}

/* The whole word up to the blank, so that "ping" is not found in "pingx". */
static const struct syntax *find_syntax(struct cursor *c)
{
	const char *blank = memchr(c->p, ' ', c->end - c->p);
	size_t i, len = (blank ? blank : c->end) - c->p;

	for (i = 0; i < NR(markers); i++) {
		if (strlen(markers[i].word) == len && memcmp(c->p, markers[i].word, len) == 0) {
			c->p += len;
			return &markers[i];
		}
	}
	return NULL;
}

int kev_marker_parse(struct kev_gs *ret, const char *text, size_t len)
{
	struct cursor c = { text, text + len };
	struct kev_gs gs = { 0 };
	const struct syntax *syntax;

	if (!take(&c, GS_MARKER_PREFIX))
		return -ENOENT;
	while (c.end > c.p && c.end[-1] == '\0')
		c.end--;
	if (c.end > c.p && c.end[-1] == '\n')
		c.end--;
	if (c.end - text > GS_MARKER_LINE_MAX)
		return -EINVAL;
	syntax = find_syntax(&c);
	if (!syntax)
		return -EINVAL;
	gs.kind = syntax->kind;
	if (!parse_keys(&c, syntax, &gs))
		return -EINVAL;
	*ret = gs;
	return 0;
}
