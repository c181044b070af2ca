/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virt.h - libvirt, as far as we need it: the domains there are, their XML,
 * started, stopped and pinned
 *
 * A domain is named by its UUID, which a rename leaves alone.  When libvirtd is
 * restarted in the middle, a call connects anew and is made once more.  A
 * connection belongs to one thread.
 */
#ifndef KCFG_VIRT_H
#define KCFG_VIRT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rt_cpuset;
struct rt_err;
struct kcfg_virt;

#define KCFG_VIRT_URI	"qemu:///system"

enum kcfg_state {
	KCFG_STATE_OFF, KCFG_STATE_RUNNING, KCFG_STATE_PAUSED, KCFG_STATE_STOPPING,
	KCFG_STATE_CRASHED, KCFG_STATE_SUSPENDED, KCFG_STATE_OTHER,
	KCFG_STATE_STARTING,	/* of status files alone; see kcfg_virt_settled() */
};

struct kcfg_domain {
	char uuid[40];
	char *name;		/* owned */
	enum kcfg_state state;
	bool active;		/* there is a QEMU */
	uint64_t memory;	/* bytes; only of one that is not active */
	uint64_t hard_limit;	/* see kcfg_virt_limits() */
	bool autostart;		/* libvirt's own */
	bool persistent;
};

/* "running", "off", ... */
const char *kcfg_state_name(enum kcfg_state state);
/* There is no QEMU: it may be started. */
bool kcfg_state_is_off(enum kcfg_state state);

/**
 * kcfg_virt_open() - connect.
 * @uri: KCFG_VIRT_URI where NULL.
 *
 * Return: 0; RT_ECANNOT with what to do when libvirtd does not run or may not be
 * asked; -EINVAL for a bad URI.
 */
int kcfg_virt_open(struct kcfg_virt **ret, const char *uri, struct rt_err *err);
/* One more, to a libvirtd that answered a moment ago: while it is restarted it is waited for. */
int kcfg_virt_open_more(struct kcfg_virt **ret, const char *uri, struct rt_err *err);
void kcfg_virt_close(struct kcfg_virt *virt);	/* NULL is legal */

/* All domains, by name; free with kcfg_domains_free(). */
int kcfg_virt_list(struct kcfg_virt *virt, struct kcfg_domain **ret, size_t *ret_nr,
		   struct rt_err *err);
void kcfg_domains_free(struct kcfg_domain *domains, size_t nr);
/* One of them by UUID, or NULL. */
const struct kcfg_domain *kcfg_domains_find(const struct kcfg_domain *domains, size_t nr,
					    const char *uuid);

/*
 * Asks for memtune's hard_limit in bytes (0: none) of all that are not active, a question
 * each: not for those who do not need it.
 */
int kcfg_virt_limits(struct kcfg_virt *virt, struct kcfg_domain *domains, size_t nr,
		     struct rt_err *err);

/* All below: -ENOENT when libvirt has no domain of that UUID. */
int kcfg_virt_state(struct kcfg_virt *virt, const char *uuid, enum kcfg_state *ret,
		    struct rt_err *err);

#define KCFG_START_MS	60000	/* for a start under way, which may lock much memory */

/*
 * The same, after waiting for a start that is under way, in which libvirt calls a VM paused.
 * -EBUSY where that takes longer than @limit_ms.
 */
int kcfg_virt_settled(struct kcfg_virt *virt, const char *uuid, unsigned int limit_ms,
		      enum kcfg_state *ret, struct rt_err *err);
/**
 * kcfg_virt_has_run() - does ending this VM's QEMU lose what a guest did?
 * @ret: false where it was started paused and not resumed since; true where that is not sure.
 */
int kcfg_virt_has_run(struct kcfg_virt *virt, const char *uuid, bool *ret, struct rt_err *err);
/* What the next start uses; owned by the caller, free(3). */
int kcfg_virt_xml(struct kcfg_virt *virt, const char *uuid, char **ret, struct rt_err *err);
/* What the next start takes, and memtune's hard_limit (0: none), both in bytes. */
int kcfg_virt_memory(struct kcfg_virt *virt, const char *uuid, uint64_t *ret_memory,
		     uint64_t *ret_limit, struct rt_err *err);
int kcfg_virt_rename(struct kcfg_virt *virt, const char *uuid, const char *name,
		     struct rt_err *err);
int kcfg_virt_start(struct kcfg_virt *virt, const char *uuid, bool paused, struct rt_err *err);
int kcfg_virt_resume(struct kcfg_virt *virt, const char *uuid, struct rt_err *err);
/* Asks the guest to power off, and does not wait. */
int kcfg_virt_shutdown(struct kcfg_virt *virt, const char *uuid, struct rt_err *err);
/* Ends QEMU; 0 when there was none any more. */
int kcfg_virt_destroy(struct kcfg_virt *virt, const char *uuid, struct rt_err *err);

/* Validates against libvirt's schema; the UUID in @xml says which domain changes. */
int kcfg_virt_define(struct kcfg_virt *virt, const char *xml, struct rt_err *err);

enum kcfg_pin { KCFG_PIN_VCPU, KCFG_PIN_EMULATOR, KCFG_PIN_IOTHREAD };
/* Pins a thread of a running domain; @number is not used for the emulator. */
int kcfg_virt_pin(struct kcfg_virt *virt, const char *uuid, enum kcfg_pin what,
		  unsigned int number, const struct rt_cpuset *cpus, struct rt_err *err);
/*
 * The CPUs that libvirt lets all of the first @nr vCPUs of a running domain, or its emulator,
 * run on: those of the host where they are not pinned.
 */
int kcfg_virt_pinned(struct kcfg_virt *virt, const char *uuid, enum kcfg_pin what,
		     unsigned int nr, struct rt_cpuset *ret, struct rt_err *err);

#endif /* KCFG_VIRT_H */
