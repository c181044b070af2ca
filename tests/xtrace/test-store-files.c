/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-store-files.c - xtrace/store-files.c: what reaches the disk, and in which order */
#include "xtrace/store.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "tests/unit.h"
#include "tests/xtrace/make.h"
#include "xtrace/xtrace.h"

static char *dir;

/* Paths below the store that have been synced, each with a newline, in their order. */
static char synced[4096];

int fsync(int fd)
{
	char link[64], path[512];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	path[len < 0 ? 0 : len] = '\0';
	if (dir && strncmp(path, dir, strlen(dir)) == 0)
		snprintf(synced + strlen(synced), sizeof(synced) - strlen(synced), "%s\n",
			 path + strlen(dir));
	return syscall(SYS_fsync, fd);
}

TEST(what_is_complete_stays_so_whatever_happens_to_the_power)
{
	static const char *const names[] = {
		"/formats/heart/beat\n", "/formats/heart\n", "/formats/header_page\n",
		"/formats\n", "/saved_cmdlines\n", "/kallsyms.zst\n", "/clocks\n", "\n\n",
	};
	const struct xt_store_opts opts = { .subbuf_size = 4096 };
	const struct xt_clock_sample sample = { .mono_ns = 1 };
	struct xt_store *store;
	const char *session;
	char *folder = make_folder();

	assert_true(asprintf(&dir, "%s/t", folder) > 0);
	assert_int_equal(xt_store_create(&store, dir, &opts, NULL), 0);
	assert_int_equal(xt_store_put(store, "formats/header_page", "x", 1, NULL), 0);
	assert_int_equal(xt_store_put(store, "formats/heart/beat", "x", 1, NULL), 0);
	assert_int_equal(xt_store_put(store, "saved_cmdlines", "x", 1, NULL), 0);
	assert_int_equal(xt_store_put(store, "kallsyms", "x", 1, NULL), 0);
	assert_int_equal(xt_store_add_sample(store, &sample, NULL), 0);
	strcpy(synced, "\n");
	assert_int_equal(xt_store_finish(store, NULL), 0);
	xt_store_destroy(store);
	session = strstr(synced, "/session.new\n");
	assert_non_null(session);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *at = strstr(synced, names[i]);

		if (!at || at > session)
			fail_msg("%s is not synced before the session: %s", names[i], synced);
	}
	make_remove(folder);
	free(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_complete_stays_so_whatever_happens_to_the_power),
	};

	return RUN_TESTS(tests);
}
