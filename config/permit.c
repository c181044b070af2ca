/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * permit.c - the list of the module kvmrt_gs_host, which has PIDs since all QEMUs have
 * one name
 *
 * The list is everybody's, so it is changed and not restored: a PID goes when its process
 * has gone, whoever looks next.
 */
#include "config/permit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/boot-internal.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/root.h"

#define MAX_LIST	4096			/* a page, as any parameter of a module */
#define BYTE		((off_t)1 << 40)	/* of the lock file, behind those of the VMs */

/* Of two that change it at once one would be lost.  Return: what to close, or -1. */
static int hold_list(const struct rt_root *root)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = BYTE,
			      .l_len = 1 };
	int fd = kcfg_hold_file(root);

	while (fd >= 0 && fcntl(fd, F_OFD_SETLKW, &lock) < 0 && errno == EINTR)
		;
	return fd;
}

static void add(struct rt_buf *list, const char *word)
{
	rt_buf_printf(list, "%s%s", list->len ? "," : "", word);
}

/* Its main thread: a number may have become another thread's, which is no VM. */
static bool is_process(const struct rt_root *root, long pid)
{
	const char *own;
	char *status;
	bool is_one;
	int rc;

	rc = rt_root_read(root, &status, NULL, NULL, "proc/%ld/status", pid);
	if (rc < 0)
		return rc != -ENOENT && rc != -ESRCH;
	own = strstr(status, "\nTgid:");
	is_one = own && atol(own + strlen("\nTgid:")) == pid;
	free(status);
	return is_one;
}

/* The list as it shall be, out of @old, which is taken apart.  Return: was @pid there? */
static bool make_list(struct rt_buf *list, const struct rt_root *root, char *old, pid_t pid,
		      bool may_call)
{
	char *word, *end, number[16];
	bool there = false;

	while ((word = strsep(&old, ","))) {
		long value = strtol(word, &end, 10);
		bool is_name = *end, own = !is_name && value == pid;

		there |= own;
		if (*word && (own ? may_call : is_name || is_process(root, value)))
			add(list, word);
	}
	snprintf(number, sizeof(number), "%d", pid);
	if (may_call && !there)
		add(list, number);
	rt_buf_puts(list, "\n");	/* so that an empty one is written, too */
	return there;
}

static int change(const struct rt_root *root, pid_t pid, bool may_call, struct rt_err *err)
{
	char old[MAX_LIST], parts[MAX_LIST];
	struct rt_buf list = { 0 };
	bool there;
	int rc;

	rc = rt_root_read_line(root, old, sizeof(old), err, KCFG_PERMIT_FILE);
	if (rc < 0)
		return may_call ? rc : 0;
	if (strcmp(old, "*") == 0)
		return 0;
	strcpy(parts, old);
	there = make_list(&list, root, parts, pid, may_call);
	if (!rt_buf_str(&list))
		rc = rt_err_set(err, -ENOMEM, KCFG_PERMIT_FILE);
	else if (strlen(old) + 1 != list.len || strncmp(old, list.data, strlen(old)) != 0)
		rc = rt_root_write(root, list.data, err, KCFG_PERMIT_FILE);
	rt_buf_finish(&list);
	/* Who may not write may do without what only tidies up: a VM's start or end is more. */
	if (there == may_call)
		return 0;
	return rc < 0 ? rc : 1;
}

int kcfg_permit(const struct rt_root *root, pid_t pid, bool may_call, struct rt_err *err)
{
	int lock, rc;

	if (!rt_root_exists(root, KCFG_PERMIT_FILE))
		return 0;
	lock = hold_list(root);
	rc = change(root, pid, may_call, err);
	if (lock >= 0)
		close(lock);
	/* unloaded just now */
	return rc == -ENOENT || rc == -ENODEV ? 0 : rc;
}

void kcfg_permit_tidy(const struct rt_root *root)
{
	kcfg_permit(root, 0, false, NULL);
}
