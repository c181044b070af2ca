/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-session.c - xtrace/session.c: one owner a name, and what dead ones leave behind */
#include "xtrace/session.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/err.h"
#include "tests/unit.h"
#include "tests/xtrace/tree.h"

static int set_up(void **state)
{
	int rc = tree_set_up(state);

	if (rc == 0)
		tree_make_dir(*state, "run");
	return rc;
}

static struct xt_session claim(const struct tree *tree, const char *name)
{
	struct xt_session session;

	assert_int_equal(xt_session_claim(&session, &tree->root, name, NULL), 0);
	return session;
}

static size_t nr_sessions(const struct tree *tree)
{
	struct xt_session_list list;
	size_t nr;

	assert_int_equal(xt_session_list(&list, &tree->root, NULL), 0);
	nr = list.nr;
	xt_session_list_finish(&list);
	return nr;
}

TEST(a_name_has_one_owner)
{
	struct tree *tree = *state;
	struct xt_session first = claim(tree, "a"), second;
	struct rt_err err = { 0 };
	char pid[32];

	assert_int_equal(xt_session_claim(&second, &tree->root, "a", &err), -EBUSY);
	snprintf(pid, sizeof(pid), "(PID %d)", (int)getpid());
	assert_contains(err.text, pid);
	assert_contains(err.text, "-n");
	second = claim(tree, "b");
	assert_int_equal(nr_sessions(tree), 2);
	xt_session_release(&first);
	assert_int_equal(nr_sessions(tree), 1);
	first = claim(tree, "a");
	xt_session_release(&first);
	xt_session_release(&second);
}

TEST(who_releases_leaves_nothing_and_may_do_it_twice)
{
	struct tree *tree = *state;
	struct xt_session session = claim(tree, "a");

	assert_int_equal(xt_session_listen(&session, NULL), 0);
	assert_true(tree_has(tree, "run/xtrace/a/control"));
	xt_session_release(&session);
	assert_false(tree_has(tree, "run/xtrace/a"));
	xt_session_release(&session);
}

TEST(names_become_paths_and_are_checked)
{
	static const char *const bad[] = { "", "..", "a/b", "a b", "a.tsc",
					   "a123456789012345678901234567890123" };
	struct rt_err err = { 0 };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(xt_session_check_name(bad[i], &err), -EINVAL);
		assert_contains(err.text, "expected 1 to 31 letters, digits, - or _");
	}
	assert_int_equal(xt_session_check_name("Guest-1_b", NULL), 0);
}

TEST(files_without_a_lock_are_no_session)
{
	struct tree *tree = *state;
	struct xt_session session;

	assert_int_equal(nr_sessions(tree), 0);
	tree_put(tree, "run/xtrace/dead/owner", "1\n");
	tree_put(tree, "run/xtrace/dead/control", "no socket");
	assert_int_equal(nr_sessions(tree), 0);
	assert_int_equal(xt_session_connect(&tree->root, NULL, NULL), -ESRCH);
	/* Its name is free, and its socket's place too. */
	session = claim(tree, "dead");
	assert_int_equal(xt_session_listen(&session, NULL), 0);
	xt_session_release(&session);
}

TEST(a_client_reaches_the_only_session_or_the_one_it_names)
{
	struct tree *tree = *state;
	struct xt_session a = claim(tree, "a"), b;
	struct rt_err err = { 0 };
	int fd;

	assert_int_equal(xt_session_listen(&a, NULL), 0);
	fd = xt_session_connect(&tree->root, NULL, NULL);
	assert_true(fd >= 0);
	close(fd);
	b = claim(tree, "b");
	assert_int_equal(xt_session_connect(&tree->root, NULL, &err), -ENOTUNIQ);
	assert_string_equal(err.text, "2 sessions are running (a, b): choose one with -s");
	fd = xt_session_connect(&tree->root, "a", NULL);
	assert_true(fd >= 0);
	close(fd);
	/* Claimed, and not listening yet. */
	assert_int_equal(xt_session_connect(&tree->root, "b", &err), -ESRCH);
	assert_string_equal(err.text, "no session named \"b\" is running");
	assert_int_equal(xt_session_connect(&tree->root, "../a", &err), -EINVAL);
	xt_session_release(&a);
	xt_session_release(&b);
	assert_int_equal(xt_session_connect(&tree->root, NULL, &err), -ESRCH);
	assert_string_equal(err.text, "no session is running");
}

