/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * datfile.c - open a trace.dat of trace-cmd: head, sections, metadata
 *
 * Version 6 is one sequence of parts; version 7 has sections that options point
 * at.  Metadata that is damaged becomes a warning where the data can still be
 * read without it.
 */
#include "xtrace/datfile.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/err.h"

#define SECTION_HEAD 16
#define SECTION_COMPRESSED 1
#define MAX_OPTION_LISTS 64
#define MAX_STRING 65536

/* ---- reading one thing behind the other ---- */

void dat_in_bytes(struct dat_in *in, void *buf, size_t len)
{
	if (in->bad || len > in->end - in->pos) {
		in->bad = true;
		memset(buf, 0, len);
		return;
	}
	if (in->mem)
		memcpy(buf, in->mem + in->pos, len);
	else if (xt_pread(in->fd, buf, len, in->pos) < 0)
		in->bad = true;
	in->pos += len;
}

uint64_t dat_in_num(struct dat_in *in, unsigned int bytes)
{
	uint64_t v = 0;

	dat_in_bytes(in, &v, bytes);
	return in->bad ? 0 : v;
}

void dat_in_skip(struct dat_in *in, uint64_t len)
{
	if (in->bad || len > in->end - in->pos)
		in->bad = true;
	else
		in->pos += len;
}

struct xt_text dat_in_text(struct dat_in *in, uint64_t len)
{
	struct xt_text text = { 0 };

	if (in->bad || len > in->end - in->pos || len > XT_MAX_TEXT) {
		in->bad = true;
		return text;
	}
	text.data = malloc(len + 1);
	if (!text.data) {
		in->bad = true;
		return text;
	}
	dat_in_bytes(in, text.data, len);
	text.data[len] = '\0';
	text.len = len;
	if (in->bad)
		xt_text_finish(&text);
	return text;
}

struct xt_text dat_in_string(struct dat_in *in)
{
	uint64_t begin = in->pos, len = 0, left = dat_in_left(in);
	struct xt_text text = { 0 };
	char part[256];

	while (!in->bad && len < left && len < MAX_STRING) {
		size_t n = left - len < sizeof(part) ? left - len : sizeof(part);
		const char *nul;

		dat_in_bytes(in, part, n);
		nul = memchr(part, '\0', n);
		if (nul && !in->bad) {
			len += (uint64_t)(nul - part);
			in->pos = begin;
			text = dat_in_text(in, len);
			in->pos++;
			return text;
		}
		len += n;
	}
	in->bad = true;
	return text;
}

/* ---- sections ---- */

static int unpack(const struct xt_trace *trace, struct dat_in *in, struct xt_text *ret,
		  struct rt_err *err)
{
	const struct dat *dat = trace->priv;
	uint32_t csize = (uint32_t)dat_in_num(in, 4), usize = (uint32_t)dat_in_num(in, 4);
	struct xt_worker *worker;
	struct xt_text packed;
	int rc = -ENOMEM;

	if (!dat->codec_known)
		return rt_err_say(err, -EOPNOTSUPP, "compression \"%s\" is not known",
				  dat->codec_name);
	if (usize > XT_MAX_TEXT)
		return rt_err_say(err, -EBADMSG, "claims %u bytes, at most %u are read", usize,
				  XT_MAX_TEXT);
	packed = dat_in_text(in, csize);
	if (in->bad)
		return rt_err_say(err, -EBADMSG, "its %u bytes lead out of the file", csize);
	ret->data = malloc((size_t)usize + 1);
	worker = xt_pool_worker(trace->pool);
	if (ret->data && worker)
		rc = xt_decompress(dat->codec, worker, packed.data, csize, ret->data, usize);
	if (worker)
		xt_pool_worker_put(trace->pool, worker);
	xt_text_finish(&packed);
	if (rc < 0) {
		xt_text_finish(ret);
		return rt_err_say(err, rc, "cannot decompress %u bytes to %u", csize, usize);
	}
	ret->data[usize] = '\0';
	ret->len = usize;
	return 0;
}

int dat_section(const struct xt_trace *trace, uint64_t offset, unsigned int want,
		struct xt_text *ret, uint64_t *ret_file_end, struct rt_err *err)
{
	const struct dat *dat = trace->priv;
	struct dat_in in = { .fd = dat->fd, .pos = offset, .end = dat->size };
	struct xt_text text = { 0 };
	uint64_t id, flags, size;
	int rc = 0;

