/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lat-excerpt.c - the lines of the traces within an interval, the first and the last */
#include "merge/lat-excerpt.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/io.h"
#include "merge/view.h"

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

static int add_lines(const struct mrg_set *set, const struct mrg_view_opts *view,
		     struct rt_buf *out, struct rt_err *err)
{
	int fd = memfd_create("excerpt", MFD_CLOEXEC), rc;
	struct mrg_select *select;

	if (fd < 0)
		return rt_err_set(err, -errno, "cannot keep the lines of an interval");
	rc = mrg_select_create(&select, set, NULL, 0, NULL, 0, err);
	if (rc == 0) {
		rc = mrg_view_run(set, view, select, fd, err);
		mrg_select_destroy(select);
	}
	if (rc == 0) {
		rc = read_back(fd, out);
		if (rc < 0)
			rt_err_set(err, rc, "cannot keep the lines of an interval");
	}
	close(fd);
	return rc;
}

/* Where line @nr of the text from @at on begins; its end where there are no more. */
static size_t line_at(const struct rt_buf *buf, size_t at, unsigned int nr)
{
	while (nr > 0 && at < buf->len)
		nr -= buf->data[at++] == '\n';
	return at;
}

/* An event may make several lines: those of the text from @at on but for the last @nr go. */
static void keep_last(struct rt_buf *buf, size_t at, unsigned int nr)
{
	size_t from = buf->len;

	for (; nr > 0 && from > at; nr--)
		do
			from--;
		while (from > at && buf->data[from - 1] != '\n');
	memmove(buf->data + at, buf->data + from, buf->len - from);
	buf->len -= from - at;
}

int mrg_lat_excerpt_buf(const struct mrg_set *set, const struct mrg_lat_interval *interval,
			unsigned int lines, struct rt_buf *out, mrg_lat_warn_fn warn,
			struct rt_err *err)
{
	struct mrg_view_opts view = {
		.format = &mrg_format_text, .time = MRG_TIME_TOD, .from = interval->from,
		.to = interval->to, .limit = lines + 1, .warn = warn,
		.fields = { MRG_FIELD_TIME, MRG_FIELD_HOST, MRG_FIELD_CPU, MRG_FIELD_COMM,
			    MRG_FIELD_EVENT },
		.nr_fields = 5,
	};
	size_t from = out->len;
	int rc = add_lines(set, &view, out, err);

	if (rc < 0 || out->failed || line_at(out, from, lines) == out->len)
		return rc;	/* these are all */
	out->len = line_at(out, from, (lines + 1) / 2);
	view.limit = 0;
	view.tail = lines / 2;
	if (view.tail == 0)
		return 0;
	rt_buf_puts(out, "      ...\n");
	from = out->len;
	rc = add_lines(set, &view, out, err);
	if (rc == 0 && !out->failed)
		keep_last(out, from, lines / 2);
	return rc;
}

int mrg_lat_excerpt(const struct mrg_set *set, const struct mrg_lat_interval *interval,
		    unsigned int lines, int fd, mrg_lat_warn_fn warn, struct rt_err *err)
{
	struct rt_buf text = { 0 };
	int rc = mrg_lat_excerpt_buf(set, interval, lines, &text, warn, err);

	if (rc == 0) {
		rc = text.failed ? -ENOMEM : rt_write_all(fd, text.data, text.len);
		if (rc < 0)
			rt_err_set(err, rc, "cannot write the lines of an interval");
	}
	rt_buf_finish(&text);
	return rc;
}
