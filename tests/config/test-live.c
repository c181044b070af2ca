/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/live.h"

#include "lib/err.h"
#include "tests/unit.h"

#define STATUS(inner) "<!-- made -->\n<domstatus state='paused' reason='user' pid='68'>\n" \
	"<vcpus><vcpu id='0' pid='74'/></vcpus>" inner "</domstatus>"

TEST(a_status_file_says_who_runs)
{
	const char *text = STATUS("<domain type='kvm' id='1'><name>a &amp; b</name>"
				  "<uuid>5a1c0001-0000-4000-8000-000000000001</uuid></domain>");
	struct kcfg_live live;

	assert_int_equal(kcfg_status_parse(&live, text, strlen(text), NULL), 0);
	assert_string_equal(live.name, "a & b");
	assert_string_equal(live.uuid, "5a1c0001-0000-4000-8000-000000000001");
	assert_int_equal(live.pid, 68);
	assert_int_equal(live.state, KCFG_STATE_PAUSED);
	free(live.name);
}

TEST(a_vm_that_is_being_started_is_not_paused)
{
	const char *text = "<domstatus state='paused' reason='starting up' pid='68'><domain>"
			   "<name>a</name><uuid>5a1c</uuid></domain></domstatus>";
	struct kcfg_live live;

	assert_int_equal(kcfg_status_parse(&live, text, strlen(text), NULL), 0);
	assert_int_equal(live.state, KCFG_STATE_STARTING);
	assert_string_equal(kcfg_state_name(live.state), "starting");
	free(live.name);
}

TEST(what_is_no_status_file_is_refused)
{
	static const char *const texts[] = {
		"", "<domain/>", "<domstatus/>", STATUS(""),
		STATUS("<domain><name>x</name></domain>"),
		"<domstatus state='running' pid='0'><domain/></domstatus>", "<domstatus",
	};
	struct rt_err err = { 0 };
	struct kcfg_live live;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(kcfg_status_parse(&live, texts[i], strlen(texts[i]), &err),
				 -EINVAL);
		assert_contains(err.text, "expected a status file of libvirt");
	}
}

static void assert_role(pid_t tid, pid_t tgid, const char *comm, enum kcfg_role role, int number)
{
	struct tune_task task = { .tid = tid, .tgid = tgid };
	enum kcfg_role found;
	int n;

	snprintf(task.comm, sizeof(task.comm), "%s", comm);
	assert_true(kcfg_role_of(&task, 68, &found, &n));
	assert_int_equal(found, role);
	assert_int_equal(n, number);
}

TEST(threads_are_told_by_their_names)
{
	struct tune_task other = { .tid = 9, .tgid = 9, .comm = "vhost-69" };
	enum kcfg_role role;
	int n;

	assert_role(68, 68, "qemu-system-x86", KCFG_ROLE_EMULATOR, -1);
	assert_role(74, 68, "CPU 0/KVM", KCFG_ROLE_VCPU, 0);
	assert_role(75, 68, "CPU 12/TCG", KCFG_ROLE_VCPU, 12);
	assert_role(72, 68, "IO iothread1", KCFG_ROLE_IOTHREAD, 1);
	assert_role(73, 68, "IO mon_iothread", KCFG_ROLE_WORKER, -1);
	assert_role(80, 68, "vhost-68", KCFG_ROLE_VHOST, -1);
	assert_role(81, 68, "kvm-nx-lpage-re", KCFG_ROLE_NX, -1);
	assert_role(90, 90, "vhost-68", KCFG_ROLE_VHOST, -1);
	assert_role(91, 91, "kvm-pit/68", KCFG_ROLE_PIT, -1);
	assert_role(92, 92, "kvm-nx-lpage-recovery-68", KCFG_ROLE_NX, -1);
	assert_false(kcfg_role_of(&other, 68, &role, &n));
	snprintf(other.comm, sizeof(other.comm), "CPU 0/KVM");
	assert_false(kcfg_role_of(&other, 68, &role, &n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_status_file_says_who_runs),
		cmocka_unit_test(a_vm_that_is_being_started_is_not_paused),
		cmocka_unit_test(what_is_no_status_file_is_refused),
		cmocka_unit_test(threads_are_told_by_their_names),
	};

	return RUN_TESTS(tests);
}
