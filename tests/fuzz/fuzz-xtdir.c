/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz-xtdir.c - any bytes as the files of an xtrace directory
 *
 * An input is a byte of flags and files one behind the other, each a name that
 * ends in NUL, a u32 of its length, and its bytes.  With the first flag the
 * checksums of blocks are made right, so that what they protect is reached.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "tests/fuzz/read-trace.h"
#include "xtrace/store-format.h"

#define MAX_FILES 16
#define FIX_SUMS 1

static char folder[64];
static char *made[MAX_FILES];
static unsigned int nr_made;

static void remove_made(void)
{
	char path[256], *slash;

	while (nr_made) {
		char *name = made[--nr_made];

		snprintf(path, sizeof(path), "%s/%s", folder, name);
		unlink(path);
		while ((slash = strrchr(path + strlen(folder) + 1, '/'))) {
			*slash = '\0';
			rmdir(path);
		}
		free(name);
	}
}

static void remove_folder(void)
{
	remove_made();
	rmdir(folder);
}

static void make_folder_once(void)
{
	static bool is_made;

	if (is_made)
		return;
	snprintf(folder, sizeof(folder), "%s/fuzz-xtdir-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	fuzz_assert(mkdtemp(folder));
	atexit(remove_folder);
	is_made = true;
}

/* Makes the checksums of every block that has the size to be one right. */
static void fix_sums(uint8_t *data, size_t size)
{
	struct xt_block_head head;
	uint8_t *p = data, *end = data + size;

	while ((p = memmem(p, (size_t)(end - p), XT_BLOCK_MAGIC, 4)) &&
	       (size_t)(end - p) >= sizeof(head)) {
		memcpy(&head, p, sizeof(head));
		if (head.disk_size <= (size_t)(end - p) - sizeof(head))
			head.payload_crc = (uint32_t)crc32(0, p + sizeof(head), head.disk_size);
		head.head_crc = (uint32_t)crc32(0, (const void *)&head,
						offsetof(struct xt_block_head, head_crc));
		memcpy(p, &head, sizeof(head));
		p += sizeof(head);
	}
}

/* Names that lead nowhere else: letters, at most two folders deep. */
static bool name_ok(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len < 64 && name[0] != '/' && name[0] != '.' && !strstr(name, "/.") &&
	       !strstr(name, "//") && name[len - 1] != '/';
}

static void put_file(const char *name, const uint8_t *data, size_t size, bool fix)
{
	uint8_t *copy = malloc(size + 1);
	char path[256];
	int fd;

	fuzz_assert(copy);
	memcpy(copy, data, size);
	if (fix)
		fix_sums(copy, size);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	for (char *slash = path + strlen(folder) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
	if (fd >= 0) {
		fuzz_assert(write(fd, copy, size) == (ssize_t)size);
		close(fd);
		made[nr_made++] = strdup(name);
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = data + size, *nul;
	bool fix = size && (data[0] & FIX_SUMS);

	make_folder_once();
	for (data += !!size; nr_made < MAX_FILES; ) {
		const char *name = (const char *)data;
		uint32_t len;

		nul = memchr(data, '\0', (size_t)(end - data));
		if (!nul || end - nul < 5 || !name_ok(name))
			break;
		memcpy(&len, nul + 1, sizeof(len));
		data = nul + 5;
		if (len > (size_t)(end - data))
			len = (uint32_t)(end - data);
		put_file(name, data, len, fix);
		data += len;
	}
	fuzz_read(folder);
	remove_made();
	return 0;
}
