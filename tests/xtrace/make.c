/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * make.c - small traces made by hand, after the pages trace-cmd.dat.v6(5) and
 * trace-cmd.dat.v7(5)
 */
#include "tests/xtrace/make.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "tests/unit.h"

const char make_format[] =
	"name: beat\nID: 7\nformat:\n"
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
	"\tfield:unsigned int value;\toffset:8;\tsize:4;\tsigned:0;\n\n"
	"print fmt: \"value=%u\", REC->value\n";

const char make_header_page[] =
	"\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
	"\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n"
	"\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n"
	"\tfield: char data;\toffset:16;\tsize:4080;\tsigned:1;\n";

static const char saved_names[] = "1 init\n156 CPU 0/KVM\n";
static const char symbols[] = "ffffffff81000000 T _stext\nffffffff81001000 T do_work\n"
			      "ffffffff82000000 T _end\n";

/* ---- sub-buffers ---- */

static uint32_t commit_of(const uint8_t *page)
{
	uint32_t commit;

	memcpy(&commit, page + 8, sizeof(commit));
	return commit;
}

static void set_commit(uint8_t *page, uint32_t commit)
{
	memcpy(page + 8, &commit, sizeof(commit));
}

void make_page(uint8_t *page, uint32_t size, uint64_t ts)
{
	memset(page, 0, size);
	memcpy(page, &ts, sizeof(ts));
}

void make_words(uint8_t *page, const uint32_t *words, unsigned int nr)
{
	uint32_t used = commit_of(page);

	memcpy(page + 16 + used, words, nr * sizeof(*words));
	set_commit(page, used + nr * (uint32_t)sizeof(*words));
}

void make_event(uint8_t *page, uint32_t delta, uint32_t value)
{
	const uint32_t words[] = { 3 | delta << 5, MAKE_ID, 156, value };

	make_words(page, words, 4);
}

void make_lost(uint8_t *page, const uint64_t *count)
{
	uint32_t used = commit_of(page);

	if (count)
		memcpy(page + 16 + used, count, sizeof(*count));
	set_commit(page, used | 1u << 31 | (count ? 1u << 30 : 0));
}

/* ---- pieces of a trace.dat ---- */

static void put(struct rt_buf *out, uint64_t v, unsigned int bytes)
{
	rt_buf_add(out, &v, bytes);
}

static void put_string(struct rt_buf *out, const char *text)
{
	rt_buf_add(out, text, strlen(text) + 1);
}

static void put_text(struct rt_buf *out, const char *text, unsigned int size_bytes)
{
	put(out, strlen(text), size_bytes);
	rt_buf_puts(out, text);
}

static void set(struct rt_buf *out, size_t at, uint64_t v)
{
	memcpy(out->data + at, &v, sizeof(v));
}

static void header_info(struct rt_buf *out)
{
	put_string(out, "header_page");
	put_text(out, make_header_page, 8);
	put_string(out, "header_event");
	put_text(out, "# compressed entry header\n", 8);
}

static void event_formats(struct rt_buf *out)
{
	put(out, 1, 4);
	put_string(out, "heart");
	put(out, 1, 4);
	put_text(out, make_format, 8);
}

void make_add_option(struct rt_buf *out, uint16_t id, const void *data, uint32_t size)
{
	const struct make_option head = { id, size };

	rt_buf_add(out, &head, sizeof(head));
	rt_buf_add(out, data, size);
}

static void more_options(struct rt_buf *out, const struct make_dat *spec)
{
	if (spec->options_len)
		rt_buf_add(out, spec->options, spec->options_len);
}

/* ---- version 7 ---- */

static size_t compress_to(struct rt_buf *out, const char *codec, const void *data, size_t len)
{
	size_t bound = len + len / 2 + 1024, n = len;
	char *to = rt_buf_reserve(out, bound);

	assert_non_null(to);
	if (strcmp(codec, "zstd") == 0) {
		n = ZSTD_compress(to, bound, data, len, 1);
	} else {
		uLongf got = bound;

		assert_int_equal(compress2((Bytef *)to, &got, data, len, 6), Z_OK);
		n = got;
	}
	out->len += n;
	return n;
}

