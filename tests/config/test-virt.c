/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Against libvirt's test driver, which needs no daemon; tests/cmd has the real one. */
#include "config/virt.h"

#include "lib/err.h"
#include "tests/unit.h"

#define UUID	"6695eb01-f6a4-8304-79aa-97f2502e193f"	/* of the driver's one domain, "test" */
#define NO_UUID	"00000000-0000-4000-8000-000000000000"

static struct kcfg_virt *open_test(void)
{
	struct kcfg_virt *virt = NULL;
	struct rt_err err = { 0 };

	if (kcfg_virt_open(&virt, "test:///default", &err) < 0)
		fail_msg("%s", err.text);
	return virt;
}

TEST(the_domains_are_listed)
{
	struct kcfg_virt *virt = open_test();
	struct kcfg_domain *domains;
	size_t nr;

	assert_int_equal(kcfg_virt_list(virt, &domains, &nr, NULL), 0);
	assert_int_equal(nr, 1);
	assert_string_equal(domains[0].name, "test");
	assert_true(domains[0].active);
	assert_string_equal(kcfg_state_name(domains[0].state), "running");
	assert_ptr_equal(kcfg_domains_find(domains, nr, UUID), &domains[0]);
	assert_null(kcfg_domains_find(domains, nr, NO_UUID));
	kcfg_domains_free(domains, nr);
	kcfg_virt_close(virt);
}

TEST(a_domain_that_is_ended_stays_off)
{
	struct kcfg_virt *virt = open_test();
	struct rt_err err = { 0 };
	enum kcfg_state found;

	assert_int_equal(kcfg_virt_destroy(virt, UUID, &err), 0);
	assert_int_equal(kcfg_virt_destroy(virt, UUID, &err), 0);
	assert_int_equal(kcfg_virt_state(virt, UUID, &found, NULL), 0);
	assert_int_equal(found, KCFG_STATE_OFF);
	kcfg_virt_close(virt);
}

TEST(xml_comes_and_goes)
{
	struct kcfg_virt *virt = open_test();
	struct rt_err err = { 0 };
	char *xml;

	assert_int_equal(kcfg_virt_xml(virt, UUID, &xml, &err), 0);
	assert_contains(xml, UUID);
	assert_int_equal(kcfg_virt_define(virt, xml, &err), 0);
	free(xml);
	assert_int_equal(kcfg_virt_define(virt, "<domain type='test'/>", &err), -EINVAL);
	assert_contains(err.text, "libvirt refuses the XML: ");
	kcfg_virt_close(virt);
}

TEST(what_is_not_there_is_named)
{
	struct kcfg_virt *virt = open_test();
	struct rt_err err = { 0 };
	char *xml;

	assert_int_equal(kcfg_virt_xml(virt, NO_UUID, &xml, &err), -ENOENT);
	assert_contains(err.text, "cannot read the VM's XML: ");
	kcfg_virt_close(virt);
}

TEST(a_bad_uri_and_an_absent_daemon_are_told_apart)
{
	struct kcfg_virt *virt;
	struct rt_err err = { 0 };

	assert_int_equal(kcfg_virt_open(&virt, "nonsense", &err), -EINVAL);
	assert_contains(err.text, "expected a URI of libvirt such as \"qemu:///system\", found "
			"\"nonsense\"");
	assert_int_equal(kcfg_virt_open(&virt, "qemu+unix:///system?socket=/nonexistent", &err),
			 RT_ECANNOT);
	assert_contains(err.text, "is libvirtd running?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_domains_are_listed),
		cmocka_unit_test(a_domain_that_is_ended_stays_off),
		cmocka_unit_test(xml_comes_and_goes),
		cmocka_unit_test(what_is_not_there_is_named),
		cmocka_unit_test(a_bad_uri_and_an_absent_daemon_are_told_apart),
	};

	return RUN_TESTS(tests);
}
