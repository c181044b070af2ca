/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * place-json.c - VMs and their places for programs
 */
#include "config/place-json.h"

#include "lib/json.h"

static void put_set(struct rt_json *json, const char *key, const struct rt_cpuset *set)
{
	static char text[64 * 1024];	/* the longest list of RT_MAX_CPUS */

	rt_cpuset_format(set, text, sizeof(text));
	rt_json_put_str(json, key, text);
}

static void put_attribute(struct rt_json *json, const struct kcfg_vm *vm, enum kcfg_attr_id id)
{
	const struct kcfg_attr *attr = &kcfg_attrs[id];
	const char *member = (const char *)vm + attr->offset;
	struct rt_buf text = { 0 };

	rt_json_key(json, attr->name);
	if (attr->type == KCFG_UINT) {
		rt_json_u64(json, *(const unsigned int *)member);
	} else if (attr->type == KCFG_BOOL) {
		rt_json_bool(json, *(const bool *)member);
	} else {
		kcfg_attr_format(&text, vm, id);
		rt_json_str(json, rt_buf_str(&text));
		json->buf->failed |= text.failed;
	}
	rt_buf_finish(&text);
}

static void put_vcpu(struct rt_json *json, const struct kcfg_place *place, unsigned int k)
{
	struct rt_cpuset cpus = place->cpus;

	if (place->vcpus[k] != KCFG_ANY) {
		cpus = (struct rt_cpuset){ { 0 } };
		rt_cpuset_add(&cpus, (unsigned int)place->vcpus[k]);
	}
	rt_json_open(json, '{');
	rt_json_put_str(json, "thread", "vcpu");
	rt_json_put_u64(json, "number", k);
	put_set(json, "cpus", &cpus);
	rt_json_put_str(json, "policy", place->vm->rt ? "fifo" : "other");
	rt_json_put_u64(json, "priority", place->vm->rt ? place->vm->vcpu_priority : 0);
	rt_json_close(json, '}');
}

static void put_threads(struct rt_json *json, const struct kcfg_place *place)
{
	unsigned int k;

	rt_json_key(json, "threads");
	rt_json_open(json, '[');
	for (k = 0; k < place->vm->nr_vcpus; k++)
		put_vcpu(json, place, k);
	rt_json_open(json, '{');
	rt_json_put_str(json, "thread", "others");
	put_set(json, "cpus", &place->others);
	rt_json_put_str(json, "policy", "other");
	rt_json_put_u64(json, "priority", 0);
	rt_json_close(json, '}');
	rt_json_close(json, ']');
}

void kcfg_place_json(struct rt_json *json, const struct kcfg_place *place)
{
	unsigned int id;

	rt_json_open(json, '{');
	rt_json_put_str(json, "uuid", place->vm->uuid);
	for (id = 0; id < KCFG_NR_ATTRS; id++)
		put_attribute(json, place->vm, id);
	rt_json_key(json, "place");
	rt_json_open(json, '{');
	put_set(json, "cpus", &place->cpus);
	put_set(json, "used", &place->used);
	put_set(json, "down", &place->down);
	put_set(json, "nodes", &place->nodes);
	put_set(json, "memory_nodes", &place->mem_nodes);
	rt_json_key(json, "memory_locked");
	rt_json_bool(json, place->lock_memory);
	put_threads(json, place);
	rt_json_close(json, '}');
	rt_json_close(json, '}');
}