/* A section head; the place of its size goes to section_end(). */
static size_t section(struct rt_buf *out, unsigned int id, bool compressed)
{
	put(out, id, 2);
	put(out, compressed, 2);
	put(out, 0, 4);
	put(out, 0, 8);
	return out->len - 8;
}

static void section_end(struct rt_buf *out, size_t size_at)
{
	set(out, size_at, out->len - size_at - 8);
}

/* Writes a whole section; returns its offset. */
static uint64_t put_section(struct rt_buf *out, const struct make_dat *spec, unsigned int id,
			    struct rt_buf *contents)
{
	bool compressed = strcmp(spec->codec, "none") != 0;
	uint64_t offset = out->len;
	size_t size_at = section(out, id, compressed), head = out->len;

	if (compressed) {
		uint32_t sizes[2] = { 0, (uint32_t)contents->len };

		put(out, 0, 8);
		sizes[0] = (uint32_t)compress_to(out, spec->codec, contents->data, contents->len);
		memcpy(out->data + head, sizes, sizeof(sizes));
	} else {
		rt_buf_add(out, contents->data, contents->len);
	}
	section_end(out, size_at);
	rt_buf_finish(contents);
	return offset;
}

static void put_chunks(struct rt_buf *out, const struct make_dat *spec, const uint8_t *pages)
{
	unsigned int each = spec->chunk_pages;

	put(out, (spec->per_cpu + each - 1) / each, 4);
	for (unsigned int i = 0; i < spec->per_cpu; i += each) {
		unsigned int n = spec->per_cpu - i < each ? spec->per_cpu - i : each;
		uint32_t sizes[2] = { 0, n * spec->page_size };
		size_t at = out->len;

		put(out, 0, 8);
		sizes[0] = (uint32_t)compress_to(out, spec->codec,
						 pages + (size_t)i * spec->page_size, sizes[1]);
		memcpy(out->data + at, sizes, sizeof(sizes));
	}
}

static void put_buffer_v7(struct rt_buf *out, const struct make_dat *spec, const char *name,
			  struct rt_buf *options)
{
	bool compressed = strcmp(spec->codec, "none") != 0;
	size_t per_cpu = (size_t)spec->per_cpu * spec->page_size;
	struct rt_buf option = { 0 };
	uint64_t offset = out->len;
	size_t size_at = section(out, 3, compressed);

	put(&option, offset, 8);
	put_string(&option, name);
	put_string(&option, "mono");
	put(&option, spec->page_size, 4);
	put(&option, spec->cpus, 4);
	for (unsigned int cpu = 0; cpu < spec->cpus; cpu++) {
		static const char zeros[4096];
		size_t at;

		if (spec->aligned)
			rt_buf_add(out, zeros, -out->len % sizeof(zeros));
		at = out->len;
		if (compressed)
			put_chunks(out, spec, spec->pages + cpu * per_cpu);
		else
			rt_buf_add(out, spec->pages + cpu * per_cpu, per_cpu);
		put(&option, cpu, 4);
		put(&option, at, 8);
		put(&option, out->len - at - (compressed ? 4 : 0), 8);
	}
	section_end(out, size_at);
	make_add_option(options, 3, option.data, (uint32_t)option.len);
	rt_buf_finish(&option);
}

static void point_at(struct rt_buf *options, uint16_t id, uint64_t offset)
{
	make_add_option(options, id, &offset, sizeof(offset));
}

static void make_v7(struct rt_buf *out, const struct make_dat *spec)
{
	struct rt_buf options = { 0 }, part = { 0 };
	const uint64_t end = 0;
	size_t first_at;

	put_string(out, spec->codec);
	put_string(out, strcmp(spec->codec, "none") == 0 ? "" : "1");
	first_at = out->len;
	put(out, 0, 8);
	header_info(&part);
	point_at(&options, 16, put_section(out, spec, 16, &part));
	put(&part, 0, 4);
	point_at(&options, 17, put_section(out, spec, 17, &part));
	event_formats(&part);
	point_at(&options, 18, put_section(out, spec, 18, &part));
	put_text(&part, symbols, 4);
	point_at(&options, 19, put_section(out, spec, 19, &part));
	put_text(&part, saved_names, 8);
	point_at(&options, 21, put_section(out, spec, 21, &part));
	put_buffer_v7(out, spec, "", &options);
	if (spec->buffer)
		put_buffer_v7(out, spec, spec->buffer, &options);
	more_options(&options, spec);
	make_add_option(&options, 0, &end, sizeof(end));
	set(out, first_at, put_section(out, spec, 0, &options));
}

