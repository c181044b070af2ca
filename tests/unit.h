/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * unit.h - what every cmocka program of this tree starts with
 */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* A test takes its state or ignores it: TEST(names_are_sentences) { ... } */
#define TEST(name) static void name(void **state __attribute__((unused)))

#define RUN_TESTS(tests) cmocka_run_group_tests(tests, NULL, NULL)

/* Fails with the text when @needle does not stand in @text. */
#define assert_contains(text, needle) \
	do { \
		if (!strstr(text, needle)) \
			fail_msg("expected \"%s\" in \"%s\"", needle, text); \
	} while (0)

#endif /* TESTS_UNIT_H */
