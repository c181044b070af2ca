/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * assemble.h - build the merged directory out of a set's members
 */
#ifndef MRG_ASSEMBLE_H
#define MRG_ASSEMBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mrg_set;
struct rt_err;

struct mrg_assemble_opts {
	bool move;		/* members leave the place where they were */
	const uint32_t *flushes;	/* by member: only what this flush saved; 0: all; NULL */
	bool replace;		/* an existing merged directory is replaced */
	void (*progress)(void *arg, uint64_t bytes);	/* of what had to be copied; NULL */
	bool (*stop)(void *arg);	/* true: give up with -EINTR; NULL */
	void *arg;
};

typedef char mrg_name[256];	/* of a file */

/*
 * A name for the file of member @i: its label, in characters that no shell minds, and @end;
 * no name that a member before it has.
 */
void mrg_name_file(mrg_name *names, size_t i, const char *label, const char *end);

/**
 * mrg_assemble() - make @out, with all members and the file "merge".
 *
 * Files are cloned (reflink) or hard-linked where the file system can, else
 * copied.  @out must not lie in a member.  Built under another name beside @out and
 * renamed when it is whole: a failure leaves nothing behind and moves nothing.
 *
 * Return: 0, or -errno; -EEXIST when @out exists and is not to be replaced.
 */
int mrg_assemble(const struct mrg_set *set, const char *out, const struct mrg_assemble_opts *opts,
		 struct rt_err *err);

#endif /* MRG_ASSEMBLE_H */
