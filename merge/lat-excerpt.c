/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lat-excerpt.c - the lines of the traces within an interval, the first and the last */
#include "merge/lat-excerpt.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/err.h"
#include "merge/view.h"

int mrg_lat_excerpt(const struct mrg_set *set, const struct mrg_lat_interval *interval,
		    unsigned int lines, int fd, mrg_lat_warn_fn warn, struct rt_err *err)
{
	struct mrg_view_opts view = {
		.format = &mrg_format_text, .time = MRG_TIME_TOD, .from = interval->from,
		.to = interval->to, .limit = (lines + 1) / 2, .warn = warn,
		.fields = { MRG_FIELD_TIME, MRG_FIELD_HOST, MRG_FIELD_CPU, MRG_FIELD_COMM,
			    MRG_FIELD_EVENT },
		.nr_fields = 5,
	};
	struct mrg_select *select;
	int rc = mrg_select_create(&select, set, NULL, 0, NULL, 0, err);

	if (rc < 0)
		return rc;
	rc = mrg_view_run(set, &view, select, fd, err);
	view.tail = lines / 2;
	view.limit = 0;
	if (rc == 0 && view.tail > 0) {
		dprintf(fd, "      ...\n");
		rc = mrg_view_run(set, &view, select, fd, err);
	}
	mrg_select_destroy(select);
	return rc;
}

static int read_back(int fd, struct rt_buf *out)
{
	char part[4096];
	ssize_t n;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	while ((n = read(fd, part, sizeof(part))) > 0)
		rt_buf_add(out, part, (size_t)n);
	return n < 0 ? -errno : 0;
}

int mrg_lat_excerpt_buf(const struct mrg_set *set, const struct mrg_lat_interval *interval,
			unsigned int lines, struct rt_buf *out, mrg_lat_warn_fn warn,
			struct rt_err *err)
{
	int fd = memfd_create("excerpt", MFD_CLOEXEC), rc;

	if (fd < 0)
		return rt_err_set(err, -errno, "cannot keep the lines of an interval");
	rc = mrg_lat_excerpt(set, interval, lines, fd, warn, err);
	if (rc == 0) {
		rc = read_back(fd, out);
		if (rc < 0)
			rt_err_set(err, rc, "cannot keep the lines of an interval");
	}
	close(fd);
	return rc;
}
