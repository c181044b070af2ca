/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sync.c - a VM's XML fetched, compared, and one side brought up to the other */
#include "config/sync.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/domain.h"
#include "lib/buf.h"
#include "lib/err.h"

static int fetch(const struct kcfg_sync *sync, const char *uuid, struct kcfg_xml **ret,
		 struct rt_err *err)
{
	char *text;
	int rc;

	rc = kcfg_virt_xml(sync->virt, uuid, &text, err);
	if (rc < 0)
		return rc;
	rc = kcfg_xml_parse(ret, text, strlen(text), err);
	free(text);
	return rc < 0 ? rt_err_wrap(err, rc, "the XML that libvirt gave") : 0;
}

/* ---- to libvirt ---- */

static int define(const struct kcfg_sync *sync, struct kcfg_xml *xml,
		  const struct kcfg_parts *want, struct rt_err *err)
{
	char *text;
	int rc;

	rc = kcfg_xml_write(xml, want, err);
	if (rc < 0)
		return rc;
	text = kcfg_xml_text(xml);
	if (!text)
		return rt_err_set(err, -ENOMEM, "cannot write XML");
	rc = kcfg_virt_define(sync->virt, text, err);
	free(text);
	return rc;
}

/* libvirt renames only what is off, and XML with another name is another domain to it. */
static int rename_first(const struct kcfg_sync *sync, const struct kcfg_vm *vm,
			struct kcfg_xml **xml, struct rt_err *err)
{
	enum kcfg_state state;
	int rc;

	rc = kcfg_virt_state(sync->virt, vm->uuid, &state, err);
	if (rc < 0)
		return rc;
	if (state != KCFG_STATE_OFF)
		return rt_err_say(err, -EBUSY, "libvirt has it under another name, and renames "
				  "only what is off; it is %s", kcfg_state_name(state));
	rc = kcfg_virt_rename(sync->virt, vm->uuid, vm->name, err);
	if (rc < 0)
		return rc;
	kcfg_xml_destroy(*xml);
	*xml = NULL;
	return fetch(sync, vm->uuid, xml, err);
}

static int push_differences(const struct kcfg_sync *sync, const struct kcfg_vm *vm,
			    struct kcfg_xml **xml, const struct kcfg_parts *found,
			    const struct kcfg_parts *want, struct rt_err *err)
{
	int rc = 0;

	if (sync->out) {
		fprintf(sync->out, "%s:%s\n", vm->name, kcfg_xml_origin(*xml) == KCFG_XML_CHANGED
			? " changed in libvirt since it was synchronised" : "");
		kcfg_domain_diff(found, want, sync->out);
	}
	if (sync->dry_run)
		return 0;
	if (strcmp(found->text[KCFG_PART_NAME], vm->name))
		rc = rename_first(sync, vm, xml, err);
	return rc < 0 ? rc : define(sync, *xml, want, err);
}

int kcfg_sync_push(const struct kcfg_sync *sync, const struct kcfg_place *place,
		   struct rt_err *err)
{
	struct kcfg_parts found = { 0 }, want = { 0 };
	const struct kcfg_vm *vm = place->vm;
	struct kcfg_xml *xml = NULL;
	int rc;

	rc = fetch(sync, vm->uuid, &xml, err);
	if (rc == 0)
		rc = kcfg_xml_read(xml, &found, err);
	if (rc == 0)
		rc = kcfg_domain_want(&want, vm, place, xml, err);
	if (rc == 0 && !kcfg_domain_same(&found, &want)) {
		rc = push_differences(sync, vm, &xml, &found, &want, err);
		rc = rc < 0 ? rc : 1;
	}
	kcfg_parts_finish(&found);
	kcfg_parts_finish(&want);
	kcfg_xml_destroy(xml);
	return rc;
}

/* ---- to the file ---- */

/* The attributes as they are written, all in one text with a NUL behind each. */
static int picture(struct rt_buf *out, const struct kcfg_vm *vm, struct rt_err *err)
{
	for (int i = 0; i < KCFG_NR_ATTRS; i++) {
		kcfg_attr_format(out, vm, i);
		rt_buf_add(out, "", 1);
	}
	return out->failed ? rt_err_set(err, -ENOMEM, "cannot compare a VM") : 0;
}

