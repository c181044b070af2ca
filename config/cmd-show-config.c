/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd-show-config.c - kvmrt-show-config: what kvmrt.cfg means on this machine, as a
 * table, as a picture of the host, or for programs
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/picture.h"
#include "config/place-json.h"
#include "config/session.h"
#include "lib/buf.h"
#include "lib/cmd.h"
#include "lib/err.h"
#include "lib/io.h"
#include "lib/json.h"
#include "lib/table.h"

static bool all, json, threads, map, attributes;
static struct kcfg_session session;

static const struct rt_opt show_opts[] = {
	RT_STRING('f', "file", &session.path, "FILE", "the configuration, not " KCFG_PATH),
	RT_BOOL('a', "all", &all, "disabled VMs as well"),
	RT_BOOL('t', "threads", &threads, "a line a thread: its CPUs, policy and priority"),
	RT_BOOL('m', "map", &map, "draw the host: whose is each CPU"),
	RT_BOOL('l', "long", &attributes, "every attribute, defaults filled in"),
	RT_BOOL('j', "json", &json, "all of it as JSON"),
	RT_STRING(0, "topology", &session.topology, "FILE",
		  "the host is another: an hwloc XML file, or a description"),
	RT_STRING(0, "root", &session.root_path, "DIR", "the host's /proc and /sys are below DIR"),
	RT_END
};

static const char *set_or(const struct rt_cpuset *set, const char *empty)
{
	static char texts[4][512];
	static unsigned int turn;
	char *text = texts[turn++ % 4];

	if (rt_cpuset_empty(set))
		return empty;
	if (rt_cpuset_format(set, text, sizeof(texts[0])) < 0)
		snprintf(text, sizeof(texts[0]), "%u of them", rt_cpuset_count(set));
	return text;
}

/* ---- the table ---- */

enum {
	COL_VM, COL_RT, COL_VCPUS, COL_ON, COL_OTHERS, COL_DOWN, COL_NODES, COL_MEMORY, COL_LOCKED,
	COL_START, NR_COLS
};

static const struct rt_column columns[NR_COLS] = {
	[COL_VM] = { "VM", "vm", RT_COL_STRING, "its name" },
	[COL_RT] = { "RT", "rt", RT_COL_BOOL, "is it real-time" },
	[COL_VCPUS] = { "VCPUS", "vcpus", RT_COL_NUMBER, "how many virtual CPUs" },
	[COL_ON] = { "ON CPUS", "on", RT_COL_STRING, "where they run" },
	[COL_OTHERS] = { "OTHERS ON", "others", RT_COL_STRING, "where its other threads run" },
	[COL_DOWN] = { "DOWN", "down", RT_COL_STRING, "siblings that go down" },
	[COL_NODES] = { "NODES", "nodes", RT_COL_STRING, "NUMA nodes of its CPUs" },
	[COL_MEMORY] = { "MEMORY", "memory", RT_COL_STRING, "nodes of its memory" },
	[COL_LOCKED] = { "LOCKED", "locked", RT_COL_BOOL, "is the memory locked" },
	[COL_START] = { "START", "start", RT_COL_STRING, "auto: by kvmrt-boot without a name" },
};

/* Real-time: those of the virtual CPUs by their number, which is by rising CPU as well. */
static struct rt_cpuset vcpu_set(const struct kcfg_place *place)
{
	struct rt_cpuset set = { { 0 } };
	unsigned int k;

	if (!place->vm->rt)
		return place->cpus;
	for (k = 0; k < place->vm->nr_vcpus; k++)
		if (place->vcpus[k] != KCFG_ANY)
			rt_cpuset_add(&set, (unsigned int)place->vcpus[k]);
	return set;
}

static const char *what_is_bad(const struct kcfg_place *place)
{
	return place->bad[KCFG_CPUSET] || place->bad[KCFG_EMULATOR_CPUSET] ? "?" : NULL;
}

