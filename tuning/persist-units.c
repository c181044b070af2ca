/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * persist-units.c - services' CPUs for the next boots: drop-in files for systemd
 *
 * A thread does not outlast a boot, but the service does that it belongs to.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/root.h"
#include "tuning/persist.h"

#define UNITS	"etc/systemd/system"
#define SUFFIX	".service"

void tune_units_finish(struct tune_units *units)
{
	while (units->n)
		free(units->v[--units->n].name);
	free(units->v);
	*units = (struct tune_units){ 0 };
}

/* The outermost part of the path that is a service: what runs in a user's own is that user's. */
static const char *find_service(const char *cgroup, size_t *ret_len)
{
	size_t len, suffix = strlen(SUFFIX);

	for (; *cgroup; cgroup += len) {
		cgroup += strspn(cgroup, "/");
		len = strcspn(cgroup, "/");
		if (len <= suffix || memcmp(cgroup + len - suffix, SUFFIX, suffix) != 0)
			continue;
		*ret_len = len;
		return cgroup;
	}
	return NULL;
}

static struct tune_unit *find_unit(const struct tune_units *units, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < units->n; i++)
		if (strlen(units->v[i].name) == len && memcmp(units->v[i].name, name, len) == 0)
			return &units->v[i];
	return NULL;
}

void tune_units_widen(struct tune_units *units, const char *cgroup, const struct rt_cpuset *cpus)
{
	size_t len;
	const char *name = find_service(cgroup, &len);
	struct tune_unit *unit = name ? find_unit(units, name, len) : NULL;

	if (unit)
		rt_cpuset_or(&unit->cpus, cpus);
}

int tune_units_add(struct tune_units *units, const char *cgroup, const struct rt_cpuset *cpus)
{
	struct tune_unit *v;
	const char *name;
	size_t len;

	name = find_service(cgroup, &len);
	if (!name)
		return 1;
	v = find_unit(units, name, len);
	if (v) {
		rt_cpuset_or(&v->cpus, cpus);
		return 0;
	}
	v = reallocarray(units->v, units->n + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	units->v = v;
	v[units->n] = (struct tune_unit){ .name = strndup(name, len), .cpus = *cpus };
	return v[units->n++].name ? 0 : -ENOMEM;
}

static int write_unit(const struct tune_unit *unit, const struct rt_root *root, struct rt_err *err)
{
	char path[NAME_MAX + 64], list[4096];
	struct rt_buf text = { 0 };
	int rc = rt_cpuset_format(&unit->cpus, list, sizeof(list));

	if (rc < 0)
		return rt_err_set(err, rc, "%s", unit->name);
	snprintf(path, sizeof(path), UNITS "/%s.d", unit->name);
	if (mkdirat(root->fd, path, 0755) < 0 && errno != EEXIST)
		return rt_err_set(err, errno == EROFS || errno == EACCES ? RT_ECANNOT : -errno,
				  "cannot make %s/%s", root->path, path);
	strcat(path, "/" TUNE_UNIT_FILE);
	/* the empty line takes away what the unit says itself */
	rt_buf_printf(&text, "# task-affinity --persist\n[Service]\nCPUAffinity=\nCPUAffinity=%s\n",
		      list);
	rc = text.failed ? rt_err_set(err, -ENOMEM, "%s", path) :
	     tune_persist_replace(root, path, &text, err);
	rt_buf_finish(&text);
	return rc;
}

int tune_units_write(const struct tune_units *units, const struct rt_root *root,
		     struct rt_err *err)
{
	size_t i;
	int rc = 0;

	if (units->n && !rt_root_exists(root, UNITS))
		return rt_err_say(err, RT_ECANNOT, "--persist: there is no %s/" UNITS ": this host "
				  "runs without systemd", root->path);
	for (i = 0; i < units->n && rc == 0; i++)
		rc = write_unit(&units->v[i], root, err);
	return rc;
}
