/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lat-select.c - KIND(NAME)@HOST, and what it stands for */
#include "merge/lat-select.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/err.h"
#include "lib/text.h"

static int find_kind(struct mrg_lat_select *ret, const char *word, struct rt_err *err)
{
	const char *names[MRG_LAT_NR_KINDS], *near;
	unsigned int i;

	if (word[0] == '\0' || strcmp(word, "*") == 0) {
		ret->kind = MRG_LAT_NR_KINDS;
		return 0;
	}
	ret->kind = mrg_lat_kind_find(word);
	if (ret->kind < MRG_LAT_NR_KINDS)
		return 0;
	for (i = 0; i < MRG_LAT_NR_KINDS; i++)
		names[i] = mrg_lat_kind_name(i);
	if (rt_nearest(word, names, MRG_LAT_NR_KINDS, &near, 1) > 0)
		return rt_err_say(err, -EINVAL, "no kind \"%s\"; did you mean %s?", word, near);
	return rt_err_say(err, -EINVAL, "no kind \"%s\"; expected a metric such as "
			  "wakeup(TASK), exit(REASON) or irq", word);
}

/* Moves the text between @from and @to into @ret; false when it has no room. */
static bool put(char *ret, size_t size, const char *from, const char *to)
{
	size_t len = (size_t)(to - from);

	if (len >= size)
		return false;
	memcpy(ret, from, len);
	ret[len] = '\0';
	return true;
}

int mrg_lat_select_parse(struct mrg_lat_select *ret, const char *text, size_t len,
			 struct rt_err *err)
{
	struct mrg_lat_select select = { .kind = MRG_LAT_NR_KINDS };
	const char *end = text + len, *open, *close = NULL, *at;
	char kind[32];
	int rc;

	open = memchr(text, '(', len);
	if (open) {
		close = memrchr(open, ')', (size_t)(end - open));
		if (!close)
			return rt_err_say(err, -EINVAL, "\"%.*s\": expected \")\" at its end",
					  (int)len, text);
	}
	at = memchr(close ? close : text, '@', (size_t)(end - (close ? close : text)));
	if (close && close + 1 != (at ? at : end))
		return rt_err_say(err, -EINVAL, "\"%.*s\": expected nothing or @HOST behind \")\"",
				  (int)len, text);
	if (!put(kind, sizeof(kind), text, open ? open : at ? at : end) ||
	    (open && !put(select.name, sizeof(select.name), open + 1, close)) ||
	    (at && !put(select.host, sizeof(select.host), at + 1, end)))
		return rt_err_say(err, -EINVAL, "\"%.*s\": too long for a metric", (int)len, text);
	rc = find_kind(&select, kind, err);
	if (rc == 0)
		*ret = select;
	return rc;
}

bool mrg_lat_select_match(const struct mrg_lat_select *select, enum mrg_lat_kind kind,
			  const char *name, const char *host)
{
	if (select->kind != MRG_LAT_NR_KINDS && select->kind != kind)
		return false;
	if (select->name[0] && !rt_glob(select->name, name, false))
		return false;
	return !select->host[0] || rt_glob(select->host, host, false);
}

const char *mrg_lat_select_groups(const struct mrg_lat_select *select)
{
	static const char *const groups[MRG_LAT_NR_KINDS + 1] = {
		[MRG_LAT_EXIT] = "kvm",
		[MRG_LAT_HYPERCALL] = "kvm",
		[MRG_LAT_CALL] = "gs",
		[MRG_LAT_WAKEUP] = "sched",
		[MRG_LAT_LATE] = "sched,timer",
		[MRG_LAT_RUNQ] = "sched",
		[MRG_LAT_PREEMPT] = "sched,kvm",
		[MRG_LAT_IRQ] = "irq",
		[MRG_LAT_SOFTIRQ] = "irq",
		[MRG_LAT_TIMER] = "timer",
		[MRG_LAT_TIMERFN] = "timer",
		[MRG_LAT_SYSCALL] = "syscall",
	};

	return groups[select->kind] ? groups[select->kind] : "";
}
