/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xml-node.h - children and attributes of an element, for xml.c and its parts
 *
 * Only elements without a namespace are found: those of others are not ours.
 */
#ifndef KCFG_XML_NODE_H
#define KCFG_XML_NODE_H

#include <libxml/tree.h>

#include "config/xml.h"

struct rt_buf;

/* Of kcfg_xml_read() and kcfg_xml_write(): a row a part, by enum kcfg_part. */
struct kcfg_part_row {
	const char *name;
	bool note;
	/* Where it stands, for the readers and writers that serve several parts. */
	const char *parent, *element, *key;
	int (*read)(const struct kcfg_part_row *row, xmlNode *domain, struct rt_buf *out,
		    struct rt_err *err);
	/* Called only with a text that differs from what is there. */
	int (*write)(const struct kcfg_part_row *row, xmlNode *domain, const char *want,
		     struct rt_err *err);
};
extern const struct kcfg_part_row kcfg_part_rows[KCFG_NR_PARTS];

/* The first child element of that name, or the next one behind @node; NULL. */
xmlNode *kcfg_child(xmlNode *parent, const char *name);
xmlNode *kcfg_sibling(xmlNode *node, const char *name);
/* Makes a further child, in the place where libvirt writes it; NULL without memory. */
xmlNode *kcfg_child_add(xmlNode *parent, const char *name);
/* The child, made where it is not there. */
xmlNode *kcfg_child_make(xmlNode *parent, const char *name);
/* Takes a child away, and with it the white space in front of it; NULL is legal. */
void kcfg_child_remove(xmlNode *node);
/* Removes @node when it has neither element nor attribute left; NULL is legal. */
void kcfg_child_prune(xmlNode *node);

/* Owned by the caller, xmlFree(); NULL where it is not there. */
xmlChar *kcfg_attr(xmlNode *node, const char *name);
bool kcfg_attr_is(xmlNode *node, const char *name, const char *value);
/* A decimal attribute within [min, max]; @def where it is not there; -EINVAL names it. */
int kcfg_attr_uint(xmlNode *node, const char *name, unsigned int min, unsigned int max,
		   unsigned int def, unsigned int *ret, struct rt_err *err);
/* 0 or -ENOMEM. */
int kcfg_attr_set(xmlNode *node, const char *name, const char *value);
void kcfg_attr_remove(xmlNode *node, const char *name);
/* Replaces all content by a text; 0 or -ENOMEM. */
int kcfg_text_set(xmlNode *node, const char *text);

/* Our element in <metadata>: NULL where it is not there, or, with @make, without memory. */
xmlNode *kcfg_metadata(xmlNode *domain, bool make);

#endif /* KCFG_XML_NODE_H */
