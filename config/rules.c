/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rules.c - the rules of kvmrt.cfg: a row each, and the round over all of them
 *
 * The checks stand in rules-vm.c (one VM and the machine), rules-pair.c (VMs with
 * one another) and rules-virt.c (what libvirt has).
 */
#include "config/rules.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/rules-internal.h"

#define E KCFG_ERROR
#define W KCFG_WARNING

const struct kcfg_rule kcfg_rules[] = {
	/* found by the reader */
	{ "bad-line", E, "a line is a section, an attribute, a comment, or part of a value",
	  "What cannot be read cannot be meant.  A further line of a value is indented more "
	  "than the attribute's first.", NULL, NULL },
	{ "bad-value", E, "a value has the form that its attribute asks for",
	  "kvmrt.cfg(5) has the form of each attribute.  Nothing is guessed, and no tool "
	  "writes the file while a value is bad.", NULL, NULL },
	{ "duplicate-attribute", E, "an attribute stands once in a section",
	  "Of two values, nobody can know which one is meant.", NULL, NULL },
	{ "duplicate-section", E, "a VM has one section",
	  "Of two sections with one UUID, nobody can know which one is meant.", NULL, NULL },
	{ "unknown-attribute", W, "an attribute is one that kvmrt.cfg(5) lists",
	  "It has no effect.  Look for a misspelt name; the line is kept as it is.", NULL, NULL },

	/* one VM */
	{ "name-missing", E, "a VM has a name", "libvirt and all tools call the VM by it; it has "
	  "no default.  A name is one line without \"/\".", kcfg_check_name, NULL },
	{ "name-not-unique", E, "no two VMs have one name",
	  "A command that names a VM must mean one.  libvirt refuses the second as well.",
	  kcfg_check_name_unique, NULL },
	{ "topology-product", E, "sockets x cores x threads of cpu_topology are nr_vcpus or more",
	  "libvirt does not define a VM with more virtual CPUs than its topology.  auto fits "
	  "always.", kcfg_check_topology, NULL },
	{ "topology-room", W, "cpu_topology has no room for more than nr_vcpus",
	  "The VM starts with nr_vcpus, and the others can be plugged in while it runs (virsh "
	  "setvcpus).  Where that is not meant, auto fits always.", kcfg_check_topology, NULL },
	{ "cpus-unknown", E, "cpuset and emulator_cpuset name what this machine has",
	  "A thread cannot be put on a CPU that is not there.  hwtopo shows the CPUs, cores, "
	  "dies, packages and nodes; --topology takes another machine's.",
	  kcfg_check_cpus_exist, NULL },
	{ "cpus-offline", E, "a thread has a CPU that is online",
	  "A virtual CPU of a real-time VM has one CPU to run on, other threads need one of "
	  "theirs.  Bring the CPU up with kvmrt-cpu, or choose another.",
	  kcfg_check_cpus_online, NULL },
	{ "cpus-partly-offline", W, "all CPUs of a VM are online",
	  "The VM's threads share what is left of its CPUs.  Siblings that are offline because of "
	  "a real-time VM are not meant: rt-siblings tells of them.",
	  kcfg_check_cpus_online, NULL },
	{ "numatune-unknown", E, "numatune names nodes that this machine has",
	  "Memory cannot come from a node that is not there; the VM would not start.",
	  kcfg_check_nodes_exist, NULL },
	{ "cpuset-small", W, "a cpuset has at least nr_vcpus + 1 CPUs",
	  "Virtual CPUs will share a CPU of the host, and wait for one another.  For a VM that "
	  "is not real-time that may be meant.", kcfg_check_cpuset_small, NULL },

	/* one real-time VM */
	{ "rt-no-cpuset", E, "a real-time VM has a cpuset",
	  "Without CPUs of its own it has nothing that could be kept free of others.",
	  kcfg_check_rt_cpuset, NULL },
	{ "rt-no-memory", E, "the memory of a real-time VM is locked",
	  "A page that was taken away and must be read from the disk stops the virtual CPU for "
	  "milliseconds.  rt_memory = auto follows rt.", kcfg_check_rt_memory, NULL },
	{ "rt-too-few-cpus", E, "a real-time VM has a core for each virtual CPU, and one more",
	  "Each virtual CPU has a core alone; all other threads of the VM share what is left.  Of "
	  "a core with two threads one is used and the other taken down.  With "
	  "emulator_cpuset the other threads go there.", kcfg_check_rt_size, NULL },
	{ "rt-emulator-down", E, "emulator_cpuset names no CPU that will be taken down",
	  "Of each core of a real-time VM only one thread stays online.  "
	  "kvmrt-show-config shows which.", kcfg_check_rt_emulator, NULL },
	{ "rt-cpu0", W, "a real-time VM stays off CPU 0",
	  "CPU 0 does work of the kernel's that cannot go elsewhere: timekeeping, interrupts "
	  "of old devices, and it cannot be taken down.", kcfg_check_rt_cpu0, NULL },
	{ "rt-cpu0-down", E, "no real-time VM uses the sibling of CPU 0 alone",
	  "The other threads of its core would be taken down, and CPU 0 cannot be.",
	  kcfg_check_rt_cpu0_down, NULL },
	{ "rt-many-nodes", W, "the cpuset of a real-time VM is within one NUMA node",
	  "Memory of another node is slower, and how much depends on what others do.",
	  kcfg_check_rt_nodes, NULL },
	{ "rt-numatune", W, "the memory of a real-time VM is on the nodes of its cpuset",
	  "With numatune off, the kernel takes memory from wherever it is free.  auto means the "
	  "nodes of cpuset.", kcfg_check_rt_numatune, NULL },

	/* VMs with one another, and the host */
	{ "rt-overlap", E, "no other VM uses the cpuset of a real-time VM",
	  "Its CPUs run its threads and nothing else, or are down as siblings of those.  Two "
	  "real-time VMs cannot share a core either: all of its siblings belong to the VM.",
	  kcfg_check_rt_overlap, NULL },
	{ "rt-siblings", W, "no other VM uses the siblings of a real-time VM's CPUs",
	  "They will be taken down while the real-time VM runs, and the other VM's threads have "
	  "what is left of its cpuset.  Those in the real-time VM's own cpuset are for "
	  "rt-overlap.", kcfg_check_rt_siblings, NULL },
	{ "rt-node-shared", W, "no other VM has CPUs in the NUMA nodes of a real-time VM",
	  "CPUs of a node share its cache and the way to its memory.  Not looked at where the "
	  "machine has one node alone.", kcfg_check_rt_node_shared, NULL },
	{ "rt-node-memory", W, "no other VM has memory in the NUMA nodes of a real-time VM",
	  "Its accesses delay those of the real-time VM.  Not looked at where the machine has one "
	  "node alone, nor for numatune = auto, where the CPUs say the same.",
	  kcfg_check_rt_node_memory, NULL },
	{ "no-cpu-for-host", E, "real-time VMs leave a CPU to the host",
	  "The host's own tasks, interrupts and all other VMs need one.", NULL,
	  kcfg_check_host_cpus },

	/* what libvirt has */
	{ "uuid-unknown", E, "libvirt has a VM of this UUID",
	  "The section describes a VM that libvirt does not have (any more).  "
	  "kvmrt-sync-config -r takes the section out; set disabled to keep it.",
	  kcfg_check_known, NULL },
	{ "name-differs", W, "libvirt calls the VM by the name of the file",
	  "kvmrt-sync-config renames it in libvirt; kvmrt-sync-config -r takes libvirt's name "
	  "into the file.", kcfg_check_renamed, NULL },
	{ "name-taken", E, "libvirt has no other VM of this name",
	  "libvirt cannot give one name to two VMs.", kcfg_check_name_taken, NULL },
	{ "autostart-twice", W, "libvirt does not start by itself what kvmrt-boot starts",
	  "libvirt would start the VM before its CPUs are free.  virsh autostart --disable "
	  "turns it off.", kcfg_check_autostart, NULL },
	{ "memory-large", W, "the nodes of numatune have memory for the VM",
	  "Where the memory is locked or bound to nodes and there is too little of it, the VM "
	  "does not start, or the kernel ends processes to make room.  Of a VM whose memory is "
	  "locked, QEMU's own is locked as well; kvmrt-boot looks anew before it starts it.",
	  kcfg_check_memory, NULL },
	{ "memory-limit", E, "hard_limit of the XML leaves room for all that is locked",
	  "libvirt lets QEMU lock and have no more than hard_limit in memtune of the XML: with "
	  "less than the guest's memory and QEMU's own the VM does not start, or the kernel ends "
	  "it.  Take the limit out with virsh edit, or raise it.  kvmrt-boot starts the others "
	  "and leaves this VM out.", kcfg_check_memory_limit, NULL },
};

