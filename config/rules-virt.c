/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rules-virt.c - rules for what libvirt has; without its answer they find nothing
 */
#include "config/rules-internal.h"

#include <stdio.h>
#include <string.h>

#include "config/room.h"
#include "config/virt.h"
#include "lib/buf.h"
#include "lib/text.h"

static const struct kcfg_domain *domain_of(const struct kcfg_check *check,
					   const struct kcfg_place *place)
{
	return kcfg_domains_find(check->domains, check->nr_domains, place->vm->uuid);
}

void kcfg_check_known(struct kcfg_check *check, const struct kcfg_place *place)
{
	if (check->domains && !domain_of(check, place))
		kcfg_found(check, place->vm, KCFG_NR_ATTRS, "libvirt has no VM of UUID %s",
			   place->vm->uuid);
}

void kcfg_check_renamed(struct kcfg_check *check, const struct kcfg_place *place)
{
	const struct kcfg_domain *domain = domain_of(check, place);
	struct rt_buf name = { 0 };

	/* Blanks at its ends are none of ours, as in the file. */
	if (domain)
		kcfg_tidy(&name, domain->name);
	if (place->vm->name[0] && name.len && rt_buf_str(&name) &&
	    strcmp(name.data, place->vm->name) != 0)
		kcfg_found(check, place->vm, KCFG_NAME, "name \"%s\": libvirt calls the VM \"%s\"",
			   place->vm->name, domain->name);
	rt_buf_finish(&name);
}

void kcfg_check_name_taken(struct kcfg_check *check, const struct kcfg_place *place)
{
	size_t i;

	for (i = 0; i < check->nr_domains; i++) {
		const struct kcfg_domain *other = &check->domains[i];

		if (strcmp(other->name, place->vm->name) == 0 &&
		    strcmp(other->uuid, place->vm->uuid) != 0)
			kcfg_found(check, place->vm, KCFG_NAME,
				   "name \"%s\" is that of another VM in libvirt, %s",
				   place->vm->name, other->uuid);
	}
}

void kcfg_check_autostart(struct kcfg_check *check, const struct kcfg_place *place)
{
	const struct kcfg_domain *domain = domain_of(check, place);

	if (domain && domain->autostart && (place->vm->rt || place->vm->autostart))
		kcfg_found(check, place->vm, KCFG_AUTOSTART,
			   "libvirt starts the VM by itself, before its CPUs are free");
}

/* Free memory of the nodes it may come from; 0 where that is not known. */
static uint64_t free_memory(const struct tune_topo *topo, const struct rt_cpuset *nodes)
{
	uint64_t bytes = 0;
	unsigned int i;

	for (i = 0; i < topo->at[TUNE_NODE].n; i++) {
		const struct tune_group *node = &topo->at[TUNE_NODE].v[i];

		if (!rt_cpuset_empty(nodes) && !rt_cpuset_has(nodes, (unsigned int)node->number))
			continue;
		if (!node->free_bytes)
			return 0;
		bytes += node->free_bytes;
	}
	return bytes;
}

void kcfg_check_memory(struct kcfg_check *check, const struct kcfg_place *place)
{
	const struct kcfg_domain *domain = domain_of(check, place);
	uint64_t there = free_memory(check->topo, &place->mem_nodes);
	uint64_t own = place->lock_memory ? kcfg_room_own(place->vm) : 0;
	char need[32], have[32], more[64] = "", size[32];

	/* Of a VM that runs, the memory is taken already. */
	if (!domain || domain->active || !there || place->vm->hugepages ||
	    domain->memory + own <= there)
		return;
	rt_format_size(domain->memory, need, sizeof(need));
	rt_format_size(there, have, sizeof(have));
	rt_format_size(own, size, sizeof(size));
	if (own)
		snprintf(more, sizeof(more), " and %s of QEMU, all locked", size);
	kcfg_found(check, place->vm, KCFG_NUMATUNE, "memory of %s%s, but %s free in %s", need,
		   more, have, rt_cpuset_empty(&place->mem_nodes) ? "the host" :
		   kcfg_say_nodes(&place->mem_nodes));
}

/* As kcfg_room_check() does before a start: huge pages are not counted. */
void kcfg_check_memory_limit(struct kcfg_check *check, const struct kcfg_place *place)
{
	const struct kcfg_domain *domain = domain_of(check, place);
	uint64_t own = kcfg_room_own(place->vm);
	char need[32], guest[32], qemu[32], limit[32];

	if (!domain || !domain->hard_limit || !place->lock_memory || place->vm->hugepages ||
	    domain->memory + own <= domain->hard_limit)
		return;
	rt_format_size(domain->memory + own, need, sizeof(need));
	rt_format_size(domain->memory, guest, sizeof(guest));
	rt_format_size(own, qemu, sizeof(qemu));
	rt_format_size(domain->hard_limit, limit, sizeof(limit));
	kcfg_found(check, place->vm, KCFG_RT_MEMORY, "memory is locked: expected a hard_limit of "
		   "at least %s (%s of the guest and %s of QEMU) in memtune of its XML, found %s",
		   need, guest, qemu, limit);
}
