/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * boot-hold.c - one command at a time starts a VM or undoes what its boot changed
 *
 * A byte of the journals' lock file stands for each VM, locked by an open file
 * description: the kernel frees it however its holder ends, and no file is left.  The
 * journals themselves lock the same file with flock(2), which knows nothing of this.
 */
#include "config/boot-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/root.h"

#define BYTES	(1u << 30)

/* Two VMs on one byte only wait for one another. */
static off_t byte_of(const char *uuid)
{
	uint32_t hash = 2166136261u;

	for (; *uuid; uuid++)
		hash = (hash ^ (unsigned char)*uuid) * 16777619u;
	return hash % BYTES;
}

int kcfg_hold_file(const struct rt_root *root)
{
	mkdirat(root->fd, "run", 0755);
	mkdirat(root->fd, TUNE_JOURNAL_DIR, 0755);
	return openat(root->fd, TUNE_JOURNAL_DIR "/lock",
		      O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

int kcfg_run_hold(struct kcfg_run *run, struct rt_err *err)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1,
			      .l_start = byte_of(run->place->vm->uuid) };

	if (run->boot->dry_run)
		return 0;
	run->hold = kcfg_hold_file(run->boot->root);
	/* Without root there are no changes of the host, and libvirt starts a VM but once. */
	if (run->hold < 0)
		return errno == EACCES || errno == EROFS ? 0 :
		       rt_err_set(err, -errno, "cannot lock %s/" TUNE_JOURNAL_DIR "/lock",
				  run->boot->root->path);
	if (fcntl(run->hold, F_OFD_SETLK, &lock) == 0)
		return 0;
	if (errno == EAGAIN || errno == EACCES)
		kcfg_run_say(run, "another command is starting or ending it: waiting for that");
	while (fcntl(run->hold, F_OFD_SETLKW, &lock) < 0)
		if (errno != EINTR)
			return rt_err_set(err, -errno, "cannot wait for another command");
	return 0;
}

void kcfg_run_release(struct kcfg_run *run)
{
	if (run->hold >= 0)
		close(run->hold);
	run->hold = -1;
}
