/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * line.c - lines of the host's log out of what guests say
 */
#include "gs/host/line.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "kvm-events/kvm-events.h"

#define TAIL_ROOM 24		/* "... (4080 bytes more)" */

void gs_line_printf(struct gs_line *line, const char *fmt, ...)
{
	size_t room = sizeof(line->text) - line->len;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(line->text + line->len, room, fmt, ap);
	va_end(ap);
	if (len > 0)
		line->len += (size_t)len < room ? (size_t)len : room - 1;
}

void gs_line_begin(struct gs_line *line, uint64_t real_ns, const char *vm, int vcpu)
{
	time_t seconds = real_ns / 1000000000;
	struct tm tm;
	char date[32];

	line->len = 0;
	gmtime_r(&seconds, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	gs_line_printf(line, "%s.%06uZ %s", date, (unsigned int)(real_ns % 1000000000 / 1000), vm);
	if (vcpu >= 0)
		gs_line_printf(line, "/%d", vcpu);
	gs_line_printf(line, ": ");
}

static size_t escape(char out[5], unsigned char byte, bool plain)
{
	if (byte == '\\')
		return snprintf(out, 5, "\\\\");
	if (plain)
		return snprintf(out, 5, "%c", byte);
	return snprintf(out, 5, "\\x%02x", byte);
}

/* False when there is no room left for it and for the tail. */
static bool put(struct gs_line *line, const char *text, size_t len)
{
	if (line->len + len > GS_LINE_MAX - TAIL_ROOM)
		return false;
	memcpy(line->text + line->len, text, len);
	line->len += len;
	line->text[line->len] = '\0';
	return true;
}

void gs_line_message(struct gs_line *line, const struct kev_message *msg)
{
	unsigned int at = 0, begin = 0, end = 0;
	bool hole = kev_message_hole(msg, 0, &begin, &end), fits = true;
	char text[32];

	while (at < msg->length && fits) {
		if (hole && at == begin) {
			fits = put(line, text, snprintf(text, sizeof(text), "[%u bytes missing]",
							end - begin));
			at = fits ? end : at;
			hole = kev_message_hole(msg, end, &begin, &end);
			continue;
		}
		fits = put(line, text, escape(text, msg->data[at], msg->data[at] >= ' ' &&
					      msg->data[at] < 0x7f));
		at += fits;
	}
	if (!fits)
		gs_line_printf(line, "... (%u bytes more)", msg->length - at);
}

char *gs_line_name(char *buf, size_t size, const char *name)
{
	size_t used = 0, len;
	char text[5];

	for (; *name; name++) {
		unsigned char byte = *name;

		len = escape(text, byte, (isalnum(byte) && byte < 0x80) || strchr("._-", byte));
		if (used + len >= size)
			break;
		memcpy(buf + used, text, len);
		used += len;
	}
	buf[used] = '\0';
	return buf;
}
