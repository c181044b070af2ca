/* SPDX-License-Identifier: GPL-2.0-or-later */
/* view-time.c - a merged time as a view shows it, and as a person types it */
#include "merge/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/cmd.h"
#include "lib/err.h"
#include "lib/text.h"
#include "merge/put.h"

#define NS		1000000000ull
#define MS_PER_SECOND	1000u

static unsigned int put_second(const struct mrg_view *view, char *text, size_t size,
			       uint64_t second)
{
	time_t at = (time_t)second;
	struct tm tm;
	char *end;

	if (view->opts->time == MRG_TIME_UTC && gmtime_r(&at, &tm))
		return (unsigned int)strftime(text, size, "%Y-%m-%dT%H:%M:%S.", &tm);
	end = mrg_put_u64(text, second);
	*end++ = '.';
	return (unsigned int)(end - text);
}

void mrg_clock_set(const struct mrg_view *view, struct mrg_clock_text *last, uint64_t shown)
{
	uint64_t ms = shown / MRG_NS_PER_MS, second = ms / MS_PER_SECOND;

	if (second != last->second || last->len == 0)
		last->len = put_second(view, last->text, sizeof(last->text), second) + 3;
	mrg_put_three(last->text + last->len - 3, (uint32_t)(ms % MS_PER_SECOND));
	last->second = second;
	last->base = ms * MRG_NS_PER_MS;
}

char *mrg_put_time(const struct mrg_view *view, struct mrg_clock_text *last, char *p,
		   uint64_t time)
{
	uint64_t shown = time + (uint64_t)view->shown_offset;

	if (view->opts->time == MRG_TIME_RAW)
		return mrg_put_u64(p, time);
	if ((int64_t)shown < 0 && view->shown_offset < 0) {
		*p++ = '-';
		shown = -shown;
	}
	if (!mrg_clock_has(last, shown))
		mrg_clock_set(view, last, shown);
	p = rt_put_chunks(p, last->text, last->len);
	p = mrg_put_six(p, (uint32_t)(shown - last->base));
	if (view->opts->time == MRG_TIME_UTC)
		*p++ = 'Z';
	return p;
}

/* ---- typed times ---- */

/* "2026-11-24T04:31:27.5Z" and its parts from the date on, as ns since 1970. */
static int parse_date(const char *text, uint64_t *ret)
{
	struct tm tm = { 0 };
	const char *rest;
	char number[32];
	uint64_t fraction = 0;
	size_t len;
	time_t at;

	rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (!rest)
		return -EINVAL;
	if (*rest == '.') {
		len = 1 + strspn(rest + 1, "0123456789");
		if (len >= sizeof(number) - 1)
			return -EINVAL;
		snprintf(number, sizeof(number), "0%.*s", (int)len, rest);
		if (rt_parse_time(number, &fraction) < 0)
			return -EINVAL;
		rest += len;
	}
	at = timegm(&tm);
	if (at < 0 || (*rest != '\0' && strcmp(rest, "Z") != 0))
		return -EINVAL;
	*ret = (uint64_t)at * NS + fraction;
	return 0;
}

int mrg_parse_when(const struct mrg_set *set, enum mrg_time_mode mode, const char *text,
		   uint64_t *ret, struct rt_err *err)
{
	uint64_t ns, begin = 0;
	int64_t offset = 0;
	int rc;

	if (*text == '+') {
		rc = mrg_set_begin(set, &begin, err);
		if (rc < 0)
			return rc;
		if (rt_parse_time(text + 1, &ns) == 0) {
			*ret = begin + ns;
			return 0;
		}
	} else {
		rc = mrg_view_offset(set, mode, &offset, err);
		if (rc < 0)
			return rc;
		if (mode == MRG_TIME_RAW ? rt_parse_u64(text, 0, UINT64_MAX, &ns) == 0 :
		    mode == MRG_TIME_UTC && strchr(text, 'T') ? parse_date(text, &ns) == 0 :
		    rt_parse_time(text, &ns) == 0) {
			/* Before the clock began there is nothing. */
			*ret = offset > 0 && ns < (uint64_t)offset ? 0 : ns - (uint64_t)offset;
			return 0;
		}
	}
	return rt_usage(err, "\"%s\" is no time: expected one as it is shown, or "
			"+SECONDS (+1.5s, +200ms) from the begin of the traces", text);
}
