/* SPDX-License-Identifier: GPL-2.0-or-later */
/* domain.c - what libvirt is to have for a VM, part by part */
#include "config/domain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/place.h"
#include "lib/buf.h"
#include "lib/err.h"

#define LIST_ROOM	(5 * RT_MAX_CPUS)

static int no_memory(struct rt_err *err)
{
	return rt_err_set(err, -ENOMEM, "cannot compare a VM with libvirt");
}

/* Gives the buffer's text to a part. */
static int give(struct kcfg_parts *parts, enum kcfg_part part, struct rt_buf *text)
{
	int rc = rt_buf_str(text) ? kcfg_parts_set(parts, part, text->data) : -ENOMEM;

	rt_buf_finish(text);
	return rc;
}

static int give_list(struct kcfg_parts *parts, enum kcfg_part part, const struct rt_cpuset *set)
{
	struct rt_buf text = { 0 };
	char *room = rt_buf_reserve(&text, LIST_ROOM);

	if (room && rt_cpuset_format(set, room, LIST_ROOM) == 0)
		text.len = strlen(room);
	return give(parts, part, &text);
}

static int give_switch(struct kcfg_parts *parts, enum kcfg_part part, bool on)
{
	return kcfg_parts_set(parts, part, on ? "on" : "");
}

static int give_lines(struct kcfg_parts *parts, enum kcfg_part part, const char *text)
{
	struct rt_buf lines = { 0 };

	kcfg_xml_lines(&lines, text);
	return give(parts, part, &lines);
}

/* 0: auto. */
static unsigned long product_of(const struct kcfg_topology *t)
{
	return (unsigned long)t->sockets * t->cores * t->threads;
}

/* With those that may be plugged in later, of which the guest is to see as well. */
static unsigned int max_vcpus(const struct kcfg_vm *vm, const struct kcfg_xml *xml,
			      const struct kcfg_parts *found)
{
	unsigned long product = product_of(&vm->cpu_topology);

	if (product)
		return product < RT_MAX_CPUS ? product : RT_MAX_CPUS;
	return vm->nr_vcpus == (unsigned int)atoi(found->text[KCFG_PART_VCPUS]) ?
	       kcfg_xml_max_vcpus(xml) : vm->nr_vcpus;
}

static int want_vcpus(struct kcfg_parts *ret, const struct kcfg_vm *vm, unsigned int max)
{
	const struct kcfg_topology *t = &vm->cpu_topology;
	struct rt_buf nr = { 0 }, topology = { 0 };
	int rc;

	rt_buf_printf(&nr, vm->nr_vcpus < max ? "%u/%u" : "%u", vm->nr_vcpus, max);
	if (product_of(t))
		rt_buf_printf(&topology, "%u,%u,%u", t->sockets, t->cores, t->threads);
	else
		rt_buf_printf(&topology, "1,%u,1", max);
	rc = give(ret, KCFG_PART_VCPUS, &nr);
	return give(ret, KCFG_PART_TOPOLOGY, &topology) ? : rc;
}

/* A vCPU a CPU, and all else on what is left. */
static int want_rt_cpus(struct kcfg_parts *ret, const struct kcfg_vm *vm,
			const struct kcfg_place *place)
{
	struct rt_buf pins = { 0 }, scheds = { 0 };
	int rc;

	for (unsigned int i = 0; i < vm->nr_vcpus; i++) {
		if (place->vcpus[i] != KCFG_ANY)
			rt_buf_printf(&pins, "%s%u=%d", i ? " " : "", i, place->vcpus[i]);
		rt_buf_printf(&scheds, "%s%u=fifo:%u", i ? " " : "", i, vm->vcpu_priority);
	}
	rc = give(ret, KCFG_PART_VCPUPIN, &pins);
	rc = give(ret, KCFG_PART_VCPUSCHED, &scheds) ? : rc;
	rc = rc ? : give_list(ret, KCFG_PART_CPUSET, &place->others);
	rc = rc ? : give_list(ret, KCFG_PART_EMULATORPIN, &place->others);
	return rc ? : kcfg_parts_set(ret, KCFG_PART_IOTHREADPIN, "");
}

static bool is_real_time(const char *scheds)
{
	return strstr(scheds, "fifo") || strstr(scheds, "rr");
}

/*
 * All vCPUs on any CPU of one set, those too that are plugged in later, all else on any of
 * another.
 */
static int want_apart(struct kcfg_parts *ret, const struct kcfg_place *place, unsigned int max)
{
	bool anywhere = rt_cpuset_empty(&place->cpus);
	struct rt_buf pins = { 0 };
	char list[LIST_ROOM];
	int rc = rt_cpuset_format(&place->cpus, list, sizeof(list));

	for (unsigned int i = 0; !anywhere && i < max; i++)
		rt_buf_printf(&pins, "%s%u=%s", i ? " " : "", i, list);
	rc = give(ret, KCFG_PART_VCPUPIN, &pins) ? : rc;
	rc = rc ? : give_list(ret, KCFG_PART_CPUSET, anywhere ? &place->cpus : &place->others);
	return rc ? : give_list(ret, KCFG_PART_EMULATORPIN, &place->others);
}

