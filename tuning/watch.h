/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watch.h - wait for network interfaces to come up
 *
 * A driver asks for its interrupts when its interface is set up, and the kernel then
 * gives them a place of its own choice.  No udev rule sees that moment; rtnetlink does.
 */
#ifndef TUNE_WATCH_H
#define TUNE_WATCH_H

struct rt_err;

/**
 * tune_watch_links() - call @again a moment after an interface came up.
 *
 * Several at once are one call.  Ends with SIGTERM or SIGINT, or when @again fails.
 * Return: 0 or -errno.
 */
int tune_watch_links(int (*again)(void *arg, struct rt_err *err), void *arg, struct rt_err *err);

#endif /* TUNE_WATCH_H */
