/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xml.h - foreign text inside of XML, SVG and HTML
 */
#ifndef RT_LIB_XML_H
#define RT_LIB_XML_H

#include "lib/buf.h"

/*
 * @text as the content of an element or of an attribute in double quotes.  What XML 1.0
 * has no character for (controls, bytes that are no UTF-8) becomes "?".
 */
void rt_xml_escape(struct rt_buf *buf, const char *text);

#endif /* RT_LIB_XML_H */