	if (offset >= dat->size)
		return rt_err_say(err, -EBADMSG,
				  "section %u at %llu lies beyond the file's %llu bytes", want,
				  (unsigned long long)offset, (unsigned long long)dat->size);
	id = dat_in_num(&in, 2);
	flags = dat_in_num(&in, 2);
	dat_in_num(&in, 4);
	size = dat_in_num(&in, 8);
	if (in.bad || id != want || size > dat->size - in.pos)
		return rt_err_say(err, -EBADMSG,
				  "section at %llu: expected id %u within the file, found id %u "
				  "with %llu bytes",
				  (unsigned long long)offset, want, (unsigned int)id,
				  (unsigned long long)size);
	in.end = in.pos + size;
	*ret_file_end = in.end;
	if (flags & SECTION_COMPRESSED)
		rc = unpack(trace, &in, &text, err);
	else
		text = dat_in_text(&in, size);
	if (rc == 0 && in.bad)
		rc = rt_err_say(err, -EBADMSG, "%llu bytes cannot be read",
				(unsigned long long)size);
	if (rc < 0)
		return rt_err_wrap(err, rc, "section %u at %llu", want, (unsigned long long)offset);
	*ret = text;
	return 0;
}

/* ---- what stands in the metadata, both versions ---- */

int dat_header_info(struct xt_trace *trace, struct dat_in *in, struct rt_err *err)
{
	char name[13];

	dat_in_bytes(in, name, 12);
	if (in->bad || memcmp(name, "header_page", 12) != 0)
		return rt_err_say(err, -EBADMSG, "expected the text header_page in the metadata");
	trace->header_page = dat_in_text(in, dat_in_num(in, 8));
	dat_in_bytes(in, name, 13);	/* header_event: tells nothing that is not fixed */
	dat_in_skip(in, dat_in_num(in, 8));
	if (!trace->header_page.data || in->bad)
		return rt_err_say(err, -EBADMSG, "header_page leads out of its section");
	return xt_check_header_page(trace->header_page.data, err);
}

static int read_formats(struct xt_trace *trace, struct dat_in *in, const char *system,
			uint64_t count)
{
	int rc = 0;

	for (uint64_t i = 0; i < count && !in->bad && rc == 0; i++) {
		struct xt_text text = dat_in_text(in, dat_in_num(in, 8));

		if (text.data)
			rc = xt_add_format(trace, system, text.data, text.len);
		xt_text_finish(&text);
	}
	return rc;
}

int dat_ftrace_events(struct xt_trace *trace, struct dat_in *in)
{
	int rc = read_formats(trace, in, "ftrace", dat_in_num(in, 4));

	if (in->bad)
		xt_warn(trace, "the formats of ftrace's own events end too early");
	return rc;
}

int dat_event_formats(struct xt_trace *trace, struct dat_in *in)
{
	uint64_t systems = dat_in_num(in, 4);
	int rc = 0;

	for (uint64_t i = 0; i < systems && !in->bad && rc == 0; i++) {
		struct xt_text system = dat_in_string(in);

		rc = read_formats(trace, in, system.data ? system.data : "", dat_in_num(in, 4));
		xt_text_finish(&system);
	}
	if (in->bad)
		xt_warn(trace, "the event formats end too early: later events are not decoded");
	return rc;
}

/* ---- version 7 ---- */

static bool seen_before(const uint64_t *seen, unsigned int n, uint64_t offset)
{
	for (unsigned int i = 0; i < n; i++) {
		if (seen[i] == offset)
			return true;
	}
	return false;
}

/* One list of options; the next one's place, or 0, goes to @offset. */
static int option_list(struct xt_trace *trace, uint64_t *offset, struct rt_err *err)
{
	struct xt_text text = { 0 };
	struct dat_in in;
	uint64_t end;
	int rc = dat_section(trace, *offset, 0, &text, &end, err);

	if (rc == 0) {
		in = (struct dat_in){ .mem = (const uint8_t *)text.data, .end = text.len };
		rc = dat_options(trace, &in, offset, err);
	}
	xt_text_finish(&text);
	return rc;
}

/* What the lists in front of a damaged one told can be read. */
static int option_lists(struct xt_trace *trace, uint64_t offset, struct rt_err *err)
{
	uint64_t seen[MAX_OPTION_LISTS];
	struct rt_err why = { 0 };
	int rc = 0;

	for (unsigned int n = 0; offset && rc == 0; n++) {
		if (n == MAX_OPTION_LISTS) {
			rc = rt_err_say(&why, -EBADMSG, "more than %d lists of options", n);
		} else if (seen_before(seen, n, offset)) {
			rc = rt_err_say(&why, -EBADMSG,
					"the list of options at %llu leads back to itself",
					(unsigned long long)offset);
		} else {
			seen[n] = offset;
			rc = option_list(trace, &offset, &why);
		}
		if (rc == -ENOMEM || (rc < 0 && n == 0))
			return rt_err_say(err, rc, "%s", why.text);
	}
	if (rc < 0)
		xt_warn(trace, "%s", why.text);
	return 0;
}

