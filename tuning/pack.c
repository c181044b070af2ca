/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pack.c - a machine's topology out of /proc and /sys into one text
 */
#include "tuning/pack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/root.h"
#include "lib/text.h"
#include "tuning/dmi.h"
#include "tuning/pack-format.h"

#define CPU "sys/devices/system/cpu/"
#define NODE "sys/devices/system/node/"
#define INDEX CPU "cpu*/cache/index*/"
#define PCI "sys/bus/pci/devices"

enum row_kind {
	FILES, LINKS,
	PCI_LINKS,	/* links that lead through a PCI device, but no partitions */
	CPUINFO,	/* without the flags: most of it, and of no use here */
	DMI,		/* slots only: the rest has serial numbers */
};

static const struct row {
	const char *pattern;
	enum row_kind kind;
} rows[] = {
	{ "proc/cpuinfo", CPUINFO },
	{ "proc/meminfo", FILES },
	{ "proc/version", FILES },
	{ "proc/sys/kernel/hostname", FILES },
	{ "run/kvmrt/topology", FILES },
	{ CPU "possible", FILES }, { CPU "present", FILES }, { CPU "online", FILES },
	{ CPU "offline", FILES }, { CPU "isolated", FILES }, { CPU "nohz_full", FILES },
	{ CPU "kernel_max", FILES }, { CPU "smt/active", FILES }, { CPU "smt/control", FILES },
	{ CPU "cpu*/online", FILES }, { CPU "cpu*/topology/*", FILES },
	{ INDEX "level", FILES }, { INDEX "type", FILES }, { INDEX "size", FILES },
	{ INDEX "id", FILES }, { INDEX "shared_cpu_map", FILES },
	{ INDEX "shared_cpu_list", FILES }, { INDEX "coherency_line_size", FILES },
	{ INDEX "number_of_sets", FILES }, { INDEX "ways_of_associativity", FILES },
	{ INDEX "physical_line_partition", FILES },
	{ CPU "cpu*/node*", LINKS },
	{ NODE "online", FILES }, { NODE "possible", FILES }, { NODE "has_cpu", FILES },
	{ NODE "has_memory", FILES }, { NODE "node*/cpumap", FILES },
	{ NODE "node*/cpulist", FILES }, { NODE "node*/meminfo", FILES },
	{ NODE "node*/distance", FILES }, { NODE "node*/cpu*", LINKS },
	{ NODE "node*/hugepages/*/nr_hugepages", FILES },
	{ NODE "node*/hugepages/*/free_hugepages", FILES },
	{ "sys/devices/cpu_*/cpus", FILES },
	{ "sys/class/dmi/id/board_vendor", FILES }, { "sys/class/dmi/id/board_name", FILES },
	{ "sys/class/dmi/id/sys_vendor", FILES }, { "sys/class/dmi/id/product_name", FILES },
	{ "sys/firmware/dmi/tables/DMI", DMI },
	{ PCI "/*", LINKS },
	{ "sys/bus/pci/slots/*/address", FILES }, { "sys/bus/pci/slots/*/adapter", FILES },
	{ "sys/class/net/*", PCI_LINKS }, { "sys/class/infiniband/*", PCI_LINKS },
	{ "sys/class/nvme/*", PCI_LINKS }, { "sys/class/block/*", PCI_LINKS },
	{ "sys/class/drm/*", PCI_LINKS }, { "sys/class/sound/*", PCI_LINKS },
	{ "sys/class/ptp/*", PCI_LINKS }, { "sys/bus/usb/devices/usb*", PCI_LINKS },
};

/* Of each PCI device, below the folder that its link leads to. */
static const struct row device_rows[] = {
	{ "class", FILES }, { "vendor", FILES }, { "device", FILES }, { "numa_node", FILES },
	{ "local_cpulist", FILES }, { "label", FILES }, { "driver", LINKS },
	{ "iommu_group", LINKS },
};

struct packer {
	struct rt_buf *buf;
	const struct rt_root *root;
	const struct row *row;
};

/* ---- one entry ---- */

static bool is_text(const char *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if ((data[i] < ' ' || data[i] > '~') && data[i] != '\n' && data[i] != '\t')
			return false;
	}
	return true;
}

static void put_file(struct rt_buf *buf, const char *path, const char *data, size_t len)
{
	bool text = is_text(data, len);
	size_t i;

	if (len > TUNE_PACK_FILE_MAX || strlen(path) > TUNE_PACK_PATH_MAX)
		return;
	rt_buf_printf(buf, "%s %s %zu\n", text ? "file" : "hex", path, len);
	if (text) {
		rt_buf_add(buf, data, len);
	} else {
		for (i = 0; i < len; i++)
			rt_buf_printf(buf, "%02x%s", (unsigned char)data[i],
				      i % 32 == 31 && i + 1 < len ? "\n" : "");
	}
	rt_buf_puts(buf, "\n");
}

/* Lines that begin with @skip's words are left out, in place. */
static size_t drop_flags(char *text)
{
	static const char *const skip[] = { "flags", "vmx flags", "bugs" };
	char *from = text, *to = text;
	size_t i, len;
	bool drop;

	for (; *from; from += len) {
		len = strcspn(from, "\n");
		len += from[len] == '\n';
		drop = false;
		for (i = 0; i < sizeof(skip) / sizeof(skip[0]); i++)
			drop |= strncmp(from, skip[i], strlen(skip[i])) == 0;
		if (!drop) {
			memmove(to, from, len);
			to += len;
		}
	}
	return (size_t)(to - text);
}

