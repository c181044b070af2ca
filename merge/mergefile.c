/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mergefile.c - read the file "merge": a line a fact, keys as rows
 */
#include "merge/mergefile.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/err.h"
#include "merge/array.h"

#define MAX_WORDS 16
#define MAX_LINE 512
#define MAX_LANES 65536
#define MAX_EPOCHS 65536

struct parser {
	struct mrg_file *file;
	struct mrg_file_member *member;		/* the present ones, or NULL */
	struct mrg_file_lane *lane;
	struct mrg_epoch *epoch;
	size_t members_room, lanes_room, epochs_room, segments_room, segments;
	unsigned int line;
	bool ended;
	struct rt_err *err;
};

static int bad(struct parser *p, const char *what)
{
	return rt_err_say(p->err, -EBADMSG, "line %u: %s", p->line, what);
}

/* ---- words ---- */

static bool word_u64(const char *word, uint64_t *ret)
{
	char *end;

	if (!isdigit((unsigned char)*word))
		return false;
	errno = 0;
	*ret = strtoull(word, &end, 10);
	return !errno && !*end;
}

static bool word_i64(const char *word, int64_t *ret)
{
	char *end;

	if (!isdigit((unsigned char)*word) && *word != '-')
		return false;
	errno = 0;
	*ret = strtoll(word, &end, 10);
	return !errno && end != word && !*end;
}

static bool name_ok(const char *name)
{
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._-+", *c))
			return false;
	return *name && *name != '.';
}

/* ---- keys ---- */

static int key_utc(struct parser *p, char **w)
{
	if (p->member || !word_i64(w[1], &p->file->utc_offset_ns))
		return bad(p, "expected utc_offset_ns NUMBER before the first member");
	p->file->utc_known = true;
	return 0;
}

static int key_member(struct parser *p, char **w)
{
	struct mrg_file_member member = {
		.host = -1, .error_ns = UINT64_MAX, .bound_ns = UINT64_MAX,
	};

	if (!name_ok(w[1]) || strlen(w[1]) >= sizeof(member.name))
		return bad(p, "expected member NAME, of letters, digits, '.', '_', '-', '+'");
	if (p->file->nr >= MRG_MAX_MEMBERS)
		return bad(p, "too many members");
	snprintf(member.name, sizeof(member.name), "%s", w[1]);
	if (!MRG_PUSH(p->file->members, p->file->nr, p->members_room, member))
		return rt_err_set(p->err, -ENOMEM, "line %u", p->line);
	p->member = &p->file->members[p->file->nr - 1];
	p->lane = NULL;
	p->epoch = NULL;
	p->lanes_room = 0;
	return 0;
}

static int key_label(struct parser *p, char **w)
{
	if (strlen(w[1]) >= sizeof(p->member->label))
		return bad(p, "a label is too long");
	for (const char *c = w[1]; *c; c++)
		if (!isprint((unsigned char)*c))
			return bad(p, "a label has characters that cannot be printed");
	snprintf(p->member->label, sizeof(p->member->label), "%s", w[1]);
	return 0;
}

static int key_method(struct parser *p, char **w)
{
	for (unsigned int i = 0; i < MRG_NR_METHODS; i++)
		if (!strcmp(w[1], mrg_method_name(i))) {
			p->member->method = i;
			return 0;
		}
	return bad(p, "unknown method");
}

static int key_host(struct parser *p, char **w)
{
	uint64_t v;

	if (!word_u64(w[1], &v) || v >= MRG_MAX_MEMBERS)
		return bad(p, "expected host NUMBER, a member's number from 0");
	p->member->host = (int)v;
	return 0;
}

static int key_offset(struct parser *p, char **w)
{
	return word_i64(w[1], &p->member->offset_ns) ? 0 : bad(p, "expected offset_ns NUMBER");
}

static int key_rate(struct parser *p, char **w)
{
	return word_i64(w[1], &p->member->rate_ppb) ? 0 : bad(p, "expected rate_ppb NUMBER");
}

