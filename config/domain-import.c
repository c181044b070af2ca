/* SPDX-License-Identifier: GPL-2.0-or-later */
/* domain-import.c - what libvirt says of a domain, as attributes of kvmrt.cfg */
#include "config/domain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/place.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/text.h"
#include "tuning/tuning.h"

#define LIST_ROOM	(5 * RT_MAX_CPUS)

/* What the pins of a domain come to. */
struct pinned {
	struct rt_cpuset all;		/* of any thread */
	struct rt_cpuset vcpus;		/* of the vCPUs */
	struct rt_cpuset others;	/* of the rest */
	unsigned int nr_pinned;		/* vCPUs */
	unsigned int nr_single;		/* of them with a CPU of their own */
	unsigned int nr_real_time;	/* vCPUs under FIFO or RR */
	unsigned int priority;		/* of the first of them */
	bool rising;			/* vCPUs stand on ascending CPUs, below the others */
	bool alike;			/* vCPUs have the same CPUs, and the emulator has its own */
};

struct import {
	struct kcfg *cfg;
	struct kcfg_vm *vm;
	const struct kcfg_xml *xml;
	const struct kcfg_parts *found;
	const struct tune_topo *topo;
	struct pinned pinned;
	bool rt;
	int changed;
};

/* Calls @each for "0=4 1=6-7": number and what it has. */
static int for_each_pin(const char *text, struct pinned *ret,
			int (*each)(struct pinned *ret, const char *what))
{
	char *copy = strdup(text), *rest = copy, *item, *what;
	int rc = copy ? 0 : -ENOMEM;

	while (rc == 0 && (item = strsep(&rest, " "))) {
		what = strchr(item, '=');
		if (what)
			rc = each(ret, what + 1);
	}
	free(copy);
	return rc;
}

static int note_vcpu(struct pinned *ret, const char *what)
{
	int last = -1, cpu;
	struct rt_cpuset set;
	int rc = rt_cpuset_parse(&set, what, NULL);

	if (rc < 0)
		return rc;
	cpu = rt_cpuset_next(&set, 0);
	rt_cpuset_for_each(used, &ret->vcpus)
		last = used;
	ret->rising &= cpu > last;
	ret->alike &= !ret->nr_pinned || rt_cpuset_equal(&set, &ret->vcpus);
	ret->nr_pinned++;
	ret->nr_single += rt_cpuset_count(&set) == 1 && !rt_cpuset_overlaps(&set, &ret->vcpus);
	rt_cpuset_or(&ret->vcpus, &set);
	return 0;
}

static int note_other(struct pinned *ret, const char *what)
{
	struct rt_cpuset set;
	int rc = rt_cpuset_parse(&set, what, NULL);

	if (rc == 0)
		rt_cpuset_or(&ret->others, &set);
	return rc;
}

static int note_sched(struct pinned *ret, const char *what)
{
	if (strncmp(what, "fifo:", 5) && strncmp(what, "rr:", 3))
		return 0;
	if (!ret->nr_real_time++)
		ret->priority = atoi(strchr(what, ':') + 1);
	return 0;
}

/* <vcpu cpuset> is for those that nothing else pins. */
static int read_pins(struct pinned *ret, const struct kcfg_parts *found, unsigned int nr_vcpus)
{
	int last = -1, rc;

	ret->rising = ret->alike = true;
	rc = for_each_pin(found->text[KCFG_PART_VCPUPIN], ret, note_vcpu);
	rc = rc ? : for_each_pin(found->text[KCFG_PART_IOTHREADPIN], ret, note_other);
	rc = rc ? : for_each_pin(found->text[KCFG_PART_VCPUSCHED], ret, note_sched);
	rc = rc ? : note_other(ret, found->text[KCFG_PART_EMULATORPIN]);
	if (rc == 0 && (!*found->text[KCFG_PART_EMULATORPIN] || ret->nr_pinned < nr_vcpus))
		rc = note_other(ret, found->text[KCFG_PART_CPUSET]);
	rt_cpuset_for_each(cpu, &ret->vcpus)
		last = cpu;
	ret->rising &= rt_cpuset_next(&ret->others, 0) > last;
	ret->alike &= ret->nr_pinned >= nr_vcpus && *found->text[KCFG_PART_EMULATORPIN] &&
		      !rt_cpuset_equal(&ret->others, &ret->vcpus);
	ret->all = ret->vcpus;
	rt_cpuset_or(&ret->all, &ret->others);
	return rc;
}

