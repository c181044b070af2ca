/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xml.c - a domain's document: taken, its parts read and written, given back */
#include "config/xml.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>
#include <libxml/xmlerror.h>

#include "config/xml-node.h"
#include "lib/buf.h"
#include "lib/cpulist.h"
#include "lib/err.h"

#define HASH_ATTR	"hash"
#define HASH_ROOM	24

struct kcfg_xml {
	xmlDoc *doc;		/* owned */
	xmlNode *domain;	/* of doc */
	char uuid[64];
	char type[16];
};

void kcfg_parts_finish(struct kcfg_parts *parts)
{
	for (int i = 0; i < KCFG_NR_PARTS; i++)
		free(parts->text[i]);
	memset(parts, 0, sizeof(*parts));
}

int kcfg_parts_set(struct kcfg_parts *parts, enum kcfg_part part, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	free(parts->text[part]);
	parts->text[part] = copy;
	return 0;
}

const char *kcfg_part_name(enum kcfg_part part)
{
	return kcfg_part_rows[part].name;
}

bool kcfg_part_is_note(enum kcfg_part part)
{
	return kcfg_part_rows[part].note;
}

void kcfg_xml_init(void)
{
	xmlInitParser();
}

/* What libxml2 said, on one line. */
static int parse_failed(xmlParserCtxt *ctxt, struct rt_err *err)
{
	const xmlError *e = xmlCtxtGetLastError(ctxt);
	const char *text = e && e->message ? e->message : "not well-formed";

	return rt_err_say(err, -EINVAL, "line %d: %.*s", e ? e->line : 0,
			  (int)strcspn(text, "\n"), text);
}

/* A few complaints of libxml2 go past XML_PARSE_NOERROR. */
static void quiet(void *ctx, const char *fmt, ...)
{
	(void)ctx;
	(void)fmt;
}

static void copy_text(char *to, size_t size, xmlChar *text)
{
	snprintf(to, size, "%s", text ? (const char *)text : "");
	xmlFree(text);
}

static int take(struct kcfg_xml *xml, xmlDoc *doc, struct rt_err *err)
{
	xmlNode *root = xmlDocGetRootElement(doc), *uuid;

	if (!root || root->ns || !xmlStrEqual(root->name, (const xmlChar *)"domain"))
		return rt_err_say(err, -EINVAL, "expected the element <domain>, found <%.40s>",
				  root ? (const char *)root->name : "");
	xml->doc = doc;
	xml->domain = root;
	uuid = kcfg_child(root, "uuid");
	copy_text(xml->uuid, sizeof(xml->uuid), uuid ? xmlNodeGetContent(uuid) : NULL);
	copy_text(xml->type, sizeof(xml->type), kcfg_attr(root, "type"));
	return 0;
}

