/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * export.c - writes a trace as a trace.dat, for trace-cmd, KernelShark and their like
 *
 * Version 7, compressed by zstd (trace-cmd.dat.v7(5)).  Sub-buffers go there as the kernel
 * wrote them, and whole blocks as they were compressed; only what was lost where no
 * sub-buffer tells of it is marked in the next one.
 */
#include "xtrace/local.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zstd.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/io.h"
#include "xtrace/datfile.h"
#include "xtrace/frame.h"

#define LEVEL		1		/* of zstd: higher ones gain little on sub-buffers */
#define CHUNK_BYTES	(64u << 10)	/* raw, or one sub-buffer: what damage costs */
#define HOLD_BYTES	(1u << 20)	/* written at once */

enum { OPTIONS = 0, BUFFER = 3, COMPRESSED = 1 };
enum { OPT_DONE = 0, OPT_BUFFER = 3, OPT_TRACECLOCK, OPT_UNAME, OPT_OFFSET = 7, OPT_CPUCOUNT,
	OPT_TRACEID = 11, OPT_TIME_SHIFT, OPT_GUEST, OPT_TSC2NSEC };

/* As ring_buffer_print_entry_header() in kernel/trace/ring_buffer.c has it, always the same. */
static const char header_event[] =
	"# compressed entry header\n\ttype_len    :    5 bits\n\ttime_delta  :   27 bits\n"
	"\tarray       :   32 bits\n\n\tpadding     : type == 29\n\ttime_extend : type == 30\n"
	"\ttime_stamp : type == 31\n\tdata max type_len  == 28\n";

struct out {
	const struct xt_trace *trace;
	const struct xt_export_opts *opts;
	int fd;
	int rc;			/* the first failure; all later writes do nothing */
	uint64_t at;		/* bytes of the file in front of ->hold */
	struct rt_buf hold;
	struct rt_buf options;
	ZSTD_CCtx *cctx;
	uint64_t done, all;	/* chunks */
};

/* ---- bytes ---- */

static uint64_t place(const struct out *out)
{
	return out->at + out->hold.len;
}

static void flush(struct out *out)
{
	if (out->hold.failed)
		out->rc = out->rc ? : -ENOMEM;
	if (out->rc == 0)
		out->rc = rt_write_all(out->fd, out->hold.data, out->hold.len);
	out->at += out->hold.len;
	out->hold.len = 0;
}

static void put(struct out *out, const void *data, size_t len)
{
	rt_buf_add(&out->hold, data, len);
	if (out->hold.len >= HOLD_BYTES || out->hold.failed)
		flush(out);
}

static void add_num(struct rt_buf *buf, uint64_t v, unsigned int bytes)
{
	rt_buf_add(buf, &v, bytes);	/* x86-64: little-endian */
}

static void add_string(struct rt_buf *buf, const char *text)
{
	rt_buf_add(buf, text, strlen(text) + 1);
}

static void add_text(struct rt_buf *buf, const char *text, size_t len, unsigned int size_bytes)
{
	add_num(buf, len, size_bytes);
	rt_buf_add(buf, text, len);
}

static void put_num(struct out *out, uint64_t v, unsigned int bytes)
{
	put(out, &v, bytes);
}

/* A number of which only the place was known. */
static void patch(struct out *out, uint64_t at, uint64_t v, unsigned int bytes)
{
	ssize_t n;

	if (out->rc)
		return;
	if (at >= out->at) {
		memcpy(out->hold.data + (at - out->at), &v, bytes);
		return;
	}
	n = pwrite(out->fd, &v, bytes, (off_t)at);
	if (n != (ssize_t)bytes)
		out->rc = n < 0 ? -errno : -EIO;
}

/* u32 size compressed, u32 size, the bytes compressed */
static void put_packed(struct out *out, const void *data, size_t len)
{
	size_t bound = ZSTD_compressBound(len), n;
	char *to = out->rc ? NULL : rt_buf_reserve(&out->hold, 8 + bound);
	uint32_t sizes[2];

	if (!to) {
		flush(out);
		return;
	}
	n = ZSTD_compress2(out->cctx, to + 8, bound, data, len);
	if (ZSTD_isError(n)) {
		out->rc = out->rc ? : -ENOMEM;
		return;
	}
	sizes[0] = (uint32_t)n;
	sizes[1] = (uint32_t)len;
	memcpy(to, sizes, sizeof(sizes));
	out->hold.len += 8 + n;
	if (out->hold.len >= HOLD_BYTES)
		flush(out);
}

