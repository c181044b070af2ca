/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * topo-hwloc.c - the CPUs and what they share, through hwloc
 *
 * Of hwloc's discovery only what reads files is used: its cpuid component would bind
 * itself to each CPU in turn, isolated ones too.
 */
#include "tuning/topo-hwloc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/root.h"
#include "tuning/topo-internal.h"
#include "tuning/topo-linux.h"

/* What turns hwloc to another source than ours, or makes it print. */
static const char *const env_names[] = {
	"HWLOC_FSROOT", "HWLOC_XMLFILE", "HWLOC_SYNTHETIC", "HWLOC_COMPONENTS", "HWLOC_THISSYSTEM",
	"HWLOC_HIDE_ERRORS",
};

#define NR_ENV (sizeof(env_names) / sizeof(env_names[0]))

struct env {
	char *was[NR_ENV];	/* owned */
};

static void set_env(struct env *env, const char *fsroot)
{
	const char *was;
	size_t i;

	for (i = 0; i < NR_ENV; i++) {
		was = getenv(env_names[i]);
		env->was[i] = was ? strdup(was) : NULL;
		unsetenv(env_names[i]);
	}
	if (fsroot)
		setenv("HWLOC_FSROOT", fsroot, 1);
	setenv("HWLOC_HIDE_ERRORS", "2", 1);
}

static void restore_env(struct env *env)
{
	size_t i;

	for (i = 0; i < NR_ENV; i++) {
		if (env->was[i])
			setenv(env_names[i], env->was[i], 1);
		else
			unsetenv(env_names[i]);
		free(env->was[i]);
	}
}

/* ---- hwloc's objects as our groups ---- */

struct rt_cpuset tune_hwloc_cpus(hwloc_const_cpuset_t from)
{
	struct rt_cpuset set = { { 0 } };
	unsigned int cpu;

	hwloc_bitmap_foreach_begin(cpu, from) {
		rt_cpuset_add(&set, cpu);
	} hwloc_bitmap_foreach_end();
	return set;
}

/* NULL stands for no text: a name that could not be kept is a name not known. */
static char *copy(const char *text)
{
	return text && *text ? strdup(text) : NULL;
}

static int add_object(struct tune_topo *topo, enum tune_level level, hwloc_obj_t obj)
{
	bool node = level == TUNE_NODE;
	struct tune_group *group;

	group = tune_topo_add_group(topo, level, (int)(node ? obj->os_index : obj->logical_index));
	if (!group)
		return -ENOMEM;
	group->cpus = tune_hwloc_cpus(obj->cpuset);
	if (obj->os_index != HWLOC_UNKNOWN_INDEX)
		group->kernel = (int)obj->os_index;
	if (node)
		group->bytes = obj->attr->numanode.local_memory;
	else if (hwloc_obj_type_is_dcache(obj->type))
		group->bytes = obj->attr->cache.size;
	else if (level == TUNE_PACKAGE)
		group->name = copy(hwloc_obj_get_info_by_name(obj, "CPUModel"));
	return 0;
}

static int add_objects(struct tune_topo *topo, hwloc_topology_t hw)
{
	static const hwloc_obj_type_t types[TUNE_NR_LEVELS] = {
		[TUNE_PACKAGE] = HWLOC_OBJ_PACKAGE, [TUNE_DIE] = HWLOC_OBJ_DIE,
		[TUNE_NODE] = HWLOC_OBJ_NUMANODE, [TUNE_L3] = HWLOC_OBJ_L3CACHE,
		[TUNE_L2] = HWLOC_OBJ_L2CACHE, [TUNE_L1] = HWLOC_OBJ_L1CACHE,
		[TUNE_CORE] = HWLOC_OBJ_CORE,
	};
	hwloc_obj_t obj;
	int level, rc = 0;

	for (level = 0; level < TUNE_NR_LEVELS; level++) {
		obj = NULL;
		while (!rc && (obj = hwloc_get_next_obj_by_type(hw, types[level], obj)))
			rc = add_object(topo, level, obj);
	}
	return rc;
}

static unsigned int place_of(const struct tune_topo *topo, hwloc_obj_t node)
{
	const struct tune_group *group = tune_topo_group(topo, TUNE_NODE, (int)node->os_index);

	return (unsigned int)(group - topo->at[TUNE_NODE].v);
}

