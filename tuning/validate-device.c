/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * validate-device.c - rows: what a PCI device needs to go to a guest
 */
#include "tuning/validate-internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "tuning/topo.h"

#define PCI		"sys/bus/pci/devices/"
#define CLASS_DISPLAY	0x03

/* Is @word one of the names, "eth0 ptp0"? */
static bool has_name(const struct tune_pci *pci, const char *word)
{
	size_t len = strlen(word);
	const char *at;

	for (at = pci->names; at && *at; at += strcspn(at, " "), at += strspn(at, " ")) {
		if (strcspn(at, " ") == len && strncmp(at, word, len) == 0)
			return true;
	}
	return false;
}

int tune_host_device(struct tune_host *host, const char *name, struct rt_err *err)
{
	unsigned int i;
	int rc;

	rc = tune_topo_load(&host->topo, host->root, err);
	if (rc < 0)
		return rc;
	for (i = 0; i < host->topo->nr_pci && !host->pci; i++) {
		const struct tune_pci *pci = &host->topo->pci[i];

		if (strcmp(pci->address, name) == 0 ||
		    (strncmp(pci->address, "0000:", 5) == 0 &&
		     strcmp(pci->address + 5, name) == 0) || has_name(pci, name))
			host->pci = pci;
	}
	if (!host->pci)
		return rt_err_say(err, -ENOENT, "expected the address of a PCI device, such as "
				  "0000:01:00.0, or the name of its interface; found \"%s\"", name);
	return 0;
}

/* ---- looks ---- */

static enum tune_verdict look_group(struct tune_host *host, const struct tune_check *check)
{
	(void)check;
	tune_set_subject(host, "%s", tune_iommu_words(host));
	if (host->pci->iommu_group < 0) {
		tune_say(host, "%s is in no IOMMU group: no IOMMU is on", host->pci->address);
		return TUNE_FAIL;
	}
	tune_say(host, "%s is in IOMMU group %d", host->pci->address, host->pci->iommu_group);
	return TUNE_PASS;
}

static enum tune_verdict look_mode(struct tune_host *host, const struct tune_check *check)
{
	char type[32];

	(void)check;
	if (host->pci->iommu_group < 0 ||
	    !tune_line(host, type, sizeof(type), "sys/kernel/iommu_groups/%d/type",
		       host->pci->iommu_group)) {
		tune_say(host, "the type of the device's IOMMU group is not shown");
		return TUNE_UNKNOWN;
	}
	tune_say(host, "the type of IOMMU group %d is %s", host->pci->iommu_group, type);
	return tune_pass_if(strcmp(type, "identity") == 0);
}

/* Bridges go with their devices, and what vfio holds does no harm. */
static bool is_neighbour(const struct tune_host *host, const struct tune_pci *other)
{
	return other != host->pci && other->iommu_group == host->pci->iommu_group &&
	       !tune_pci_is_bridge(other) &&
	       !(other->driver && strcmp(other->driver, "vfio-pci") == 0);
}

static enum tune_verdict look_neighbours(struct tune_host *host, const struct tune_check *check)
{
	const struct tune_pci *other;
	unsigned int i;

	(void)check;
	if (host->pci->iommu_group < 0) {
		tune_say(host, "the device's IOMMU group is not shown");
		return TUNE_UNKNOWN;
	}
	for (i = 0; i < host->topo->nr_pci; i++) {
		other = &host->topo->pci[i];
		if (is_neighbour(host, other))
			tune_say_item(host, "%s (driver %s)", other->address,
				      other->driver ? other->driver : "none");
	}
	if (!host->found.len) {
		tune_say(host, "it is alone in group %d", host->pci->iommu_group);
		return TUNE_PASS;
	}
	tune_set_subject(host, "%.*s", (int)host->found.len, host->found.data);
	tune_say(host, " in the same group %d", host->pci->iommu_group);
	return TUNE_FAIL;
}

