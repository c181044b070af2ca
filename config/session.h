/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * session.h - what a command about VMs starts with: the machine, the file, where
 * its VMs go, libvirt
 */
#ifndef KCFG_SESSION_H
#define KCFG_SESSION_H

#include "config/file.h"
#include "config/place.h"
#include "config/virt.h"
#include "lib/root.h"

/* What is needed beside the machine's topology. */
#define KCFG_NEED_FILE	1u	/* the file, without bad lines, and its places */
#define KCFG_NEED_LOCK	2u	/* the same as its one writer; a new file may be begun */
#define KCFG_NEED_VIRT	4u	/* a connection to libvirt */

/* Start it with { 0 } and what the command line said. */
struct kcfg_session {
	const char *who;	/* the command, for others who wait for the lock */
	const char *path;	/* NULL: KCFG_PATH */
	const char *uri;	/* NULL: KCFG_VIRT_URI */
	const char *root_path;	/* NULL: "/" */
	const char *topology;	/* another machine, as tune_topo_load_from(); NULL: this one */

	struct rt_root root;
	struct tune_topo *topo;
	struct kcfg_lock *lock;
	struct kcfg *cfg;
	struct kcfg_places places;	/* of all VMs, disabled ones too */
	struct kcfg_virt *virt;
	bool has_root;
};

int kcfg_session_open(struct kcfg_session *session, unsigned int needs, struct rt_err *err);
/* Looks at the machine anew: CPUs come and go.  What was seen stays where that fails. */
void kcfg_session_look_again(struct kcfg_session *session);
void kcfg_session_close(struct kcfg_session *session);

/**
 * kcfg_session_pick() - the VMs that a command's arguments name.
 * @names: UUIDs or names, @nr of them; 0: all that @wanted takes (NULL: all).
 * @ret: the array is the caller's, free(3); VMs in the order of the file.
 * Return: how many, or -ENOENT with the name that is not in the file.
 */
int kcfg_session_pick(const struct kcfg_session *session, char **names, int nr,
		      bool (*wanted)(const struct kcfg_vm *vm),
		      const struct kcfg_place ***ret, struct rt_err *err);

#endif /* KCFG_SESSION_H */
