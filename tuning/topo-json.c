/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * topo-json.c - the machine as one JSON object
 */
#include "tuning/topo-tree.h"

#include <stdio.h>

#include "lib/json.h"

/* ->key of the groups, ->in of a CPU. */
static const struct level_row {
	const char *key, *in;
} levels[TUNE_NR_LEVELS] = {
	[TUNE_PACKAGE] = { "packages", "package" }, [TUNE_DIE] = { "dies", "die" },
	[TUNE_NODE] = { "nodes", "node" }, [TUNE_L3] = { "l3", "l3" },
	[TUNE_L2] = { "l2", "l2" }, [TUNE_L1] = { "l1", "l1" },
	[TUNE_CORE] = { "cores", "core" },
};

/* null where there is none */
static void put_number(struct rt_json *json, const char *key, int number)
{
	rt_json_key(json, key);
	if (number == TUNE_NONE)
		rt_json_null(json);
	else
		rt_json_i64(json, number);
}

static void put_bool(struct rt_json *json, const char *key, bool value)
{
	rt_json_key(json, key);
	rt_json_bool(json, value);
}

/* A set as the kernel writes it. */
static void put_set(struct rt_json *json, const char *key, const struct rt_cpuset *set)
{
	char list[RT_MAX_CPUS * 5];

	if (rt_cpuset_format(set, list, sizeof(list)) == 0)
		rt_json_put_str(json, key, list);
}

static void put_cpu(struct rt_json *json, const struct tune_cpu *cpu)
{
	static const char *const kinds[] = {
		[TUNE_KIND_PERFORMANCE] = "performance", [TUNE_KIND_EFFICIENCY] = "efficiency",
	};
	int level;

	rt_json_open(json, '{');
	rt_json_put_u64(json, "cpu", cpu->number);
	put_bool(json, "online", cpu->online);
	for (level = 0; level < TUNE_NR_LEVELS; level++)
		put_number(json, levels[level].in, cpu->in[level]);
	rt_json_put_str(json, "kind", kinds[cpu->kind]);
	rt_json_close(json, '}');
}

static void put_distances(struct rt_json *json, const struct tune_topo *topo, unsigned int i)
{
	unsigned int j, n = topo->at[TUNE_NODE].n;

	rt_json_key(json, "distances");
	rt_json_open(json, '{');
	for (j = 0; topo->distances && j < n; j++) {
		char key[16];

		snprintf(key, sizeof(key), "%d", topo->at[TUNE_NODE].v[j].number);
		rt_json_put_u64(json, key, topo->distances[i * n + j]);
	}
	rt_json_close(json, '}');
}

static void put_group(struct rt_json *json, const struct tune_topo *topo, enum tune_level level,
		      unsigned int i)
{
	const struct tune_group *group = &topo->at[level].v[i];

	rt_json_open(json, '{');
	put_number(json, "number", group->number);
	put_number(json, "kernel", group->kernel);
	put_set(json, "cpus", &group->cpus);
	if (level == TUNE_NODE) {
		rt_json_put_u64(json, "bytes", group->bytes);
		rt_json_put_u64(json, "free", group->free_bytes);
		put_distances(json, topo, i);
	} else if (group->bytes) {
		rt_json_put_u64(json, "bytes", group->bytes);
	}
	if (level == TUNE_PACKAGE)
		rt_json_put_str(json, "model", group->name);
	rt_json_close(json, '}');
}

static void put_pci(struct rt_json *json, const struct tune_topo *topo, const struct tune_pci *dev)
{
	char number[16];

	rt_json_open(json, '{');
	rt_json_put_str(json, "address", dev->address);
	rt_json_put_str(json, "what", tune_pci_class_name(dev));
	snprintf(number, sizeof(number), "%06x", dev->class);
	rt_json_put_str(json, "class", number);
	snprintf(number, sizeof(number), "%04x:%04x", dev->vendor, dev->device);
	rt_json_put_str(json, "id", number);
	put_number(json, "node", dev->node);
	put_set(json, "local_cpus", &dev->local);
	rt_json_put_str(json, "parent", dev->parent == TUNE_NONE ? NULL :
			topo->pci[dev->parent].address);
	rt_json_put_str(json, "driver", dev->driver);
	put_number(json, "iommu_group", dev->iommu_group);
	rt_json_put_str(json, "label", dev->label);
	rt_json_put_str(json, "slot", dev->slot);
	rt_json_put_str(json, "names", dev->names);
	rt_json_close(json, '}');
}

static void put_slot(struct rt_json *json, const struct tune_slot *slot)
{
	rt_json_open(json, '{');
	rt_json_put_str(json, "name", slot->name);
	rt_json_put_str(json, "address", slot->address[0] ? slot->address : NULL);
	put_bool(json, "used", slot->used);
	put_number(json, "node", slot->node);
	rt_json_close(json, '}');
}

static void open_array(struct rt_json *json, const char *key)
{
	rt_json_key(json, key);
	rt_json_open(json, '[');
}

void tune_topo_json(struct rt_buf *buf, const struct tune_topo *topo)
{
	struct rt_json json = { .buf = buf };
	unsigned int i;
	int level;

	rt_json_open(&json, '{');
	rt_json_put_str(&json, "board", topo->board);
	rt_json_put_str(&json, "host", topo->host);
	put_set(&json, "present", &topo->present);
	put_set(&json, "online", &topo->online);
	open_array(&json, "cpus");
	for (i = 0; i < topo->nr_cpus; i++)
		put_cpu(&json, &topo->cpus[i]);
	rt_json_close(&json, ']');
	for (level = 0; level < TUNE_NR_LEVELS; level++) {
		open_array(&json, levels[level].key);
		for (i = 0; i < topo->at[level].n; i++)
			put_group(&json, topo, level, i);
		rt_json_close(&json, ']');
	}
	open_array(&json, "pci");
	for (i = 0; i < topo->nr_pci; i++)
		put_pci(&json, topo, &topo->pci[i]);
	rt_json_close(&json, ']');
	open_array(&json, "slots");
	for (i = 0; i < topo->nr_slots; i++)
		put_slot(&json, &topo->slots[i]);
	rt_json_close(&json, ']');
	rt_json_close(&json, '}');
}
