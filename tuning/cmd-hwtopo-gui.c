/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd-hwtopo-gui.c - hwtopo-gui: the topology as a page
 */
#include <errno.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/root.h"
#include "tuning/aside.h"
#include "tuning/cmd-page.h"
#include "tuning/topo-tree.h"

#define LEAST_NS	100000000ull

static const char html[] =
#include "tuning/pages/hwtopo.html.h"
;

static struct cmd_page page;
static uint64_t interval_ns = 5000000000;
static const char *input, *synthetic, *root_path;

static const struct rt_opt gui_opts[] = {
	RT_STRING('i', "input", &input, "FILE",
		  "another machine: a file of hwtopo --save, or hwloc's XML"),
	RT_STRING(0, "synthetic", &synthetic, "TEXT",
		  "a machine in words: \"pack:2 numa:1 core:4 pu:2\""),
	RT_STRING(0, "root", &root_path, "DIR", "the machine whose /proc and /sys are below DIR"),
	RT_TIME(0, "interval", &interval_ns, "SECONDS", "time between readings (5)"),
	CMD_PAGE_OPTIONS(page),
	RT_END
};

static int load(struct tune_topo **ret, const struct rt_root *root, struct rt_err *err)
{
	if (synthetic)
		return tune_topo_load_synthetic(ret, synthetic, err);
	return input ? tune_topo_load_from(ret, input, err) : tune_topo_load(ret, root, err);
}

static int read_topo(void *arg, struct rt_buf *to, struct rt_err *err)
{
	struct tune_topo *topo;
	int rc;

	rc = load(&topo, arg, err);
	if (rc < 0)
		return rc;
	tune_topo_json(to, topo);
	tune_topo_destroy(topo);
	return 0;
}

/* What cannot be read at all is said at once, not in a page. */
static int serve(struct rt_root *root, struct rt_err *err)
{
	struct tune_topo *topo;
	int rc;

	rc = load(&topo, root, err);
	if (rc < 0)
		return rc;
	tune_topo_destroy(topo);
	return cmd_page_serve(&page, html, interval_ns, read_topo, root, err);
}

static int hwtopo_gui(int argc, char **argv, struct rt_err *err)
{
	struct rt_root root;
	int rc;

	(void)argc;
	(void)argv;
	if (!!input + !!synthetic + !!root_path > 1)
		return rt_usage(err, "one of --input, --synthetic and --root is enough");
	if (interval_ns < LEAST_NS)
		return rt_usage(err, "--interval: expected at least 100ms");
	rc = tune_stay_off(err);
	if (rc == 0)
		rc = rt_root_init(&root, root_path, err);
	if (rc < 0)
		return rc;
	rc = serve(&root, err);
	rt_root_finish(&root);
	return rc;
}

static const struct rt_cmd gui_cmd = {
	.name = "hwtopo-gui",
	.summary = "show in a browser what of the machine its CPUs share, and its devices",
	.synopsis = "[options]",
	.details = "Serves one page on 127.0.0.1 and prints its URL, which holds a secret word.  "
		   "Nothing can be changed by it.",
	.opts = gui_opts,
	.effect = RT_READS,
	.complete = RT_COMPLETE_NONE,
	.run = hwtopo_gui,
};

int main(int argc, char **argv)
{
	return rt_cmd_main(&gui_cmd, argc, argv);
}
