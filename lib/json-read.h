/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json-read.h - values out of a JSON file, by json-c
 *
 * A tree in memory: for files that a program wrote for itself, not for traces.
 * Every look-up takes NULL and gives "not there", so that a reader asks its way
 * down and checks once.
 */
#ifndef RT_LIB_JSON_READ_H
#define RT_LIB_JSON_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rt_err;
struct rt_jval;		/* a value; those below the root are borrowed from it */

/**
 * rt_json_load() - read a whole file of at most @max bytes.
 *
 * Return: 0; -EFBIG; -EBADMSG with file, line and column; or another -errno.
 */
int rt_json_load(struct rt_jval **ret, const char *path, size_t max, struct rt_err *err);
/* As rt_json_load(), of text in memory; @name is what errors begin with. */
int rt_json_parse(struct rt_jval **ret, const char *text, size_t len, const char *name,
		  struct rt_err *err);
void rt_jval_destroy(struct rt_jval *root);

/* The value of a key of an object, or NULL. */
const struct rt_jval *rt_jval_get(const struct rt_jval *object, const char *key);
/* An array's length (0 for anything else) and elements (NULL behind the last). */
size_t rt_jval_len(const struct rt_jval *array);
const struct rt_jval *rt_jval_at(const struct rt_jval *array, size_t i);
/* Return: true with *@ret where the value is of that kind; u64 takes no negative number. */
bool rt_jval_u64(const struct rt_jval *value, uint64_t *ret);
bool rt_jval_bool(const struct rt_jval *value, bool *ret);
const char *rt_jval_str(const struct rt_jval *value);	/* NULL where it is no string */

#endif /* RT_LIB_JSON_READ_H */
