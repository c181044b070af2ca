/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml.c - foreign text inside of XML, SVG and HTML */
#include "lib/xml.h"

#include <stdbool.h>
#include <string.h>

#include "lib/json.h"

static const char *entity(char c)
{
	switch (c) {
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '&': return "&amp;";
	case '"': return "&quot;";
	case '\n': case '\t': return NULL;
	}
	return (unsigned char)c < 0x20 || c == 0x7f ? "?" : NULL;
}

void rt_xml_escape(struct rt_buf *buf, const char *text)
{
	bool utf8 = rt_utf8(text, strlen(text));
	const char *instead;

	for (; *text; text++) {
		instead = !utf8 && (unsigned char)*text >= 0x80 ? "?" : entity(*text);
		if (instead)
			rt_buf_puts(buf, instead);
		else
			rt_buf_add(buf, text, 1);
	}
}
