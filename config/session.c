/* SPDX-License-Identifier: GPL-2.0-or-later */
/* session.c - what a command about VMs needs, opened in order and closed in reverse */
#include "config/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/text.h"

static int open_topo(struct tune_topo **ret, struct kcfg_session *s, struct rt_err *err)
{
	if (s->topology)
		return tune_topo_load_from(ret, s->topology, err);
	return tune_topo_load(ret, &s->root, err);
}

void kcfg_session_look_again(struct kcfg_session *s)
{
	struct tune_topo *topo;

	if (open_topo(&topo, s, NULL) < 0)
		return;
	tune_topo_destroy(s->topo);
	s->topo = topo;
}

/* All of them, so that they can be mended in one go; unknown attributes are none. */
static int bad_lines(const struct kcfg *cfg, struct rt_err *err)
{
	const struct kcfg_fault *last = NULL;

	for (size_t i = 0; i < cfg->nr_faults; i++) {
		if (!kcfg_fault_is_error(&cfg->faults[i]))
			continue;
		if (last)
			fprintf(stderr, "%s: %s:%u: %s\n", program_invocation_short_name,
				cfg->path, last->line, last->text);
		last = &cfg->faults[i];
	}
	return rt_err_say(err, -EINVAL, "%s:%u: %s", cfg->path, last->line, last->text);
}

static int open_file(struct kcfg_session *s, unsigned int needs, struct rt_err *err)
{
	const char *path = s->path ? s->path : KCFG_PATH;
	int rc;

	if (needs & KCFG_NEED_LOCK) {
		rc = kcfg_lock(&s->lock, path, s->who, err);
		if (rc == 0)
			rc = kcfg_lock_read(s->lock, &s->cfg, err);
	} else {
		rc = kcfg_read(&s->cfg, path, err);
	}
	if (rc < 0)
		return rc;
	if (s->cfg->nr_errors)
		return bad_lines(s->cfg, err);
	rc = kcfg_places_make(&s->places, s->cfg, s->topo, true);
	return rc < 0 ? rt_err_set(err, rc, "cannot place the VMs") : 0;
}

int kcfg_session_open(struct kcfg_session *s, unsigned int needs, struct rt_err *err)
{
	int rc;

	rc = rt_root_init(&s->root, s->root_path, err);
	if (rc < 0)
		return rc;
	s->has_root = true;
	rc = open_topo(&s->topo, s, err);
	if (rc == 0 && needs & (KCFG_NEED_FILE | KCFG_NEED_LOCK))
		rc = open_file(s, needs, err);
	if (rc == 0 && needs & KCFG_NEED_VIRT)
		rc = kcfg_virt_open(&s->virt, s->uri, err);
	return rc;
}

void kcfg_session_close(struct kcfg_session *s)
{
	kcfg_virt_close(s->virt);
	kcfg_places_finish(&s->places);
	kcfg_destroy(s->cfg);
	kcfg_unlock(s->lock);
	tune_topo_destroy(s->topo);
	if (s->has_root)
		rt_root_finish(&s->root);
}

static int not_there(const struct kcfg_session *s, const char *name, struct rt_err *err)
{
	const char **names = calloc(s->cfg->nr_vms + 1, sizeof(*names)), *near = NULL;
	unsigned int n = 0;

	for (size_t i = 0; names && i < s->cfg->nr_vms; i++)
		names[i] = s->cfg->vms[i]->name;
	if (names)
		n = rt_nearest(name, names, s->cfg->nr_vms, &near, 1);
	free(names);
	if (n)
		return rt_err_say(err, -ENOENT, "%s has no VM \"%s\"; near to it is \"%s\"",
				  s->cfg->path, name, near);
	return rt_err_say(err, -ENOENT, "%s has no VM \"%s\"", s->cfg->path, name);
}

int kcfg_session_pick(const struct kcfg_session *s, char **names, int nr,
		      bool (*wanted)(const struct kcfg_vm *vm),
		      const struct kcfg_place ***ret, struct rt_err *err)
{
	bool *take = calloc(s->places.n + 1, sizeof(*take));
	const struct kcfg_place **picked = calloc(s->places.n + 1, sizeof(*picked)), *place;
	const struct kcfg_vm *vm;
	int n = 0;

	if (!take || !picked) {
		n = rt_err_set(err, -ENOMEM, "cannot choose VMs");
		goto out;
	}
	for (size_t i = 0; nr == 0 && i < s->places.n; i++)
		take[i] = !wanted || wanted(s->places.v[i].vm);
	for (int i = 0; i < nr; i++) {
		vm = kcfg_find(s->cfg, names[i]);
		place = vm ? kcfg_places_find(&s->places, vm) : NULL;
		if (!place) {
			n = not_there(s, names[i], err);
			goto out;
		}
		take[place - s->places.v] = true;
	}
	for (size_t i = 0; i < s->places.n; i++)
		if (take[i])
			picked[n++] = &s->places.v[i];
	*ret = picked;
	picked = NULL;
out:
	free(picked);
	free(take);
	return n;
}
