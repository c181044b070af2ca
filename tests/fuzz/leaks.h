/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * leaks.h - what libtraceevent forgets to free when it gives a format up is not ours
 */
#ifndef TESTS_FUZZ_LEAKS_H
#define TESTS_FUZZ_LEAKS_H

const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:libtraceevent.so\n";
}

#endif /* TESTS_FUZZ_LEAKS_H */
