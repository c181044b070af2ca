/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz-print.c - any format and any record of it: the text is made, within its room
 *
 * An input is the text of a format, a NUL, and the record's bytes.
 */
#include "lib/buf.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/leaks.h"
#include "xtrace/print-local.h"

static char *format;
static size_t format_len;

static bool format_of(void *arg, unsigned int id, const char **ret_system, const char **ret_text,
		      size_t *ret_len)
{
	(void)arg;
	*ret_system = "odd";
	*ret_text = format;
	*ret_len = format_len;
	return id == 7;
}

static const struct xt_symbols *symbols_of(void *arg)
{
	(void)arg;
	return xt_no_symbols();
}

static unsigned int cpu_of(void *arg, unsigned int lane)
{
	(void)arg;
	return lane;
}

static void none(void *arg)
{
	(void)arg;
}

static void print(struct xt_pen *pen, const struct xt_rec *rec, bool raw)
{
	static char room[XT_PEN_ROOM];
	struct rt_buf out = { 0 };

	for (size_t len = 0; len <= sizeof(room); len = 2 * len + 1) {
		char *own = malloc(len + 1);
		char *end = xt_pen_event(pen, rec, raw, NULL, own, own + len);

		fuzz_assert(!end || (end >= own && end <= own + len));
		free(own);
	}
	xt_pen_append(pen, rec, raw, NULL, &out);
	rt_buf_finish(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct xt_print_source source = {
		.destroy = none, .max_event = 8, .format = format_of, .symbols = symbols_of,
		.printk = "0xffffffff81e00000 : \"number %d\\n\"\n", .cpu = cpu_of,
	};
	const uint8_t *nul = memchr(data, '\0', size);
	struct xt_printer *printer;
	struct xt_pen *pen;
	struct xt_rec rec = { 0 };
	uint8_t *bytes;

	if (!nul || (size_t)(data + size - nul) < 5)
		return 0;
	format = fuzz_text(data, (size_t)(nul - data));
	format_len = (size_t)(nul - data);
	rec.size = (uint32_t)(data + size - nul - 1) & ~3u;
	bytes = malloc(rec.size);	/* exact: every byte behind it is watched */
	fuzz_assert(bytes);
	memcpy(bytes, nul + 1, rec.size);
	memcpy(bytes, "\x07", 2);
	rec.data = bytes;
	if (xt_print_create(&printer, &source, NULL) == 0) {
		if (xt_pen_create(&pen, printer) == 0) {
			print(pen, &rec, false);
			print(pen, &rec, true);
			xt_pen_destroy(pen);
		}
		xt_printer_destroy(printer);
	}
	free(bytes);
	free(format);
	return 0;
}