static int set(struct import *im, enum kcfg_attr_id id, const char *value, struct rt_err *err)
{
	int rc = kcfg_set(im->cfg, im->vm, id, value, err);

	if (rc > 0)
		im->changed++;
	return rc < 0 ? rc : 0;
}

static const char *format(char buf[LIST_ROOM], const struct rt_cpuset *cpus)
{
	return rt_cpuset_format(cpus, buf, LIST_ROOM) < 0 ? "" : buf;
}

/* An expression that names these CPUs already stays. */
static int set_cpus(struct import *im, enum kcfg_attr_id id, const char *now,
		    const char *expression, const struct rt_cpuset *cpus, struct rt_err *err)
{
	struct rt_cpuset has;
	char buf[LIST_ROOM];

	if (kcfg_cpus_resolve(&has, im->topo, now, NULL) == 0 && rt_cpuset_equal(&has, cpus))
		return 0;
	if (*expression && kcfg_cpus_resolve(&has, im->topo, expression, NULL) == 0 &&
	    rt_cpuset_equal(&has, cpus))
		return set(im, id, expression, err);
	return set(im, id, format(buf, cpus), err);
}

static bool same_pins(const struct kcfg_parts *found, const struct kcfg_parts *want)
{
	static const enum kcfg_part pins[] = { KCFG_PART_CPUSET, KCFG_PART_VCPUPIN,
					       KCFG_PART_EMULATORPIN, KCFG_PART_IOTHREADPIN };

	for (size_t i = 0; i < sizeof(pins) / sizeof(pins[0]); i++)
		if (strcmp(found->text[pins[i]], want->text[pins[i]]) != 0)
			return false;
	return true;
}

/* As its attributes are so far. */
static int place(struct import *im, struct kcfg_places *ret)
{
	struct kcfg one = { .vms = &im->vm, .nr_vms = 1 };

	return kcfg_places_make(ret, &one, im->topo, true);
}

/* Whether the threads are where the file's attributes, with @cpuset, put them. */
static bool as_placed(struct import *im, const char *cpuset)
{
	char *now = im->vm->cpuset, *copy = strdup(cpuset);
	struct kcfg_places places = { 0 };
	struct kcfg_parts want = { 0 };
	bool same = false;

	if (!copy)
		return false;
	im->vm->cpuset = copy;
	if (place(im, &places) == 0 &&
	    !places.v[0].bad[KCFG_CPUSET] && !places.v[0].bad[KCFG_EMULATOR_CPUSET] &&
	    kcfg_domain_want(&want, im->vm, &places.v[0], im->xml, NULL) == 0)
		same = same_pins(im->found, &want);
	im->vm->cpuset = now;
	kcfg_parts_finish(&want);
	kcfg_places_finish(&places);
	free(copy);
	return same;
}

/* With emulators elsewhere than above the vCPUs' CPUs, they have a set of their own. */
static int import_cpus(struct import *im, struct rt_err *err)
{
	const char *expression = im->found->text[KCFG_PART_EXPRESSION];
	const struct pinned *p = &im->pinned;
	static const struct rt_cpuset none;
	bool apart = im->rt ? !p->rising : p->alike;
	int rc;

	/* What names siblings too, or a set for emulators, cannot be told from the pins. */
	if (as_placed(im, im->vm->cpuset))
		return 0;
	if (*expression && as_placed(im, expression))
		return set(im, KCFG_CPUSET, expression, err);
	rc = set_cpus(im, KCFG_CPUSET, im->vm->cpuset, expression,
		      apart ? &p->vcpus : &p->all, err);
	return rc ? : set_cpus(im, KCFG_EMULATOR_CPUSET, im->vm->emulator_cpuset, "",
			       apart ? &p->others : &none, err);
}

/* One that is written out stays, also where auto says the same. */
static int import_vcpus(struct import *im, unsigned int max, struct rt_err *err)
{
	const char *topology = im->found->text[KCFG_PART_TOPOLOGY];
	const struct kcfg_topology *t = &im->vm->cpu_topology;
	char whole[32], now[16], has[40];
	int rc;

	snprintf(has, sizeof(has), "%u,%u,%u", t->sockets, t->cores, t->threads);
	snprintf(whole, sizeof(whole), "1,%u,1", max);
	snprintf(now, sizeof(now), "%d", atoi(im->found->text[KCFG_PART_VCPUS]));
	rc = set(im, KCFG_NR_VCPUS, now, err);
	if (rc < 0 || !strcmp(topology, has))
		return rc;
	return set(im, KCFG_CPU_TOPOLOGY, strcmp(topology, whole) ? topology : "auto", err);
}

