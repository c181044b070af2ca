/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * meta.c - what a reader must know beside the events: machine, formats, names
 *
 * Only copies what the kernel says into the store; clock.c has the clocks and
 * vms.c the virtual machines.
 */
#include "xtrace/meta.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/root.h"
#include "xtrace/select.h"
#include "xtrace/store.h"
#include "xtrace/tracefs.h"

#define CPU_DIR "sys/devices/system/cpu"
#define OLD_SIZE "run/xtrace/saved-cmdlines-size"

/* ---- the machine ---- */

static const struct {
	const char *section, *key, *path;
} machine_facts[] = {
	{ "session", "host", "proc/sys/kernel/hostname" },
	{ "session", "release", "proc/sys/kernel/osrelease" },
	{ "session", "machine-id", "etc/machine-id" },
	{ "session", "boot-id", "proc/sys/kernel/random/boot_id" },
	{ "machine", "version", "proc/version" },
	{ "machine", "boot-parameters", "proc/cmdline" },
	{ "machine", "clocksource",
	  "sys/devices/system/clocksource/clocksource0/current_clocksource" },
	{ "machine", "online", CPU_DIR "/online" },
	{ "machine", "isolated", CPU_DIR "/isolated" },
	{ "machine", "nohz-full", CPU_DIR "/nohz_full" },
	{ "machine", "possible", CPU_DIR "/possible" },
};