static int key_error(struct parser *p, char **w)
{
	uint64_t *to = p->epoch ? &p->epoch->clock.error_ns : &p->member->error_ns;

	if (!p->epoch && !strcmp(w[1], "unknown"))
		return 0;
	return word_u64(w[1], to) ? 0 : bad(p, "expected error_ns NUMBER");
}

static int key_bound(struct parser *p, char **w)
{
	if (!strcmp(w[1], "unknown"))
		return 0;
	return word_u64(w[1], &p->member->bound_ns) ? 0 : bad(p, "expected bound_ns NUMBER");
}

static int key_check(struct parser *p, char **w)
{
	struct mrg_check *c = &p->member->check;

	if (!word_u64(w[1], &c->checked) || strcmp(w[2], "violations") ||
	    !word_u64(w[3], &c->violations) || strcmp(w[4], "worst_ns") ||
	    !word_u64(w[5], &c->worst_ns) || strcmp(w[6], "unknown") ||
	    !word_u64(w[7], &c->unknown) || strcmp(w[8], "pairs") || !word_u64(w[9], &c->pairs) ||
	    strcmp(w[10], "wrong") || !word_u64(w[11], &c->pairs_wrong))
		return bad(p, "expected check N violations N worst_ns N unknown N pairs N wrong N");
	c->done = true;
	return 0;
}

static int key_slices(struct parser *p, char **w)
{
	struct mrg_check *c = &p->member->check;
	uint64_t nr, ppm;

	if (!word_u64(w[1], &nr) || !nr || nr > UINT32_MAX || strcmp(w[2], "ppm") ||
	    !word_u64(w[3], &ppm) || ppm > 1000000)
		return bad(p, "expected slices NUMBER ppm NUMBER");
	c->slices = (unsigned int)nr;
	c->slices_ppm = (unsigned int)ppm;
	return 0;
}

static int key_lane(struct parser *p, char **w)
{
	struct mrg_file_lane lane = { 0 };
	uint64_t number;
	int64_t tid;

	if (!word_u64(w[1], &number) || number != p->member->nr_lanes || number >= MAX_LANES ||
	    strcmp(w[2], "thread") || !word_i64(w[3], &tid) || tid < 0 || tid > INT32_MAX)
		return bad(p, "expected lane NUMBER thread PID, lanes in order from 0");
	lane.vcpu_tid = (int)tid;
	if (!MRG_PUSH(p->member->lanes, p->member->nr_lanes, p->lanes_room, lane))
		return rt_err_set(p->err, -ENOMEM, "line %u", p->line);
	p->lane = &p->member->lanes[number];
	p->epoch = NULL;
	p->epochs_room = 0;
	return 0;
}

static int key_epoch(struct parser *p, char **w)
{
	struct mrg_epoch epoch = { .clock = { .error_ns = UINT64_MAX } };
	struct mrg_file_lane *lane = p->lane;

	if (!lane || lane->nr_epochs >= MAX_EPOCHS || !word_u64(w[1], &epoch.first_page) ||
	    (lane->nr_epochs ? epoch.first_page <= lane->epochs[lane->nr_epochs - 1].first_page
			     : epoch.first_page != 0))
		return bad(p, "expected from_page NUMBER in a lane, rising from 0");
	if (p->epoch && !p->epoch->clock.nr)
		return bad(p, "no map before this line");
	if (!MRG_PUSH(lane->epochs, lane->nr_epochs, p->epochs_room, epoch))
		return rt_err_set(p->err, -ENOMEM, "line %u", p->line);
	p->epoch = &lane->epochs[lane->nr_epochs - 1];
	p->segments_room = 0;
	return 0;
}

