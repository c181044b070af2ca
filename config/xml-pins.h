/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xml-pins.h - <cputune>: which CPUs and which scheduler a vCPU or an iothread has
 *
 * Rows of xml-parts.c; as struct kcfg_part_row says.  ->key is the attribute
 * that says whose it is.
 */
#ifndef KCFG_XML_PINS_H
#define KCFG_XML_PINS_H

#include "config/xml-node.h"

/* A list of CPUs or nodes in an attribute, "^3" taken out, as a sorted list. */
int kcfg_read_cpus(xmlNode *node, const char *attr, struct rt_buf *out, struct rt_err *err);

int kcfg_pins_read(const struct kcfg_part_row *row, xmlNode *domain, struct rt_buf *out,
		   struct rt_err *err);
int kcfg_pins_write(const struct kcfg_part_row *row, xmlNode *domain, const char *want,
		    struct rt_err *err);
int kcfg_scheds_read(const struct kcfg_part_row *row, xmlNode *domain, struct rt_buf *out,
		     struct rt_err *err);
int kcfg_scheds_write(const struct kcfg_part_row *row, xmlNode *domain, const char *want,
		      struct rt_err *err);

#endif /* KCFG_XML_PINS_H */
