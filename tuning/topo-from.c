/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * topo-from.c - a machine that is not this one: a packed tree, XML, or words
 */
#include "tuning/topo.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/root.h"
#include "tuning/pack.h"
#include "tuning/topo-internal.h"

#define XML_MAX (INT_MAX - 1)	/* hwloc counts the bytes in an int */

static int load_packed(struct tune_topo **ret, const char *text, size_t len, struct rt_err *err)
{
	struct rt_root root;
	char *dir;
	int rc;

	rc = tune_unpack(text, len, &dir, err);
	if (rc)
		return rc;
	rc = rt_root_init(&root, dir, err);
	if (!rc) {
		rc = tune_topo_load(ret, &root, err);
		rt_root_finish(&root);
	}
	tune_unpack_remove(dir);
	return rc;
}

static int read_file(char **ret, size_t *ret_len, const char *path, struct rt_err *err)
{
	struct rt_root root;
	int rc;

	rc = rt_root_init(&root, path[0] == '/' ? NULL : ".", err);
	if (rc)
		return rc;
	rc = rt_root_read(&root, ret, ret_len, err, "%s", path);
	rt_root_finish(&root);
	return rc;
}

int tune_topo_load_from(struct tune_topo **ret, const char *what, struct rt_err *err)
{
	char *text;
	size_t len;
	int rc;

	if (access(what, F_OK) < 0 && strchr(what, ':'))
		return tune_topo_load_synthetic(ret, what, err);
	if (access(what, R_OK) < 0)
		return rt_err_set(err, -errno, "cannot read the topology file \"%s\"", what);
	rc = read_file(&text, &len, what, err);
	if (rc)
		return rc;
	if (tune_is_packed(text, len))
		rc = load_packed(ret, text, len, err);
	else if (len > XML_MAX)
		rc = rt_err_set(err, -EFBIG, "cannot read it as XML");
	else
		rc = tune_topo_load_xml(ret, text, len, err);
	free(text);
	return rc ? rt_err_wrap(err, rc, "%s", what) : 0;
}
