/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * journal-file.c - the text of a journal, read and written
 */
#include "tuning/journal-file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/text.h"

#define MAGIC		"kvmrt-journal"
#define VERSION		"1"
#define MAX_FIELDS	5

static void finish_record(struct tune_record *record)
{
	free(record->target);
	free(record->before);
	free(record->wanted);
}

void tune_records_finish(struct tune_records *records)
{
	while (records->nr)
		tune_records_pop(records);
	free(records->v);
	free(records->note);
	*records = (struct tune_records){ 0 };
}

void tune_records_pop(struct tune_records *records)
{
	finish_record(&records->v[--records->nr]);
}

int tune_records_push(struct tune_records *records, struct tune_record *record)
{
	size_t room = records->room ? records->room * 2 : 64;
	struct tune_record *v;

	if (!record->target || !record->before || !record->wanted)
		goto err_record;
	if (records->nr == records->room) {
		v = reallocarray(records->v, room, sizeof(*v));
		if (!v)
			goto err_record;
		records->v = v;
		records->room = room;
	}
	records->v[records->nr++] = *record;
	return 0;

err_record:
	finish_record(record);
	return -ENOMEM;
}

/* ---- writing ---- */

static void put_field(struct rt_buf *buf, const char *text, char end)
{
	static const char from[] = "\t\n\\", to[] = "tn\\";
	const char *special;

	for (; *text; text++) {
		special = strchr(from, *text);
		if (special)
			rt_buf_printf(buf, "\\%c", to[special - from]);
		else
			rt_buf_add(buf, text, 1);
	}
	rt_buf_add(buf, &end, 1);
}

void tune_records_format_head(struct rt_buf *buf, const char *boot, const char *note)
{
	rt_buf_puts(buf, MAGIC "\t" VERSION "\t");
	put_field(buf, boot, '\n');
	if (note) {
		rt_buf_puts(buf, "note\t");
		put_field(buf, note, '\n');
	}
}

void tune_records_format(struct rt_buf *buf, const struct tune_record *record)
{
	rt_buf_printf(buf, "%llu\t%s\t", (unsigned long long)record->seq,
		      tune_knob_word(record->kind));
	put_field(buf, record->target, '\t');
	put_field(buf, record->before, '\t');
	put_field(buf, record->wanted, '\n');
}

/* ---- reading ---- */

/* In place: never longer. */
static bool unescape(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (*text == '\\') {
			text++;
			if (*text != 't' && *text != 'n' && *text != '\\')
				return false;
			*to++ = *text == 't' ? '\t' : *text == 'n' ? '\n' : '\\';
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
	return true;
}

/* How many fields; 0 for too many, or one that is not well escaped. */
static unsigned int split(char *line, char *fields[MAX_FIELDS])
{
	unsigned int nr = 0, i;
	char *field;

	while ((field = strsep(&line, "\t"))) {
		if (nr == MAX_FIELDS)
			return 0;
		fields[nr++] = field;
	}
	for (i = 0; i < nr; i++)
		if (!unescape(fields[i]))
			return 0;
	return nr;
}

static bool parse_head(struct tune_records *records, char *fields[], unsigned int nr)
{
	if (nr != 3 || strcmp(fields[0], MAGIC) != 0 || strcmp(fields[1], VERSION) != 0 ||
	    strlen(fields[2]) >= sizeof(records->boot))
		return false;
	strcpy(records->boot, fields[2]);
	return true;
}

/* Journals of an older version have interrupts as files: the same knob, whosoever it was. */
static enum tune_knob_kind kind_of(int kind, const char *target)
{
	int end = 0;

	if (kind == TUNE_KNOB_CPULIST &&
	    sscanf(target, "proc/irq/%*u/smp_affinity_list%n", &end) == 0 && end && !target[end])
		return TUNE_KNOB_IRQ;
	return kind;
}

static bool parse_record(struct tune_records *records, char *fields[], unsigned int nr,
			 size_t offset, int *ret_rc)
{
	struct tune_record record = { .offset = offset };
	bool in_order;
	int kind;

	if (nr != MAX_FIELDS || records->nr >= TUNE_RECORDS_MAX)
		return false;
	kind = tune_knob_find(fields[1]);
	if (kind < 0 || rt_parse_u64(fields[0], 1, UINT64_MAX - 1, &record.seq) < 0 ||
	    strlen(fields[2]) >= TUNE_TARGET_MAX || strlen(fields[3]) >= TUNE_VALUE_MAX ||
	    strlen(fields[4]) >= TUNE_VALUE_MAX || !fields[2][0])
		return false;
	in_order = !records->complete &&
		   (!records->nr || record.seq > records->v[records->nr - 1].seq);
	record.kind = kind_of(kind, fields[2]);
	record.target = strdup(fields[2]);
	record.before = strdup(fields[3]);
	record.wanted = strdup(fields[4]);
	*ret_rc = tune_records_push(records, &record);
	return in_order;
}

static bool parse_line(struct tune_records *records, char *line, size_t offset,
		       unsigned int number, int *ret_rc)
{
	char *fields[MAX_FIELDS];
	unsigned int nr = split(line, fields);

	if (nr == 0)
		return false;
	if (number == 1)
		return parse_head(records, fields, nr);
	if (number == 2 && nr == 2 && strcmp(fields[0], "note") == 0) {
		records->note = strdup(fields[1]);
		*ret_rc = records->note ? 0 : -ENOMEM;
		return true;
	}
	if (nr == 1 && strcmp(fields[0], "complete") == 0 && !records->complete) {
		records->complete = true;
		return true;
	}
	return parse_record(records, fields, nr, offset, ret_rc);
}

#define SHOWN	60	/* bytes of a bad line, in a message */

/* The first of them is told. */
static int bad_line(struct rt_err *err, int before, unsigned int number, const char *line,
		    size_t len)
{
	return before ? before :
	       rt_err_say(err, -EBADMSG, "line %u: expected %s, found \"%.*s\"", number,
			  number == 1 ? "\"" MAGIC "\", version " VERSION " and a boot's id" :
			  "a change", (int)(len < SHOWN ? len : SHOWN), line);
}

int tune_records_parse(struct tune_records *records, const char *text, size_t len,
		       struct rt_err *err)
{
	int rc = 0, bad = 0;
	unsigned int number = 0;
	const char *end;
	size_t offset;
	char *line;

	for (offset = 0; (end = memchr(text + offset, '\n', len - offset)); ) {
		size_t line_len = end - (text + offset);

		line = strndup(text + offset, line_len);
		if (!line)
			return rt_err_set(err, -ENOMEM, "a journal");
		if (strlen(line) != line_len ||
		    !parse_line(records, line, offset, ++number, &rc))
			bad = bad_line(err, bad, number, text + offset, line_len);
		free(line);
		if (rc < 0)
			return rt_err_set(err, rc, "a journal");
		offset = end + 1 - text;
		if (!records->complete)
			records->end = offset;
	}
	return bad;
}
