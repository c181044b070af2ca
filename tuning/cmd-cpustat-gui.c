/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd-cpustat-gui.c - cpustat-gui: cpustat as a page that follows the host
 */
#include <errno.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/root.h"
#include "tuning/aside.h"
#include "tuning/cmd-page.h"
#include "tuning/cpustat.h"

#define LEAST_NS	100000000ull

static const char html[] =
#include "tuning/pages/cpustat.html.h"
;

static struct cmd_page page;
static uint64_t interval_ns = 1000000000;
static const char *cpus, *root_path;

static const struct rt_opt gui_opts[] = {
	RT_STRING('c', "cpus", &cpus, "CPUSET", "only these CPUs: 0-3,8 or n1 or ~c0"),
	RT_TIME('i', "interval", &interval_ns, "SECONDS", "time between readings (1)"),
	CMD_PAGE_OPTIONS(page),
	RT_STRING(0, "root", &root_path, "DIR", "read DIR/proc and DIR/sys"),
	RT_END
};

struct source {
	const struct rt_root *root;
	struct tune_cpustat stat;
};

/* The page has all columns, and leaves out what it does not show. */
static int read_cpus(void *arg, struct rt_buf *to, struct rt_err *err)
{
	unsigned int columns[TUNE_CPUSTAT_MAX], nr = 0;
	struct source *source = arg;
	int rc;

	rc = tune_cpustat_read(&source->stat, source->root, cpus, err);
	if (rc < 0)
		return rc;
	while (tune_cpustat_columns[nr].head) {
		columns[nr] = nr;
		nr++;
	}
	tune_cpustat_put_json(to, &source->stat, columns, nr);
	return 0;
}

/* What cannot be read at all is said at once, not in a page. */
static int serve(struct source *source, struct rt_err *err)
{
	int rc = tune_cpustat_read(&source->stat, source->root, cpus, err);

	return rc < 0 ? rc : cmd_page_serve(&page, html, interval_ns, read_cpus, source, err);
}

static int cpustat_gui(int argc, char **argv, struct rt_err *err)
{
	struct source source = { 0 };
	struct rt_root root;
	int rc;

	(void)argc;
	(void)argv;
	if (interval_ns < LEAST_NS)
		return rt_usage(err, "--interval: expected at least 100ms");
	rc = tune_stay_off(err);
	if (rc == 0)
		rc = rt_root_init(&root, root_path, err);
	if (rc < 0)
		return rc;
	source.root = &root;
	rc = serve(&source, err);
	tune_cpustat_finish(&source.stat);
	rt_root_finish(&root);
	return rc;
}

static const struct rt_cmd gui_cmd = {
	.name = "cpustat-gui",
	.summary = "show each CPU in a browser: its place, its state, what runs",
	.synopsis = "[options]",
	.details = "Serves one page on 127.0.0.1 and prints its URL, which holds a secret word.  "
		   "Nothing can be changed by it.",
	.opts = gui_opts,
	.effect = RT_READS,
	.complete = RT_COMPLETE_NONE,
	.run = cpustat_gui,
};

int main(int argc, char **argv)
{
	return rt_cmd_main(&gui_cmd, argc, argv);
}
