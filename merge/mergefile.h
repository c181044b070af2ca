/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mergefile.h - the file "merge" of a merged directory: members and their clocks
 *
 * doc/formats/xtrace-merge.5 binds it.  A person can read it; the reader is
 * strict: what it does not know, or what is out of bounds, is an error with the
 * number of the line.
 */
#ifndef MRG_MERGEFILE_H
#define MRG_MERGEFILE_H

#include "merge/set.h"

struct rt_buf;

#define MRG_FILE_NAME "merge"
#define MRG_FILE_MAX (64u << 20)	/* bytes */
#define MRG_FILE_SEGMENTS_MAX (1u << 20)	/* in all */

struct mrg_file_lane {
	struct mrg_epoch *epochs;	/* owned, segments too */
	size_t nr_epochs;
	int vcpu_tid;
};

struct mrg_file_member {
	char name[256];		/* file or folder in the merged directory */
	char label[MRG_LABEL_MAX];
	int host;
	enum mrg_method method;
	int64_t offset_ns, rate_ppb;
	uint64_t error_ns, bound_ns;
	struct mrg_check check;
	struct mrg_file_lane *lanes;
	size_t nr_lanes;
};

struct mrg_file {
	bool utc_known;
	int64_t utc_offset_ns;
	struct mrg_file_member *members;
	size_t nr;
};

/* Appends the text for a set whose members are called @names in the directory. */
void mrg_file_write(struct rt_buf *buf, const struct mrg_set *set, const char *const *names);

/* @text: @len bytes.  Return: 0 or -EBADMSG, -ENOMEM. */
int mrg_file_parse(struct mrg_file *ret, const char *text, size_t len, struct rt_err *err);
/* Reads @dir/merge; -ENOENT without words when there is none. */
int mrg_file_read(struct mrg_file *ret, const char *dir, struct rt_err *err);
void mrg_file_finish(struct mrg_file *file);

#endif /* MRG_MERGEFILE_H */
