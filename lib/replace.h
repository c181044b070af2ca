/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replace.h - a file in the place of another: behind links, whole, with its owner and mode
 */
#ifndef RT_LIB_REPLACE_H
#define RT_LIB_REPLACE_H

#include <stddef.h>

struct rt_err;

/*
 * The file's path without links, for free(3); where the file itself is not there yet, its
 * folder's.  Links that lead to one another are no ENOENT, so this ends.
 * Return: NULL with errno.
 */
char *rt_real_path(const char *path);

/**
 * rt_write_file() - make @data all that is in the file @path.  A new file takes the place
 * of an old one when it is whole, with its mode and, as far as we may, its owner; behind a
 * symbolic link too, also of one whose file is not there yet.  A pipe or a device is written
 * to, and so is what standard output or error goes to, a file too: /dev/stdout.
 * Return: 0 or -errno; a file that was replaced is as it was then.
 */
int rt_write_file(const char *path, const void *data, size_t len);

/* Gives @fd owner, mode and access list of the file @path, if it is there.  Return: 0, -errno. */
int rt_take_after(int fd, const char *path, struct rt_err *err);

#endif /* RT_LIB_REPLACE_H */
