/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd-hwtopo.c - hwtopo: packages, caches, nodes, cores, CPUs and devices
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/cmd.h"
#include "lib/err.h"
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

static int write_to(FILE *to, const char *text, size_t len)
{
	int rc = to && fwrite(text, 1, len, to) == len ? 0 : -errno;

	if (to && fclose(to) != 0 && !rc)
		rc = -errno;
	return rc;
}

/* By a name of its own, which nobody can have put there before, and a rename. */
static int replace(const char *path, const char *text, size_t len)
{
	mode_t mask = umask(0);
	char *temp;
	int fd, rc;

	umask(mask);
	if (asprintf(&temp, "%s.XXXXXX", path) < 0)
		return -ENOMEM;
	fd = mkostemp(temp, O_CLOEXEC);
	rc = fd < 0 ? -errno : write_to(fdopen(fd, "w"), text, len);
	if (!rc && (chmod(temp, 0666 & ~mask) < 0 || rename(temp, path) < 0))
		rc = -errno;
	if (rc && fd >= 0)
		unlink(temp);
	free(temp);
	return rc;
}

/*
 * A file that is there is replaced when the new one is whole, behind a link too; a pipe
 * or a device, such as /dev/stdout, is written to.
 */
static int write_whole(const char *path, const char *text, size_t len, struct rt_err *err)
{
	struct stat st;
	char *real;
	int rc;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		rc = write_to(fopen(path, "we"), text, len);
	} else {
		real = realpath(path, NULL);
		rc = replace(real ? real : path, text, len);
		free(real);
	}
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
		rc = write_whole(save, buf.data, buf.len, err);
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
		rc = write_whole(svg, buf.data, buf.len, err);
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