const size_t kcfg_nr_rules = sizeof(kcfg_rules) / sizeof(kcfg_rules[0]);

const struct kcfg_rule *kcfg_rule_find(const char *id)
{
	size_t i;

	for (i = 0; i < kcfg_nr_rules; i++)
		if (strcmp(kcfg_rules[i].id, id) == 0)
			return &kcfg_rules[i];
	return NULL;
}

/* ---- findings ---- */

/* Takes @text over; NULL when there was no memory for it. */
static void add(struct kcfg_findings *findings, const struct kcfg_rule *rule,
		const struct kcfg_vm *vm, unsigned int line, char *text)
{
	struct kcfg_finding *v = NULL;

	if (text)
		v = reallocarray(findings->v, findings->n + 1, sizeof(*v));
	if (!v) {
		findings->failed = true;
		free(text);
		return;
	}
	findings->v = v;
	v[findings->n++] = (struct kcfg_finding){ rule, vm, line, text };
	findings->nr_errors += rule->severity == KCFG_ERROR;
}

void kcfg_found(struct kcfg_check *check, const struct kcfg_vm *vm, enum kcfg_attr_id id,
		const char *fmt, ...)
{
	unsigned int line = 0;
	va_list ap;
	char *text;

	if (vm)
		line = id < KCFG_NR_ATTRS && vm->lines[id] ? vm->lines[id] : vm->line;
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	add(check->findings, check->rule, vm, line, text);
}

