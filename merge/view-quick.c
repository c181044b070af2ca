/* SPDX-License-Identifier: GPL-2.0-or-later */
/* view-quick.c - a window of usual records as text */
#include "merge/view-quick.h"

#include <emmintrin.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "merge/put.h"

#define SELDOM __attribute__((noinline))

/* An item with one of these is not a usual one. */
#define UNUSUAL (MRG_ITEM_LOST | MRG_ITEM_HIDDEN | MRG_ITEM_NOTED | MRG_ITEM_REPLACED | \
		 MRG_ITEM_LEAF | MRG_ITEM_NO_WORD | MRG_ITEM_GROUP)

/* From here on a number has twenty digits, as the kernel's addresses have. */
#define TWENTY_DIGITS 10000000000000000000ull
#define NR_NUMBERS 512u

struct number {
	uint64_t value;		/* 0: none */
	char text[24];
};

struct lane {
	char *between;		/* from the time to the event: " 3 "; owned; 16 bytes more */
	uint32_t len, nr_ids;
	struct mrg_quick_row **rows;	/* of its member; made at their first use, atomic */
	uint16_t member;
};

struct mrg_quick {
	struct mrg_view *view;
	struct lane *lanes;
	struct mrg_quick_row ***rows;	/* by member and id; owned, and each */
	struct number *numbers;		/* large ones as text: NR_NUMBERS for each worker */
	size_t room;			/* bytes of a line without its event */
	unsigned int nr_lanes;
};

/* A window being printed. */
struct hand {
	struct mrg_pen pen;	/* first: what is not usual is printed with it */
	struct mrg_quick *quick;
	struct number *numbers;
};

/* ---- preparing ---- */

/* Time, then what lanes show, then the event, and nothing that differs from line to line. */
static bool is_usual(const struct mrg_view *view)
{
	unsigned int i, nr = view->nr_fields;

	if (view->opts->colour || view->opts->time == MRG_TIME_RAW || nr < 2 ||
	    view->fields[0] != MRG_FIELD_TIME || view->fields[nr - 1] != MRG_FIELD_EVENT)
		return false;
	for (i = 1; i + 1 < nr; i++) {
		if (view->fields[i] != MRG_FIELD_HOST && view->fields[i] != MRG_FIELD_BUFFER &&
		    view->fields[i] != MRG_FIELD_CPU)
			return false;
	}
	return true;
}

static int prepare_lane(struct mrg_quick *quick, unsigned int i)
{
	const struct mrg_lanes_text *text = quick->view->own;
	uint16_t member = mrg_stream_lane(quick->view->stream, i)->member_index;
	const struct mrg_lane_text *from = &text->lanes[i];
	struct lane *lane = &quick->lanes[i];
	const struct mrg_view *view = quick->view;
	struct rt_buf between = { 0 };
	unsigned int f;

	rt_buf_puts(&between, view->opts->time == MRG_TIME_UTC ? "Z " : " ");
	for (f = 1; f + 1 < view->nr_fields; f++) {
		rt_buf_puts(&between, view->fields[f] == MRG_FIELD_HOST ? from->host :
				      view->fields[f] == MRG_FIELD_CPU ? from->cpu : from->buffer);
		rt_buf_puts(&between, " ");
	}
	lane->len = (uint32_t)between.len;
	rt_buf_puts(&between, "               ");
	lane->between = rt_buf_str(&between);
	lane->member = member;
	lane->rows = quick->rows[member];
	lane->nr_ids = xt_trace_max_event_id(view->set->members[member].trace) + 1;
	if (2 * (MRG_LINE_ROOM + lane->len) > quick->room)
		quick->room = 2 * (MRG_LINE_ROOM + (size_t)lane->len);
	return lane->between ? 0 : -ENOMEM;
}

static int prepare(struct mrg_quick *quick)
{
	const struct mrg_view *view = quick->view;
	unsigned int i;
	size_t m;
	int rc = 0;

	quick->nr_lanes = mrg_stream_nr_lanes(view->stream);
	quick->rows = calloc(view->set->nr + 1, sizeof(struct mrg_quick_row **));
	quick->lanes = calloc(quick->nr_lanes + 1, sizeof(*quick->lanes));
	quick->numbers = calloc((size_t)mrg_stream_threads(view->stream) * NR_NUMBERS,
				sizeof(*quick->numbers));
	if (!quick->rows || !quick->lanes || !quick->numbers)
		return -ENOMEM;
	for (m = 0; m < view->set->nr; m++) {
		quick->rows[m] = calloc(xt_trace_max_event_id(view->set->members[m].trace) + 1u,
					sizeof(struct mrg_quick_row *));
		if (!quick->rows[m])
			return -ENOMEM;
	}
	for (i = 0; i < quick->nr_lanes && rc == 0; i++)
		rc = prepare_lane(quick, i);
	return rc;
}

