/* SPDX-License-Identifier: GPL-2.0-or-later */
/* room.c - memory to lock: needed, and there */
#include "config/room.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/root.h"
#include "lib/text.h"

#define MIB	(1ull << 20)
#define NODES	"sys/devices/system/node"
#define MAX_NODES 1024

uint64_t kcfg_room_own(const struct kcfg_vm *vm)
{
	return (80 + 8ull * vm->nr_vcpus) * MIB;
}

/* "Node 1 MemFree:  1234 kB", or without the node in /proc/meminfo; in bytes. */
static uint64_t field(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? strtoull(at + strlen(name), NULL, 10) << 10 : 0;
}

/* What was read from files makes room at once. */
static uint64_t free_in(char *text)
{
	uint64_t bytes = field(text, " MemFree:") + field(text, "\nMemFree:") +
			 field(text, "Active(file):") + field(text, "Inactive(file):") +
			 field(text, "SReclaimable:");

	free(text);
	return bytes;
}

uint64_t kcfg_room_free(const struct rt_root *root, const struct rt_cpuset *nodes)
{
	uint64_t bytes = 0;
	char *text;

	if (rt_cpuset_empty(nodes) || !rt_root_exists(root, NODES))
		return rt_root_read(root, &text, NULL, NULL, "proc/meminfo") < 0 ? 0 :
		       free_in(text);
	for (unsigned int node = 0; node < MAX_NODES; node++)
		if (rt_cpuset_has(nodes, node) &&
		    rt_root_read(root, &text, NULL, NULL, NODES "/node%u/meminfo", node) == 0)
			bytes += free_in(text);
	return bytes;
}

static int too_little(const struct kcfg_place *place, uint64_t memory, uint64_t have,
		      const char *where, struct rt_err *err)
{
	uint64_t own = kcfg_room_own(place->vm);
	char total[32], guest[32], qemu[32], there[32];

	rt_format_size(memory + own, total, sizeof(total));
	rt_format_size(memory, guest, sizeof(guest));
	rt_format_size(own, qemu, sizeof(qemu));
	rt_format_size(have, there, sizeof(there));
	return rt_err_say(err, -ENOMEM, "expected at least %s to lock (%s of the guest and %s of "
			  "QEMU), found %s %s", total, guest, qemu, there, where);
}

int kcfg_room_check(const struct kcfg_place *place, const struct rt_root *root, uint64_t memory,
		    uint64_t limit, uint64_t promised, struct rt_err *err)
{
	uint64_t need = memory + kcfg_room_own(place->vm), have;
	char where[128] = "free in the host", list[96];

	if (!place->lock_memory || place->vm->hugepages)
		return 0;
	if (limit && limit < need)
		return too_little(place, memory, limit, "as hard_limit in memtune of its XML", err);
	have = kcfg_room_free(root, &place->mem_nodes);
	if (!have || (have >= need && have - need >= promised))
		return 0;
	if (!rt_cpuset_empty(&place->mem_nodes) &&
	    rt_cpuset_format(&place->mem_nodes, list, sizeof(list)) == 0)
		snprintf(where, sizeof(where), "free in node%s %s",
			 rt_cpuset_count(&place->mem_nodes) == 1 ? "" : "s", list);
	return too_little(place, memory, have, where, err);
}