static const char *say(const char *one, const char *many, const struct rt_cpuset *set)
{
	static char texts[4][512];
	static unsigned int turn;
	char *text = texts[turn++ % 4], list[400];

	if (rt_cpuset_format(set, list, sizeof(list)) < 0)
		snprintf(list, sizeof(list), "%d and %u more", rt_cpuset_next(set, 0),
			 rt_cpuset_count(set) - 1);
	snprintf(text, sizeof(texts[0]), "%s %s", rt_cpuset_count(set) == 1 ? one : many, list);
	return text;
}

const char *kcfg_say_cpus(const struct rt_cpuset *set)
{
	return say("CPU", "CPUs", set);
}

const char *kcfg_say_nodes(const struct rt_cpuset *set)
{
	return say("node", "nodes", set);
}

static int by_line(const void *a, const void *b)
{
	const struct kcfg_finding *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->rule < y->rule ? -1 : x->rule > y->rule;
}

/* The places that count; what is in them is still the caller's. */
static bool choose(struct kcfg_places *ret, const struct kcfg_places *places, bool all)
{
	size_t i;

	ret->v = calloc(places->n + 1, sizeof(*ret->v));
	for (i = 0; ret->v && i < places->n; i++)
		if (all || !places->v[i].vm->disabled)
			ret->v[ret->n++] = places->v[i];
	return ret->v;
}

int kcfg_rules_check(struct kcfg_findings *ret, const struct kcfg *cfg,
		     const struct kcfg_check *given)
{
	struct kcfg_findings findings = { 0 };
	struct kcfg_places places = { 0 };
	struct kcfg_check check = *given;
	size_t i, k;

	if (!choose(&places, given->places, given->all))
		return -ENOMEM;
	check.places = &places;
	check.findings = &findings;
	for (i = 0; i < cfg->nr_faults; i++)
		add(&findings, kcfg_rule_find(cfg->faults[i].rule),
		    kcfg_vm_at(cfg, cfg->faults[i].line), cfg->faults[i].line,
		    strdup(cfg->faults[i].text));
	for (i = 0; i < kcfg_nr_rules; i++) {
		check.rule = &kcfg_rules[i];
		for (k = 0; check.rule->vm && k < check.places->n; k++)
			check.rule->vm(&check, &check.places->v[k]);
		if (check.rule->host)
			check.rule->host(&check);
	}
	free(places.v);
	if (findings.failed) {
		kcfg_findings_finish(&findings);
		return -ENOMEM;
	}
	if (findings.n)
		qsort(findings.v, findings.n, sizeof(*findings.v), by_line);
	*ret = findings;
	return 0;
}

void kcfg_findings_finish(struct kcfg_findings *findings)
{
	size_t i;

	for (i = 0; i < findings->n; i++)
		free(findings->v[i].text);
	free(findings->v);
	*findings = (struct kcfg_findings){ 0 };
}