/* "auto" where it says the same; what is there stays where that does. */
static int import_nodes(struct import *im, struct rt_err *err)
{
	const char *text = im->found->text[KCFG_PART_NUMATUNE];
	struct kcfg_places places;
	struct rt_cpuset nodes;
	bool known, same;

	if (place(im, &places) < 0)
		return rt_err_set(err, -ENOMEM, "cannot place a VM");
	known = rt_cpuset_parse(&nodes, text, NULL) == 0;
	same = known && rt_cpuset_equal(&nodes, &places.v[0].mem_nodes);
	if (known && rt_cpuset_equal(&nodes, &places.v[0].nodes))
		text = "auto";
	kcfg_places_finish(&places);
	return same ? 0 : set(im, KCFG_NUMATUNE, text, err);
}

static int import_lock(struct import *im, struct rt_err *err)
{
	bool locked = *im->found->text[KCFG_PART_LOCKED], same;
	struct kcfg_places places;

	if (place(im, &places) < 0)
		return rt_err_set(err, -ENOMEM, "cannot place a VM");
	same = places.v[0].lock_memory == locked;
	kcfg_places_finish(&places);
	return same ? 0 : set(im, KCFG_RT_MEMORY, locked == im->rt ? "auto" :
			      locked ? "true" : "false", err);
}

static int import_pages(struct import *im, struct rt_err *err)
{
	const char *pages = im->found->text[KCFG_PART_HUGEPAGES];

	if (!*pages)
		pages = "false";
	else if (!strcmp(pages, "several") || !strcmp(pages, "default"))
		pages = "true";
	return set(im, KCFG_HUGEPAGES, pages, err);
}

static int import_all(struct import *im, unsigned int max, struct rt_err *err)
{
	char *const *text = im->found->text, priority[16];
	int rc;

	rc = set(im, KCFG_NAME, text[KCFG_PART_NAME], err);
	rc = rc ? : set(im, KCFG_TITLE, text[KCFG_PART_TITLE], err);
	rc = rc ? : set(im, KCFG_DESCRIPTION, text[KCFG_PART_DESCRIPTION], err);
	rc = rc ? : import_vcpus(im, max, err);
	rc = rc ? : set(im, KCFG_RT, im->rt ? "true" : "false", err);
	rc = rc ? : import_cpus(im, err);
	rc = rc ? : import_lock(im, err);
	rc = rc ? : import_pages(im, err);
	rc = rc ? : import_nodes(im, err);
	rc = rc ? : set(im, KCFG_HIDE_KVM, *text[KCFG_PART_HIDE_KVM] ? "true" : "false", err);
	if (rc < 0 || !im->rt || !im->pinned.nr_real_time)
		return rc;
	snprintf(priority, sizeof(priority), "%u", im->pinned.priority);
	return set(im, KCFG_VCPU_PRIORITY, priority, err);
}

int kcfg_domain_import(struct kcfg *cfg, struct kcfg_vm *vm, const struct kcfg_xml *xml,
		       const struct tune_topo *topo, struct rt_err *err)
{
	struct import im = { .cfg = cfg, .vm = vm, .xml = xml, .topo = topo };
	struct kcfg_parts found = { 0 };
	unsigned int nr;
	int rc;

	rc = kcfg_xml_read(xml, &found, err);
	if (rc < 0)
		return rc;
	im.found = &found;
	nr = atoi(found.text[KCFG_PART_VCPUS]);
	rc = read_pins(&im.pinned, &found, nr);
	if (rc < 0)
		rc = rt_err_set(err, rc, "cannot read the pins");
	/* Real-time is what a VM is whose vCPUs have a CPU each, and a real-time policy. */
	im.rt = im.pinned.nr_single >= nr && im.pinned.nr_real_time >= nr &&
		!rt_cpuset_empty(&im.pinned.others);
	if (rc == 0)
		rc = import_all(&im, kcfg_xml_max_vcpus(xml), err);
	kcfg_parts_finish(&found);
	return rc < 0 ? rc : im.changed;
}
