/* SPDX-License-Identifier: GPL-2.0-or-later */
/* live-status.c - what libvirt notes of a domain that runs, in /run/libvirt/qemu/NAME.xml */
#include "config/live.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/xmlreader.h>

#include "lib/err.h"
#include "lib/text.h"

#define X(text) ((const xmlChar *)(text))

/* While libvirt starts a domain it calls it paused. */
static enum kcfg_state state_of(const char *word, const char *reason)
{
	static const struct {
		const char *word;
		enum kcfg_state state;
	} words[] = {
		{ "running", KCFG_STATE_RUNNING }, { "blocked", KCFG_STATE_RUNNING },
		{ "paused", KCFG_STATE_PAUSED }, { "shutdown", KCFG_STATE_STOPPING },
		{ "crashed", KCFG_STATE_CRASHED }, { "pmsuspended", KCFG_STATE_SUSPENDED },
	};

	if (word && reason && !strcmp(word, "paused") && !strcmp(reason, "starting up"))
		return KCFG_STATE_STARTING;
	for (size_t i = 0; word && i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(word, words[i].word))
			return words[i].state;
	return KCFG_STATE_OTHER;
}

/* <domstatus state='paused' reason='user' pid='68'> */
static int take_head(xmlTextReader *reader, struct kcfg_live *live)
{
	xmlChar *state = xmlTextReaderGetAttribute(reader, X("state"));
	xmlChar *reason = xmlTextReaderGetAttribute(reader, X("reason"));
	xmlChar *pid = xmlTextReaderGetAttribute(reader, X("pid"));
	uint64_t number = 0;
	int rc = -EINVAL;

	if (pid && rt_parse_u64((const char *)pid, 1, INT_MAX, &number) == 0)
		rc = 0;
	live->state = state_of((const char *)state, (const char *)reason);
	live->pid = number;
	xmlFree(state);
	xmlFree(reason);
	xmlFree(pid);
	return rc;
}

/* <name> and <uuid> of <domain>; the first of each, which stand before all else of it. */
static void take_text(xmlTextReader *reader, struct kcfg_live *live)
{
	const xmlChar *element = xmlTextReaderConstLocalName(reader);
	xmlChar *text;

	if (!live->name && xmlStrEqual(element, X("name"))) {
		text = xmlTextReaderReadString(reader);
		live->name = strdup(text ? (const char *)text : "");
		xmlFree(text);
	} else if (!live->uuid[0] && xmlStrEqual(element, X("uuid"))) {
		text = xmlTextReaderReadString(reader);
		snprintf(live->uuid, sizeof(live->uuid), "%s", text ? (const char *)text : "");
		xmlFree(text);
	}
}

static int walk(xmlTextReader *reader, struct kcfg_live *live)
{
	bool in_domain = false;
	int depth, rc = -EINVAL;

	while (xmlTextReaderRead(reader) == 1) {
		if (xmlTextReaderNodeType(reader) != XML_READER_TYPE_ELEMENT)
			continue;
		depth = xmlTextReaderDepth(reader);
		if (depth == 0) {
			if (!xmlStrEqual(xmlTextReaderConstLocalName(reader), X("domstatus")))
				return -EINVAL;
			rc = take_head(reader, live);
		} else if (depth == 1) {
			in_domain = xmlStrEqual(xmlTextReaderConstLocalName(reader), X("domain"));
		} else if (depth == 2 && in_domain) {
			take_text(reader, live);
		}
		if (rc < 0 || (live->name && live->uuid[0]))
			return rc;
	}
	return -EINVAL;
}

int kcfg_status_parse(struct kcfg_live *ret, const char *text, size_t len, struct rt_err *err)
{
	struct kcfg_live live = { 0 };
	xmlTextReader *reader;
	int rc = -EINVAL;

	reader = len <= KCFG_STATUS_MAX
		? xmlReaderForMemory(text, len, NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR |
				     XML_PARSE_NOWARNING)
		: NULL;
	if (reader)
		rc = walk(reader, &live);
	xmlFreeTextReader(reader);
	if (rc < 0) {
		free(live.name);
		return rt_err_say(err, rc, "expected a status file of libvirt: <domstatus> with a "
				  "pid, and a <domain> with name and uuid");
	}
	*ret = live;
	return 0;
}
