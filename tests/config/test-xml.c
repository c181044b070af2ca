/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/xml.h"

#include <dirent.h>

#include "lib/err.h"
#include "lib/root.h"
#include "tests/unit.h"

#define CORPUS "tests/fuzz/corpus/xml"

static struct kcfg_xml *parse(const char *text)
{
	struct kcfg_xml *xml = NULL;
	struct rt_err err = { 0 };

	if (kcfg_xml_parse(&xml, text, strlen(text), &err) < 0)
		fail_msg("%s", err.text);
	return xml;
}

static struct kcfg_xml *load(const char *name)
{
	struct rt_root here = { 0 };
	struct kcfg_xml *xml;
	char *text;

	assert_int_equal(rt_root_init(&here, CORPUS, NULL), 0);
	assert_int_equal(rt_root_read(&here, &text, NULL, NULL, "%s", name), 0);
	rt_root_finish(&here);
	xml = parse(text);
	free(text);
	return xml;
}

static void assert_part(const struct kcfg_xml *xml, enum kcfg_part part, const char *text)
{
	struct kcfg_parts parts = { 0 };
	struct rt_err err = { 0 };

	if (kcfg_xml_read(xml, &parts, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(parts.text[part], text);
	kcfg_parts_finish(&parts);
}

static void write_part(struct kcfg_xml *xml, enum kcfg_part part, const char *text)
{
	struct kcfg_parts want = { 0 };
	struct rt_err err = { 0 };

	assert_int_equal(kcfg_parts_set(&want, part, text), 0);
	if (kcfg_xml_write(xml, &want, &err) < 0)
		fail_msg("%s", err.text);
	kcfg_parts_finish(&want);
	assert_part(xml, part, text);
}

/* The document without our own note, which carries a hash. */
static char *text_of(const struct kcfg_xml *xml)
{
	char *text = kcfg_xml_text(xml), *from, *to;

	assert_non_null(text);
	from = strstr(text, "<kvmrt:vm");
	to = from ? strstr(from, "/>") : NULL;
	if (to)
		memmove(from, to + 2, strlen(to + 2) + 1);
	return text;
}

static void assert_has(const struct kcfg_xml *xml, const char *needle)
{
	char *text = text_of(xml);

	assert_contains(text, needle);
	free(text);
}

static void assert_has_not(const struct kcfg_xml *xml, const char *needle)
{
	char *text = text_of(xml);

	if (strstr(text, needle))
		fail_msg("\"%s\" in \"%s\"", needle, text);
	free(text);
}

TEST(a_domain_tuned_by_hand_is_read)
{
	struct kcfg_xml *xml = load("tuned.xml");

	assert_part(xml, KCFG_PART_NAME, "tuned-by-hand");
	assert_part(xml, KCFG_PART_TITLE, "");
	assert_part(xml, KCFG_PART_VCPUS, "3");
	assert_part(xml, KCFG_PART_TOPOLOGY, "3,1,1");
	assert_part(xml, KCFG_PART_VCPUPIN, "0=0 1=1 2=1");
	assert_part(xml, KCFG_PART_EMULATORPIN, "0-1");
	assert_part(xml, KCFG_PART_IOTHREADPIN, "2=1");
	assert_part(xml, KCFG_PART_VCPUSCHED, "0=fifo:5 1=fifo:5 2=batch:0");
	assert_part(xml, KCFG_PART_LOCKED, "");
	assert_int_equal(kcfg_xml_iothreads(xml), 2);
	assert_string_equal(kcfg_xml_type(xml), "kvm");
	kcfg_xml_destroy(xml);
}

TEST(other_domains_are_read)
{
	struct kcfg_xml *xml = load("numa.xml");

	assert_part(xml, KCFG_PART_HUGEPAGES, "2097152");
	assert_part(xml, KCFG_PART_NUMATUNE, "0");
	assert_part(xml, KCFG_PART_TOPOLOGY, "2,2,1");
	kcfg_xml_destroy(xml);
	xml = load("hotplug.xml");
	assert_part(xml, KCFG_PART_VCPUS, "2/4");
	assert_int_equal(kcfg_xml_max_vcpus(xml), 4);
	kcfg_xml_destroy(xml);
	xml = load("windows.xml");
	assert_part(xml, KCFG_PART_HIDE_KVM, "on");
	assert_part(xml, KCFG_PART_TOPOLOGY, "1,2,2");
	kcfg_xml_destroy(xml);
	xml = load("ours.xml");
	assert_part(xml, KCFG_PART_RT, "on");
	assert_part(xml, KCFG_PART_EXPRESSION, "n0");
	assert_int_equal(kcfg_xml_origin(xml), KCFG_XML_CHANGED);
	kcfg_xml_destroy(xml);
	xml = load("texts.xml");
	assert_part(xml, KCFG_PART_DESCRIPTION, "first <line>\nsecond & last");
	assert_part(xml, KCFG_PART_VCPUS, "1");
	assert_int_equal(kcfg_xml_origin(xml), KCFG_XML_FOREIGN);
	kcfg_xml_destroy(xml);
}

TEST(a_write_of_what_is_there_changes_nothing)
{
	static const char *const names[] = { "plain.xml", "windows.xml", "hostdev.xml", "numa.xml",
		"tuned.xml", "hotplug.xml", "commandline.xml", "texts.xml", "ours.xml",
		"nasty.xml" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct kcfg_xml *xml = load(names[i]);
		struct kcfg_parts parts = { 0 };
		char *before = kcfg_xml_text(xml), *after;

		assert_int_equal(kcfg_xml_read(xml, &parts, NULL), 0);
		assert_int_equal(kcfg_xml_write(xml, &parts, NULL), 0);
		after = kcfg_xml_text(xml);
		assert_string_equal(before, after);
		free(before);
		free(after);
		kcfg_parts_finish(&parts);
		kcfg_xml_destroy(xml);
	}
}

TEST(a_part_that_is_written_leaves_the_others)
{
	struct kcfg_xml *xml = load("tuned.xml");

	write_part(xml, KCFG_PART_VCPUPIN, "0=4 1=5 2=6");
	write_part(xml, KCFG_PART_VCPUSCHED, "0=fifo:1 1=fifo:1 2=fifo:1");
	write_part(xml, KCFG_PART_IOTHREADPIN, "");
	assert_has(xml, "<shares>2048</shares>");
	assert_has(xml, "<iothreadsched iothreads=\"1\" scheduler=\"rr\" priority=\"2\"/>");
	assert_has(xml, "<emulatorsched scheduler=\"idle\"/>");
	assert_has(xml, "<vcpupin vcpu=\"2\" cpuset=\"6\"/>");
	assert_has_not(xml, "iothreadpin");
	assert_int_equal(kcfg_xml_origin(xml), KCFG_XML_OURS);
	write_part(xml, KCFG_PART_CPUSET, "4-7");
	assert_has(xml, "<vcpu placement=\"static\" cpuset=\"4-7\">3</vcpu>");
	write_part(xml, KCFG_PART_CPUSET, "");
	assert_has(xml, "<vcpu placement=\"static\">3</vcpu>");
	kcfg_xml_destroy(xml);
}

TEST(an_element_that_is_made_stands_where_libvirt_writes_it)
{
	struct kcfg_xml *xml = parse("<domain><name>a</name><memory>1</memory><vcpu>2</vcpu><os/>"
				     "<devices/></domain>");

	write_part(xml, KCFG_PART_NUMATUNE, "1");
	write_part(xml, KCFG_PART_VCPUPIN, "0=4 1=6");
	write_part(xml, KCFG_PART_EMULATORPIN, "7");
	write_part(xml, KCFG_PART_LOCKED, "on");
	write_part(xml, KCFG_PART_NOSHAREPAGES, "on");
	write_part(xml, KCFG_PART_TITLE, "t");
	write_part(xml, KCFG_PART_HIDE_KVM, "on");
	write_part(xml, KCFG_PART_TOPOLOGY, "1,2,1");
	assert_has(xml, "<domain><name>a</name><title>t</title><metadata></metadata>"
		   "<memory>1</memory><memoryBacking><nosharepages/><locked/></memoryBacking>"
		   "<vcpu>2</vcpu><cputune><vcpupin vcpu=\"0\" cpuset=\"4\"/>"
		   "<vcpupin vcpu=\"1\" cpuset=\"6\"/><emulatorpin cpuset=\"7\"/></cputune>"
		   "<numatune><memory mode=\"strict\" nodeset=\"1\"/></numatune><os/>"
		   "<features><kvm><hidden state=\"on\"/></kvm></features>"
		   "<cpu><topology sockets=\"1\" cores=\"2\" threads=\"1\"/></cpu><devices/>"
		   "</domain>");
	kcfg_xml_destroy(xml);
}

TEST(what_is_taken_away_leaves_no_empty_element)
{
	struct kcfg_xml *xml = load("ours.xml");

	write_part(xml, KCFG_PART_VCPUPIN, "");
	write_part(xml, KCFG_PART_VCPUSCHED, "");
	write_part(xml, KCFG_PART_EMULATORPIN, "");
	write_part(xml, KCFG_PART_LOCKED, "");
	write_part(xml, KCFG_PART_NOSHAREPAGES, "");
	write_part(xml, KCFG_PART_NUMATUNE, "");
	assert_has_not(xml, "cputune");
	assert_has_not(xml, "memoryBacking");
	assert_has_not(xml, "numatune");
	kcfg_xml_destroy(xml);
	xml = load("numa.xml");
	write_part(xml, KCFG_PART_NUMATUNE, "");
	assert_has(xml, "<memnode cellid=\"1\"");
	write_part(xml, KCFG_PART_HUGEPAGES, "1073741824");
	assert_has(xml, "<hugepages><page size=\"1048576\" unit=\"KiB\"/></hugepages>");
	write_part(xml, KCFG_PART_HUGEPAGES, "default");
	assert_has(xml, "<hugepages/>");
	write_part(xml, KCFG_PART_HUGEPAGES, "");
	assert_has(xml, "<allocation mode=\"immediate\" threads=\"2\"/>");
	kcfg_xml_destroy(xml);
}

TEST(a_mode_of_numatune_is_kept)
{
	struct kcfg_xml *xml = load("numa.xml");

	write_part(xml, KCFG_PART_NUMATUNE, "1");
	assert_has(xml, "<memory mode=\"preferred\" nodeset=\"1\"/>");
	kcfg_xml_destroy(xml);
}

TEST(what_was_said_of_single_vcpus_goes_with_their_number)
{
	struct kcfg_xml *xml = load("hotplug.xml");

	write_part(xml, KCFG_PART_VCPUS, "2/4");
	assert_has(xml, "<vcpu id=\"2\"");
	write_part(xml, KCFG_PART_VCPUS, "3/4");
	assert_has(xml, "<vcpu placement=\"static\" current=\"3\">4</vcpu>");
	assert_has_not(xml, "<vcpus>");
	write_part(xml, KCFG_PART_VCPUS, "3");
	assert_has(xml, "<vcpu placement=\"static\">3</vcpu>");
	kcfg_xml_destroy(xml);
}

TEST(dies_count_as_cores)
{
	struct kcfg_xml *xml = parse("<domain><vcpu>8</vcpu><cpu><topology sockets='1' dies='2' "
				     "cores='2' threads='2'/></cpu></domain>");

	assert_part(xml, KCFG_PART_TOPOLOGY, "1,4,2");
	write_part(xml, KCFG_PART_TOPOLOGY, "1,8,1");
	assert_has_not(xml, "dies");
	kcfg_xml_destroy(xml);
}

static void assert_refused(const char *text, const char *sentence)
{
	struct kcfg_parts parts = { 0 };
	struct kcfg_xml *xml = NULL;
	struct rt_err err = { 0 };
	int rc = kcfg_xml_parse(&xml, text, strlen(text), &err);

	if (rc == 0)
		rc = kcfg_xml_read(xml, &parts, &err);
	assert_int_equal(rc, -EINVAL);
	assert_contains(err.text, sentence);
	kcfg_xml_destroy(xml);
}

TEST(bad_xml_is_named)
{
	assert_refused("<domain><name>", "line 1: ");
	assert_refused("", "");
	assert_refused("<network/>", "expected the element <domain>, found <network>");
	assert_refused("<domain><vcpu>many</vcpu></domain>",
		       "expected a number from 1 to 8192 in <vcpu>, found \"many\"");
	assert_refused("<domain><vcpu current='9'>4</vcpu></domain>",
		       "expected a number from 1 to 4 in current of <vcpu>, found \"9\"");
	assert_refused("<domain><vcpu cpuset='a'>4</vcpu></domain>", "cpuset of <vcpu>: ");
	assert_refused("<domain><cputune><vcpupin vcpu='1' cpuset='1'/><vcpupin vcpu='1' "
		       "cpuset='2'/></cputune></domain>",
		       "expected one <vcpupin> of number 1, found two");
}

TEST(nothing_outside_the_text_is_read)
{
	struct kcfg_xml *xml = load("entity.xml");
	char *text = kcfg_xml_text(xml);

	assert_null(strstr(text, "root:"));
	free(text);
	kcfg_xml_destroy(xml);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_domain_tuned_by_hand_is_read),
		cmocka_unit_test(other_domains_are_read),
		cmocka_unit_test(a_write_of_what_is_there_changes_nothing),
		cmocka_unit_test(a_part_that_is_written_leaves_the_others),
		cmocka_unit_test(an_element_that_is_made_stands_where_libvirt_writes_it),
		cmocka_unit_test(what_is_taken_away_leaves_no_empty_element),
		cmocka_unit_test(a_mode_of_numatune_is_kept),
		cmocka_unit_test(what_was_said_of_single_vcpus_goes_with_their_number),
		cmocka_unit_test(dies_count_as_cores),
		cmocka_unit_test(bad_xml_is_named),
		cmocka_unit_test(nothing_outside_the_text_is_read),
	};

	return RUN_TESTS(tests);
}