/* Is it a matrix of all nodes, and of nothing else? */
static bool is_of_nodes(const struct tune_topo *topo, const struct hwloc_distances_s *d)
{
	unsigned int i;

	for (i = 0; i < d->nbobjs; i++) {
		if (!d->objs[i] || d->objs[i]->type != HWLOC_OBJ_NUMANODE ||
		    !tune_topo_group(topo, TUNE_NODE, (int)d->objs[i]->os_index))
			return false;
	}
	return d->nbobjs == topo->at[TUNE_NODE].n;
}

static int add_distances(struct tune_topo *topo, hwloc_topology_t hw)
{
	unsigned int nr = 1, i, j, n = topo->at[TUNE_NODE].n;
	struct hwloc_distances_s *d;
	int rc = 0;

	if (hwloc_distances_get_by_name(hw, "NUMALatency", &nr, &d, 0) < 0 || nr == 0)
		return 0;
	if (!is_of_nodes(topo, d))
		goto out;
	topo->distances = calloc((size_t)n * n, sizeof(*topo->distances));
	if (!topo->distances)
		rc = -ENOMEM;
	for (i = 0; !rc && i < n; i++) {
		for (j = 0; j < n; j++)
			topo->distances[place_of(topo, d->objs[i]) * n + place_of(topo, d->objs[j])]
				= (unsigned int)d->values[i * n + j];
	}
out:
	hwloc_distances_release(hw, d);
	return rc;
}

/* Only where the kernel itself tells two kinds apart: frequencies differ between like cores too. */
static enum tune_kind kind_of(const struct hwloc_info_s *infos, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (strcmp(infos[i].name, "CoreType") != 0)
			continue;
		if (strcmp(infos[i].value, "IntelAtom") == 0)
			return TUNE_KIND_EFFICIENCY;
		if (strcmp(infos[i].value, "IntelCore") == 0)
			return TUNE_KIND_PERFORMANCE;
	}
	return TUNE_KIND_ALIKE;
}

static int add_kinds(struct tune_topo *topo, hwloc_topology_t hw)
{
	int i, nr = hwloc_cpukinds_get_nr(hw, 0);
	hwloc_bitmap_t set = hwloc_bitmap_alloc();
	struct hwloc_info_s *infos;
	struct tune_cpu *cpu;
	unsigned int nr_infos, number;

	if (!set)
		return -ENOMEM;
	for (i = 0; i < nr; i++) {
		if (hwloc_cpukinds_get_info(hw, (unsigned int)i, set, NULL, &nr_infos, &infos, 0))
			continue;
		hwloc_bitmap_foreach_begin(number, set) {
			cpu = tune_topo_find_cpu(topo, number);
			if (cpu)
				cpu->kind = kind_of(infos, nr_infos);
		} hwloc_bitmap_foreach_end();
	}
	hwloc_bitmap_free(set);
	return 0;
}

/* ---- the machine ---- */

static char *board_of(hwloc_topology_t hw)
{
	static const char *const names[][2] = {
		{ "DMIBoardVendor", "DMIBoardName" }, { "DMISysVendor", "DMIProductName" },
	};
	hwloc_obj_t root = hwloc_get_root_obj(hw);
	const char *vendor, *name;
	char *board;
	size_t i;

	for (i = 0; i < 2; i++) {
		vendor = hwloc_obj_get_info_by_name(root, names[i][0]);
		name = hwloc_obj_get_info_by_name(root, names[i][1]);
		if (name && asprintf(&board, "%s%s%s", vendor ? vendor : "", vendor ? " " : "",
				     name) >= 0)
			return board;
	}
	return NULL;
}

static int set_cpus(struct tune_topo *topo, hwloc_topology_t hw, struct rt_err *err)
{
	int last = hwloc_bitmap_last(hwloc_topology_get_complete_cpuset(hw));

	if (last < 0)
		return rt_err_say(err, -EINVAL, "expected a topology with CPUs, found none");
	if (last >= RT_MAX_CPUS)
		return rt_err_say(err, -E2BIG, "expected CPUs up to %d, found CPU %d",
				  RT_MAX_CPUS - 1, last);
	topo->present = tune_hwloc_cpus(hwloc_topology_get_complete_cpuset(hw));
	topo->online = tune_hwloc_cpus(hwloc_topology_get_topology_cpuset(hw));
	topo->host = copy(hwloc_obj_get_info_by_name(hwloc_get_root_obj(hw), "HostName"));
	topo->board = board_of(hw);
	return 0;
}

/* @root: where there are more files to be read, or NULL. */
static int fill(struct tune_topo *topo, hwloc_topology_t hw, const struct rt_root *root,
		struct rt_err *err)
{
	int rc;

