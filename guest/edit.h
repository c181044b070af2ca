/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * edit.h - configuration files as texts, and what the setup makes of them
 */
#ifndef GUEST_EDIT_H
#define GUEST_EDIT_H

#include <stdbool.h>

struct rt_buf;

/*
 * chrony.conf with every source of time commented out (server, pool, peer,
 * refclock, sourcedir), and, where @device is given, the KVM clock as the only one
 * in a block of ours at the end, once.
 */
void gs_edit_chrony(struct rt_buf *out, const char *text, const char *device);

/* /etc/sysconfig/network with its lines of PEERNTP commented out, and PEERNTP=no. */
void gs_edit_network(struct rt_buf *out, const char *text);

/* The value of KEY=VALUE in a file like os-release, its quotes taken off; false: none. */
bool gs_edit_value(const char *text, const char *key, char *buf, unsigned int size);
/* True when @word is one of the words of @list. */
bool gs_edit_has_word(const char *list, const char *word);

#endif /* GUEST_EDIT_H */