static int key_map(struct parser *p, char **w)
{
	struct mrg_lane_clock *clock = p->epoch ? &p->epoch->clock : NULL;
	struct mrg_segment seg, *segs;

	if (!clock || !word_u64(w[1], &seg.in0) || !word_u64(w[2], &seg.out0) ||
	    !word_u64(w[3], &seg.mult) || !seg.mult ||
	    (clock->nr && seg.in0 <= clock->segments[clock->nr - 1].in0))
		return bad(p, "expected map TIME NS MULTIPLIER behind from_page, times rising");
	if (p->segments++ >= MRG_FILE_SEGMENTS_MAX)
		return bad(p, "too many maps");
	segs = (struct mrg_segment *)clock->segments;
	if (!MRG_PUSH(segs, clock->nr, p->segments_room, seg))
		return rt_err_set(p->err, -ENOMEM, "line %u", p->line);
	clock->segments = segs;
	return 0;
}

static int key_end(struct parser *p, char **w)
{
	(void)w;
	p->ended = true;
	return 0;
}

static const struct key {
	const char *name;
	unsigned int words;	/* in the whole line */
	bool in_member;
	int (*fn)(struct parser *p, char **words);
} keys[] = {
	{ "utc_offset_ns", 2, false, key_utc },
	{ "member", 2, false, key_member },
	{ "label", 2, true, key_label },
	{ "method", 2, true, key_method },
	{ "host", 2, true, key_host },
	{ "offset_ns", 2, true, key_offset },
	{ "rate_ppb", 2, true, key_rate },
	{ "error_ns", 2, true, key_error },
	{ "bound_ns", 2, true, key_bound },
	{ "check", 12, true, key_check },
	{ "slices", 4, true, key_slices },
	{ "lane", 4, true, key_lane },
	{ "from_page", 2, true, key_epoch },
	{ "map", 4, true, key_map },
	{ "end", 1, false, key_end },
};

static int parse_words(struct parser *p, char **words, unsigned int nr)
{
	if (p->line == 1) {
		if (nr != 2 || strcmp(words[0], "xtrace-merge"))
			return bad(p, "not a merge file: expected \"xtrace-merge 1\"");
		return strcmp(words[1], "1") ?
			rt_err_say(p->err, -EOPNOTSUPP,
				   "expected format version 1, found \"%s\"", words[1]) : 0;
	}
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		if (strcmp(words[0], keys[i].name))
			continue;
		if (nr != keys[i].words)
			return bad(p, "wrong number of words");
		if (keys[i].in_member && !p->member)
			return bad(p, "a member's fact before the first member");
		return keys[i].fn(p, words);
	}
	return rt_err_say(p->err, -EBADMSG, "line %u: unknown key \"%.32s\"", p->line, words[0]);
}

static int parse_line(struct parser *p, const char *line, size_t len)
{
	char copy[MAX_LINE], *words[MAX_WORDS + 1], *save = NULL;
	unsigned int nr = 0;

	p->line++;
	if (p->ended)
		return bad(p, "text behind \"end\"");
	if (len >= sizeof(copy) || memchr(line, '\0', len))
		return bad(p, "too long, or not text");
	memcpy(copy, line, len);
	copy[len] = '\0';
	for (char *w = strtok_r(copy, " \t", &save); w && nr <= MAX_WORDS;
	     w = strtok_r(NULL, " \t", &save))
		words[nr++] = w;
	if (!nr || words[0][0] == '#')
		return p->line == 1 ? bad(p, "not a merge file: expected \"xtrace-merge 1\"") : 0;
	return parse_words(p, words, nr);
}

/* ---- the whole ---- */

static int check_lane(struct parser *p, const struct mrg_file_member *m, size_t l)
{
	const struct mrg_file_lane *lane = &m->lanes[l];

	if (!lane->nr_epochs || !lane->epochs[lane->nr_epochs - 1].clock.nr)
		return rt_err_say(p->err, -EBADMSG, "member %s: lane %zu has no map", m->name, l);
	return 0;
}