TEST(instances_of_dead_owners_are_swept_and_no_others)
{
	struct tree *tree = *state;
	struct xt_session alive = claim(tree, "alive");

	tree_make_dir(tree, TREE_TRACING "/instances/xtrace-alive");
	tree_make_dir(tree, TREE_TRACING "/instances/xtrace-alive.tsc");
	tree_make_dir(tree, TREE_TRACING "/instances/xtrace-dead");
	tree_make_dir(tree, TREE_TRACING "/instances/xtrace-dead.tsc");
	tree_make_dir(tree, TREE_TRACING "/instances/xtrace-dead-too");
	tree_make_dir(tree, TREE_TRACING "/instances/of-others");
	tree_put(tree, "run/xtrace/dead/owner", "1\n");
	assert_int_equal(xt_session_sweep(&tree->root, &tree->fs), 2);
	assert_true(tree_has(tree, TREE_TRACING "/instances/xtrace-alive"));
	assert_true(tree_has(tree, TREE_TRACING "/instances/xtrace-alive.tsc"));
	assert_true(tree_has(tree, TREE_TRACING "/instances/of-others"));
	/* Its owner would be in another /run. */
	assert_true(tree_has(tree, TREE_TRACING "/instances/xtrace-dead-too"));
	assert_false(tree_has(tree, TREE_TRACING "/instances/xtrace-dead"));
	assert_false(tree_has(tree, "run/xtrace/dead"));
	xt_session_release(&alive);
}

TEST(an_instance_that_cannot_be_removed_yet_is_left_to_the_next_sweep)
{
	struct tree *tree = *state;
	struct xt_session session = claim(tree, "busy");

	/* A folder that is not empty, as a tracefs instance that somebody reads. */
	tree_put(tree, TREE_TRACING "/instances/xtrace-busy/open", "");
	session.left = true;
	xt_session_release(&session);
	assert_int_equal(nr_sessions(tree), 0);
	assert_int_equal(xt_session_sweep(&tree->root, &tree->fs), 0);
	assert_true(tree_has(tree, "run/xtrace/busy/owner"));
	unlinkat(tree->root.fd, TREE_TRACING "/instances/xtrace-busy/open", 0);
	assert_int_equal(xt_session_sweep(&tree->root, &tree->fs), 1);
	assert_false(tree_has(tree, "run/xtrace/busy"));
}

TEST(a_killed_owner_gives_its_name_free)
{
	struct tree *tree = *state;
	struct xt_session session;
	pid_t pid = fork();

	if (pid == 0)
		_exit(xt_session_claim(&session, &tree->root, "a", NULL) ? 1 : 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(tree_has(tree, "run/xtrace/a/owner"));
	assert_int_equal(nr_sessions(tree), 0);
	session = claim(tree, "a");
	xt_session_release(&session);
}

TEST(a_run_that_cannot_be_used_is_said_so)
{
	struct tree *tree = *state;
	struct xt_session session;
	struct rt_err err = { 0 };

	tree_put(tree, "run/xtrace", "a file");
	assert_int_equal(xt_session_claim(&session, &tree->root, "a", &err), -ENOTDIR);
	assert_contains(err.text, "cannot use");
}

TEST(a_machine_without_run_is_told_so_and_not_waited_for)
{
	struct tree *tree = *state;
	struct xt_session session;
	struct rt_err err = { 0 };

	assert_int_equal(unlinkat(tree->root.fd, "run", AT_REMOVEDIR), 0);
	assert_int_equal(xt_session_claim(&session, &tree->root, "a", &err), -ENOENT);
	assert_contains(err.text, "cannot use");
}

#define WITH_RUN(test) cmocka_unit_test_setup_teardown(test, set_up, tree_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_RUN(a_name_has_one_owner),
		WITH_RUN(who_releases_leaves_nothing_and_may_do_it_twice),
		cmocka_unit_test(names_become_paths_and_are_checked),
		WITH_RUN(files_without_a_lock_are_no_session),
		WITH_RUN(a_client_reaches_the_only_session_or_the_one_it_names),
		WITH_RUN(instances_of_dead_owners_are_swept_and_no_others),
		WITH_RUN(an_instance_that_cannot_be_removed_yet_is_left_to_the_next_sweep),
		WITH_RUN(a_killed_owner_gives_its_name_free),
		WITH_RUN(a_run_that_cannot_be_used_is_said_so),
		WITH_RUN(a_machine_without_run_is_told_so_and_not_waited_for),
	};

	return RUN_TESTS(tests);
}