int mrg_quick_create(struct mrg_view *view, struct rt_err *err)
{
	struct mrg_lanes_text *text = view->own;

	if (!is_usual(view))
		return 0;
	text->quick = calloc(1, sizeof(*text->quick));
	if (!text->quick)
		return rt_err_set(err, -ENOMEM, "cannot prepare lines of text");
	text->quick->view = view;
	if (prepare(text->quick) < 0)
		return rt_err_set(err, -ENOMEM, "cannot prepare lines of text");
	return 0;
}

void mrg_quick_destroy(struct mrg_view *view)
{
	struct mrg_lanes_text *text = view->own;
	struct mrg_quick *quick = text ? text->quick : NULL;
	unsigned int i, max;
	size_t m;

	if (!quick)
		return;
	for (m = 0; quick->rows && m < view->set->nr; m++) {
		max = xt_trace_max_event_id(view->set->members[m].trace);
		for (i = 0; quick->rows[m] && i <= max; i++)
			mrg_quick_row_destroy(quick->rows[m][i]);
		free(quick->rows[m]);
	}
	for (i = 0; quick->lanes && i < quick->nr_lanes; i++)
		free(quick->lanes[i].between);
	free(quick->rows);
	free(quick->lanes);
	free(quick->numbers);
	free(quick);
	text->quick = NULL;
}