/* Reads a section that options pointed at, if there is one: 1, 0, or -errno. */
static int optional_section(struct xt_trace *trace, enum dat_section id, struct xt_text *text,
			    struct dat_in *in)
{
	struct dat *dat = trace->priv;
	struct rt_err why = { 0 };
	uint64_t end;
	int rc;

	if (!dat->sections[id])
		return 0;
	rc = dat_section(trace, dat->sections[id], id, text, &end, &why);
	if (rc == -ENOMEM)
		return rc;
	if (rc < 0) {
		xt_warn(trace, "%s", why.text);
		return 0;
	}
	*in = (struct dat_in){ .mem = (const uint8_t *)text->data, .end = text->len };
	return 1;
}

static int read_sections_v7(struct xt_trace *trace, struct rt_err *err)
{
	struct xt_text text = { 0 };
	struct dat_in in;
	int rc = optional_section(trace, DAT_HEADER_INFO, &text, &in);

	if (rc > 0)
		rc = dat_header_info(trace, &in, err);
	xt_text_finish(&text);
	if (rc < 0)
		return rc;
	rc = optional_section(trace, DAT_FTRACE_EVENTS, &text, &in);
	if (rc > 0)
		rc = dat_ftrace_events(trace, &in);
	xt_text_finish(&text);
	if (rc == 0)
		rc = optional_section(trace, DAT_EVENT_FORMATS, &text, &in);
	if (rc > 0)
		rc = dat_event_formats(trace, &in);
	xt_text_finish(&text);
	if (rc == 0)
		rc = optional_section(trace, DAT_PRINTK, &text, &in);
	if (rc > 0)
		trace->printk = dat_in_text(&in, dat_in_num(&in, 4));
	xt_text_finish(&text);
	if (rc >= 0)
		rc = optional_section(trace, DAT_CMDLINES, &text, &in);
	if (rc > 0)
		trace->cmdlines = dat_in_text(&in, dat_in_num(&in, 8));
	xt_text_finish(&text);
	return rc < 0 ? rt_err_set(err, rc, "cannot keep the metadata") : 0;
}

static int open_v7(struct xt_trace *trace, struct dat_in *in, struct rt_err *err)
{
	struct xt_text name = dat_in_string(in), version = dat_in_string(in);
	struct dat *dat = trace->priv;
	uint64_t offset = dat_in_num(in, 8);
	struct rt_err why = { 0 };
	int rc;

	if (!in->bad) {
		dat->codec_known = true;
		if (strcmp(name.data, "zstd") == 0)
			dat->codec = XT_CODEC_ZSTD;
		else if (strcmp(name.data, "zlib") == 0)
			dat->codec = XT_CODEC_ZLIB;
		else
			dat->codec_known = strcmp(name.data, "none") == 0;
		strncpy(dat->codec_name, name.data, sizeof(dat->codec_name) - 1);
	}
	xt_text_finish(&name);
	xt_text_finish(&version);
	if (in->bad || !offset)
		return rt_err_say(err, -EBADMSG, "the file ends within its head");
	rc = option_lists(trace, offset, &why);
	if (rc < 0 && rc != -EBADMSG)
		return rt_err_say(err, rc, "%s", why.text);
	if (rc < 0)
		xt_warn(trace, "%s", why.text);
	if (!trace->nr_lanes && dat_recover(trace, in->pos, rc < 0) < 0)
		return rt_err_set(err, -ENOMEM, "cannot keep the list of CPUs");
	if (rc < 0 && !trace->nr_lanes)
		return rt_err_say(err, rc, "%s", why.text);
	return read_sections_v7(trace, err);
}

/* ---- opening ---- */

static void dat_destroy(struct xt_trace *trace)
{
	struct dat *dat = trace->priv;

	dat_lanes_destroy(trace);
	for (size_t i = 0; i < dat->nr_buffers; i++)
		free(dat->buffers[i].name);
	free(dat->buffers);
	close(dat->fd);
	free(dat);
}

static int dat_kallsyms(const struct xt_trace *trace, struct xt_text *ret, struct rt_err *err)
{
	const struct dat *dat = trace->priv;
	struct dat_in in = { .fd = dat->fd, .pos = dat->kallsyms, .end = dat->size };
	struct xt_text text = { 0 };
	uint64_t end;
	int rc;

	if (dat->version == 6) {
		*ret = dat_in_text(&in, dat->kallsyms_len);
		return ret->data ? 0 : -ENOENT;
	}
	if (!dat->sections[DAT_KALLSYMS])
		return -ENOENT;
	rc = dat_section(trace, dat->sections[DAT_KALLSYMS], DAT_KALLSYMS, &text, &end, err);
	if (rc < 0)
		return rc;
	in = (struct dat_in){ .mem = (const uint8_t *)text.data, .end = text.len };
	*ret = dat_in_text(&in, dat_in_num(&in, 4));
	xt_text_finish(&text);
	return ret->data ? 0 : -EBADMSG;
}

