/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * path.h - the way from a program to the host: the module's device, the
 * instruction itself, or none
 */
#ifndef GS_PATH_H
#define GS_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "gs/hypercall.h"
#include "gs/words.h"

/* Files of the machine; tests put others in their places. */
struct gs_places {
	const char *device, *cmdline;
	const char *tracing[2];
};

extern struct gs_places gs_places;

struct gs_path {
	int fd;			/* the device; borrowed, -1: by instruction */
	enum gs_insn insn;
};

/*
 * The way.  The device is kept once it is open; as long as there is none, each call looks
 * for it.  The rest is found once in a process.
 * Return: 0, or -errno: -ENODEV no KVM, -EPERM no permission by boot words,
 * -EACCES the device is there but not for this user, -EMFILE -ENFILE -ENOMEM
 * nothing could be opened to look.
 */
int gs_path_find(struct gs_path *ret);

/* Calls once.  Return: 0 with the host's answer, or -errno of the way itself. */
int gs_path_call(const struct gs_path *path, uint64_t nr, const uint64_t arg[4],
		 int64_t *ret_answer);

/* Everything that decides about the way, for people. */
struct gs_look {
	int device;		/* 0 it could be opened, else -errno */
	struct gs_words words;	/* the boot words, or what the module says of them */
	enum gs_insn insn;	/* what the CPU has; the module's word for KVM where it is loaded */
	bool marks;		/* events can be written into this guest's trace */
	int path;		/* of gs_path_find() */
	int64_t answer;		/* the host's to QUERY, where there is a path */
};

void gs_path_look(struct gs_look *ret);

/* Forgets what was found; tests only. */
void gs_path_reset(void);

#endif /* GS_PATH_H */
