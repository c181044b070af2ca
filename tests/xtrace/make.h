/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * make.h - small traces made by hand: sub-buffers, trace.dat files of each kind
 */
#ifndef TESTS_XTRACE_MAKE_H
#define TESTS_XTRACE_MAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"

/* ---- a sub-buffer: start it, then append records ---- */

#define MAKE_ID 7	/* the id of make_format's event */

extern const char make_format[];
extern const char make_header_page[];

void make_page(uint8_t *page, uint32_t size, uint64_t ts);
/* A record of common fields and one u32, of 12 bytes. */
void make_event(uint8_t *page, uint32_t delta, uint32_t value);
/* Any words, the first being type_len | delta << 5. */
void make_words(uint8_t *page, const uint32_t *words, unsigned int nr);
/* Marks that events were lost in front of the sub-buffer; @count NULL: not known how many. */
void make_lost(uint8_t *page, const uint64_t *count);

/* ---- a trace.dat ---- */

struct make_dat {
	unsigned int version;		/* 6 or 7 */
	const char *codec;		/* v7: "none", "zlib", "zstd" */
	uint32_t page_size;
	unsigned int cpus;
	const uint8_t *pages; /* ->per_cpu sub-buffers of each CPU, one CPU behind the other */
	unsigned int per_cpu;
	unsigned int chunk_pages;	/* v7, compressed: sub-buffers of one chunk */
	bool aligned;			/* v7: each CPU's data begins at a multiple of 4096 */
	const char *buffer;  /* a second ring of this name with the same data; NULL none */
	const void *options; /* further options, as they stand in the file; may be NULL */
	size_t options_len;
};

struct make_option {
	uint16_t id;
	uint32_t size;
} __attribute__((packed));

void make_dat(struct rt_buf *out, const struct make_dat *spec);
void make_add_option(struct rt_buf *out, uint16_t id, const void *data, uint32_t size);

/* ---- files ---- */

/* A folder of one's own below $TMPDIR; make_remove() takes it away with all that is in it. */
char *make_folder(void);
void make_remove(char *folder);
/* Writes a file; @name below @folder.  Return: its path, free(3) it. */
char *make_file(const char *folder, const char *name, const void *data, size_t len);
/* The whole of a file, free(3) it. */
char *make_slurp(const char *path, size_t *ret_len);

#endif /* TESTS_XTRACE_MAKE_H */