/* ---- sections and options ---- */

/* Return: the place of its size, for section_end(). */
static uint64_t section_begin(struct out *out, unsigned int id)
{
	put_num(out, id, 2);
	put_num(out, id == OPTIONS ? 0 : COMPRESSED, 2);	/* trace-cmd dump reads them so */
	put_num(out, 0, 4);	/* no description */
	put_num(out, 0, 8);
	return place(out) - 8;
}

static void section_end(struct out *out, uint64_t size_at)
{
	patch(out, size_at, place(out) - size_at - 8, 8);
}

/* Return: where it begins.  @part is used up. */
static uint64_t put_section(struct out *out, unsigned int id, struct rt_buf *part)
{
	uint64_t begin = place(out), size_at = section_begin(out, id);

	if (part->failed)
		out->rc = out->rc ? : -ENOMEM;
	else if (part->len > XT_MAX_TEXT)
		out->rc = out->rc ? : -EFBIG;	/* readers refuse it, we too */
	else if (id == OPTIONS)
		put(out, part->data, part->len);
	else
		put_packed(out, part->data, part->len);
	section_end(out, size_at);
	rt_buf_finish(part);
	*part = (struct rt_buf){ 0 };
	return begin;
}

static void add_option(struct out *out, unsigned int id, const void *data, size_t len)
{
	add_num(&out->options, id, 2);
	add_num(&out->options, len, 4);
	rt_buf_add(&out->options, data, len);
}

static void put_part(struct out *out, unsigned int id, struct rt_buf *part)
{
	uint64_t begin = put_section(out, id, part);

	add_option(out, id, &begin, sizeof(begin));
}

/* ---- what the events mean ---- */

static void put_headers(struct out *out)
{
	const struct xt_text *page = &out->trace->header_page;
	struct rt_buf part = { 0 };

	add_string(&part, "header_page");
	add_text(&part, page->data, page->len, 8);
	add_string(&part, "header_event");
	add_text(&part, header_event, strlen(header_event), 8);
	put_part(out, DAT_HEADER_INFO, &part);
}

static int by_system(const void *a, const void *b)
{
	const struct xt_format *const *x = a, *const *y = b;
	int diff = strcmp((*x)->system, (*y)->system);

	return diff ? diff : *x < *y ? -1 : *x > *y;
}

/* Formats of one system from @list on.  Return: how many. */
static size_t count_system(const struct xt_format *const *list, size_t nr)
{
	size_t n = 0;

	while (n < nr && strcmp(list[n]->system, list[0]->system) == 0)
		n++;
	return n;
}

static void add_formats(struct rt_buf *part, const struct xt_format *const *list, size_t nr)
{
	add_num(part, nr, 4);
	for (size_t i = 0; i < nr; i++)
		add_text(part, list[i]->text.data, list[i]->text.len, 8);
}

/* ftrace's own by themselves, then by systems. */
static void put_formats(struct out *out)
{
	const struct xt_trace *trace = out->trace;
	const struct xt_format **list = calloc(trace->nr_formats + 1, sizeof(*list));
	struct rt_buf own = { 0 }, part = { 0 }, systems = { 0 };
	uint32_t nr_systems = 0;
	size_t n;

	if (!list) {
		out->rc = out->rc ? : -ENOMEM;
		return;
	}
	for (size_t i = 0; i < trace->nr_formats; i++)
		list[i] = &trace->formats[i];
	qsort(list, trace->nr_formats, sizeof(*list), by_system);
	for (size_t i = 0; i < trace->nr_formats; i += n) {
		n = count_system(list + i, trace->nr_formats - i);
		if (strcmp(list[i]->system, "ftrace") == 0) {
			add_formats(&own, list + i, n);
			continue;
		}
		add_string(&systems, list[i]->system);
		add_formats(&systems, list + i, n);
		nr_systems++;
	}
	if (!own.len)
		add_num(&own, 0, 4);
	add_num(&part, nr_systems, 4);
	rt_buf_add(&part, systems.data, systems.len);
	part.failed |= systems.failed;
	rt_buf_finish(&systems);
	free(list);
	put_part(out, DAT_FTRACE_EVENTS, &own);
	put_part(out, DAT_EVENT_FORMATS, &part);
}