int kcfg_xml_parse(struct kcfg_xml **ret, const char *text, size_t len, struct rt_err *err)
{
	struct kcfg_xml *xml = NULL;
	xmlParserCtxt *ctxt;
	xmlDoc *doc;
	int rc = -ENOMEM;

	if (len > KCFG_XML_MAX)
		return rt_err_say(err, -EFBIG, "expected at most %u bytes of XML, found %zu",
				  KCFG_XML_MAX, len);
	xmlSetGenericErrorFunc(NULL, quiet);
	ctxt = xmlNewParserCtxt();
	if (!ctxt)
		return rt_err_set(err, -ENOMEM, "cannot read XML");
	doc = xmlCtxtReadMemory(ctxt, text, len, NULL, NULL,
				XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	if (!doc) {
		rc = parse_failed(ctxt, err);
		goto out_ctxt;
	}
	xml = calloc(1, sizeof(*xml));
	if (xml)
		rc = take(xml, doc, err);
	if (rc < 0) {
		free(xml);
		xmlFreeDoc(doc);
		goto out_ctxt;
	}
	*ret = xml;
out_ctxt:
	xmlFreeParserCtxt(ctxt);
	return rc;
}

void kcfg_xml_destroy(struct kcfg_xml *xml)
{
	if (!xml)
		return;
	xmlFreeDoc(xml->doc);
	free(xml);
}

const char *kcfg_xml_uuid(const struct kcfg_xml *xml)
{
	return xml->uuid;
}

const char *kcfg_xml_type(const struct kcfg_xml *xml)
{
	return xml->type;
}

static unsigned int number_in(xmlNode *node, unsigned int def)
{
	xmlChar *text = node ? xmlNodeGetContent(node) : NULL;
	unsigned long value = text ? strtoul((const char *)text, NULL, 10) : def;

	xmlFree(text);
	return value > RT_MAX_CPUS ? RT_MAX_CPUS : value;
}

unsigned int kcfg_xml_max_vcpus(const struct kcfg_xml *xml)
{
	return number_in(kcfg_child(xml->domain, "vcpu"), 1);
}

unsigned int kcfg_xml_iothreads(const struct kcfg_xml *xml)
{
	return number_in(kcfg_child(xml->domain, "iothreads"), 0);
}

static int read_part(const struct kcfg_xml *xml, enum kcfg_part part, char **ret,
		     struct rt_err *err)
{
	const struct kcfg_part_row *row = &kcfg_part_rows[part];
	struct rt_buf out = { 0 };
	int rc;

	rc = row->read(row, xml->domain, &out, err);
	if (rc == 0 && !rt_buf_str(&out))
		rc = rt_err_set(err, -ENOMEM, "cannot read %s", row->name);
	if (rc < 0) {
		rt_buf_finish(&out);
		return rc;
	}
	*ret = out.data;
	return 0;
}

int kcfg_xml_read(const struct kcfg_xml *xml, struct kcfg_parts *ret, struct rt_err *err)
{
	struct kcfg_parts parts = { 0 };
	int rc = 0;

	for (int i = 0; rc == 0 && i < KCFG_NR_PARTS; i++)
		rc = read_part(xml, i, &parts.text[i], err);
	if (rc < 0)
		kcfg_parts_finish(&parts);
	else
		*ret = parts;
	return rc;
}

/* FNV-1a over all parts that are written; where one ends is counted too. */
static void hash_of(const struct kcfg_parts *parts, char ret[HASH_ROOM])
{
	uint64_t h = 0xcbf29ce484222325;

	for (int i = 0; i < KCFG_NR_PARTS; i++) {
		if (!kcfg_part_rows[i].write)
			continue;
		for (const char *c = parts->text[i];; c++) {
			h = (h ^ (unsigned char)*c) * 0x100000001b3;
			if (!*c)
				break;
		}
	}
	snprintf(ret, HASH_ROOM, "%016llx", (unsigned long long)h);
}

static int hash_now(const struct kcfg_xml *xml, char ret[HASH_ROOM], struct rt_err *err)
{
	struct kcfg_parts parts = { 0 };
	int rc = kcfg_xml_read(xml, &parts, err);

	if (rc == 0)
		hash_of(&parts, ret);
	kcfg_parts_finish(&parts);
	return rc;
}

/* Return: 1 when the part was changed, 0 when it was as wanted, or -errno. */
static int write_part(struct kcfg_xml *xml, enum kcfg_part part, const char *want,
		      struct rt_err *err)
{
	const struct kcfg_part_row *row = &kcfg_part_rows[part];
	char *found;
	int rc;

	rc = read_part(xml, part, &found, err);
	if (rc < 0)
		return rc;
	rc = 0;
	if (strcmp(found, want) && row->write) {
		rc = row->write(row, xml->domain, want, err);
		rc = rc < 0 ? rt_err_wrap(err, rc, "cannot write %s", row->name) : 1;
	}
	free(found);
	return rc;
}

int kcfg_xml_write(struct kcfg_xml *xml, const struct kcfg_parts *want, struct rt_err *err)
{
	char hash[HASH_ROOM];
	bool changed = false;
	int rc;

	for (int i = 0; i < KCFG_NR_PARTS; i++) {
		rc = want->text[i] ? write_part(xml, i, want->text[i], err) : 0;
		if (rc < 0)
			return rc;
		changed |= rc > 0;
	}
	if (!changed)
		return 0;
	rc = hash_now(xml, hash, err);
	if (rc == 0)
		rc = kcfg_attr_set(kcfg_metadata(xml->domain, true), HASH_ATTR, hash);
	return rc == -ENOMEM ? rt_err_set(err, rc, "cannot write XML") : rc;
}

enum kcfg_xml_origin kcfg_xml_origin(const struct kcfg_xml *xml)
{
	xmlNode *ours = kcfg_metadata(xml->domain, false);
	char hash[HASH_ROOM];

	if (!ours)
		return KCFG_XML_FOREIGN;
	if (hash_now(xml, hash, NULL) < 0 || !kcfg_attr_is(ours, HASH_ATTR, hash))
		return KCFG_XML_CHANGED;
	return KCFG_XML_OURS;
}

char *kcfg_xml_text(const struct kcfg_xml *xml)
{
	xmlChar *text = NULL;
	char *copy;
	int len;

	xmlDocDumpMemoryEnc(xml->doc, &text, &len, "UTF-8");
	copy = text ? strdup((const char *)text) : NULL;
	xmlFree(text);
	return copy;
}
