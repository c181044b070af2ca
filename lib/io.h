/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * io.h - what every user of a descriptor would write again
 */
#ifndef RT_LIB_IO_H
#define RT_LIB_IO_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * rt_write_all() - write all of @len bytes, however many write(2) it takes.
 * Return: 0 or -errno; a part may have been written then.
 */
int rt_write_all(int fd, const void *data, size_t len);

/**
 * rt_opendir() - a stream of the directory @fd, which it takes over: it is closed
 * with the stream, or at once where there can be none.  @fd may be what an open
 * that failed gave back.
 * Return: for closedir(3), or NULL with errno as open(2) or fdopendir(3) left it.
 */
DIR *rt_opendir(int fd);

/*
 * Return: whether what is written to @fd may be coloured: it is a terminal, and NO_COLOR
 * is not in the environment, or is empty (as no-color.org has it).
 */
bool rt_wants_colour(int fd);

/* Return: columns of the terminal @fd; where it is none, those of COLUMNS, else 80. */
unsigned int rt_terminal_width(int fd);

#endif /* RT_LIB_IO_H */