/* The text as it was, with what is no name too: there trace-cmd report stops to read them. */
static void put_tasks(struct out *out)
{
	const struct xt_text *text = &out->trace->cmdlines;
	struct rt_buf part = { 0 };

	add_text(&part, text->data, text->len, 8);
	for (size_t i = 8; i < part.len; i++)
		if (part.data[i] == '\0')	/* in memory each line is a string */
			part.data[i] = '\n';
	put_part(out, DAT_CMDLINES, &part);
}

/* Events are worth more than the names of the kernel's functions. */
static void warn_of_symbols(struct out *out, int rc, struct rt_err *err)
{
	if (!err->text[0])
		rt_err_set(err, rc, "the kernel's symbols cannot be read");
	if (out->opts->warn)
		out->opts->warn(out->opts->arg, err->text);
}

static void put_names(struct out *out)
{
	const struct xt_trace *trace = out->trace;
	struct xt_text symbols = { 0 };
	struct rt_buf part = { 0 };
	struct rt_err err = { 0 };
	int rc = trace->backend->kallsyms(trace, &symbols, &err);

	if (rc == -ENOMEM)
		out->rc = out->rc ? : rc;
	else if (rc < 0 && rc != -ENOENT)
		warn_of_symbols(out, rc, &err);
	add_text(&part, symbols.data, symbols.len, 4);
	xt_text_finish(&symbols);
	put_part(out, DAT_KALLSYMS, &part);
	add_text(&part, trace->printk.data, trace->printk.len, 4);
	put_part(out, DAT_PRINTK, &part);
	put_tasks(out);
}

/* ---- sub-buffers ---- */

struct lane_out {
	struct out *out;
	struct rt_buf chunk;	/* sub-buffers that are not written yet */
	struct rt_buf frame;	/* those of the block that was loaded last, as compressed */
	uint32_t nr_chunks;
	bool lost, count_known;	/* in front of the next sub-buffer, and nobody has told yet */
	uint64_t count;
};

static void write_chunk(struct lane_out *lane)
{
	if (lane->chunk.failed)
		lane->out->rc = lane->out->rc ? : -ENOMEM;
	if (lane->chunk.len == 0 || lane->out->rc)
		return;
	put_packed(lane->out, lane->chunk.data, lane->chunk.len);
	lane->chunk.len = 0;
	lane->nr_chunks++;
}

static void lose(struct lane_out *lane, bool known, uint64_t count)
{
	lane->count_known = known && (lane->count_known || !lane->lost);
	lane->count += count;
	lane->lost = true;
}

/* Its number, where the sub-buffer says that it stands behind the data. */
static void lose_as_told(struct lane_out *lane, const uint8_t *page, uint32_t commit, uint32_t used)
{
	uint64_t count = 0;

	if (commit & XT_COMMIT_COUNT)
		memcpy(&count, page + XT_PAGE_HEAD + used, sizeof(count));
	lose(lane, commit & XT_COMMIT_COUNT, count);
}

static void tell_lost(struct lane_out *lane, uint8_t *page, uint32_t page_size, uint32_t used)
{
	uint32_t commit = used | XT_COMMIT_LOST;

	if (lane->count_known && page_size - XT_PAGE_HEAD - used >= sizeof(lane->count)) {
		memcpy(page + XT_PAGE_HEAD + used, &lane->count, sizeof(lane->count));
		commit |= XT_COMMIT_COUNT;
	}
	memcpy(page + XT_PAGE_COMMIT, &commit, sizeof(commit));
	lane->lost = lane->count_known = false;
	lane->count = 0;
}

/* One without events is left out: what it says of lost ones trace-cmd looks for at an event. */
static void add_page(struct lane_out *lane, const uint8_t *page, uint32_t page_size)
{
	uint32_t commit, used, room = page_size - XT_PAGE_HEAD;
	uint8_t *to;

	memcpy(&commit, page + XT_PAGE_COMMIT, sizeof(commit));
	used = commit & XT_COMMIT_BYTES;
	if (used > room)
		used = room;
	if ((commit & XT_COMMIT_COUNT) && room - used < sizeof(uint64_t))
		commit &= ~XT_COMMIT_COUNT;
	if (commit & XT_COMMIT_LOST)
		lose_as_told(lane, page, commit, used);
	if (used == 0)
		return;
	rt_buf_add(&lane->chunk, page, page_size);
	if (lane->lost && !lane->chunk.failed) {
		to = (uint8_t *)lane->chunk.data + lane->chunk.len - page_size;
		tell_lost(lane, to, page_size, used);
	}
	if (lane->chunk.len >= CHUNK_BYTES || lane->chunk.failed)
		write_chunk(lane);
}

