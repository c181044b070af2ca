/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * err.h - one failure: a code for the program, a sentence for the operator
 *
 * Lowest layer; includes nothing of ours.  Library code fills a struct rt_err
 * and returns its code; only a command's main() or a daemon's log prints it.
 */
#ifndef RT_LIB_ERR_H
#define RT_LIB_ERR_H

#define RT_ERR_MAX 1024

/* Lives on the caller's stack; start it with { 0 }. */
struct rt_err {
	int code;               /* negative errno, 0 while nothing failed */
	char text[RT_ERR_MAX];  /* outermost context first, links joined by ": " */
};

/**
 * rt_err_set() - start a failure at the place where it was seen.
 * @err: where to note it; NULL when the caller wants the code only.
 * @code: negative errno; its text is appended as the last link.
 * @fmt: what could not be done, lower case, no full stop, no newline.
 *
 * Return: @code, so that a failing function can end in one line.
 */
int rt_err_set(struct rt_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * rt_err_say() - start a failure whose sentence is complete: as rt_err_set(),
 * without the text of @code behind it ("expected a number, found \"x\"").
 *
 * Return: @code.
 */
int rt_err_say(struct rt_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * rt_err_wrap() - put the caller's own context in front of a failure.
 * @err: the failure that came from below, or NULL.
 * @code: the code that came from below.
 * @fmt: the context, e.g. the path or the VM's name.
 *
 * Return: @code.
 */
int rt_err_wrap(struct rt_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * A code that stands for "this machine cannot do it" (exit status 3): no
 * tracefs, no KVM, not root.  Used with rt_err_say().
 */
#define RT_ECANNOT (-95)	/* -EOPNOTSUPP */

#endif /* RT_LIB_ERR_H */