static void print_value(FILE *to, const char *text)
{
	if (!*text)
		fputs("\"\"", to);
	for (; *text; text++)
		fputs(*text == '\n' ? "\\n" : (char[]){ *text, '\0' }, to);
}

static void print_changes(FILE *to, const char *before, const char *after)
{
	for (int i = 0; i < KCFG_NR_ATTRS; i++) {
		if (strcmp(before, after)) {
			fprintf(to, "  %s: ", kcfg_attrs[i].name);
			print_value(to, before);
			fputs(" -> ", to);
			print_value(to, after);
			fputc('\n', to);
		}
		before += strlen(before) + 1;
		after += strlen(after) + 1;
	}
}

/* First on a copy of the VM, so that one value that cannot be taken over leaves all others. */
static int rehearse(const struct kcfg_sync *sync, const char *uuid, const char *values,
		    const struct kcfg_xml *xml, struct rt_err *err)
{
	struct kcfg_vm *copy;
	struct kcfg *cfg;
	int rc;

	rc = kcfg_parse(&cfg, "", "", 0, err);
	if (rc < 0)
		return rc;
	rc = kcfg_add(cfg, uuid, &copy, err);
	for (int i = 0; rc >= 0 && i < KCFG_NR_ATTRS; i++, values += strlen(values) + 1)
		rc = kcfg_set(cfg, copy, i, values, err);
	if (rc >= 0)
		rc = kcfg_domain_import(cfg, copy, xml, sync->topo, err);
	kcfg_destroy(cfg);
	return rc < 0 ? rc : 0;
}

int kcfg_sync_pull(const struct kcfg_sync *sync, struct kcfg *cfg, struct kcfg_vm *vm,
		   struct rt_err *err)
{
	struct rt_buf before = { 0 }, after = { 0 };
	struct kcfg_xml *xml = NULL;
	int rc, changed;

	rc = fetch(sync, vm->uuid, &xml, err);
	if (rc < 0)
		return rt_err_wrap(err, rc, "%s", *vm->name ? vm->name : vm->uuid);
	rc = picture(&before, vm, err);
	if (rc == 0)
		rc = rehearse(sync, vm->uuid, before.data, xml, err);
	changed = rc < 0 ? rc : kcfg_domain_import(cfg, vm, xml, sync->topo, err);
	if (changed > 0)
		rc = picture(&after, vm, err);
	if (changed > 0 && rc == 0 && sync->out) {
		fprintf(sync->out, "%s:\n", vm->name);
		print_changes(sync->out, before.data, after.data);
	}
	kcfg_xml_destroy(xml);
	rt_buf_finish(&before);
	rt_buf_finish(&after);
	if (rc < 0 || changed < 0)
		return rt_err_wrap(err, rc < 0 ? rc : changed, "%s",
				   *vm->name ? vm->name : vm->uuid);
	return changed;
}

int kcfg_sync_check_ours(const struct kcfg *cfg, const struct kcfg_domain *domains, size_t nr,
			 const char *uri, const char *option, struct rt_err *err)
{
	size_t enabled = 0;

	for (size_t i = 0; i < cfg->nr_vms; i++) {
		if (cfg->vms[i]->disabled)
			continue;
		if (kcfg_domains_find(domains, nr, cfg->vms[i]->uuid))
			return 0;
		enabled++;
	}
	if (!enabled)
		return 0;
	return rt_err_say(err, -EINVAL, "%s would remove all VMs of %s, which kvmrt-sync-config -r "
			  "does for those that are named: expected a libvirt that has one of them, "
			  "found none at \"%s\"", option, cfg->path, uri ? uri : KCFG_VIRT_URI);
}

bool kcfg_sync_forget(const struct kcfg_sync *sync, struct kcfg *cfg, struct kcfg_vm *vm)
{
	if (vm->disabled)
		return false;
	if (sync->out)
		fprintf(sync->out, "%s: %s: libvirt has no VM of UUID %s\n",
			*vm->name ? vm->name : vm->uuid,
			sync->dry_run ? "would be removed" : "removed", vm->uuid);
	if (!sync->dry_run)
		kcfg_remove(cfg, vm);
	return true;
}
