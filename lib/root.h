/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * root.h - every file of /proc, /sys, tracefs, debugfs and cgroupfs is reached
 * through one root, which tests and --root DIR can move
 *
 * A struct rt_root is an open directory.  Paths are printf formats, relative
 * to it, without a leading slash: "proc/%d/status".
 */
#ifndef RT_LIB_ROOT_H
#define RT_LIB_ROOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rt_buf;
struct rt_err;

#define RT_READ_MAX (64u << 20)	/* no file of a kernel that we read is larger */

struct rt_root {
	int fd;			/* owned directory descriptor */
	char path[256];		/* for messages, without a slash at its end: "" stands for "/" */
};

/**
 * rt_root_init() - open @path ("/" where NULL) as a root.
 * Return: 0 or -errno.
 */
int rt_root_init(struct rt_root *root, const char *path, struct rt_err *err);
void rt_root_finish(struct rt_root *root);

/**
 * rt_root_open() - open a file below the root; flags as open(2), always O_CLOEXEC.
 * Return: a descriptor, or -errno with the whole path in @err.
 */
int rt_root_open(const struct rt_root *root, struct rt_err *err, int flags, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

bool rt_root_exists(const struct rt_root *root, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * rt_root_read() - read a whole file; a NUL stands behind the last byte.
 * @ret: owned by the caller, free(3).  @ret_len: may be NULL.
 * Return: 0 or -errno (-EFBIG over RT_READ_MAX).
 */
int rt_root_read(const struct rt_root *root, char **ret, size_t *ret_len, struct rt_err *err,
		 const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* As rt_root_read(), into a buffer that keeps its room: for what is read again and again. */
int rt_root_read_buf(const struct rt_root *root, struct rt_buf *buf, struct rt_err *err,
		     const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* One line without its newline, at most @size - 1 bytes (else -EFBIG). */
int rt_root_read_line(const struct rt_root *root, char *buf, size_t size, struct rt_err *err,
		      const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* A decimal number; -EINVAL with the text that was found. */
int rt_root_read_u64(const struct rt_root *root, uint64_t *ret, struct rt_err *err,
		     const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Writes @text in one write(2): kernels take a setting as a whole.  Never creates a file. */
int rt_root_write(const struct rt_root *root, const char *text, struct rt_err *err,
		  const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Beside what is there: opening tracefs' lists of triggers and events otherwise empties them. */
int rt_root_append(const struct rt_root *root, const char *text, struct rt_err *err,
		   const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif /* RT_LIB_ROOT_H */