static enum tune_verdict look_device_remapping(struct tune_host *host,
					       const struct tune_check *check)
{
	char *text = tune_text(host, "%s", check->path), unsafe[8] = "";
	bool remapped;

	if (!text)
		return tune_missing(host, check->path);
	remapped = strstr(text, " IR-");
	free(text);
	tune_line(host, unsafe, sizeof(unsafe),
		  "sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts");
	tune_say(host, "interrupts are %sremapped, allow_unsafe_interrupts is %s",
		 remapped ? "" : "not ", unsafe[0] ? unsafe : "not set");
	return tune_pass_if(remapped || strcmp(unsafe, "Y") == 0);
}

/* Another device has the same ids: they do not tell it apart. */
static bool has_twin(const struct tune_host *host)
{
	const struct tune_pci *other;
	unsigned int i;

	for (i = 0; i < host->topo->nr_pci; i++) {
		other = &host->topo->pci[i];
		if (other != host->pci && other->vendor == host->pci->vendor &&
		    other->device == host->pci->device)
			return true;
	}
	return false;
}

/* By its ids where no other device has them, else by its address. */
static void fix_driver(struct tune_host *host)
{
	struct rt_buf line = { 0 };
	char words[64];

	snprintf(words, sizeof(words), "vfio-pci.ids=%04x:%04x", host->pci->vendor,
		 host->pci->device);
	if (has_twin(host))
		rt_buf_printf(&line, "echo 'ACTION==\"add\", SUBSYSTEM==\"pci\", KERNEL==\"%s\", "
			      "ATTR{driver_override}=\"vfio-pci\"' "
			      ">>/etc/udev/rules.d/60-kvmrt-vfio.rules; "
			      "echo vfio-pci >/etc/modules-load.d/kvmrt-vfio.conf",
			      host->pci->address);
	else
		tune_fix_boot(&line, host, words);
	if (rt_buf_str(&line))
		tune_set_subject(host, "%s", line.data);
	rt_buf_finish(&line);
}

static enum tune_verdict look_driver(struct tune_host *host, const struct tune_check *check)
{
	const char *driver = host->pci->driver ? host->pci->driver : "none";

	(void)check;
	tune_say(host, "%s [%04x:%04x%s] has driver %s", host->pci->address, host->pci->vendor,
		 host->pci->device, has_twin(host) ? ", as another device" : "", driver);
	fix_driver(host);
	return tune_pass_if(strcmp(driver, "vfio-pci") == 0);
}

static enum tune_verdict look_display(struct tune_host *host, const struct tune_check *check)
{
	if (host->pci->class >> 16 != CLASS_DISPLAY) {
		tune_say(host, "it is no graphics card: %s", tune_pci_class_name(host->pci));
		return TUNE_MOOT;
	}
	return look_driver(host, check);
}

/* "eth0 ptp0": interfaces that are up, and disks */
static void say_use(struct tune_host *host, const char *name)
{
	char state[32];

	if (tune_line(host, state, sizeof(state), "sys/class/net/%s/operstate", name) &&
	    strcmp(state, "up") == 0)
		tune_say_item(host, "%s is up", name);
	if (rt_root_exists(host->root, "sys/class/block/%s", name))
		tune_say_item(host, "it has the disk %s", name);
}

static enum tune_verdict look_in_use(struct tune_host *host, const struct tune_check *check)
{
	const char *at;
	char name[64];

	(void)check;
	for (at = host->pci->names; at && *at; at += strcspn(at, " "), at += strspn(at, " ")) {
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, " "), at);
		say_use(host, name);
	}
	if (host->found.len)
		return TUNE_FAIL;
	tune_say(host, "no interface of it is up, and it has no disks");
	return TUNE_PASS;
}

static enum tune_verdict look_place(struct tune_host *host, const struct tune_check *check)
{
	const struct tune_pci *pci = host->pci;
	const struct tune_group *node;

	(void)check;
	tune_say(host, "%s%s", pci->slot ? "slot " : "in no slot that is known",
		 pci->slot ? pci->slot : "");
	node = pci->node < 0 ? NULL : tune_topo_group(host->topo, TUNE_NODE, pci->node);
	if (!node) {
		tune_say(host, ", of no node of its own");
		return TUNE_PASS;
	}
	tune_say(host, ", node %d", pci->node);
	if (!host->has_target) {
		tune_say(host, "; ");
		tune_need_target(host);
		return TUNE_UNKNOWN;
	}
	return tune_pass_if(rt_cpuset_overlaps(&node->cpus, &host->target));
}

