/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * irqs-more.c - of each interrupt: where it may go, who may move it, its device
 *
 * Whether an interrupt is managed the kernel shows in three ways, none of them
 * everywhere: /sys/kernel/debug/irq/irqs/N (few kernels are built with it); no
 * write permission on /proc/irq/N/smp_affinity (from 6.11 on); the error of a
 * write.  A refused interrupt with a message (MSI) is a managed one: nothing
 * else of such chips is refused.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/io.h"
#include "lib/root.h"
#include "lib/text.h"
#include "tuning/irqs-internal.h"
#include "tuning/irqs.h"

#define PCI_DEVICES "sys/bus/pci/devices"

const char *tune_irq_hold_name(enum tune_irq_hold hold)
{
	static const char *const names[] = {
		[TUNE_IRQ_UNKNOWN] = "unknown",
		[TUNE_IRQ_FREE] = "free",
		[TUNE_IRQ_MANAGED] = "managed",
		[TUNE_IRQ_FIXED] = "fixed",
	};

	return names[hold];
}

/* ---- devices ---- */

static DIR *open_dir(const struct rt_root *root, const char *path)
{
	return rt_opendir(rt_root_open(root, NULL, O_RDONLY | O_DIRECTORY, "%s", path));
}

/* The next entry that is no "." or ".." or hidden one. */
static const char *next_name(DIR *dir)
{
	struct dirent *entry;

	do
		entry = readdir(dir);
	while (entry && entry->d_name[0] == '.');
	return entry ? entry->d_name : NULL;
}

/* The first network interface below a device: its own, or that of the virtio device on it. */
static void find_netdev(const struct rt_root *root, const char *device, char *ret, size_t size)
{
	char path[320], below[288];
	const char *name;
	DIR *dir;

	ret[0] = '\0';
	snprintf(below, sizeof(below), PCI_DEVICES "/%s", device);
	dir = open_dir(root, below);
	while (dir && (name = next_name(dir)))
		if (strncmp(name, "virtio", 6) == 0 && isdigit((unsigned char)name[6]))
			snprintf(below, sizeof(below), PCI_DEVICES "/%.16s/%.16s", device, name);
	if (dir)
		closedir(dir);
	snprintf(path, sizeof(path), "%s/net", below);
	dir = open_dir(root, path);
	name = dir ? next_name(dir) : NULL;
	if (name && strlen(name) < size)
		strcpy(ret, name);
	if (dir)
		closedir(dir);
}

static void take_device(struct tune_irqs *irqs, uint64_t number, const char *device,
			const char *netdev)
{
	struct tune_irq *irq = number > INT32_MAX ? NULL : tune_irqs_find(irqs, (int)number);

	if (!irq)
		return;
	snprintf(irq->device, sizeof(irq->device), "%s", device);
	snprintf(irq->netdev, sizeof(irq->netdev), "%s", netdev);
}

/* By its messages, or where it uses none by its line. */
static void find_irqs(struct tune_irqs *irqs, const struct rt_root *root, const char *device)
{
	char path[320], netdev[sizeof(irqs->v->netdev)];
	uint64_t number;
	const char *name;
	DIR *dir;

	find_netdev(root, device, netdev, sizeof(netdev));
	snprintf(path, sizeof(path), PCI_DEVICES "/%.255s/msi_irqs", device);
	dir = open_dir(root, path);
	if (!dir) {
		if (rt_root_read_u64(root, &number, NULL, PCI_DEVICES "/%s/irq", device) == 0 &&
		    number)
			take_device(irqs, number, device, netdev);
		return;
	}
	while ((name = next_name(dir)))
		if (rt_parse_u64(name, 0, INT32_MAX, &number) == 0)
			take_device(irqs, number, device, netdev);
	closedir(dir);
}

void tune_irqs_devices(struct tune_irqs *irqs, const struct rt_root *root)
{
	DIR *dir = open_dir(root, PCI_DEVICES);
	const char *name;

	while (dir && (name = next_name(dir)))
		if (strlen(name) < sizeof(irqs->v->device))
			find_irqs(irqs, root, name);
	if (dir)
		closedir(dir);
}

/* ---- affinities ---- */

static bool is_message(const struct tune_irq *irq)
{
	return strstr(irq->chip, "MSI") != NULL;
}

static enum tune_irq_hold refused(const struct tune_irq *irq)
{
	return is_message(irq) ? TUNE_IRQ_MANAGED : TUNE_IRQ_FIXED;
}

static bool read_list(const struct rt_root *root, int number, const char *file,
		      struct rt_cpuset *ret)
{
	char line[4096];

	*ret = (struct rt_cpuset){ 0 };
	return rt_root_read_line(root, line, sizeof(line), NULL, "proc/irq/%d/%s", number,
				 file) == 0 && rt_cpuset_parse(ret, line, NULL) == 0;
}

