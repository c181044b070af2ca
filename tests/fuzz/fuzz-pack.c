/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz-pack.c - no entry of a packed tree leads out of it, and each is within the input */
#include "lib/err.h"
#include "tests/fuzz/fuzz.h"
#include "tuning/pack.h"

struct seen {
	size_t bytes, size;
};

static int check(void *arg, const struct tune_packed *entry, struct rt_err *err)
{
	struct seen *seen = arg;

	(void)err;
	fuzz_assert(entry->path[0] && entry->path[0] != '/');
	fuzz_assert(!strstr(entry->path, "//") && strncmp(entry->path, "../", 3) != 0);
	fuzz_assert(!strstr(entry->path, "/../") && strcmp(entry->path, "..") != 0);
	fuzz_assert(entry->data[entry->len] == '\0');
	if (entry->link)
		fuzz_assert(entry->data[0] != '/' && strlen(entry->data) == entry->len);
	seen->bytes += entry->len;
	fuzz_assert(seen->bytes <= seen->size);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen seen = { .size = size };
	struct rt_err err = { 0 };

	if (tune_pack_read((const char *)data, size, check, &seen, &err) < 0)
		fuzz_assert(err.code && err.text[0]);
	return 0;
}