const struct tune_check tune_checks_device[] = {
	{
		.id = "pt-iommu", .severity = TUNE_ERROR, .look = look_group,
		.expected = "the device is in an IOMMU group",
		.why = "vfio gives no device to a guest that could write into all of the host's "
		       "memory",
		.reads = "/" PCI "DEVICE/iommu_group",
		.fix_kind = TUNE_FIX_BOOT, .fix = "%S",
	}, {
		.id = "pt-mode", .severity = TUNE_INFO, .look = look_mode,
		.expected = "identity: the host's own devices are not translated",
		.why = "with iommu=pt only devices of guests pay for translation; where passing "
		       "through fails with it, take the word away",
		.reads = "/sys/kernel/iommu_groups/GROUP/type",
		.fix_kind = TUNE_FIX_BOOT, .fix = "iommu=pt",
	}, {
		.id = "pt-group", .severity = TUNE_ERROR, .look = look_neighbours,
		.expected = "no other device of its group stays with the host",
		.why = "devices of a group can reach each other's memory: a guest gets all of them "
		       "or none",
		.reads = "/sys/kernel/iommu_groups/GROUP/devices",
		.fix_kind = TUNE_FIX_SAY,
		.fix = "give the guest %S as well, or put the card into another slot",
	}, {
		.id = "pt-remapping", .severity = TUNE_ERROR, .look = look_device_remapping,
		.path = "proc/interrupts",
		.expected = "interrupts are remapped",
		.why = "without remapping vfio refuses; allow_unsafe_interrupts makes it accept, "
		       "and then the guest must be trusted as the host itself",
		.reads = "/proc/interrupts, "
			 "/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts",
		.fix_kind = TUNE_FIX_MODULE, .fix = "vfio_iommu_type1 allow_unsafe_interrupts=1",
	}, {
		.id = "pt-in-use", .severity = TUNE_WARNING, .look = look_in_use,
		.expected = "the host does not use it",
		.why = "the host loses it when the guest starts",
		.reads = "/" PCI "DEVICE/net, /sys/class/net/*/operstate",
		.fix_kind = TUNE_FIX_SAY,
		.fix = "move the host's addresses and mounts to another device first",
	}, {
		.id = "pt-driver", .severity = TUNE_INFO, .look = look_driver,
		.expected = "vfio-pci",
		.why = "libvirt takes most devices from their driver when the guest starts "
		       "(hostdev with managed='yes'); taken at boot, the host never sets them up",
		.reads = "/" PCI "DEVICE/driver",
		.fix_kind = TUNE_FIX_RUN, .fix = "%S",
	}, {
		.id = "pt-graphics", .severity = TUNE_WARNING, .look = look_display,
		.expected = "a graphics card has vfio-pci from the boot on",
		.why = "once the host's driver has set a graphics card up it can rarely be taken "
		       "away; all functions of the card must go, its sound too",
		.reads = "/" PCI "DEVICE/{class,driver}",
		.fix_kind = TUNE_FIX_RUN, .fix = "%S",
	}, {
		.id = "pt-place", .severity = TUNE_WARNING, .look = look_place,
		.expected = "the device is on the node of the real-time CPUs",
		.why = "memory and interrupts else cross from node to node at every access",
		.reads = "/" PCI "DEVICE/numa_node, /sys/bus/pci/slots/*/address",
		.fix_kind = TUNE_FIX_SAY,
		.fix = "another slot, or other CPUs for the VM; hwtopo shows both",
	}, {
		.id = "pt-irqaffinity", .severity = TUNE_WARNING, .look = tune_look_irqaffinity,
		.path = "proc/irq/default_smp_affinity",
		.expected = "new interrupts do not go to the real-time CPUs",
		.why = "vfio's interrupts for the guest take this mask; move them to a CPU of the "
		       "VM that no vCPU has with irq-affinity",
		.fix_kind = TUNE_FIX_BOOT, .fix = "irqaffinity=%H",
	},
	{ .id = NULL }
};