static void pack_file(const struct packer *packer, const char *path)
{
	size_t len;
	char *data;

	/* some files of /sys are there and give an error: what they say is "nothing" */
	if (rt_root_read(packer->root, &data, &len, NULL, "%s", path) < 0)
		return;
	if (packer->row->kind == CPUINFO)
		len = drop_flags(data);
	if (packer->row->kind == DMI)
		len = tune_dmi_keep_slots((unsigned char *)data, len);
	if (packer->row->kind != DMI || len)
		put_file(packer->buf, path, data, len);
	free(data);
}

static ssize_t read_link(const struct packer *packer, const char *path, char target[PATH_MAX])
{
	ssize_t len = readlinkat(packer->root->fd, path, target, PATH_MAX - 1);

	if (len >= 0)
		target[len] = '\0';
	return len;
}

static void pack_link(const struct packer *packer, const char *path)
{
	char target[PATH_MAX];

	if (read_link(packer, path, target) <= 0 || !tune_pack_link_is_inside(path, target) ||
	    strlen(path) > TUNE_PACK_PATH_MAX)
		return;
	if (packer->row->kind == PCI_LINKS &&
	    (!strstr(target, "/pci") || rt_root_exists(packer->root, "%s/partition", path)))
		return;
	rt_buf_printf(packer->buf, "link %s %s\n", path, target);
}

/* ---- all that a pattern means ---- */

static void expand(const struct packer *packer, const char *done, const char *pattern);

/* The names in folder @done that match @part, each with what follows in @rest. */
static void expand_names(const struct packer *packer, const char *done, const char *part,
			 const char *rest)
{
	struct dirent **names;
	char path[PATH_MAX];
	int fd = rt_root_open(packer->root, NULL, O_RDONLY | O_DIRECTORY, "%s", done);
	int i, nr;

	if (fd < 0)
		return;
	nr = scandirat(fd, ".", &names, NULL, versionsort);
	for (i = 0; i < nr; i++) {
		if (names[i]->d_name[0] != '.' && rt_glob(part, names[i]->d_name, false) &&
		    snprintf(path, sizeof(path), "%s/%s", done, names[i]->d_name) < PATH_MAX)
			expand(packer, path, rest);
		free(names[i]);
	}
	if (nr >= 0)
		free(names);
	close(fd);
}

static void take(const struct packer *packer, const char *path)
{
	struct stat st;

	if (fstatat(packer->root->fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (packer->row->kind == LINKS || packer->row->kind == PCI_LINKS) {
		if (S_ISLNK(st.st_mode))
			pack_link(packer, path);
	} else if (S_ISREG(st.st_mode)) {
		pack_file(packer, path);
	}
}

/* @done: the path so far; @pattern: what follows, "" at the end. */
static void expand(const struct packer *packer, const char *done, const char *pattern)
{
	char part[NAME_MAX], path[PATH_MAX];
	const char *rest = strchrnul(pattern, '/');

	if (!*pattern) {
		take(packer, done);
		return;
	}
	snprintf(part, sizeof(part), "%.*s", (int)(rest - pattern), pattern);
	rest += *rest == '/';
	if (rt_is_glob(part)) {
		expand_names(packer, done, part, rest);
		return;
	}
	if (snprintf(path, sizeof(path), "%s%s%s", done, *done ? "/" : "", part) < PATH_MAX)
		expand(packer, path, rest);
}

/* "../../../devices/pci0000:00/X" of a link in sys/bus/pci/devices as a path from the root. */
static void pack_device(struct packer *packer, const char *name)
{
	char link[PATH_MAX], target[PATH_MAX], *at = target;
	char path[PATH_MAX + 16];
	size_t i;

	snprintf(link, sizeof(link), PCI "/%s", name);
	if (read_link(packer, link, target) <= 0)
		return;
	while (strncmp(at, "../", 3) == 0)
		at += 3;
	for (i = 0; i < sizeof(device_rows) / sizeof(device_rows[0]); i++) {
		packer->row = &device_rows[i];
		snprintf(path, sizeof(path), "sys/%s/%s", at, device_rows[i].pattern);
		take(packer, path);
	}
}

static void pack_devices(struct packer *packer)
{
	int fd = rt_root_open(packer->root, NULL, O_RDONLY | O_DIRECTORY, PCI), i, nr;
	struct dirent **names;

	if (fd < 0)
		return;
	nr = scandirat(fd, ".", &names, NULL, alphasort);
	for (i = 0; i < nr; i++) {
		if (names[i]->d_name[0] != '.')
			pack_device(packer, names[i]->d_name);
		free(names[i]);
	}
	if (nr >= 0)
		free(names);
	close(fd);
}

int tune_pack(struct rt_buf *buf, const struct rt_root *root, struct rt_err *err)
{
	struct packer packer = { .buf = buf, .root = root };
	size_t i;

	if (!rt_root_exists(root, "sys/devices/system/cpu"))
		return rt_err_say(err, RT_ECANNOT, "no %s/sys/devices/system/cpu: this is not "
				  "the root of a Linux machine", root->path);
	rt_buf_puts(buf, TUNE_PACK_MAGIC);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		packer.row = &rows[i];
		expand(&packer, "", rows[i].pattern);
	}
	pack_devices(&packer);
	rt_buf_puts(buf, "end\n");
	return rt_buf_str(buf) ? 0 : rt_err_set(err, -ENOMEM, "cannot pack the machine");
}
