/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd-hwtopo.c - hwtopo: packages, caches, nodes, cores, CPUs and devices
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/buf.h"
#include "lib/cmd.h"
#include "lib/err.h"
#include "lib/replace.h"
#include "lib/root.h"
#include "tuning/pack.h"
#include "tuning/topo-tree.h"

static bool verbose, no_io, caches, json;
static const char *root_path, *input, *synthetic, *save, *svg;

static const struct rt_opt hwtopo_opts[] = {
	RT_BOOL('v', "verbose", &verbose, "models, sizes, drivers; all PCI devices"),
	RT_BOOL(0, "no-io", &no_io, "leave PCI devices out"),
	RT_BOOL(0, "caches", &caches, "L2 and L1 caches too"),
	RT_BOOL(0, "json", &json, "everything, as JSON"),
	RT_STRING(0, "svg", &svg, "FILE", "draw it into FILE"),
	RT_STRING('i', "input", &input, "FILE",
		  "another machine: a file of --save, or hwloc's XML"),
	RT_STRING(0, "synthetic", &synthetic, "TEXT",
		  "a machine in words: \"pack:2 numa:1 core:4 pu:2\""),
	RT_STRING(0, "save", &save, "FILE", "pack what tells the topology into FILE"),
	RT_STRING(0, "root", &root_path, "DIR", "the machine whose /proc and /sys are below DIR"),
	RT_END
};

static int write_whole(const char *path, const struct rt_buf *buf, struct rt_err *err)
{
	int rc = rt_write_file(path, buf->data, buf->len);

	return rc ? rt_err_set(err, rc, "cannot write \"%s\"", path) : 0;
}

static int pack(struct rt_err *err)
{
	struct rt_buf buf = { 0 };
	struct rt_root root;
	int rc;

	rc = rt_root_init(&root, root_path, err);
	if (rc)
		return rc;
	rc = tune_pack(&buf, &root, err);
	if (!rc)
		rc = write_whole(save, &buf, err);
	rt_buf_finish(&buf);
	rt_root_finish(&root);
	return rc;
}

static int load_tree(struct tune_topo **ret, struct rt_err *err)
{
	struct rt_root root;
	int rc;

	rc = rt_root_init(&root, root_path, err);
	if (rc)
		return rc;
	rc = tune_topo_load(ret, &root, err);
	rt_root_finish(&root);
	return rc;
}

static int load(struct tune_topo **ret, struct rt_err *err)
{
	if (synthetic)
		return tune_topo_load_synthetic(ret, synthetic, err);
	return input ? tune_topo_load_from(ret, input, err) : load_tree(ret, err);
}

static int print(const struct tune_topo *topo, struct rt_err *err)
{
	const struct tune_tree_options options = { .io = !no_io, .all_io = verbose,
						   .caches = caches };
	struct tune_box *machine = tune_tree_create(topo, &options);
	struct rt_buf buf = { 0 };
	int rc = 0;

	if (machine && svg)
		tune_topo_svg(&buf, topo, machine);
	else if (machine && json)
		tune_topo_json(&buf, topo);
	else if (machine)
		tune_topo_text(&buf, topo, machine, verbose);
	if (!machine || !rt_buf_str(&buf))
		rc = rt_err_set(err, -ENOMEM, "cannot show the topology");
	else if (svg)
		rc = write_whole(svg, &buf, err);
	else
		printf("%s%s", buf.data, json ? "\n" : "");
	rt_buf_finish(&buf);
	tune_tree_destroy(machine);
	return rc;
}

static int run(int argc, char **argv, struct rt_err *err)
{
	struct tune_topo *topo;
	int rc;

	(void)argc;
	(void)argv;
	if (!!input + !!synthetic + !!root_path > 1)
		return rt_usage(err, "one of --input, --synthetic and --root is enough");
	if (save && (input || synthetic))
		return rt_usage(err, "--save packs this machine or that of --root");
	if (svg && json)
		return rt_usage(err, "--svg and --json do not go together");
	if (save)
		return pack(err);
	rc = load(&topo, err);
	if (rc)
		return rc;
	rc = print(topo, err);
	tune_topo_destroy(topo);
	return rc;
}

static const struct rt_cmd cmd = {
	.name = "hwtopo", .summary = "show what of the machine its CPUs share, and its devices",
	.synopsis = "[options]", .opts = hwtopo_opts, .max_args = 0, .effect = RT_READS,
	.complete = RT_COMPLETE_NONE, .run = run,
};

int main(int argc, char **argv)
{
	return rt_cmd_main(&cmd, argc, argv);
}
