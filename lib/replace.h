/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replace.h - a file in the place of another: behind links, and with its owner and mode
 */
#ifndef RT_LIB_REPLACE_H
#define RT_LIB_REPLACE_H

struct rt_err;

/*
 * The file's path without links, for free(3); where the file itself is not there yet, its
 * folder's.  Links that lead to one another are no ENOENT, so this ends.
 * Return: NULL with errno.
 */
char *rt_real_path(const char *path);

/* Gives @fd owner, mode and access list of the file @path, if it is there.  Return: 0, -errno. */
int rt_take_after(int fd, const char *path, struct rt_err *err);

#endif /* RT_LIB_REPLACE_H */
