/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/session.h"

#include <unistd.h>

#include "lib/err.h"
#include "tests/unit.h"

static char path[] = "/tmp/test-session.XXXXXX";

static void write_file(const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void open_it(struct kcfg_session *s, struct rt_err *err, int expected)
{
	*s = (struct kcfg_session){ .path = path, .topology = "core:4 pu:1" };
	assert_int_equal(kcfg_session_open(s, KCFG_NEED_FILE, err), expected);
}

static bool is_rt(const struct kcfg_vm *vm)
{
	return vm->rt;
}

TEST(vms_are_picked_by_name_uuid_or_kind)
{
	char *names[] = { "b", "5a1c0001-0000-4000-8000-000000000001", "b" }, *wrong[] = { "bb" };
	const struct kcfg_place **places;
	struct kcfg_session s;
	struct rt_err err = { 0 };

	write_file("[5a1c0001-0000-4000-8000-000000000001]\nname = a\n"
		   "[5a1c0001-0000-4000-8000-000000000002]\nname = b\nrt = true\ncpuset = 1-2\n");
	open_it(&s, &err, 0);
	assert_int_equal(kcfg_session_pick(&s, names, 3, NULL, &places, &err), 2);
	assert_string_equal(places[0]->vm->name, "a");
	free(places);
	assert_int_equal(kcfg_session_pick(&s, NULL, 0, is_rt, &places, &err), 1);
	assert_string_equal(places[0]->vm->name, "b");
	free(places);
	assert_int_equal(kcfg_session_pick(&s, wrong, 1, NULL, &places, &err), -ENOENT);
	assert_contains(err.text, "has no VM \"bb\"; near to it is \"b\"");
	kcfg_session_close(&s);
}

TEST(a_bad_line_is_named)
{
	struct rt_err err = { 0 };
	struct kcfg_session s;

	write_file("[5a1c0001-0000-4000-8000-000000000001]\nname = a\nnr_vcpus = x\n");
	open_it(&s, &err, -EINVAL);
	assert_contains(err.text, ":3: ");
	kcfg_session_close(&s);
}

static int make(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int drop(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vms_are_picked_by_name_uuid_or_kind),
		cmocka_unit_test(a_bad_line_is_named),
	};

	return cmocka_run_group_tests(tests, make, drop);
}