static int check_whole(struct parser *p)
{
	const struct mrg_file *file = p->file;

	if (!p->ended)
		return rt_err_say(p->err, -EBADMSG, "cut off: no line \"end\"");
	if (!file->nr)
		return rt_err_say(p->err, -EBADMSG, "no members");
	for (size_t i = 0; i < file->nr; i++) {
		const struct mrg_file_member *m = &file->members[i];

		if (!m->label[0] || (m->host >= 0 && (size_t)m->host >= file->nr))
			return rt_err_say(p->err, -EBADMSG,
					  "member %s: no label, or a host that is no member",
					  m->name);
		for (size_t k = 0; k < i; k++)
			if (!strcmp(file->members[k].name, m->name) ||
			    !strcmp(file->members[k].label, m->label))
				return rt_err_say(p->err, -EBADMSG,
						  "member %s: its name or label is there twice",
						  m->name);
		for (size_t l = 0; l < m->nr_lanes; l++)
			if (check_lane(p, m, l) < 0)
				return -EBADMSG;
	}
	return 0;
}

void mrg_file_finish(struct mrg_file *file)
{
	for (size_t i = 0; i < file->nr; i++) {
		struct mrg_file_member *m = &file->members[i];

		for (size_t l = 0; l < m->nr_lanes; l++) {
			for (size_t e = 0; e < m->lanes[l].nr_epochs; e++)
				free((void *)m->lanes[l].epochs[e].clock.segments);
			free(m->lanes[l].epochs);
		}
		free(m->lanes);
	}
	free(file->members);
	*file = (struct mrg_file){ 0 };
}

int mrg_file_parse(struct mrg_file *ret, const char *text, size_t len, struct rt_err *err)
{
	struct mrg_file file = { 0 };
	struct parser p = { .file = &file, .err = err };
	size_t at = 0;
	int rc = len ? 0 : rt_err_say(err, -EBADMSG, "is empty");

	while (rc == 0 && at < len) {
		const char *nl = memchr(text + at, '\n', len - at);
		size_t end = nl ? (size_t)(nl - text) : len;

		rc = parse_line(&p, text + at, end - at);
		at = end + 1;
	}
	if (rc == 0)
		rc = check_whole(&p);
	if (rc < 0) {
		mrg_file_finish(&file);
		return rc;
	}
	*ret = file;
	return 0;
}

static int read_all(int fd, char **ret, size_t *ret_len, struct rt_err *err)
{
	struct stat st;
	size_t len = 0;
	char *text;

	if (fstat(fd, &st) < 0)
		return rt_err_set(err, -errno, "cannot read it");
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > MRG_FILE_MAX)
		return rt_err_say(err, -EBADMSG, "not a file, or larger than %u bytes",
				  MRG_FILE_MAX);
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return rt_err_set(err, -ENOMEM, "cannot read it");
	while (len < (size_t)st.st_size) {
		ssize_t n = read(fd, text + len, (size_t)st.st_size - len);

		if (n < 0) {
			free(text);
			return rt_err_set(err, -errno, "cannot read it");
		}
		if (n == 0)
			break;
		len += (size_t)n;
	}
	*ret = text;
	*ret_len = len;
	return 0;
}

int mrg_file_read(struct mrg_file *ret, const char *dir, struct rt_err *err)
{
	char path[4096], *text = NULL;
	size_t len = 0;
	int fd, rc;

	if ((size_t)snprintf(path, sizeof(path), "%s/" MRG_FILE_NAME, dir) >= sizeof(path))
		return rt_err_set(err, -ENAMETOOLONG, "%.64s...", dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return -ENOENT;
	if (fd < 0)
		return rt_err_set(err, -errno, "%s: cannot be opened", path);
	rc = read_all(fd, &text, &len, err);
	close(fd);
	if (rc < 0)
		return rt_err_wrap(err, rc, "%s", path);
	rc = mrg_file_parse(ret, text, len, err);
	free(text);
	return rc < 0 ? rt_err_wrap(err, rc, "%s", path) : 0;
}