/* Whether add_page() would write the same bytes for all of them, and in one chunk. */
static bool can_copy(const struct lane_out *lane, const struct xt_pages *pages)
{
	uint32_t commit;

	if (lane->lost || (size_t)pages->nr * pages->page_size < CHUNK_BYTES)
		return false;
	for (uint32_t p = 0; p < pages->nr; p++) {
		memcpy(&commit, pages->base + (size_t)p * pages->page_size + XT_PAGE_COMMIT,
		       sizeof(commit));
		if (commit == 0 || commit > pages->page_size - XT_PAGE_HEAD)
			return false;
	}
	return true;
}

static bool copy_frame(struct lane_out *lane, const struct xt_pages *pages)
{
	uint32_t sizes[2] = { 0, pages->nr * pages->page_size };

	if (!can_copy(lane, pages) || !xt_frame_extend(&lane->frame, pages->base, sizes[1]))
		return false;
	write_chunk(lane);
	if (lane->frame.failed)
		lane->out->rc = lane->out->rc ? : -ENOMEM;
	sizes[0] = (uint32_t)lane->frame.len;
	put(lane->out, sizes, sizeof(sizes));
	put(lane->out, lane->frame.data, lane->frame.len);
	lane->nr_chunks++;
	return true;
}

static int load_chunk(struct lane_out *lane, unsigned int index, size_t chunk,
		      struct xt_pages **ret, struct rt_err *err)
{
	const struct xt_trace *trace = lane->out->trace;

	lane->frame.len = 0;
	if (!trace->backend->load_frame)
		return xt_lane_load(trace, index, chunk, 1, ret, err);
	return trace->backend->load_frame(trace, index, chunk, &lane->frame, ret, err);
}

static void note_progress(struct out *out)
{
	out->done++;
	if (out->opts->progress)
		out->opts->progress(out->opts->arg, (unsigned int)(100 * out->done / out->all));
	if (out->opts->stop && out->opts->stop(out->opts->arg))
		out->rc = out->rc ? : -EINTR;
}

/* What is damaged is passed over with a word, and leaves a mark of lost events. */
static void add_chunks(struct lane_out *lane, unsigned int index, size_t nr)
{
	struct out *out = lane->out;
	struct xt_pages *pages;
	struct rt_err err = { 0 };
	bool copied;
	int rc;

	for (size_t i = 0; i < nr && out->rc == 0; i++) {
		pages = NULL;
		rc = load_chunk(lane, index, i, &pages, &err);
		if (rc < 0 && rc != -ENODATA && out->opts->warn)
			out->opts->warn(out->opts->arg, err.text);
		if (rc == -EBADMSG)
			lose(lane, false, 0);
		else if (rc < 0 && rc != -ENODATA)
			out->rc = rc;
		copied = pages && copy_frame(lane, pages);
		for (uint32_t p = 0; pages && !copied && p < pages->nr; p++)
			add_page(lane, pages->base + (size_t)p * pages->page_size,
				 pages->page_size);
		xt_pages_put(pages);
		note_progress(out);
	}
	write_chunk(lane);
}

/* u32 number of chunks, and the chunks; its row goes to the buffer's option. */
static void put_lane(struct out *out, unsigned int index, struct rt_buf *option)
{
	const struct xt_lane_info *info = xt_trace_lane(out->trace, index);
	struct lane_out lane = { .out = out };
	uint64_t begin = place(out);

	put_num(out, 0, 4);
	add_chunks(&lane, index, info->nr_chunks);
	patch(out, begin, lane.nr_chunks, 4);
	rt_buf_finish(&lane.chunk);
	rt_buf_finish(&lane.frame);
	add_num(option, info->cpu, 4);
	add_num(option, begin, 8);
	add_num(option, place(out) - begin - 4, 8);	/* without the number */
}