static uint32_t dat_page_size(const struct xt_trace *trace, unsigned int lane)
{
	const struct dat *dat = trace->priv;

	return dat->lanes[lane].page_size;
}

static const struct xt_backend dat_backend = {
	.destroy = dat_destroy,
	.chunk = dat_chunk,
	.load = dat_load,
	.page_size = dat_page_size,
	.kallsyms = dat_kallsyms,
};

static int read_head(struct xt_trace *trace, struct dat_in *in, struct rt_err *err)
{
	struct dat *dat = trace->priv;
	struct xt_text version;
	uint64_t long_bytes;
	uint8_t head[10];
	bool big_endian;

	dat_in_bytes(in, head, sizeof(head));
	if (in->bad || memcmp(head, "\x17\x08\x44tracing", sizeof(head)) != 0)
		return rt_err_say(err, -EINVAL,
				  "is no trace.dat: it does not begin with its magic");
	version = dat_in_string(in);
	if (version.data && version.len == 1)
		dat->version = (unsigned int)(version.data[0] - '0');
	xt_text_finish(&version);
	big_endian = dat_in_num(in, 1) != 0;
	long_bytes = dat_in_num(in, 1);
	dat->page_size = (uint32_t)dat_in_num(in, 4);
	/* Before what stands in it: where it is cut, nothing is known of the machine. */
	if (in->bad)
		return rt_err_say(err, -EBADMSG, "the file ends within its head");
	if (dat->version != 6 && dat->version != 7)
		return rt_err_say(err, -EOPNOTSUPP, "expected trace.dat version 6 or 7");
	if (big_endian)
		return rt_err_say(err, -EOPNOTSUPP, "was recorded by a big-endian machine; only "
				  "little-endian ones can be read");
	if (long_bytes != 8)
		return rt_err_say(err, -EOPNOTSUPP, "was recorded by a 32-bit kernel; only 64-bit "
				  "ones can be read");
	return 0;
}

static bool counts_ns(const char *clock)
{
	static const char *const others[] = { "", "counter", "x86-tsc" };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (strcmp(clock, others[i]) == 0)
			return false;
	}
	return true;
}

static void count_cpus(struct xt_trace *trace)
{
	const struct dat *dat = trace->priv;

	trace->info.nr_cpus = dat->cpus;
	for (unsigned int i = 0; i < trace->nr_lanes; i++) {
		if (trace->lanes[i].cpu >= trace->info.nr_cpus)
			trace->info.nr_cpus = trace->lanes[i].cpu + 1;
	}
}

static int open_version(struct xt_trace *trace, struct rt_err *err)
{
	struct dat *dat = trace->priv;
	struct dat_in in = { .fd = dat->fd, .end = dat->size };
	int rc = read_head(trace, &in, err);

	if (rc < 0)
		return rc;
	rc = dat->version == 6 ? dat_open_v6(trace, &in, err) : open_v7(trace, &in, err);
	if (rc < 0)
		return rc;
	rc = xt_parse_cmdlines(trace);
	if (rc < 0)
		return rt_err_set(err, rc, "cannot keep the names of tasks");
	/* trace-cmd leaves out a buffer of which no CPU recorded anything. */
	if (!trace->nr_lanes && dat->cpus > 0 && xt_trace_nr_warnings(trace) == 0 &&
	    dat_add_lane(trace, "", 0, dat->size, 0, dat->page_size, false) < 0)
		return rt_err_set(err, -ENOMEM, "cannot keep the list of CPUs");
	if (!trace->nr_lanes)
		return rt_err_say(err, -EBADMSG, "holds no ring buffer of any CPU");
	if (dat_check_overlap(trace) < 0)
		return rt_err_set(err, -ENOMEM, "cannot keep the list of CPUs");
	count_cpus(trace);
	trace->info.time.is_ns = trace->info.time.convert || counts_ns(trace->info.time.clock);
	return 0;
}

int xt_datfile_open(struct xt_trace *trace, const char *path, int fd, struct rt_err *err)
{
	struct dat *dat = calloc(1, sizeof(*dat));
	struct stat st;

	(void)path;
	if (!dat || fstat(fd, &st) < 0) {
		free(dat);
		close(fd);
		return rt_err_set(err, -ENOMEM, "cannot open the trace");
	}
	dat->fd = fd;
	dat->size = (uint64_t)st.st_size;
	trace->priv = dat;
	trace->backend = &dat_backend;
	trace->info.kind = "trace.dat";
	trace->info.complete = true;
	return open_version(trace, err);
}