static void vm_row(struct rt_table *table, const struct kcfg_place *place)
{
	const struct kcfg_vm *vm = place->vm;
	struct rt_cpuset vcpus = vcpu_set(place);
	const char *bad = what_is_bad(place), *any = bad ? bad : vm->rt ? "none" : "any";

	rt_table_row(table);
	rt_table_str(table, COL_VM, vm->name[0] ? vm->name : vm->uuid);
	rt_table_bool(table, COL_RT, vm->rt);
	rt_table_u64(table, COL_VCPUS, vm->nr_vcpus);
	rt_table_str(table, COL_ON, set_or(&vcpus, any));
	rt_table_str(table, COL_OTHERS, set_or(&place->others, any));
	rt_table_str(table, COL_DOWN, set_or(&place->down, NULL));
	rt_table_str(table, COL_NODES, set_or(&place->nodes, NULL));
	rt_table_str(table, COL_MEMORY, set_or(&place->mem_nodes, "any"));
	rt_table_bool(table, COL_LOCKED, place->lock_memory);
	rt_table_str(table, COL_START, vm->disabled ? "disabled" : vm->autostart ? "auto" :
		     "by name");
}

static int show_table(const struct kcfg_places *places, struct rt_err *err)
{
	struct rt_table *table;
	size_t i;
	int rc;

	if (rt_table_create(&table, columns, NR_COLS) < 0)
		return rt_err_set(err, -ENOMEM, "cannot show the VMs");
	for (i = 0; i < places->n; i++)
		vm_row(table, &places->v[i]);
	rc = rt_table_print(table, stdout, err);
	rt_table_destroy(table);
	return rc;
}

/* ---- threads ---- */

enum { T_VM, T_THREAD, T_CPUS, T_POLICY, T_PRIORITY, NR_T };

static const struct rt_column thread_columns[NR_T] = {
	[T_VM] = { "VM", "vm", RT_COL_STRING, "its name" },
	[T_THREAD] = { "THREAD", "thread", RT_COL_STRING, "which of its threads" },
	[T_CPUS] = { "CPUS", "cpus", RT_COL_STRING, "where it may run" },
	[T_POLICY] = { "POLICY", "policy", RT_COL_STRING, "how it is scheduled" },
	[T_PRIORITY] = { "PRIORITY", "priority", RT_COL_NUMBER, "under fifo" },
};

static void thread_row(struct rt_table *table, const struct kcfg_vm *vm, const char *cpus,
		       bool fifo)
{
	rt_table_str(table, T_VM, vm->name[0] ? vm->name : vm->uuid);
	rt_table_str(table, T_CPUS, cpus);
	rt_table_str(table, T_POLICY, fifo ? "fifo" : "other");
	if (fifo)
		rt_table_u64(table, T_PRIORITY, vm->vcpu_priority);
}

static void vm_threads(struct rt_table *table, const struct kcfg_place *place)
{
	const struct kcfg_vm *vm = place->vm;
	const char *bad = what_is_bad(place), *any = bad ? bad : vm->rt ? "none" : "any";
	char cpu[16];
	unsigned int k;

	for (k = 0; k < vm->nr_vcpus; k++) {
		snprintf(cpu, sizeof(cpu), "%d", place->vcpus[k]);
		rt_table_row(table);
		rt_table_printf(table, T_THREAD, "vcpu %u", k);
		thread_row(table, vm, place->vcpus[k] != KCFG_ANY ? cpu :
			   vm->rt ? any : set_or(&place->cpus, any), vm->rt);
	}
	rt_table_row(table);
	rt_table_str(table, T_THREAD, "emulator, iothreads, workers, vhost");
	thread_row(table, vm, set_or(&place->others, any), false);
}

static int show_threads(const struct kcfg_places *places, struct rt_err *err)
{
	struct rt_table *table;
	size_t i;
	int rc;

	if (rt_table_create(&table, thread_columns, NR_T) < 0)
		return rt_err_set(err, -ENOMEM, "cannot show the threads");
	for (i = 0; i < places->n; i++)
		vm_threads(table, &places->v[i]);
	rc = rt_table_print(table, stdout, err);
	rt_table_destroy(table);
	return rc;
}

/* ---- attributes, JSON, the picture ---- */

/* A section as kvmrt.cfg would have it, with every default; lines of texts are indented. */
static void add_section(struct rt_buf *out, const struct kcfg_vm *vm)
{
	struct rt_buf value = { 0 };
	unsigned int id;
	char *at;

	rt_buf_printf(out, "[%s]\n", vm->uuid);
	for (id = 0; id < KCFG_NR_ATTRS; id++) {
		value.len = 0;
		kcfg_attr_format(&value, vm, id);
		at = rt_buf_str(&value);
		rt_buf_printf(out, "%s =%s", kcfg_attrs[id].name, at && *at ? " " : "");
		for (; at && *at; at++)
			rt_buf_printf(out, *at == '\n' ? "%c    " : "%c", *at);
		rt_buf_puts(out, "\n");
	}
	rt_buf_finish(&value);
}

