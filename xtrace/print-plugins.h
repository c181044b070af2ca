/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * print-plugins.h - the events whose text is not their print fmt's
 *
 * Each builds an event's rows.  Return: true when the print fmt's text follows.
 */
#ifndef XT_PRINT_PLUGINS_H
#define XT_PRINT_PLUGINS_H

#include "xtrace/print-local.h"

bool xt_build_num(struct xt_build *b, const char *name, const char *lead, const char *fmt,
		  bool say);

/* print-kvm.c */
bool xt_build_kvm_exit(struct xt_build *b, const struct xt_prog *generic);
bool xt_build_kvm_entry(struct xt_build *b, const struct xt_prog *generic);
bool xt_build_kvm_emulate(struct xt_build *b, const struct xt_prog *generic);
bool xt_build_kvm_nested_exit(struct xt_build *b, const struct xt_prog *generic);
bool xt_build_kvm_nested_inject(struct xt_build *b, const struct xt_prog *generic);
bool xt_build_kvm_get_page(struct xt_build *b, const struct xt_prog *generic);
bool xt_build_kvm_role(struct xt_build *b, const struct xt_prog *generic);

/* print-ftrace.c */
bool xt_build_function(struct xt_build *b, const struct xt_prog *generic);
bool xt_build_repeats(struct xt_build *b, const struct xt_prog *generic);
bool xt_build_stack(struct xt_build *b, const struct xt_prog *generic);
bool xt_build_raw_data(struct xt_build *b, const struct xt_prog *generic);
bool xt_build_graph_entry(struct xt_build *b, const struct xt_prog *generic);
bool xt_build_graph_exit(struct xt_build *b, const struct xt_prog *generic);

#endif /* XT_PRINT_PLUGINS_H */