/* By debugfs where it has the interrupt, else by the permissions. */
static enum tune_irq_hold find_hold(const struct tune_irq *irq, const struct rt_root *root)
{
	enum tune_irq_hold hold = TUNE_IRQ_UNKNOWN;
	struct stat st;
	char *text;
	int fd;

	if (rt_root_read(root, &text, NULL, NULL, "sys/kernel/debug/irq/irqs/%d",
			 irq->number) == 0) {
		hold = strstr(text, "IRQD_AFFINITY_MANAGED") ? TUNE_IRQ_MANAGED :
		       strstr(text, "IRQD_NO_BALANCING") || strstr(text, "IRQD_PER_CPU") ?
		       TUNE_IRQ_FIXED : TUNE_IRQ_FREE;
		free(text);
		return hold;
	}
	fd = rt_root_open(root, NULL, O_PATH, "proc/irq/%d/smp_affinity_list", irq->number);
	if (fd >= 0 && fstat(fd, &st) == 0 && !(st.st_mode & 0222))
		hold = refused(irq);
	if (fd >= 0)
		close(fd);
	return hold;
}

void tune_irqs_affinities(struct tune_irqs *irqs, const struct rt_root *root)
{
	struct tune_irq *irq;
	char line[32];
	size_t i;

	for (i = 0; i < irqs->n; i++) {
		irq = &irqs->v[i];
		if (irq->number < 0 ||
		    !read_list(root, irq->number, "smp_affinity_list", &irq->affinity))
			continue;
		irq->has_affinity = true;
		read_list(root, irq->number, "effective_affinity_list", &irq->effective);
		if (rt_root_read_line(root, line, sizeof(line), NULL, "proc/irq/%d/node",
				      irq->number) == 0)
			irq->node = atoi(line);
		irq->hold = find_hold(irq, root);
	}
}

void tune_irq_probe(struct tune_irq *irq, const struct rt_root *root)
{
	struct statfs fs;
	int fd;

	if (irq->hold != TUNE_IRQ_UNKNOWN || !irq->has_affinity)
		return;
	fd = rt_root_open(root, NULL, O_WRONLY, "proc/irq/%d/smp_affinity_list", irq->number);
	if (fd < 0)
		return;
	if (fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC && write(fd, "?", 1) < 0) {
		if (errno == EINVAL)
			irq->hold = TUNE_IRQ_FREE;
		else if (errno == EIO || errno == EPERM)
			irq->hold = refused(irq);
	}
	close(fd);
}

/* ---- choosing ---- */

/* One of the names in "a, b, c". */
static bool action_matches(const char *actions, const char *word)
{
	char name[128];
	size_t len;

	for (; *actions; actions += strspn(actions, ", ")) {
		len = strcspn(actions, ",");
		if (len < sizeof(name)) {
			memcpy(name, actions, len);
			name[len] = '\0';
			if (rt_glob(word, name, false))
				return true;
		}
		actions += len;
	}
	return false;
}

/* "0000:00:14.0/xhci_hcd": of the handlers of that name, the one of this device. */
static bool device_action_matches(const struct tune_irq *irq, const char *word)
{
	size_t len = strcspn(word, "/");
	char device[64];

	if (!word[len] || len >= sizeof(device) || !irq->device[0])
		return false;
	memcpy(device, word, len);
	device[len] = '\0';
	return rt_glob(device, irq->device, false) && action_matches(irq->actions, word + len + 1);
}

bool tune_irq_matches(const struct tune_irq *irq, const char *word)
{
	if (irq->number < 0)
		return rt_glob(word, irq->label, false);
	return rt_glob(word, irq->label, false) || action_matches(irq->actions, word) ||
	       device_action_matches(irq, word) ||
	       (irq->device[0] && rt_glob(word, irq->device, false)) ||
	       (irq->netdev[0] && rt_glob(word, irq->netdev, false));
}

/* Where it has several actions, what they are called together is no name to type. */
static size_t names_of(const struct tune_irq *irq, const char **ret)
{
	size_t n = 0;

	ret[n++] = irq->label;
	if (irq->number >= 0 && irq->actions[0] && !strchr(irq->actions, ','))
		ret[n++] = irq->actions;
	if (irq->device[0])
		ret[n++] = irq->device;
	if (irq->netdev[0])
		ret[n++] = irq->netdev;
	return n;
}

const char *tune_irqs_near(const struct tune_irqs *irqs, bool devices, const char *word)
{
	const char **names = calloc(irqs->n * 4 + 1, sizeof(*names)), *near = NULL;
	size_t i, n = 0;

	for (i = 0; names && i < irqs->n; i++)
		if (!devices || irqs->v[i].number >= 0)
			n += names_of(&irqs->v[i], names + n);
	if (names)
		rt_nearest(word, names, n, &near, 1);
	free(names);
	return near;
}