/* That of any ring where there is none of this name, as a cut file may have lost the main one. */
static uint32_t page_size_of(const struct xt_trace *trace, const char *buffer)
{
	for (unsigned int l = 0; l < trace->nr_lanes; l++)
		if (strcmp(trace->lanes[l].buffer, buffer) == 0)
			return trace->backend->page_size(trace, l);
	return trace->backend->page_size(trace, 0);
}

static void put_buffer(struct out *out, const char *name)
{
	const struct xt_trace *trace = out->trace;
	uint64_t begin = place(out), size_at = section_begin(out, BUFFER);
	struct rt_buf option = { 0 };
	uint32_t cpus = 0;

	for (unsigned int l = 0; l < trace->nr_lanes; l++)
		cpus += strcmp(trace->lanes[l].buffer, name) == 0;
	add_num(&option, begin, 8);
	add_string(&option, name);
	add_string(&option, trace->info.time.clock);
	add_num(&option, page_size_of(trace, name), 4);
	add_num(&option, cpus, 4);
	for (unsigned int l = 0; l < trace->nr_lanes; l++)
		if (strcmp(trace->lanes[l].buffer, name) == 0)
			put_lane(out, l, &option);
	section_end(out, size_at);
	if (option.failed)
		out->rc = out->rc ? : -ENOMEM;
	else
		add_option(out, OPT_BUFFER, option.data, option.len);
	rt_buf_finish(&option);
}

/* The main ring first, as readers expect it; then each other one where it first comes. */
static void put_buffers(struct out *out)
{
	const struct xt_trace *trace = out->trace;
	unsigned int l, before;

	for (l = 0; l < trace->nr_lanes; l++)
		out->all += trace->lanes[l].nr_chunks;
	put_buffer(out, "");
	for (l = 0; l < trace->nr_lanes; l++) {
		for (before = 0; before < l; before++)
			if (strcmp(trace->lanes[before].buffer, trace->lanes[l].buffer) == 0)
				break;
		if (before == l && trace->lanes[l].buffer[0])
			put_buffer(out, trace->lanes[l].buffer);
	}
}

/* ---- options ---- */

/* The clock's name decides whether trace-cmd shows seconds or a plain number. */
static void add_clock_options(struct out *out)
{
	const struct xt_timebase *time = &out->trace->info.time;
	struct { uint32_t mult, shift; uint64_t offset; } convert = { time->mult, time->shift, 0 };
	char text[32];

	if (time->clock[0] && !time->unnoted) {
		snprintf(text, sizeof(text), "[%s]", time->clock);
		add_option(out, OPT_TRACECLOCK, text, strlen(text) + 1);
	}
	if (time->convert)
		add_option(out, OPT_TSC2NSEC, &convert, sizeof(convert));
	if (time->offset) {
		snprintf(text, sizeof(text), "%lld", (long long)time->offset);
		add_option(out, OPT_OFFSET, text, strlen(text) + 1);
	}
}

static void add_shifts(struct out *out, const struct xt_export_opts *opts)
{
	struct rt_buf option = { 0 };
	size_t c, i;

	if (!opts->nr_shifts)
		return;
	add_num(&option, opts->peer_id, 8);
	add_num(&option, opts->shift_slopes, 4);
	add_num(&option, opts->nr_shifts, 4);
	for (c = 0; c < opts->nr_shifts; c++) {
		const struct xt_cpu_shift *shift = &opts->shifts[c];

		add_num(&option, shift->nr, 4);
		for (i = 0; i < shift->nr; i++)
			add_num(&option, shift->samples[i].time, 8);
		for (i = 0; i < shift->nr; i++)
			add_num(&option, (uint64_t)shift->samples[i].offset, 8);
		for (i = 0; i < shift->nr; i++)
			add_num(&option, shift->samples[i].scaling, 8);
	}
	for (c = 0; c < opts->nr_shifts; c++)
		for (i = 0; i < opts->shifts[c].nr; i++)
			add_num(&option, opts->shifts[c].samples[i].fraction, 8);
	if (option.failed)
		out->rc = out->rc ? : -ENOMEM;
	else
		add_option(out, OPT_TIME_SHIFT, option.data, option.len);
	rt_buf_finish(&option);
}

