/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml-node.c - children and attributes of an element, found, made and taken away */
#include "config/xml-node.h"

#include <errno.h>
#include <string.h>

#include "lib/err.h"
#include "lib/text.h"

#define X(text) ((const xmlChar *)(text))

/* In which order libvirt writes the children that we make, and those around them. */
static const struct {
	const char *parent, *children;
} orders[] = {
	{ "domain", " name uuid genid title description metadata maxMemory memory currentMemory "
	  "blkiotune memtune memoryBacking vcpu vcpus iothreads iothreadids defaultiothread "
	  "cputune numatune resource sysinfo bootloader bootloader_args os idmap features cpu "
	  "clock on_poweroff on_reboot on_crash on_lockfailure pm perf keywrap launchSecurity "
	  "devices seclabel " },
	{ "memoryBacking", " hugepages nosharepages locked source access allocation discard " },
	{ "cputune", " shares global_period global_quota period quota emulator_period "
	  "emulator_quota iothread_period iothread_quota vcpupin emulatorpin iothreadpin "
	  "vcpusched iothreadsched emulatorsched cachetune memorytune " },
	{ "numatune", " memory memnode " },
	{ "cpu", " arch model vendor microcode signature counter topology cache maxphysaddr "
	  "feature numa " },
	{ "kvm", " hidden hint-dedicated poll-control " },
};

/* Where @name stands among the children of @parent; 0 when nobody says so. */
static size_t rank(const xmlNode *parent, const xmlChar *name)
{
	char word[64];
	const char *at;

	if (snprintf(word, sizeof(word), " %s ", (const char *)name) >= (int)sizeof(word))
		return 0;
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		if (!xmlStrEqual(parent->name, X(orders[i].parent)))
			continue;
		at = strstr(orders[i].children, word);
		return at ? 1 + at - orders[i].children : 0;
	}
	return 0;
}

static xmlNode *find(xmlNode *from, const char *name)
{
	for (; from; from = from->next)
		if (from->type == XML_ELEMENT_NODE && !from->ns && xmlStrEqual(from->name, X(name)))
			return from;
	return NULL;
}

xmlNode *kcfg_child(xmlNode *parent, const char *name)
{
	return parent ? find(parent->children, name) : NULL;
}

xmlNode *kcfg_sibling(xmlNode *node, const char *name)
{
	return find(node->next, name);
}

xmlNode *kcfg_child_add(xmlNode *parent, const char *name)
{
	xmlNode *node = xmlNewNode(NULL, X(name)), *behind;
	size_t place = rank(parent, X(name));

	if (!node)
		return NULL;
	for (behind = parent->children; behind; behind = behind->next)
		if (behind->type == XML_ELEMENT_NODE && place < rank(parent, behind->name))
			break;
	return behind ? xmlAddPrevSibling(behind, node) : xmlAddChild(parent, node);
}

xmlNode *kcfg_child_make(xmlNode *parent, const char *name)
{
	xmlNode *node = kcfg_child(parent, name);

	return node ? node : kcfg_child_add(parent, name);
}

void kcfg_child_remove(xmlNode *node)
{
	xmlNode *blank = node ? node->prev : NULL;

	if (blank && xmlIsBlankNode(blank)) {
		xmlUnlinkNode(blank);
		xmlFreeNode(blank);
	}
	if (node) {
		xmlUnlinkNode(node);
		xmlFreeNode(node);
	}
}

void kcfg_child_prune(xmlNode *node)
{
	if (!node || node->properties)
		return;
	for (const xmlNode *at = node->children; at; at = at->next)
		if (!xmlIsBlankNode(at))
			return;
	kcfg_child_remove(node);
}

xmlChar *kcfg_attr(xmlNode *node, const char *name)
{
	return node ? xmlGetNoNsProp(node, X(name)) : NULL;
}

bool kcfg_attr_is(xmlNode *node, const char *name, const char *value)
{
	xmlChar *found = kcfg_attr(node, name);
	bool same = found && xmlStrEqual(found, X(value));

	xmlFree(found);
	return same;
}

int kcfg_attr_uint(xmlNode *node, const char *name, unsigned int min, unsigned int max,
		   unsigned int def, unsigned int *ret, struct rt_err *err)
{
	xmlChar *text = kcfg_attr(node, name);
	uint64_t value = def;
	int rc = 0;

	if (text && rt_parse_u64((const char *)text, min, max, &value) < 0)
		rc = rt_err_say(err, -EINVAL, "expected a number from %u to %u in %s of <%s>, "
				"found \"%.40s\"", min, max, name, (const char *)node->name,
				(const char *)text);
	xmlFree(text);
	if (rc == 0)
		*ret = value;
	return rc;
}

int kcfg_attr_set(xmlNode *node, const char *name, const char *value)
{
	return node && xmlSetProp(node, X(name), X(value)) ? 0 : -ENOMEM;
}

void kcfg_attr_remove(xmlNode *node, const char *name)
{
	xmlUnsetProp(node, X(name));
}

int kcfg_text_set(xmlNode *node, const char *text)
{
	xmlNode *content;

	if (!node)
		return -ENOMEM;
	while (node->children) {
		content = node->children;
		xmlUnlinkNode(content);
		xmlFreeNode(content);
	}
	content = xmlNewText(X(text));
	return content && xmlAddChild(node, content) ? 0 : -ENOMEM;
}

xmlNode *kcfg_metadata(xmlNode *domain, bool make)
{
	xmlNode *metadata = kcfg_child(domain, "metadata"), *node;
	xmlNs *ns;

	for (node = metadata ? metadata->children : NULL; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE && node->ns &&
		    xmlStrEqual(node->ns->href, X(KCFG_XML_NS)))
			return node;
	if (!make)
		return NULL;
	metadata = kcfg_child_make(domain, "metadata");
	node = metadata ? xmlNewChild(metadata, NULL, X("vm"), NULL) : NULL;
	ns = node ? xmlNewNs(node, X(KCFG_XML_NS), X("kvmrt")) : NULL;
	if (!ns)
		return NULL;
	xmlSetNs(node, ns);
	return node;
}