static void add_json(struct rt_buf *out, const struct kcfg_places *places)
{
	struct rt_json writer = { .buf = out };
	size_t i;

	rt_json_open(&writer, '[');
	for (i = 0; i < places->n; i++)
		kcfg_place_json(&writer, &places->v[i]);
	rt_json_close(&writer, ']');
	rt_buf_puts(out, "\n");
}

static bool enabled(const struct kcfg_vm *vm)
{
	return all || !vm->disabled;
}

/* With names, what is drawn as the host's may be of others. */
static void tell_unnamed(struct rt_buf *out, const struct kcfg_places *places)
{
	size_t i, n = 0;

	for (i = 0; i < session.places.n; i++)
		n += enabled(session.places.v[i].vm);
	if (places->n < n)
		rt_buf_puts(out, "      or of a VM that was not named\n");
}

static int show_text(const struct kcfg_places *places, struct rt_err *err)
{
	struct rt_buf out = { 0 };
	size_t i;
	int rc = 0;

	if (json)
		add_json(&out, places);
	if (map) {
		kcfg_picture(&out, session.topo, places, rt_terminal_width(STDOUT_FILENO),
			     rt_wants_colour(STDOUT_FILENO));
		tell_unnamed(&out, places);
	}
	for (i = 0; attributes && !json && i < places->n; i++) {
		if (i)
			rt_buf_puts(&out, "\n");
		add_section(&out, places->v[i].vm);
	}
	if (rt_buf_str(&out))
		fwrite(out.data, 1, out.len, stdout);
	else
		rc = rt_err_set(err, -ENOMEM, "cannot show the VMs");
	rt_buf_finish(&out);
	return rc;
}

static int show(const struct kcfg_places *places, struct rt_err *err)
{
	if (json || map || attributes)
		return show_text(places, err);
	return threads ? show_threads(places, err) : show_table(places, err);
}

/* What cannot be placed is shown as it stands; that it is wrong is said. */
static void tell_bad(const struct kcfg_places *places)
{
	unsigned int id;
	size_t i;

	for (i = 0; i < places->n; i++)
		for (id = 0; id < KCFG_NR_ATTRS; id++)
			if (places->v[i].bad[id])
				fprintf(stderr, "%s:%u: %s: %s: %s\n", session.cfg->path,
					places->v[i].vm->lines[id], places->v[i].vm->name,
					kcfg_attrs[id].name, places->v[i].bad[id]);
}

static int run(int argc, char **argv, struct rt_err *err)
{
	const struct kcfg_place **picked = NULL;
	struct kcfg_places places = { 0 };	/* the picked ones; but for ->v, the session's */
	int rc, n = 0, i;

	if (json + threads + map + attributes > 1)
		return rt_usage(err, "expected one of --json, --threads, --map and --long");
	rc = kcfg_session_open(&session, KCFG_NEED_FILE, err);
	if (rc == 0)
		rc = n = kcfg_session_pick(&session, argv, argc, enabled, &picked, err);
	if (rc >= 0) {
		places.v = calloc((size_t)n + 1, sizeof(*places.v));
		rc = places.v ? 0 : rt_err_set(err, -ENOMEM, "cannot show the VMs");
	}
	for (i = 0; places.v && i < n; i++)
		places.v[places.n++] = *picked[i];
	if (rc == 0) {
		rc = show(&places, err);
		tell_bad(&places);
	}
	free(places.v);
	free(picked);
	kcfg_session_close(&session);
	return rc;
}

static const struct rt_cmd show_cmd = {
	.name = "kvmrt-show-config",
	.summary = "what kvmrt.cfg means on this machine",
	.synopsis = "[options] [VM...]",
	.details = "Without an option, a line a VM: where its virtual CPUs and its other threads "
		   "run, the siblings that go down, and its memory.",
	.opts = show_opts,
	.max_args = UINT_MAX,
	.effect = RT_READS,
	.complete = RT_COMPLETE_NONE,
	.run = run,
};

int main(int argc, char **argv)
{
	return rt_cmd_main(&show_cmd, argc, argv);
}