/* trace-cmd takes no guest with a CPU whose number is not below that of the rows: more of them. */
static size_t guest_rows(const struct xt_vcpu *vcpus, size_t nr)
{
	size_t rows = nr;

	for (size_t i = 0; i < nr; i++)
		if (vcpus[i].vcpu < XT_MAX_CPUS && vcpus[i].vcpu >= rows)
			rows = vcpus[i].vcpu + 1;
	return rows;
}

/* One option a guest: name, id of its trace, CPUs and their threads. */
static void add_guests(struct out *out, const struct xt_vcpu *vcpus, size_t nr)
{
	size_t n, rows;

	for (size_t i = 0; i < nr; i += n) {
		struct rt_buf option = { 0 };

		for (n = 1; i + n < nr && vcpus[i + n].trace_id == vcpus[i].trace_id; n++)
			;
		rows = guest_rows(vcpus + i, n);
		add_string(&option, vcpus[i].vm);
		add_num(&option, vcpus[i].trace_id, 8);
		add_num(&option, rows, 4);
		for (size_t k = 0; k < rows; k++) {
			const struct xt_vcpu *vcpu = &vcpus[i + (k < n ? k : 0)];

			add_num(&option, vcpu->vcpu, 4);
			add_num(&option, (uint32_t)vcpu->tid, 4);
		}
		if (option.failed)
			out->rc = out->rc ? : -ENOMEM;
		else
			add_option(out, OPT_GUEST, option.data, option.len);
		rt_buf_finish(&option);
	}
}

static void put_options(struct out *out, uint64_t first_at)
{
	const struct xt_info *info = &out->trace->info;
	struct rt_buf uname = { 0 };
	uint32_t cpus = info->nr_cpus;
	uint64_t none = 0;

	rt_buf_printf(&uname, "Linux %s %s x86_64", *info->host ? info->host : "unknown",
		      info->release ? info->release : "");
	if (rt_buf_str(&uname))
		add_option(out, OPT_UNAME, uname.data, uname.len + 1);
	rt_buf_finish(&uname);
	add_option(out, OPT_CPUCOUNT, &cpus, sizeof(cpus));
	if (out->opts->trace_id)
		add_option(out, OPT_TRACEID, &out->opts->trace_id, sizeof(out->opts->trace_id));
	add_clock_options(out);
	add_shifts(out, out->opts);
	add_guests(out, out->opts->vcpus, out->opts->nr_vcpus);
	add_option(out, OPT_DONE, &none, sizeof(none));
	patch(out, first_at, put_section(out, OPTIONS, &out->options), 8);
}

/* ---- the file ---- */

/* Return: the place of the offset of the first options. */
static uint64_t put_head(struct out *out)
{
	static const char magic[] = "\x17\x08\x44tracing";

	put(out, magic, sizeof(magic) - 1);
	put(out, "7", 2);
	put_num(out, 0, 1);	/* little-endian */
	put_num(out, 8, 1);	/* bytes of a long */
	put_num(out, page_size_of(out->trace, ""), 4);
	put(out, "zstd", 5);
	put(out, ZSTD_versionString(), strlen(ZSTD_versionString()) + 1);
	put_num(out, 0, 8);
	return place(out) - 8;
}

int xt_export(const struct xt_trace *trace, int fd, const struct xt_export_opts *opts,
	      struct rt_err *err)
{
	struct out out = { .trace = trace, .opts = opts, .fd = fd, .cctx = ZSTD_createCCtx() };
	uint64_t first_at;

	if (!trace->header_page.data || !trace->nr_lanes) {
		ZSTD_freeCCtx(out.cctx);
		return rt_err_say(err, -ENODATA, "has no %s to export",
				  trace->nr_lanes ? "formats" : "events");
	}
	/* the file itself has no checksum */
	if (!out.cctx ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(out.cctx, ZSTD_c_compressionLevel, LEVEL)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(out.cctx, ZSTD_c_checksumFlag, 1)))
		out.rc = -ENOMEM;
	first_at = put_head(&out);
	put_headers(&out);
	put_formats(&out);
	put_names(&out);
	put_buffers(&out);
	put_options(&out, first_at);
	flush(&out);
	rt_buf_finish(&out.hold);
	rt_buf_finish(&out.options);
	ZSTD_freeCCtx(out.cctx);
	return out.rc < 0 ? rt_err_set(err, out.rc, "cannot be exported") : 0;
}
