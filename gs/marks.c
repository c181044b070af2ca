/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * marks.c - the guest's side of the events, as lines of trace_marker
 *
 * printf(3) and readdir(3) are not for signal handlers, so the few numbers are
 * written here, and the folder is read by the system call itself.
 */
#include "gs/marks.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "gs/protocol.h"

/* ---- lines ---- */

struct line {
	char *text;
	size_t len, room;
};

static void add(struct line *line, const char *text)
{
	size_t len = strlen(text);

	if (len > line->room - line->len)
		len = line->room - line->len;
	memcpy(line->text + line->len, text, len);
	line->len += len;
}

static void add_number(struct line *line, uint64_t value, unsigned int base)
{
	char digits[21], *p = digits + sizeof(digits) - 1;

	*p = '\0';
	do
		*--p = "0123456789abcdef"[value % base];
	while (value /= base);
	add(line, p);
}

/* " key=0x1f" */
static void add_key(struct line *line, const char *key, uint64_t value)
{
	add(line, " ");
	add(line, key);
	add(line, "=0x");
	add_number(line, value, 16);
}

static struct line begin(char *text, size_t room, const char *event)
{
	struct line line = { .text = text, .room = room };

	add(&line, GS_MARKER_PREFIX);
	add(&line, event);
	return line;
}

/* What nobody records is refused (EBADF), and is no failure of the call. */
static void put_into(const int *fds, unsigned int nr, const struct line *line)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (write(fds[i], line->text, line->len) < 0)
			continue;
	}
}

static void put(const struct gs_marks *marks, const struct line *line)
{
	put_into(marks->fds, marks->nr, line);
}

void gs_marks_start(const struct gs_marks *marks, uint64_t nr, const uint64_t arg[4])
{
	static const char *const keys[] = { "a0", "a1", "a2", "a3" };
	char text[160];
	struct line line = begin(text, sizeof(text), "hc_start");
	int i;

	add_key(&line, "nr", nr);
	for (i = 0; i < 4; i++)
		add_key(&line, keys[i], arg[i]);
	put(marks, &line);
}

void gs_marks_end(const struct gs_marks *marks, uint64_t nr, int64_t ret)
{
	char text[80];
	struct line line = begin(text, sizeof(text), "hc_end");

	add_key(&line, "nr", nr);
	add(&line, ret < 0 ? " ret=-" : " ret=");
	add_number(&line, ret < 0 ? 0 - (uint64_t)ret : (uint64_t)ret, 10);
	put(marks, &line);
}

void gs_marks_ping(const struct gs_marks *marks, uint64_t cookie)
{
	char text[64];
	struct line line = begin(text, sizeof(text), "ping");

	add_key(&line, "cookie", cookie);
	put(marks, &line);
}

void gs_marks_flush(const struct gs_marks *marks, uint64_t scope, uint64_t incident)
{
	char text[80];
	struct line line = begin(text, sizeof(text), "flush");

	add_key(&line, "scope", scope);
	add_key(&line, "incident", incident);
	put(marks, &line);
	put_into(marks->flush_fds, marks->nr_flush, &line);
}

static void put_piece(const struct gs_marks *marks, uint64_t nr, uint64_t head,
		      const unsigned char *data, size_t size)
{
	char text[GS_MARKER_LINE_MAX], digits[3] = "";
	struct line line = begin(text, sizeof(text), nr == GS_NR_LOG_MSG ? "log_msg" : "log_data");
	size_t i;

	add_key(&line, "id", gs_frag_id(head));
	add_key(&line, "offset", gs_frag_offset(head));
	add_key(&line, "length", gs_frag_length(head));
	add(&line, " data=");
	for (i = 0; i < size; i++) {
		digits[0] = "0123456789abcdef"[data[i] >> 4];
		digits[1] = "0123456789abcdef"[data[i] & 15];
		add(&line, digits);
	}
	put(marks, &line);
}

void gs_marks_data(const struct gs_marks *marks, uint64_t nr, uint32_t id, const void *data,
		   uint16_t size)
{
	const unsigned char *bytes = data;
	unsigned int at;

	for (at = 0; marks->nr && at < size; at += GS_MARKER_DATA_MAX)
		put_piece(marks, nr, gs_frag_head(id, at, size), bytes + at,
			  size - at < GS_MARKER_DATA_MAX ? size - at : GS_MARKER_DATA_MAX);
}

/* ---- where they go ---- */

static void open_at(int *fds, unsigned int *nr, int dir, const char *name)
{
	int fd;

	if (*nr == GS_MARKS_MAX)
		return;
	fd = openat(dir, name, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0)
		fds[(*nr)++] = fd;
}

/* What getdents64(2) gives. */
struct entry {
	uint64_t ino;
	int64_t next;
	uint16_t size;
	uint8_t type;
	char name[];
};

/* A session's name has no dot; what stands beside a session has one. */
static void open_session(struct gs_marks *marks, int instances, const char *name)
{
	const char *beside = strchr(name, '.');
	char path[288];
	struct line line = { .text = path, .room = sizeof(path) - 1 };

	if (strncmp(name, GS_MARKS_INSTANCES, strlen(GS_MARKS_INSTANCES)) != 0)
		return;
	add(&line, name);
	add(&line, "/trace_marker");
	path[line.len] = '\0';
	if (!beside)
		open_at(marks->fds, &marks->nr, instances, path);
	else if (strcmp(beside, GS_MARKS_FLUSHES) == 0)
		open_at(marks->flush_fds, &marks->nr_flush, instances, path);
}

static void open_sessions(struct gs_marks *marks, int tracing)
{
	int dir = openat(tracing, "instances", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_Alignas(struct entry) char buf[1024];
	const struct entry *entry;
	long got, at;

	if (dir < 0)
		return;
	while ((got = syscall(SYS_getdents64, dir, buf, sizeof(buf))) > 0) {
		for (at = 0; at < got; at += entry->size) {
			entry = (const struct entry *)(buf + at);
			open_session(marks, dir, entry->name);
		}
	}
	close(dir);
}

void gs_marks_open(struct gs_marks *marks, const char *const tracing[2])
{
	int dir = -1, i;

	marks->nr = marks->nr_flush = 0;
	for (i = 0; dir < 0 && i < 2 && tracing[i]; i++) {
		dir = open(tracing[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (dir < 0)
			continue;
		open_at(marks->fds, &marks->nr, dir, "trace_marker");
		if (marks->nr == 0) {	/* the folder that tracefs is mounted on, or no right */
			close(dir);
			dir = -1;
		}
	}
	if (dir >= 0) {
		open_sessions(marks, dir);
		close(dir);
	}
}

void gs_marks_close(struct gs_marks *marks)
{
	while (marks->nr)
		close(marks->fds[--marks->nr]);
	while (marks->nr_flush)
		close(marks->flush_fds[--marks->nr_flush]);
}
