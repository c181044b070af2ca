/* SPDX-License-Identifier: GPL-2.0-or-later */
/* json-read.c - the few calls of json-c that the tree needs, with errors that name a place */
#include "lib/json-read.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/err.h"

#define MAX_DEPTH 32

static struct json_object *object_of(const struct rt_jval *value)
{
	return (struct json_object *)(uintptr_t)value;
}

static const struct rt_jval *value_of(struct json_object *object)
{
	return (const struct rt_jval *)object;
}

static int wrong_place(const char *name, const char *text, size_t end, const char *why,
		       struct rt_err *err)
{
	size_t line = 1, begin = 0, i;

	for (i = 0; i < end; i++) {
		if (text[i] == '\n') {
			line++;
			begin = i + 1;
		}
	}
	return rt_err_say(err, -EBADMSG, "%s: line %zu, column %zu: no JSON: %s", name, line,
			  end - begin + 1, why);
}

static bool only_blanks(const char *text, size_t from, size_t len)
{
	while (from < len && strchr(" \t\r\n", text[from]) && text[from])
		from++;
	return from == len;
}

int rt_json_parse(struct rt_jval **ret, const char *text, size_t len, const char *name,
		  struct rt_err *err)
{
	struct json_tokener *tokener = json_tokener_new_ex(MAX_DEPTH);
	struct json_object *root;
	enum json_tokener_error why;
	size_t end;
	int rc = 0;

	if (!tokener || len > INT32_MAX) {
		json_tokener_free(tokener);
		return rt_err_set(err, len > INT32_MAX ? -EFBIG : -ENOMEM, "%s", name);
	}
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_ALLOW_TRAILING_CHARS);
	root = json_tokener_parse_ex(tokener, text, (int)len);
	why = json_tokener_get_error(tokener);
	end = json_tokener_get_parse_end(tokener);
	json_tokener_free(tokener);
	if (why == json_tokener_continue)
		rc = wrong_place(name, text, len, "it ends too early", err);
	else if (why != json_tokener_success)
		rc = wrong_place(name, text, end, json_tokener_error_desc(why), err);
	else if (!only_blanks(text, end, len))
		rc = wrong_place(name, text, end, "something stands behind its end", err);
	if (rc < 0)
		json_object_put(root);
	else
		*ret = (struct rt_jval *)root;
	return rc;
}

static int slurp(int fd, char *text, size_t size)
{
	size_t done = 0;
	ssize_t n;

	while (done < size) {
		n = read(fd, text + done, size - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ENODATA;
		done += (size_t)n;
	}
	return 0;
}

int rt_json_load(struct rt_jval **ret, const char *path, size_t max, struct rt_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
	struct stat st;
	char *text = NULL;
	size_t size = 0;

	if (fd < 0)
		return rt_err_set(err, -errno, "cannot open %s", path);
	if (fstat(fd, &st) < 0)
		rc = -errno;
	else if (!S_ISREG(st.st_mode))
		rc = -EINVAL;
	else if ((uint64_t)st.st_size > max)
		rc = -EFBIG;
	if (rc == 0) {
		size = (size_t)st.st_size;
		text = malloc(size + 1);
		rc = text ? slurp(fd, text, size) : -ENOMEM;
	}
	close(fd);
	if (rc < 0)
		rc = rt_err_set(err, rc, "cannot read %s", path);
	else
		rc = rt_json_parse(ret, text, size, path, err);
	free(text);
	return rc;
}

void rt_jval_destroy(struct rt_jval *root)
{
	json_object_put(object_of(root));
}

const struct rt_jval *rt_jval_get(const struct rt_jval *object, const char *key)
{
	struct json_object *value = NULL;

	if (json_object_is_type(object_of(object), json_type_object))
		json_object_object_get_ex(object_of(object), key, &value);
	return value_of(value);
}

size_t rt_jval_len(const struct rt_jval *array)
{
	if (!json_object_is_type(object_of(array), json_type_array))
		return 0;
	return json_object_array_length(object_of(array));
}

const struct rt_jval *rt_jval_at(const struct rt_jval *array, size_t i)
{
	return i < rt_jval_len(array) ? value_of(json_object_array_get_idx(object_of(array), i))
				      : NULL;
}

bool rt_jval_u64(const struct rt_jval *value, uint64_t *ret)
{
	if (!json_object_is_type(object_of(value), json_type_int))
		return false;
	/* json-c clamps a negative number to 0 here, and INT64_MIN is below every other */
	if (json_object_get_int64(object_of(value)) < 0)
		return false;
	*ret = json_object_get_uint64(object_of(value));
	return true;
}

bool rt_jval_bool(const struct rt_jval *value, bool *ret)
{
	if (!json_object_is_type(object_of(value), json_type_boolean))
		return false;
	*ret = json_object_get_boolean(object_of(value));
	return true;
}

const char *rt_jval_str(const struct rt_jval *value)
{
	if (!json_object_is_type(object_of(value), json_type_string))
		return NULL;
	return json_object_get_string(object_of(value));
}
