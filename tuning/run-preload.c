/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * run-preload.c - libkvmrt_lock.so: locks the memory of each program that is
 * started with it in LD_PRELOAD
 *
 * exec undoes a lock, and Linux has none that outlasts it; so kvmrt-run --lock puts
 * this into the environment, for the programs that its command starts in turn.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

static void __attribute__((constructor)) lock_all(void)
{
	if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0)
		fprintf(stderr, "kvmrt-run: %s: cannot lock its memory: %s\n",
			program_invocation_short_name, strerror(errno));
}
