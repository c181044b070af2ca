/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * domain.h - a VM of kvmrt.cfg and a domain of libvirt: what each says in the
 * other's words, and where they differ
 */
#ifndef KCFG_DOMAIN_H
#define KCFG_DOMAIN_H

#include <stdio.h>

#include "config/cfg.h"
#include "config/xml.h"

struct kcfg_place;
struct rt_table;
struct tune_topo;

/**
 * kcfg_domain_want() - the parts that libvirt is to have for a VM.
 * @place: where its threads go (config/place.h).
 * @xml: as it is now: what it leaves to the user stays so.
 * @ret: { 0 } before; parts that may stay as they are have no text.
 */
int kcfg_domain_want(struct kcfg_parts *ret, const struct kcfg_vm *vm,
		     const struct kcfg_place *place, const struct kcfg_xml *xml,
		     struct rt_err *err);

/* Whether @found has what @want asks for, our notes aside. */
bool kcfg_domain_same(const struct kcfg_parts *found, const struct kcfg_parts *want);
/* A line a part that differs: "  vcpupin: 0=4 1=6 (found none)". */
void kcfg_domain_diff(const struct kcfg_parts *found, const struct kcfg_parts *want, FILE *to);

/**
 * kcfg_domain_import() - let a VM of the file say what libvirt says.
 *
 * A value that means the same already stays as it was written: "n1" for 4-7.
 * Return: how many attributes changed, or -errno.
 */
int kcfg_domain_import(struct kcfg *cfg, struct kcfg_vm *vm, const struct kcfg_xml *xml,
		       const struct tune_topo *topo, struct rt_err *err);

#endif /* KCFG_DOMAIN_H */