/* ---- version 6 ---- */

static void put_table_v6(struct rt_buf *out, const struct make_dat *spec, uint64_t data)
{
	uint64_t per_cpu = (uint64_t)spec->per_cpu * spec->page_size;

	rt_buf_add(out, "flyrecord", 10);
	for (unsigned int cpu = 0; cpu < spec->cpus; cpu++) {
		put(out, data + cpu * per_cpu, 8);
		put(out, per_cpu, 8);
	}
}

static void make_v6(struct rt_buf *out, const struct make_dat *spec)
{
	size_t table = 10 + spec->cpus * 16, clock_len = 8 + strlen("local [mono]\n");
	uint64_t data, second;
	size_t all;

	header_info(out);
	put(out, 0, 4);
	event_formats(out);
	put_text(out, symbols, 4);
	put_text(out, "", 4);
	put_text(out, saved_names, 8);
	put(out, spec->cpus, 4);
	rt_buf_add(out, "options  ", 10);
	more_options(out, spec);
	if (spec->buffer) {
		struct rt_buf option = { 0 };
		size_t len = 8 + strlen(spec->buffer) + 1;

		second = out->len + 6 + len + 6 + 2 + table + clock_len;
		put(&option, second, 8);
		put_string(&option, spec->buffer);
		make_add_option(out, 3, option.data, (uint32_t)option.len);
		rt_buf_finish(&option);
	}
	make_add_option(out, 4, NULL, 0);
	put(out, 0, 2);
	data = out->len + table + clock_len + (spec->buffer ? table : 0);
	put_table_v6(out, spec, data);
	put_text(out, "local [mono]\n", 8);
	all = (size_t)spec->cpus * spec->per_cpu * spec->page_size;
	if (spec->buffer)
		put_table_v6(out, spec, data + all);
	rt_buf_add(out, spec->pages, all);
	if (spec->buffer)
		rt_buf_add(out, spec->pages, all);
}

void make_dat(struct rt_buf *out, const struct make_dat *spec)
{
	rt_buf_add(out, "\x17\x08\x44tracing", 10);
	put_string(out, spec->version == 6 ? "6" : "7");
	put(out, 0, 1);
	put(out, 8, 1);
	put(out, spec->page_size, 4);
	if (spec->version == 6)
		make_v6(out, spec);
	else
		make_v7(out, spec);
	assert_false(out->failed);
}

/* ---- files ---- */

char *make_folder(void)
{
	const char *below = getenv("TMPDIR");
	char path[512], *folder;

	snprintf(path, sizeof(path), "%s/xtrace-test-XXXXXX", below ? below : "/tmp");
	assert_non_null(mkdtemp(path));
	/* as the kernel tells the paths of what lies there */
	folder = realpath(path, NULL);
	assert_non_null(folder);
	return folder;
}

void make_remove(char *folder)
{
	char command[600];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	assert_int_equal(system(command), 0);
	free(folder);
}

/* A file that is written over is not emptied first: a disk's file system would wait there. */
char *make_file(const char *folder, const char *name, const void *data, size_t len)
{
	char *path;
	int fd;

	assert_true(asprintf(&path, "%s/%s", folder, name) > 0);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	assert_int_equal(ftruncate(fd, (off_t)len), 0);
	assert_int_equal(close(fd), 0);
	return path;
}

char *make_slurp(const char *path, size_t *ret_len)
{
	FILE *file = fopen(path, "r");
	char *data;
	long len;

	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	len = ftell(file);
	rewind(file);
	data = malloc((size_t)len + 1);
	assert_non_null(data);
	assert_int_equal(fread(data, 1, (size_t)len, file), len);
	data[len] = '\0';
	fclose(file);
	*ret_len = (size_t)len;
	return data;
}
