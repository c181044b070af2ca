/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rules-internal.h - the checks, for the rows of rules.c; each says in its name
 * which rule it serves
 */
#ifndef KCFG_RULES_INTERNAL_H
#define KCFG_RULES_INTERNAL_H

#include "config/rules.h"

/* A finding of the rule whose turn it is, at an attribute's line, or the VM's where it has none. */
void kcfg_found(struct kcfg_check *check, const struct kcfg_vm *vm, enum kcfg_attr_id id,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* "CPU 3", "nodes 0-1": sets for a message; good until the fourth call behind this one. */
const char *kcfg_say_cpus(const struct rt_cpuset *set);
const char *kcfg_say_nodes(const struct rt_cpuset *set);

/* rules-vm.c: one VM and the machine */
void kcfg_check_name(struct kcfg_check *check, const struct kcfg_place *place);
void kcfg_check_topology(struct kcfg_check *check, const struct kcfg_place *place);
void kcfg_check_cpus_exist(struct kcfg_check *check, const struct kcfg_place *place);
void kcfg_check_cpus_online(struct kcfg_check *check, const struct kcfg_place *place);
void kcfg_check_nodes_exist(struct kcfg_check *check, const struct kcfg_place *place);
void kcfg_check_cpuset_small(struct kcfg_check *check, const struct kcfg_place *place);
void kcfg_check_rt_cpuset(struct kcfg_check *check, const struct kcfg_place *place);
void kcfg_check_rt_memory(struct kcfg_check *check, const struct kcfg_place *place);
void kcfg_check_rt_size(struct kcfg_check *check, const struct kcfg_place *place);
void kcfg_check_rt_emulator(struct kcfg_check *check, const struct kcfg_place *place);
void kcfg_check_rt_cpu0(struct kcfg_check *check, const struct kcfg_place *place);
void kcfg_check_rt_cpu0_down(struct kcfg_check *check, const struct kcfg_place *place);
void kcfg_check_rt_nodes(struct kcfg_check *check, const struct kcfg_place *place);
void kcfg_check_rt_numatune(struct kcfg_check *check, const struct kcfg_place *place);

/* rules-pair.c: VMs with one another */
void kcfg_check_name_unique(struct kcfg_check *check, const struct kcfg_place *place);
void kcfg_check_rt_overlap(struct kcfg_check *check, const struct kcfg_place *place);
void kcfg_check_rt_siblings(struct kcfg_check *check, const struct kcfg_place *place);
void kcfg_check_rt_node_shared(struct kcfg_check *check, const struct kcfg_place *place);
void kcfg_check_rt_node_memory(struct kcfg_check *check, const struct kcfg_place *place);
void kcfg_check_host_cpus(struct kcfg_check *check);

/* rules-virt.c: what libvirt has */
void kcfg_check_known(struct kcfg_check *check, const struct kcfg_place *place);
void kcfg_check_renamed(struct kcfg_check *check, const struct kcfg_place *place);
void kcfg_check_name_taken(struct kcfg_check *check, const struct kcfg_place *place);
void kcfg_check_autostart(struct kcfg_check *check, const struct kcfg_place *place);
void kcfg_check_memory(struct kcfg_check *check, const struct kcfg_place *place);
void kcfg_check_memory_limit(struct kcfg_check *check, const struct kcfg_place *place);

#endif /* KCFG_RULES_INTERNAL_H */