/* Any thread on any CPU of the set. */
static int want_together(struct kcfg_parts *ret, const struct kcfg_place *place)
{
	int rc = give_list(ret, KCFG_PART_CPUSET, &place->cpus);

	rc = rc ? : kcfg_parts_set(ret, KCFG_PART_VCPUPIN, "");
	return rc ? : kcfg_parts_set(ret, KCFG_PART_EMULATORPIN, "");
}

static int want_cpus(struct kcfg_parts *ret, const struct kcfg_place *place,
		     const struct kcfg_parts *found, unsigned int max)
{
	int rc = place->vm->emulator_cpuset[0] ? want_apart(ret, place, max) :
		 want_together(ret, place);

	rc = rc ? : kcfg_parts_set(ret, KCFG_PART_IOTHREADPIN, "");
	if (rc == 0 && is_real_time(found->text[KCFG_PART_VCPUSCHED]))
		rc = kcfg_parts_set(ret, KCFG_PART_VCPUSCHED, "");
	return rc;
}

static int want_memory(struct kcfg_parts *ret, const struct kcfg_vm *vm,
		       const struct kcfg_place *place, const struct kcfg_parts *found)
{
	const char *pages = found->text[KCFG_PART_HUGEPAGES];
	struct rt_buf size = { 0 };
	int rc;

	rc = give_switch(ret, KCFG_PART_LOCKED, place->lock_memory);
	/* Without rt it is the user's own, unless we wrote it. */
	if (rc == 0 && (vm->rt || *found->text[KCFG_PART_RT]))
		rc = give_switch(ret, KCFG_PART_NOSHAREPAGES, vm->rt);
	rc = rc ? : give_list(ret, KCFG_PART_NUMATUNE, &place->mem_nodes);
	if (vm->hugepages == KCFG_PAGES_NONE)
		return rc ? : kcfg_parts_set(ret, KCFG_PART_HUGEPAGES, "");
	if (vm->hugepages != KCFG_PAGES_DEFAULT)
		rt_buf_printf(&size, "%llu", (unsigned long long)vm->hugepages);
	else
		/* Sizes that only XML can tell are the user's own too. */
		rt_buf_puts(&size, !strcmp(pages, "several") ? pages : "default");
	return give(ret, KCFG_PART_HUGEPAGES, &size) ? : rc;
}

int kcfg_domain_want(struct kcfg_parts *ret, const struct kcfg_vm *vm,
		     const struct kcfg_place *place, const struct kcfg_xml *xml,
		     struct rt_err *err)
{
	struct kcfg_parts found = { 0 }, want = { 0 };
	unsigned int max;
	int rc;

	rc = kcfg_xml_read(xml, &found, err);
	if (rc < 0)
		return rc;
	max = max_vcpus(vm, xml, &found);
	rc = kcfg_parts_set(&want, KCFG_PART_NAME, vm->name);
	rc = rc ? : give_lines(&want, KCFG_PART_TITLE, vm->title);
	rc = rc ? : give_lines(&want, KCFG_PART_DESCRIPTION, vm->description);
	rc = rc ? : want_vcpus(&want, vm, max);
	rc = rc ? : vm->rt ? want_rt_cpus(&want, vm, place) :
	     want_cpus(&want, place, &found, max);
	rc = rc ? : want_memory(&want, vm, place, &found);
	rc = rc ? : give_switch(&want, KCFG_PART_HIDE_KVM, vm->hide_kvm);
	rc = rc ? : give_switch(&want, KCFG_PART_RT, vm->rt);
	rc = rc ? : kcfg_parts_set(&want, KCFG_PART_EXPRESSION, vm->cpuset);
	kcfg_parts_finish(&found);
	if (rc < 0) {
		kcfg_parts_finish(&want);
		return no_memory(err);
	}
	*ret = want;
	return 0;
}

static bool part_same(const struct kcfg_parts *found, const struct kcfg_parts *want, int part)
{
	return kcfg_part_is_note(part) || !want->text[part] ||
	       !strcmp(found->text[part], want->text[part]);
}

bool kcfg_domain_same(const struct kcfg_parts *found, const struct kcfg_parts *want)
{
	for (int i = 0; i < KCFG_NR_PARTS; i++)
		if (!part_same(found, want, i))
			return false;
	return true;
}

/* Several lines on one. */
static void print_text(const char *text, FILE *to)
{
	if (!*text)
		fputs("none", to);
	for (; *text; text++)
		fputs(*text == '\n' ? "\\n" : (char[]){ *text, '\0' }, to);
}

void kcfg_domain_diff(const struct kcfg_parts *found, const struct kcfg_parts *want, FILE *to)
{
	for (int i = 0; i < KCFG_NR_PARTS; i++) {
		if (part_same(found, want, i))
			continue;
		fprintf(to, "  %s: ", kcfg_part_name(i));
		print_text(found->text[i], to);
		fputs(" -> ", to);
		print_text(want->text[i], to);
		fputc('\n', to);
	}
}