/* CPU, package, core, its threads: one line a CPU that has a topology. */
static int cpu_topology(struct xt_store *store, const struct rt_root *root, unsigned int nr_cpus)
{
	char package[16], core[16], threads[256];
	unsigned int cpu;
	int rc;

	for (cpu = 0; cpu < nr_cpus; cpu++) {
		if (rt_root_read_line(root, package, sizeof(package), NULL,
				      CPU_DIR "/cpu%u/topology/physical_package_id", cpu) < 0 ||
		    rt_root_read_line(root, core, sizeof(core), NULL,
				      CPU_DIR "/cpu%u/topology/core_id", cpu) < 0 ||
		    rt_root_read_line(root, threads, sizeof(threads), NULL,
				      CPU_DIR "/cpu%u/topology/thread_siblings_list", cpu) < 0)
			continue;
		rc = xt_store_add(store, "machine", "cpu", "%u package %s core %s threads %s",
				  cpu, package, core, threads);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int cpu_model(struct xt_store *store, const struct rt_root *root)
{
	char *text, *model;
	int rc = 0;

	if (rt_root_read(root, &text, NULL, NULL, "proc/cpuinfo") < 0)
		return 0;
	model = strstr(text, "model name");
	model = model ? strstr(model, ": ") : NULL;
	if (model)
		rc = xt_store_set(store, "session", "cpu-model", "%.*s",
				  (int)strcspn(model + 2, "\n"), model + 2);
	free(text);
	return rc;
}

/*
 * FNV-1a with 64 bits (datatracker.ietf.org/doc/html/draft-eastlake-fnv): tells apart, and
 * protects nothing.
 */
static void hash_text(uint64_t *hash, const char *text)
{
	for (; *text; text++)
		*hash = (*hash ^ (uint8_t)*text) * 0x100000001b3ull;
	*hash = (*hash ^ '\n') * 0x100000001b3ull;
}

static int config_hash(struct xt_store *store, const struct rt_root *root)
{
	static const char *const files[] = {
		"proc/cmdline", CPU_DIR "/online", CPU_DIR "/isolated", CPU_DIR "/nohz_full",
		"etc/kvmrt.cfg",
	};
	uint64_t hash = 0xcbf29ce484222325ull;
	char *text;
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (rt_root_read(root, &text, NULL, NULL, "%s", files[i]) < 0)
			continue;
		hash_text(&hash, text);
		free(text);
	}
	return xt_store_set(store, "session", "config-hash", "%016llx", (unsigned long long)hash);
}

int xt_meta_machine(struct xt_store *store, const struct rt_root *root, struct rt_err *err)
{
	unsigned int nr_cpus = sysconf(_SC_NPROCESSORS_CONF);
	char line[4096];
	size_t i;
	int rc;

	for (i = 0; i < sizeof(machine_facts) / sizeof(machine_facts[0]); i++) {
		/* A file that this kernel lacks is a fact that is not known. */
		if (rt_root_read_line(root, line, sizeof(line), NULL, "%s",
				      machine_facts[i].path) < 0)
			continue;
		rc = xt_store_set(store, machine_facts[i].section, machine_facts[i].key, "%s",
				  line);
		if (rc < 0)
			return rt_err_set(err, rc, "cannot keep \"%s\"", machine_facts[i].key);
	}
	rc = xt_store_set(store, "session", "nr-cpus", "%u", nr_cpus);
	if (rc == 0)
		rc = cpu_model(store, root);
	if (rc == 0)
		rc = config_hash(store, root);
	if (rc == 0)
		rc = cpu_topology(store, root, nr_cpus);
	return rc < 0 ? rt_err_set(err, rc, "cannot keep the topology") : 0;
}

/* ---- formats ---- */

/* Copies a file of the kernel; one that is not there is passed over. */
static int copy_file(struct xt_store *store, const struct rt_root *root, const char *name,
		     const char *path, struct rt_err *err)
{
	size_t len;
	char *data;
	int rc;

	rc = rt_root_read(root, &data, &len, err, "%s", path);
	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return rc;
	rc = xt_store_put(store, name, data, len, err);
	free(data);
	return rc;
}

/* %ps, %pS, %pB: the kernel prints an address as a symbol, and so must the reader. */
static bool prints_symbols(const char *format)
{
	const char *p;

	for (p = strstr(format, "%p"); p; p = strstr(p + 1, "%p")) {
		if (strchr("sSBfF", p[2]) && p[2])
			return true;
	}
	return false;
}

static int put_format(struct xt_store *store, const struct xt_tracefs *fs, const char *system,
		      const char *event, bool *symbols, struct rt_err *err)
{
	char name[320];
	size_t len;
	char *text;
	int rc;

	rc = rt_root_read(fs->root, &text, &len, err, "%s/events/%s/%s/format", fs->dir, system,
			  event);
	if (rc < 0)
		return rc;
	*symbols |= prints_symbols(text);
	snprintf(name, sizeof(name), "formats/%.128s/%.128s", system, event);
	rc = xt_store_put(store, name, text, len, err);
	free(text);
	return rc;
}

/* What reaches every instance without being chosen: marks. */
static const char *const always[] = { "print", "raw_data", "bprint", "bputs" };

static int put_formats(struct xt_store *store, const struct xt_tracefs *fs,
		       const struct xt_select *sel, bool *symbols, struct rt_err *err)
{
	size_t i;
	int rc;

	for (i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
		if (!rt_root_exists(fs->root, "%s/events/ftrace/%s/format", fs->dir, always[i]))
			continue;
		rc = put_format(store, fs, "ftrace", always[i], symbols, err);
		if (rc < 0)
			return rc;
	}
	*symbols = false;	/* of marks only, so far: their address is not worth 5 MB */
	for (i = 0; i < sel->nr; i++) {
		if (!sel->v[i].enabled)
			continue;
		rc = put_format(store, fs, sel->v[i].system, sel->v[i].event, symbols, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int xt_meta_formats(struct xt_store *store, const struct xt_tracefs *fs,
		    const struct xt_select *sel, struct rt_err *err)
{
	static const char *const names[] = { "header_page", "header_event" };
	char path[XT_TRACEFS_PATH_MAX + 32], name[64];
	bool symbols = false;
	size_t i;
	int rc;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/events/%s", fs->dir, names[i]);
		snprintf(name, sizeof(name), "formats/%s", names[i]);
		rc = copy_file(store, fs->root, name, path, err);
		if (rc < 0)
			return rc;
	}
	rc = put_formats(store, fs, sel, &symbols, err);
	if (rc < 0)
		return rc;
	snprintf(path, sizeof(path), "%s/printk_formats", fs->dir);
	rc = copy_file(store, fs->root, "printk_formats", path, err);
	if (rc == 0 && symbols)
		rc = copy_file(store, fs->root, "kallsyms", "proc/kallsyms", err);
	return rc;
}

int xt_meta_tasks(struct xt_store *store, const struct xt_tracefs *fs, struct rt_err *err)
{
	static const char *const names[] = { "saved_cmdlines", "saved_tgids" };
	char path[XT_TRACEFS_PATH_MAX + 32];
	size_t i;
	int rc = 0;

	for (i = 0; i < sizeof(names) / sizeof(names[0]) && rc == 0; i++) {
		snprintf(path, sizeof(path), "%s/%s", fs->dir, names[i]);
		rc = copy_file(store, fs->root, names[i], path, err);
	}
	return rc;
}

/* ---- the table of names ---- */

void xt_cmdlines_grow(const struct xt_tracefs *fs, unsigned int entries)
{
	uint64_t now;
	char text[24];
	int fd;

	if (rt_root_read_u64(fs->root, &now, NULL, "%s/saved_cmdlines_size", fs->dir) < 0 ||
	    now >= entries)
		return;
	/* The first session notes what the machine had; O_EXCL: later ones do not. */
	fd = rt_root_open(fs->root, NULL, O_WRONLY | O_CREAT | O_EXCL, OLD_SIZE);
	if (fd >= 0) {
		snprintf(text, sizeof(text), "%llu\n", (unsigned long long)now);
		if (write(fd, text, strlen(text)) < 0)
			unlinkat(fs->root->fd, OLD_SIZE, 0);
		close(fd);
	}
	snprintf(text, sizeof(text), "%u", entries);
	rt_root_write(fs->root, text, NULL, "%s/saved_cmdlines_size", fs->dir);
}

void xt_cmdlines_restore(const struct xt_tracefs *fs, bool last_session)
{
	char old[24];

	if (!last_session ||
	    rt_root_read_line(fs->root, old, sizeof(old), NULL, OLD_SIZE) < 0)
		return;
	rt_root_write(fs->root, old, NULL, "%s/saved_cmdlines_size", fs->dir);
	unlinkat(fs->root->fd, OLD_SIZE, 0);
}
