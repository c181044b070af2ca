/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xml.h - the parts of a libvirt domain's XML that an attribute of kvmrt.cfg
 * governs, read and written as short texts
 *
 * A part has one canonical text, so that two of them are compared as strings
 * and mean the same when they are equal: CPUs as a sorted list, a vCPU's pin as
 * "0=4 1=6", a scheduler as "0=fifo:1".  "" stands for "not there".  What is no
 * part stays in the document as it is.
 */
#ifndef KCFG_XML_H
#define KCFG_XML_H

#include <stdbool.h>
#include <stddef.h>

struct rt_buf;
struct rt_err;
struct kcfg_xml;

#define KCFG_XML_MAX	(4u << 20)	/* libvirt's own limit is below this */
#define KCFG_XML_NS	"urn:kvmrt:domain:1"	/* our element in <metadata> */

enum kcfg_part {
	KCFG_PART_NAME,		/* read only: a rename is libvirt's to do */
	KCFG_PART_TITLE,
	KCFG_PART_DESCRIPTION,	/* lines without their indentation */
	KCFG_PART_VCPUS,	/* "4"; "2/4": two at the start, and two can be plugged in */
	KCFG_PART_TOPOLOGY,	/* "sockets,cores,threads", dies counted as cores */
	KCFG_PART_CPUSET,	/* "4-7": threads that are not pinned otherwise */
	KCFG_PART_VCPUPIN,	/* "0=4 1=6" */
	KCFG_PART_EMULATORPIN,	/* "7" */
	KCFG_PART_IOTHREADPIN,	/* "1=7 2=7" */
	KCFG_PART_VCPUSCHED,	/* "0=fifo:1 1=fifo:1" */
	KCFG_PART_LOCKED,	/* "on" */
	KCFG_PART_NOSHAREPAGES,	/* "on" */
	KCFG_PART_HUGEPAGES,	/* "default", "several", or one size in bytes */
	KCFG_PART_NUMATUNE,	/* "0-1" */
	KCFG_PART_HIDE_KVM,	/* "on" */
	KCFG_PART_RT,		/* in our metadata: "on" */
	KCFG_PART_EXPRESSION,	/* in our metadata: cpuset as the user wrote it */
	KCFG_NR_PARTS,
};

/* Start it with { 0 }.  The texts are owned. */
struct kcfg_parts {
	char *text[KCFG_NR_PARTS];	/* to write: NULL leaves the part as it is */
};

void kcfg_parts_finish(struct kcfg_parts *parts);
/* Replaces a text by a copy of @text; -ENOMEM or 0. */
int kcfg_parts_set(struct kcfg_parts *parts, enum kcfg_part part, const char *text);

/*
 * Lines without white space at their ends, empty ones left out: texts that a file of
 * ours can hold, as they are compared.
 */
void kcfg_xml_lines(struct rt_buf *out, const char *text);

/* As it is called in messages: "vcpupin". */
const char *kcfg_part_name(enum kcfg_part part);
/* The parts in our metadata say why the others are as they are: no difference by themselves. */
bool kcfg_part_is_note(enum kcfg_part part);

/**
 * kcfg_xml_parse() - take a domain's XML.
 * @len: at most KCFG_XML_MAX.  Nothing outside of @text is ever read: no DTD,
 * no entity of another file, no network.
 *
 * Return: 0; -EINVAL with what libxml2 said, or when the root is not <domain>.
 */
int kcfg_xml_parse(struct kcfg_xml **ret, const char *text, size_t len, struct rt_err *err);
void kcfg_xml_destroy(struct kcfg_xml *xml);

/* The domain's UUID as written, or "" (not NULL); lives as long as @xml. */
const char *kcfg_xml_uuid(const struct kcfg_xml *xml);
/* The <type> attribute of <domain>: "kvm", "qemu". */
const char *kcfg_xml_type(const struct kcfg_xml *xml);
/* Highest number of vCPUs (hotplug included), and number of <iothreads>. */
unsigned int kcfg_xml_max_vcpus(const struct kcfg_xml *xml);
unsigned int kcfg_xml_iothreads(const struct kcfg_xml *xml);

/* Fills all texts of @ret ({ 0 } before); -EINVAL names the element and what was found. */
int kcfg_xml_read(const struct kcfg_xml *xml, struct kcfg_parts *ret, struct rt_err *err);

/**
 * kcfg_xml_write() - make the parts be as wanted, and note in our metadata a
 * hash of what was written.
 *
 * Only parts that differ are touched.  After a failure @xml is good for
 * kcfg_xml_destroy() only.
 * Return: 0, or -errno.
 */
int kcfg_xml_write(struct kcfg_xml *xml, const struct kcfg_parts *want, struct rt_err *err);

enum kcfg_xml_origin {
	KCFG_XML_FOREIGN,	/* kcfg_xml_write() never wrote it */
	KCFG_XML_OURS,		/* the parts are as kcfg_xml_write() left them */
	KCFG_XML_CHANGED,	/* somebody changed a part since */
};
enum kcfg_xml_origin kcfg_xml_origin(const struct kcfg_xml *xml);

/* The document; owned by the caller, free(3).  NULL without memory. */
char *kcfg_xml_text(const struct kcfg_xml *xml);

/* Before there are threads that parse: libxml2 makes what they share. */
void kcfg_xml_init(void);

#endif /* KCFG_XML_H */