/* The first record with this id; NULL: none of its kind is usual. */
static SELDOM const struct mrg_quick_row *make_row(struct mrg_quick *quick,
						   const struct lane *lane, unsigned int id)
{
	const struct mrg_row *row = mrg_view_row(quick->view, lane->member, id);
	struct mrg_quick_row *made;

	if (id >= lane->nr_ids)
		return NULL;
	pthread_mutex_lock(&quick->view->lock);
	made = lane->rows[id];
	if (!made) {
		made = mrg_quick_row_create(row);
		__atomic_store_n(&lane->rows[id], made, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&quick->view->lock);
	return made;
}

static inline const struct mrg_quick_row *row_of(struct mrg_quick *quick,
						 const struct lane *lane, unsigned int id)
{
	const struct mrg_quick_row *row = NULL;

	if (id < lane->nr_ids)
		row = __atomic_load_n(&lane->rows[id], __ATOMIC_ACQUIRE);
	return row ? row : make_row(quick, lane, id);
}

/* ---- values ---- */

static inline uint64_t load(const uint8_t *data, uint32_t at, unsigned int shift)
{
	uint64_t v;

	memcpy(&v, data + at, sizeof(v));
	return v >> shift;
}

/* Addresses are few: where the kernel was called from. */
static inline char *put_large(struct hand *hand, char *p, uint64_t v)
{
	struct number *number;

	if (v < TWENTY_DIGITS)
		return mrg_put_u64(p, v);
	number = &hand->numbers[v * 0x9e3779b97f4a7c15ull >> 32 & (NR_NUMBERS - 1)];
	if (number->value != v) {
		mrg_put_u64(number->text, v);
		number->value = v;
	}
	memcpy(p, number->text, sizeof(number->text));
	return p + 20;
}

/* The 16 bytes of a record from @at on; zeros behind its end. */
static inline __m128i load_chunk(const struct mrg_item *item, uint32_t at)
{
	uint32_t left = item->size - at;
	unsigned __int128 v;

	if (left >= 16)
		return _mm_loadu_si128((const __m128i *)(item->data + at));
	memcpy(&v, item->data + item->size - 16, sizeof(v));
	v >>= 8 * (16 - left);
	return _mm_set_epi64x((long long)(v >> 64), (long long)v);
}

/* A bit for each byte that does not stand for itself in a text, its end among them. */
static inline unsigned int find_special(__m128i chunk)
{
	__m128i special = _mm_cmplt_epi8(chunk, _mm_set1_epi8(0x20));

	special = _mm_or_si128(special, _mm_cmpeq_epi8(chunk, _mm_set1_epi8(0x7f)));
	special = _mm_or_si128(special, _mm_cmpeq_epi8(chunk, _mm_set1_epi8('\\')));
	return (unsigned int)_mm_movemask_epi8(special);
}

/* @len bytes at @at, where they are plain ones; else as all values are. */
static inline char *put_text(const struct hand *hand, char *p, const struct mrg_item *item,
			     const struct mrg_step *step, uint32_t at, uint32_t len)
{
	unsigned int special;
	char *to = p;
	__m128i chunk;

	if ((uint64_t)at + len > item->size || item->size < 16)
		return mrg_put_value(hand->pen.view, p, item, step->arg);
	for (;; at += 16, len -= 16, to += 16) {
		if (len == 0)
			return to;
		chunk = load_chunk(item, at);
		_mm_storeu_si128((__m128i *)to, chunk);
		special = find_special(chunk);
		if (len <= 16)
			special |= 1u << len;
		if (special == 0)
			continue;
		special = (unsigned int)__builtin_ctz(special);
		if (special == len || to[special] == '\0')
			return to + special;
		return mrg_put_value(hand->pen.view, p, item, step->arg);
	}
}

static inline char *put_dynamic(const struct hand *hand, char *p, const struct mrg_item *item,
				const struct mrg_step *step)
{
	uint32_t where;

	memcpy(&where, item->data + step->load, sizeof(where));
	return put_text(hand, p, item, step, where & 0xffff, where >> 16);
}

static inline char *put_steps(struct hand *hand, char *p, const struct mrg_item *item,
			      const struct mrg_step *step)
{
	for (;; step++) {
		p = rt_put_chunks(p, step->text, step->len);
		switch ((enum mrg_step_kind)step->kind) {
		case MRG_STEP_END:
			return p;
		case MRG_STEP_UNSIGNED:
			p = mrg_put_u64(p, load(item->data, step->load, step->shift));
			break;
		case MRG_STEP_SIGNED:
			p = mrg_put_i64(p, (int64_t)load(item->data, step->load, 0) >>
					   step->shift);
			break;
		case MRG_STEP_LARGE:
			p = put_large(hand, p, load(item->data, step->load, 0));
			break;
		case MRG_STEP_HEX:
			p = mrg_put_hex(p, load(item->data, step->load, step->shift));
			break;
		case MRG_STEP_TEXT:
			p = put_text(hand, p, item, step, step->load, step->arg->field->size);
			break;
		case MRG_STEP_DYNAMIC_TEXT:
			p = put_dynamic(hand, p, item, step);
			break;
		case MRG_STEP_OTHER:
			p = mrg_put_value(hand->pen.view, p, item, step->arg);
			break;
		}
	}
}

/* ---- a record ---- */

/* What all lines of one time and lane begin with. */
struct begin {
	const struct mrg_clock_text *clock;
	const struct lane *lane;
	uint64_t digits;	/* six, and two zeros in front, as characters */
};

static inline char *put_begin(char *p, const struct begin *begin)
{
	p = rt_put_chunks(p, begin->clock->text, begin->clock->len);
	p = rt_put_word(p, begin->digits, 2);
	return rt_put_chunks(p, begin->lane->between, begin->lane->len);
}

static inline char *put_word(char *p, const struct begin *begin, const struct mrg_tail *tail,
			     const struct mrg_quick_row *row, const struct mrg_item *item)
{
	uint64_t value;

	if (!mrg_syscall_line(row->row, item, &value))
		return p;
	p = put_begin(p, begin);
	memcpy(p, tail->word, sizeof(tail->word));
	p = mrg_put_u64(p + tail->word_len, value);
	return mrg_put_mem(p, "]\n", 2);
}

/* Return: NULL where the number has no name that stands ready. */
static inline char *put_tail(char *p, const struct begin *begin,
			     const struct mrg_quick_row *row, const struct mrg_item *item)
{
	uint64_t nr = load(item->data, row->load, row->shift);
	const struct mrg_tail *tail;

	if (nr >= row->nr_tails || row->tails[nr].len == 0)
		return NULL;
	tail = &row->tails[nr];
	p = put_begin(p, begin);
	memcpy(p, tail->text, sizeof(tail->text));
	p += tail->len;
	return tail->word_len ? put_word(p, begin, tail, row, item) : p;
}

/* The millisecond's text stands ready; false for times that are not usual. */
static inline bool set_clock(struct hand *hand, uint64_t shown)
{
	if (mrg_clock_has(&hand->pen.clock, shown))
		return true;
	if ((int64_t)shown < 0)
		return false;
	mrg_clock_set(hand->pen.view, &hand->pen.clock, shown);
	return true;
}

/* Return: false where the record is not a usual one: nothing is printed of it. */
static inline bool put_usual(struct hand *hand, const struct mrg_item *item)
{
	struct mrg_quick *quick = hand->quick;
	const struct lane *lane = &quick->lanes[item->lane];
	const struct mrg_quick_row *row = row_of(quick, lane, mrg_item_id(item));
	uint64_t shown = item->time + (uint64_t)quick->view->shown_offset;
	struct begin begin = { .clock = &hand->pen.clock, .lane = lane };
	struct rt_buf *out = &hand->pen.window->out;
	char *p;

	if (!row || item->size < row->min_size || !set_clock(hand, shown))
		return false;
	begin.digits = rt_dec_eight((uint32_t)(shown - hand->pen.clock.base)) + RT_PUT_ZEROS;
	p = rt_buf_reserve(out, quick->room + mrg_row_room(row->row, item));
	if (!p)
		return true;
	p = row->tails ? put_tail(p, &begin, row, item) :
			 put_steps(hand, put_begin(p, &begin), item, row->steps);
	if (!p)
		return false;
	out->len = (size_t)(p - out->data);
	return true;
}

void mrg_quick_window(struct mrg_quick *quick, struct mrg_window *window,
		      void (*one)(struct mrg_pen *pen, const struct mrg_line *line))
{
	struct hand hand = {
		.pen = { .view = quick->view, .window = window, .prev = window->prev,
			 .put = one },
		.quick = quick, .numbers = &quick->numbers[window->worker * NR_NUMBERS],
	};
	uint32_t i;

	for (i = 0; i < window->nr; i++) {
		mrg_window_look_ahead(window, i);
		if (window->items[i].flags & UNUSUAL || !put_usual(&hand, &window->items[i]))
			mrg_pen_item(&hand.pen, i);
	}
}
