/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz-xml.c - any domain's XML is read or refused; what was written is read again as written */
#include "config/xml.h"
#include "lib/err.h"
#include "tests/fuzz/fuzz.h"

/* What a real-time VM of two vCPUs would be given. */
static const char *const want[KCFG_NR_PARTS] = {
	[KCFG_PART_TITLE] = "title <&>",
	[KCFG_PART_DESCRIPTION] = "first\nsecond",
	[KCFG_PART_VCPUS] = "2",
	[KCFG_PART_TOPOLOGY] = "1,2,1",
	[KCFG_PART_CPUSET] = "4-6",
	[KCFG_PART_VCPUPIN] = "0=4 1=5",
	[KCFG_PART_EMULATORPIN] = "6",
	[KCFG_PART_IOTHREADPIN] = "1=6",
	[KCFG_PART_VCPUSCHED] = "0=fifo:1 1=fifo:1",
	[KCFG_PART_LOCKED] = "on",
	[KCFG_PART_NOSHAREPAGES] = "on",
	[KCFG_PART_HUGEPAGES] = "",
	[KCFG_PART_NUMATUNE] = "1",
	[KCFG_PART_HIDE_KVM] = "on",
	[KCFG_PART_RT] = "on",
	[KCFG_PART_EXPRESSION] = "n1",
};

static void check(const struct kcfg_xml *xml, struct rt_err *err)
{
	struct kcfg_parts parts = { 0 };

	fuzz_assert(kcfg_xml_read(xml, &parts, err) == 0);
	for (int i = 0; i < KCFG_NR_PARTS; i++)
		fuzz_assert(!want[i] || !strcmp(parts.text[i], want[i]));
	kcfg_parts_finish(&parts);
	fuzz_assert(kcfg_xml_origin(xml) == KCFG_XML_OURS);
}

static void write_and_read(struct kcfg_xml *xml, struct rt_err *err)
{
	struct kcfg_parts parts = { 0 };
	struct kcfg_xml *again;
	char *text;

	for (int i = 0; i < KCFG_NR_PARTS; i++)
		if (want[i])
			fuzz_assert(kcfg_parts_set(&parts, i, want[i]) == 0);
	/* Wanted already, and with a wrong hash: then nothing is written. */
	if (kcfg_parts_set(&parts, KCFG_PART_TITLE, "another") == 0)
		fuzz_assert(kcfg_xml_write(xml, &parts, err) == 0);
	fuzz_assert(kcfg_parts_set(&parts, KCFG_PART_TITLE, want[KCFG_PART_TITLE]) == 0);
	fuzz_assert(kcfg_xml_write(xml, &parts, err) == 0);
	kcfg_parts_finish(&parts);
	check(xml, err);
	text = kcfg_xml_text(xml);
	fuzz_assert(text);
	if (kcfg_xml_parse(&again, text, strlen(text), err) == 0) {
		check(again, err);
		kcfg_xml_destroy(again);
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kcfg_parts parts = { 0 };
	struct rt_err err = { 0 };
	struct kcfg_xml *xml;

	if (kcfg_xml_parse(&xml, (const char *)data, size, &err) < 0) {
		fuzz_assert(err.code && err.text[0]);
		return 0;
	}
	if (kcfg_xml_read(xml, &parts, &err) == 0)
		write_and_read(xml, &err);
	else
		fuzz_assert(err.code && err.text[0]);
	kcfg_parts_finish(&parts);
	kcfg_xml_destroy(xml);
	return 0;
}
