/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * make-seeds.c - the first inputs of the fuzz targets of both readers
 *
 * usage: make-seeds CORPUS
 * Writes small traces of each kind to CORPUS/datfile and CORPUS/xtdir, the latter
 * packed into one file as fuzz-xtdir.c unpacks it.
 */
#include <stdio.h>
#include <sys/stat.h>

#include "lib/err.h"
#include "tests/unit.h"
#include "tests/xtrace/make.h"
#include "xtrace/store.h"
#include "xtrace/xtrace.h"

#define PAGE 4096

static const char *corpus;

static void keep(const char *kind, const char *name, const struct rt_buf *bytes)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", corpus, kind);
	mkdir(path, 0777);
	free(make_file(path, name, bytes->data, bytes->len));
}

static void fill(uint8_t *pages, unsigned int nr)
{
	const uint64_t lost = 3;

	for (unsigned int i = 0; i < nr; i++) {
		make_page(pages + (size_t)i * PAGE, PAGE, 1000 + 100 * i);
		for (uint32_t k = 0; k < 3; k++)
			make_event(pages + (size_t)i * PAGE, 1, k);
	}
	make_lost(pages + (size_t)(nr - 1) * PAGE, &lost);
}

static void dat(const char *name, unsigned int version, const char *codec, const char *buffer)
{
	static uint8_t pages[2 * 2 * PAGE];
	struct make_dat spec = {
		.version = version, .codec = codec, .page_size = PAGE, .cpus = 2,
		.pages = pages, .per_cpu = 2, .chunk_pages = 1, .buffer = buffer,
	};
	static const uint32_t tsc2nsec[] = { 1000, 10, 5, 0 };
	static const uint64_t shift[] = { 99, 2ull << 32, 1 };
	struct rt_buf options = { 0 }, bytes = { 0 };

	fill(pages, 4);
	make_add_option(&options, 1, "0x10", 5);
	make_add_option(&options, 5, "Linux kvmhost 6.1.0 x86_64", 27);
	make_add_option(&options, 12, shift, sizeof(shift));
	make_add_option(&options, 13, "rt0\0\1\2\3\4\5\6\7\10\1\0\0\0\0\0\0\0\234\0\0", 24);
	make_add_option(&options, 14, tsc2nsec, sizeof(tsc2nsec));
	spec.options = options.data;
	spec.options_len = options.len;
	make_dat(&bytes, &spec);
	keep("datfile", name, &bytes);
	rt_buf_finish(&options);
	rt_buf_finish(&bytes);
}

static void pack_file(struct rt_buf *out, const char *folder, const char *name)
{
	char path[1024];
	uint32_t len;
	size_t got;
	char *data;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	data = make_slurp(path, &got);
	len = (uint32_t)got;
	rt_buf_add(out, name, strlen(name) + 1);
	rt_buf_add(out, &len, sizeof(len));
	rt_buf_add(out, data, got);
	free(data);
}

static void fill_store(struct xt_store *store)
{
	static const struct xt_clock_sample sample = { .mono_ns = 1, .real_ns = 2, .tsc = 5 };
	static const struct xt_vcpu vcpu = {
		.tid = 156,
		.vm_pid = 150,
		.vcpu = 1,
		.tsc_known = true,
		.tsc_offset = -9,
		.vm = "rt0",
	};
	static const struct xt_timebase time = { .clock = "mono", .is_ns = true };
	static const struct xt_cpu_stats stats = { .cpu = 1, .written = 12, .lost = 3 };

	assert_int_equal(xt_store_set(store, "session", "host", "kvmhost"), 0);
	assert_int_equal(xt_store_set_timebase(store, &time), 0);
	assert_int_equal(xt_store_set_vcpu(store, &vcpu), 0);
	assert_int_equal(xt_store_set_stats(store, &stats), 0);
	assert_int_equal(xt_store_add_sample(store, &sample, NULL), 0);
	assert_int_equal(xt_store_put(store, "formats/header_page", make_header_page,
				      strlen(make_header_page), NULL), 0);
	assert_int_equal(xt_store_put(store, "formats/heart/beat", make_format,
				      strlen(make_format), NULL), 0);
	assert_int_equal(xt_store_put(store, "saved_cmdlines", "156 vcpu\n", 9, NULL), 0);
	assert_int_equal(xt_store_put(store, "kallsyms", "ffffffff81000000 T _text\n", 25, NULL),
			 0);
}

static void xtdir(const char *name, bool finish)
{
	static const char *const files[] = {
		"session", "clocks", "formats/header_page", "formats/heart/beat",
		"saved_cmdlines", "kallsyms.zst", "cpu0.xt", "cpu1.xt",
	};
	const struct xt_store_opts opts = { .subbuf_size = PAGE, .no_sync = true };
	const struct xt_gap gap = { XT_GAP_DISK, 1400, 1500, true, 9, 0 };
	char *folder = make_folder(), path[400];
	uint8_t pages[2 * PAGE];
	struct rt_buf out = { 0 };
	struct xt_store *store;

	snprintf(path, sizeof(path), "%s/t", folder);
	assert_int_equal(xt_store_create(&store, path, &opts, NULL), 0);
	fill_store(store);
	for (unsigned int cpu = 0; cpu < 2; cpu++) {
		fill(pages, 2);
		assert_int_equal(xt_store_append(store, cpu, pages, 1, 0, NULL), 0);
		assert_int_equal(xt_store_gap(store, cpu, &gap, NULL), 0);
		assert_int_equal(xt_store_append(store, cpu, pages + PAGE, 1, 2, NULL), 0);
	}
	assert_int_equal(finish ? xt_store_finish(store, NULL) : xt_store_save(store, NULL), 0);
	xt_store_destroy(store);
	rt_buf_add(&out, "\1", 1);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		pack_file(&out, path, files[i]);
	keep("xtdir", name, &out);
	rt_buf_finish(&out);
	make_remove(folder);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fputs("usage: make-seeds CORPUS\n", stderr);
		return 2;
	}
	corpus = argv[1];
	dat("v6", 6, "none", NULL);
	dat("v6-two-buffers", 6, "none", "second");
	dat("v7-none", 7, "none", NULL);
	dat("v7-zlib", 7, "zlib", NULL);
	dat("v7-zstd-two-buffers", 7, "zstd", "second");
	xtdir("whole", true);
	xtdir("killed", false);
	return 0;
}