	rc = set_cpus(topo, hw, err);
	if (rc)
		return rc;
	if (root)
		tune_linux_cpus(topo, root);
	rc = tune_topo_add_cpus(topo);
	if (!rc)
		rc = add_objects(topo, hw);
	if (!rc && root)
		tune_linux_nodes(topo, root);
	if (!rc)
		rc = tune_topo_complete(topo);
	if (!rc)
		rc = add_distances(topo, hw);
	if (!rc)
		rc = add_kinds(topo, hw);
	if (!rc && root) {
		tune_linux_kinds(topo, root);
		rc = tune_topo_recall(topo, root);
	}
	if (!rc && root)
		rc = tune_topo_load_pci(topo, root);
	if (!rc && !root)
		rc = tune_hwloc_pci(topo, hw);
	return rc ? rt_err_set(err, rc, "cannot hold the topology") : 0;
}

/* ---- the sources ---- */

struct source {
	const struct rt_root *root;	/* NULL: not a tree */
	const char *xml;		/* the text */
	size_t xml_len;
	const char *synthetic;
};

static int choose(hwloc_topology_t hw, const struct source *source, struct rt_err *err)
{
	unsigned long flags = HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED;

	/* for these it reads frequencies, for which some drivers interrupt each CPU */
	if (source->root)
		flags |= HWLOC_TOPOLOGY_FLAG_NO_CPUKINDS;
	if (hwloc_topology_set_flags(hw, flags) < 0 ||
	    hwloc_topology_set_components(hw, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, "x86") < 0)
		return rt_err_set(err, -errno, "cannot set up hwloc");
	if (source->xml)
		hwloc_topology_set_io_types_filter(hw, HWLOC_TYPE_FILTER_KEEP_ALL);
	if (source->synthetic && hwloc_topology_set_synthetic(hw, source->synthetic) < 0)
		return rt_err_say(err, -EINVAL, "expected a description such as \"pack:2 numa:1 "
				  "core:4 pu:2\", found \"%s\"", source->synthetic);
	if (source->xml &&
	    (hwloc_topology_set_xmlbuffer(hw, source->xml, (int)source->xml_len + 1) < 0 ||
	     hwloc_topology_load(hw) < 0))
		return rt_err_say(err, -EINVAL, "expected hwloc's XML, found something else");
	if (!source->xml && hwloc_topology_load(hw) < 0)
		return rt_err_set(err, -errno, "hwloc finds no topology");
	return 0;
}

static int load(struct tune_topo **ret, const struct source *source, struct rt_err *err)
{
	struct tune_topo *topo = calloc(1, sizeof(*topo));
	hwloc_topology_t hw;
	int rc;

	if (!topo)
		return rt_err_set(err, -ENOMEM, "cannot hold the topology");
	if (hwloc_topology_init(&hw) < 0) {
		rc = rt_err_set(err, -ENOMEM, "cannot set up hwloc");
		goto err_topo;
	}
	rc = choose(hw, source, err);
	if (!rc)
		rc = fill(topo, hw, source->root, err);
	hwloc_topology_destroy(hw);
	if (rc)
		goto err_topo;
	*ret = topo;
	return 0;

err_topo:
	tune_topo_destroy(topo);
	return rc;
}

static int load_in_env(struct tune_topo **ret, const struct source *source, struct rt_err *err)
{
	char fsroot[32];
	struct env env;
	int rc;

	if (source->root && source->root->path[0])
		snprintf(fsroot, sizeof(fsroot), "/proc/self/fd/%d", source->root->fd);
	set_env(&env, source->root && source->root->path[0] ? fsroot : NULL);
	rc = load(ret, source, err);
	restore_env(&env);
	return rc;
}

int tune_topo_load(struct tune_topo **ret, const struct rt_root *root, struct rt_err *err)
{
	struct source source = { .root = root };
	int rc;

	if (!rt_root_exists(root, "sys/devices/system/cpu"))
		return rt_err_say(err, RT_ECANNOT, "no %s/sys/devices/system/cpu: this is not "
				  "the root of a Linux machine", root->path);
	rc = load_in_env(ret, &source, err);
	return rc ? rt_err_wrap(err, rc, "topology of %s/sys", root->path) : 0;
}

int tune_topo_load_synthetic(struct tune_topo **ret, const char *text, struct rt_err *err)
{
	struct source source = { .synthetic = text };

	return load_in_env(ret, &source, err);
}

int tune_topo_load_xml(struct tune_topo **ret, const char *xml, size_t len, struct rt_err *err)
{
	struct source source = { .xml = xml, .xml_len = len };

	return load_in_env(ret, &source, err);
}
