/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virt.c - calls to libvirt, each made once more when the connection was lost */
#include "config/virt.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "lib/cpulist.h"
#include "lib/err.h"

#define WAIT_S		15	/* for a libvirtd that is restarted */
#define RESTART_TRIES	4	/* while a new libvirtd has a half started VM in hand */
#define WAIT_STEP_MS	100
#define SETUP_NS	50000000ull	/* a vCPU's that was set up: no firmware is through in it */

struct kcfg_virt {
	virConnectPtr conn;	/* owned; NULL between two attempts */
	char *uri;		/* owned */
};

static const char *const state_names[] = {
	[KCFG_STATE_OFF] = "off", [KCFG_STATE_RUNNING] = "running",
	[KCFG_STATE_PAUSED] = "paused", [KCFG_STATE_STOPPING] = "stopping",
	[KCFG_STATE_CRASHED] = "crashed", [KCFG_STATE_SUSPENDED] = "suspended",
	[KCFG_STATE_OTHER] = "other", [KCFG_STATE_STARTING] = "starting",
};

static const enum kcfg_state states[] = {
	[VIR_DOMAIN_NOSTATE] = KCFG_STATE_OTHER, [VIR_DOMAIN_RUNNING] = KCFG_STATE_RUNNING,
	[VIR_DOMAIN_BLOCKED] = KCFG_STATE_RUNNING, [VIR_DOMAIN_PAUSED] = KCFG_STATE_PAUSED,
	[VIR_DOMAIN_SHUTDOWN] = KCFG_STATE_STOPPING, [VIR_DOMAIN_SHUTOFF] = KCFG_STATE_OFF,
	[VIR_DOMAIN_CRASHED] = KCFG_STATE_CRASHED,
	[VIR_DOMAIN_PMSUSPENDED] = KCFG_STATE_SUSPENDED,
};

const char *kcfg_state_name(enum kcfg_state state)
{
	return state_names[state];
}

bool kcfg_state_is_off(enum kcfg_state state)
{
	return state == KCFG_STATE_OFF || state == KCFG_STATE_CRASHED;
}

static enum kcfg_state state_of(int state)
{
	if (state < 0 || state >= (int)(sizeof(states) / sizeof(states[0])))
		return KCFG_STATE_OTHER;
	return states[state];
}

/* libvirt prints errors by itself unless somebody takes them. */
static void swallow(void *arg, virErrorPtr e)
{
	(void)arg;
	(void)e;
}

static int code_of(const virError *e)
{
	switch (e ? e->code : 0) {
	case VIR_ERR_NO_DOMAIN:
		return -ENOENT;
	case VIR_ERR_AUTH_FAILED:
	case VIR_ERR_AUTH_CANCELLED:
	case VIR_ERR_AUTH_UNAVAILABLE:
	case VIR_ERR_ACCESS_DENIED:
		return -EACCES;
	case VIR_ERR_OPERATION_INVALID:
		return -EBUSY;
	case VIR_ERR_XML_ERROR:
	case VIR_ERR_XML_INVALID_SCHEMA:
	case VIR_ERR_CONFIG_UNSUPPORTED:
		return -EINVAL;
	default:
		return -EIO;
	}
}

/* What libvirt said, on one line. */
static int failed(struct rt_err *err, const char *what)
{
	const virError *e = virGetLastError();
	const char *text = e && e->message ? e->message : "libvirt gave no reason";

	return rt_err_say(err, code_of(e), "%s: %.*s", what, (int)strcspn(text, "\n"), text);
}

static int connect_failed(const char *uri, struct rt_err *err)
{
	const virError *e = virGetLastError();
	const char *text = e && e->message ? e->message : "libvirt gave no reason";
	int len = strcspn(text, "\n"), code = code_of(e);

	if (code == -EACCES || strstr(text, "Permission denied"))
		return rt_err_say(err, RT_ECANNOT, "libvirt at \"%s\" may not be asked: %.*s; "
				  "root may, and members of its group", uri, len, text);
	if (e && (e->code == VIR_ERR_NO_CONNECT || e->domain == VIR_FROM_URI))
		return rt_err_say(err, -EINVAL, "expected a URI of libvirt such as \"%s\", found "
				  "\"%s\": %.*s", KCFG_VIRT_URI, uri, len, text);
	return rt_err_say(err, RT_ECANNOT, "no libvirt at \"%s\": %.*s; is libvirtd running?", uri,
			  len, text);
}

static void nap(void)
{
	struct timespec step = { .tv_nsec = WAIT_STEP_MS * 1000000L };

	nanosleep(&step, NULL);
}

static void wait_for_it(struct kcfg_virt *virt, unsigned int seconds)
{
	for (unsigned int ms = 0; !virt->conn && ms < seconds * 1000; ms += WAIT_STEP_MS) {
		nap();
		virt->conn = virConnectOpen(virt->uri);
	}
}

/* libvirt was there a moment ago: does it come back? */
static int await(struct kcfg_virt *virt, unsigned int seconds, struct rt_err *err)
{
	wait_for_it(virt, seconds);
	return virt->conn ? 0 : rt_err_wrap(err, connect_failed(virt->uri, err),
					    "lost libvirt, and waited %u s", seconds);
}

static int open_within(struct kcfg_virt **ret, const char *uri, unsigned int seconds,
		       struct rt_err *err)
{
	struct kcfg_virt *virt = calloc(1, sizeof(*virt));
	int rc = 0;

	if (!virt)
		return rt_err_set(err, -ENOMEM, "cannot connect to libvirt");
	virSetErrorFunc(NULL, swallow);
	/* A daemon that went away is an error of the call, and not our end. */
	signal(SIGPIPE, SIG_IGN);
	virt->uri = strdup(uri ? uri : KCFG_VIRT_URI);
	virt->conn = virt->uri ? virConnectOpen(virt->uri) : NULL;
	if (!virt->conn)
		rc = connect_failed(virt->uri ? virt->uri : "", err);
	if (rc == RT_ECANNOT && seconds)
		rc = await(virt, seconds, err);
	if (rc < 0) {
		kcfg_virt_close(virt);
		return rc;
	}
	*ret = virt;
	return 0;
}

int kcfg_virt_open(struct kcfg_virt **ret, const char *uri, struct rt_err *err)
{
	return open_within(ret, uri, 0, err);
}

int kcfg_virt_open_more(struct kcfg_virt **ret, const char *uri, struct rt_err *err)
{
	return open_within(ret, uri, WAIT_S, err);
}

void kcfg_virt_close(struct kcfg_virt *virt)
{
	if (!virt)
		return;
	if (virt->conn)
		virConnectClose(virt->conn);
	free(virt->uri);
	free(virt);
}

/* The daemon went away: does a new one come? */
static int again(struct kcfg_virt *virt, struct rt_err *err)
{
	virConnectClose(virt->conn);
	virt->conn = NULL;
	return await(virt, WAIT_S, err);
}

static bool lost(const struct kcfg_virt *virt)
{
	return virConnectIsAlive(virt->conn) != 1;
}

/* A call on a connection or on a domain of it; @repeated on the second attempt. */
struct call {
	const char *what;	/* for messages: "cannot start the VM" */
	const char *uuid;	/* NULL: of the connection */
	int (*run)(virConnectPtr conn, virDomainPtr domain, bool repeated, void *arg);
	void *arg;
};

/* Whatever is asked of libvirt next makes it forget what failed: it is noted at once. */
static int attempt(struct kcfg_virt *virt, const struct call *call, bool repeated,
		   struct rt_err *err)
{
	virDomainPtr domain = NULL;
	int rc = 0;

	if (call->uuid) {
		domain = virDomainLookupByUUIDString(virt->conn, call->uuid);
		if (!domain)
			return failed(err, call->what);
	}
	if (call->run(virt->conn, domain, repeated, call->arg) < 0)
		rc = failed(err, call->what);
	if (domain)
		virDomainFree(domain);
	return rc;
}

static int make(struct kcfg_virt *virt, const struct call *call, struct rt_err *err)
{
	struct rt_err first = { 0 };
	int rc;

	if (!virt->conn)
		virt->conn = virConnectOpen(virt->uri);	/* it may be back by now */
	if (!virt->conn)
		return rt_err_say(err, RT_ECANNOT, "%s: libvirt at \"%s\" was lost", call->what,
				  virt->uri);
	rc = attempt(virt, call, false, &first);
	if (rc == 0)
		return 0;
	if (!lost(virt)) {
		if (err)
			*err = first;
		return rc;
	}
	rc = again(virt, err);
	if (rc < 0)
		return rt_err_wrap(err, rc, "%s", call->what);
	return attempt(virt, call, true, err);
}

/* ---- what there is ---- */

static bool is_starting(int state, int reason)
{
	return state == VIR_DOMAIN_PAUSED && reason == VIR_DOMAIN_PAUSED_STARTING_UP;
}

struct list {
	struct kcfg_domain *v;
	size_t nr;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct kcfg_domain *)a)->name, ((const struct kcfg_domain *)b)->name);
}

/* The daemon is asked about those that run alone: one that does not is off. */
static int describe(virDomainPtr domain, struct kcfg_domain *ret)
{
	int state = VIR_DOMAIN_SHUTOFF, reason = 0;

	ret->active = virDomainGetID(domain) != (unsigned int)-1;
	if (virDomainGetUUIDString(domain, ret->uuid) < 0 ||
	    (ret->active && virDomainGetState(domain, &state, &reason, 0) < 0))
		return -1;
	ret->state = is_starting(state, reason) ? KCFG_STATE_STARTING : state_of(state);
	ret->name = strdup(virDomainGetName(domain));
	return ret->name ? 0 : -1;
}

static int list_all(virConnectPtr conn, struct list *list)
{
	virDomainPtr *all;
	int n = virConnectListAllDomains(conn, &all, 0);

	if (n < 0)
		return -1;
	kcfg_domains_free(list->v, list->nr);	/* of the first attempt */
	list->v = calloc(n + 1, sizeof(*list->v));
	list->nr = 0;
	for (int i = 0; i < n; i++) {
		/* One that vanished meanwhile is none. */
		if (list->v && describe(all[i], &list->v[list->nr]) == 0)
			list->nr++;
		virDomainFree(all[i]);
	}
	free(all);
	return list->v ? 0 : -1;
}

static struct kcfg_domain *find(struct list *list, virDomainPtr domain)
{
	char uuid[VIR_UUID_STRING_BUFLEN];

	if (virDomainGetUUIDString(domain, uuid) < 0)
		return NULL;
	for (size_t i = 0; i < list->nr; i++)
		if (!strcmp(list->v[i].uuid, uuid))
			return &list->v[i];
	return NULL;
}

/* One question for what all of them have, and not one for each. */
static void ask_kind(virConnectPtr conn, struct list *list, unsigned int kind)
{
	struct kcfg_domain *domain;
	virDomainPtr *some;
	int n = virConnectListAllDomains(conn, &some, kind);

	for (int i = 0; i < n; i++) {
		domain = find(list, some[i]);
		if (domain && kind == VIR_CONNECT_LIST_DOMAINS_AUTOSTART)
			domain->autostart = true;
		else if (domain)
			domain->persistent = true;
		virDomainFree(some[i]);
	}
	if (n >= 0)
		free(some);
}

/* Of those that are off: no QEMU is disturbed.  A driver that cannot tell leaves it out. */
static void ask_memory(virConnectPtr conn, struct list *list)
{
	virDomainStatsRecordPtr *records;
	struct kcfg_domain *domain;
	unsigned long long kib;
	int n;

	n = virConnectGetAllDomainStats(conn, VIR_DOMAIN_STATS_BALLOON, &records,
					VIR_CONNECT_GET_ALL_DOMAINS_STATS_INACTIVE);
	for (int i = 0; i < n; i++) {
		domain = find(list, records[i]->dom);
		if (domain && virTypedParamsGetULLong(records[i]->params, records[i]->nparams,
						      "balloon.maximum", &kib) == 1)
			domain->memory = kib << 10;
	}
	if (n >= 0)
		virDomainStatsRecordListFree(records);
}

static int run_list(virConnectPtr conn, virDomainPtr domain, bool repeated, void *arg)
{
	struct list *list = arg;

	(void)domain;
	(void)repeated;
	if (list_all(conn, list) < 0)
		return -1;
	ask_kind(conn, list, VIR_CONNECT_LIST_DOMAINS_AUTOSTART);
	ask_kind(conn, list, VIR_CONNECT_LIST_DOMAINS_PERSISTENT);
	ask_memory(conn, list);
	return virConnectIsAlive(conn) == 1 ? 0 : -1;
}

int kcfg_virt_list(struct kcfg_virt *virt, struct kcfg_domain **ret, size_t *ret_nr,
		   struct rt_err *err)
{
	struct list list = { 0 };
	int rc = make(virt, &(struct call){ "cannot list libvirt's VMs", NULL, run_list, &list },
		      err);

	if (rc < 0) {
		kcfg_domains_free(list.v, list.nr);
		return rc;
	}
	qsort(list.v, list.nr, sizeof(*list.v), by_name);
	*ret = list.v;
	*ret_nr = list.nr;
	return 0;
}

void kcfg_domains_free(struct kcfg_domain *domains, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		free(domains[i].name);
	free(domains);
}

const struct kcfg_domain *kcfg_domains_find(const struct kcfg_domain *domains, size_t nr,
					    const char *uuid)
{
	for (size_t i = 0; i < nr; i++)
		if (!strcmp(domains[i].uuid, uuid))
			return &domains[i];
	return NULL;
}

static int run_state(virConnectPtr conn, virDomainPtr domain, bool repeated, void *arg)
{
	(void)conn;
	(void)repeated;
	return virDomainGetState(domain, arg, NULL, 0);
}

int kcfg_virt_state(struct kcfg_virt *virt, const char *uuid, enum kcfg_state *ret,
		    struct rt_err *err)
{
	int state, rc;

	rc = make(virt, &(struct call){ "cannot ask for the VM's state", uuid, run_state, &state },
		  err);
	if (rc == 0)
		*ret = state_of(state);
	return rc;
}

struct settled {
	unsigned int limit_ms;
	int state, reason;
};

static int run_settled(virConnectPtr conn, virDomainPtr domain, bool repeated, void *arg)
{
	struct settled *now = arg;
	int rc;

	(void)conn;
	(void)repeated;
	for (unsigned int ms = 0; ; ms += WAIT_STEP_MS) {
		rc = virDomainGetState(domain, &now->state, &now->reason, 0);
		if (rc < 0 || ms >= now->limit_ms || !is_starting(now->state, now->reason))
			return rc;
		nap();
	}
}

int kcfg_virt_settled(struct kcfg_virt *virt, const char *uuid, unsigned int limit_ms,
		      enum kcfg_state *ret, struct rt_err *err)
{
	struct settled now = { .limit_ms = limit_ms };
	int rc;

	rc = make(virt, &(struct call){ "cannot ask for the VM's state", uuid, run_settled, &now },
		  err);
	if (rc < 0)
		return rc;
	if (is_starting(now.state, now.reason))
		return rt_err_say(err, -EBUSY, "libvirt is starting it still, after %u s",
				  limit_ms / 1000);
	*ret = state_of(now.state);
	return 0;
}

/* ---- memory ---- */

/* What the next start sets, in bytes.  A driver that has no such limits sets none. */
static uint64_t hard_limit(virDomainPtr domain)
{
	virTypedParameter params[16];
	unsigned long long kib = 0;
	int n = 16;

	if (virDomainGetMemoryParameters(domain, params, &n, VIR_DOMAIN_AFFECT_CONFIG) < 0 ||
	    virTypedParamsGetULLong(params, n, VIR_DOMAIN_MEMORY_HARD_LIMIT, &kib) != 1 ||
	    kib == VIR_DOMAIN_MEMORY_PARAM_UNLIMITED)
		return 0;
	return kib << 10;
}

static int run_limits(virConnectPtr conn, virDomainPtr domain, bool repeated, void *arg)
{
	struct kcfg_domain *found;
	virDomainPtr *off;
	int n = virConnectListAllDomains(conn, &off, VIR_CONNECT_LIST_DOMAINS_INACTIVE);

	(void)domain;
	(void)repeated;
	for (int i = 0; i < n; i++) {
		found = find(arg, off[i]);
		if (found)
			found->hard_limit = hard_limit(off[i]);
		virDomainFree(off[i]);
	}
	if (n >= 0)
		free(off);
	return n >= 0 && virConnectIsAlive(conn) == 1 ? 0 : -1;
}

int kcfg_virt_limits(struct kcfg_virt *virt, struct kcfg_domain *domains, size_t nr,
		     struct rt_err *err)
{
	struct list list = { domains, nr };

	return make(virt, &(struct call){ "cannot ask for limits of memory", NULL, run_limits,
					  &list }, err);
}

struct memory {
	unsigned long long kib;
	uint64_t limit;
};

static int run_memory(virConnectPtr conn, virDomainPtr domain, bool repeated, void *arg)
{
	struct memory *memory = arg;

	(void)conn;
	(void)repeated;
	memory->kib = virDomainGetMaxMemory(domain);
	memory->limit = hard_limit(domain);
	return memory->kib ? 0 : -1;
}

int kcfg_virt_memory(struct kcfg_virt *virt, const char *uuid, uint64_t *ret_memory,
		     uint64_t *ret_limit, struct rt_err *err)
{
	struct memory memory = { 0 };
	int rc = make(virt, &(struct call){ "cannot ask for the VM's memory", uuid, run_memory,
					    &memory }, err);

	if (rc < 0)
		return rc;
	*ret_memory = memory.kib << 10;
	*ret_limit = memory.limit;
	return 0;
}

/* ---- the XML ---- */

static int run_xml(virConnectPtr conn, virDomainPtr domain, bool repeated, void *arg)
{
	char **ret = arg;

	(void)conn;
	(void)repeated;
	*ret = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE);
	return *ret ? 0 : -1;
}

int kcfg_virt_xml(struct kcfg_virt *virt, const char *uuid, char **ret, struct rt_err *err)
{
	return make(virt, &(struct call){ "cannot read the VM's XML", uuid, run_xml, ret }, err);
}

static int run_define(virConnectPtr conn, virDomainPtr domain, bool repeated, void *arg)
{
	(void)repeated;
	domain = virDomainDefineXMLFlags(conn, arg, VIR_DOMAIN_DEFINE_VALIDATE);
	if (!domain)
		return -1;
	virDomainFree(domain);
	return 0;
}

int kcfg_virt_define(struct kcfg_virt *virt, const char *xml, struct rt_err *err)
{
	return make(virt, &(struct call){ "libvirt refuses the XML", NULL, run_define,
					  (void *)xml }, err);
}

static int run_rename(virConnectPtr conn, virDomainPtr domain, bool repeated, void *arg)
{
	(void)conn;
	if (repeated && !strcmp(virDomainGetName(domain), arg))
		return 0;
	return virDomainRename(domain, arg, 0);
}

int kcfg_virt_rename(struct kcfg_virt *virt, const char *uuid, const char *name,
		     struct rt_err *err)
{
	return make(virt, &(struct call){ "cannot rename the VM", uuid, run_rename,
					  (void *)name }, err);
}

/* ---- life ---- */

/*
 * Behind a libvirtd that went away in the middle of a start: its successor ends a QEMU that
 * had not come far enough, but not at once.
 */
static bool was_started(virDomainPtr domain)
{
	int state, reason;

	for (unsigned int ms = 0; ms < WAIT_S * 1000; ms += WAIT_STEP_MS) {
		if (virDomainIsActive(domain) != 1 ||
		    virDomainGetState(domain, &state, &reason, 0) < 0)
			return false;
		if (state == VIR_DOMAIN_RUNNING ||
		    (state == VIR_DOMAIN_PAUSED && !is_starting(state, reason)))
			return true;
		nap();
	}
	return false;
}

/* It has the VM in hand itself, and waits no longer than 30 s for itself. */
static bool is_busy(void)
{
	const virError *e = virGetLastError();

	return e && e->code == VIR_ERR_OPERATION_TIMEOUT;
}

/*
 * Its successor waits for ever where the QEMU of such a start does not answer, and keeps the VM
 * in hand.  That QEMU has run no guest yet.
 */
static void end_half_started(virDomainPtr domain)
{
	int state, reason;

	if (virDomainGetState(domain, &state, &reason, 0) == 0 && is_starting(state, reason))
		virDomainDestroy(domain);
}

static int run_start(virConnectPtr conn, virDomainPtr domain, bool repeated, void *arg)
{
	const bool *paused = arg;
	unsigned int tries = repeated ? RESTART_TRIES : 1;

	(void)conn;
	for (;;) {
		if (repeated && was_started(domain))
			return 0;
		if (virDomainCreateWithFlags(domain, *paused ? VIR_DOMAIN_START_PAUSED : 0) == 0)
			return 0;
		if (--tries == 0 || !is_busy())
			return -1;
		end_half_started(domain);
	}
}

int kcfg_virt_start(struct kcfg_virt *virt, const char *uuid, bool paused, struct rt_err *err)
{
	return make(virt, &(struct call){ "cannot start the VM", uuid, run_start, &paused }, err);
}

/* Restored memory is a guest's, though none of its vCPUs ran: libvirt has another reason there. */
static bool is_paused_from_start(virDomainPtr domain)
{
	int state, reason;

	return virDomainGetState(domain, &state, &reason, 0) == 0 && state == VIR_DOMAIN_PAUSED &&
	       (reason == VIR_DOMAIN_PAUSED_USER || reason == VIR_DOMAIN_PAUSED_STARTING_UP);
}

/* The reason is the same where somebody paused it later: the time of its vCPUs is not. */
static int run_has_run(virConnectPtr conn, virDomainPtr domain, bool repeated, void *arg)
{
	int max = virDomainGetMaxVcpus(domain), n;
	bool *ret = arg;
	virVcpuInfoPtr vcpus = max > 0 ? calloc(max, sizeof(*vcpus)) : NULL;

	(void)conn;
	(void)repeated;
	n = vcpus ? virDomainGetVcpus(domain, vcpus, max, NULL, 0) : -1;
	*ret = n >= 0 && !is_paused_from_start(domain);
	for (int i = 0; i < n; i++)
		*ret |= vcpus[i].cpuTime > SETUP_NS;
	free(vcpus);
	return n < 0 ? -1 : 0;
}

int kcfg_virt_has_run(struct kcfg_virt *virt, const char *uuid, bool *ret, struct rt_err *err)
{
	return make(virt, &(struct call){ "cannot ask whether the VM ever ran", uuid, run_has_run,
					  ret }, err);
}

static int run_resume(virConnectPtr conn, virDomainPtr domain, bool repeated, void *arg)
{
	int state;

	(void)conn;
	(void)arg;
	if (repeated && virDomainGetState(domain, &state, NULL, 0) == 0 &&
	    state == VIR_DOMAIN_RUNNING)
		return 0;
	return virDomainResume(domain);
}

int kcfg_virt_resume(struct kcfg_virt *virt, const char *uuid, struct rt_err *err)
{
	return make(virt, &(struct call){ "cannot resume the VM", uuid, run_resume, NULL }, err);
}

static int run_shutdown(virConnectPtr conn, virDomainPtr domain, bool repeated, void *arg)
{
	(void)conn;
	(void)arg;
	if (repeated && virDomainIsActive(domain) == 0)
		return 0;
	return virDomainShutdown(domain);
}

int kcfg_virt_shutdown(struct kcfg_virt *virt, const char *uuid, struct rt_err *err)
{
	return make(virt, &(struct call){ "cannot shut the VM down", uuid, run_shutdown, NULL },
		    err);
}

static int run_destroy(virConnectPtr conn, virDomainPtr domain, bool repeated, void *arg)
{
	(void)conn;
	(void)repeated;
	(void)arg;
	if (virDomainDestroy(domain) == 0 || virDomainIsActive(domain) == 0)
		return 0;
	return -1;
}

int kcfg_virt_destroy(struct kcfg_virt *virt, const char *uuid, struct rt_err *err)
{
	return make(virt, &(struct call){ "cannot end the VM", uuid, run_destroy, NULL }, err);
}

/* ---- pins ---- */

struct pin {
	enum kcfg_pin what;
	unsigned int number;
	unsigned char map[RT_MAX_CPUS / 8];
	int len;
};

static int run_pin(virConnectPtr conn, virDomainPtr domain, bool repeated, void *arg)
{
	struct pin *pin = arg;

	(void)conn;
	(void)repeated;
	switch (pin->what) {
	case KCFG_PIN_VCPU:
		return virDomainPinVcpuFlags(domain, pin->number, pin->map, pin->len,
					     VIR_DOMAIN_AFFECT_LIVE);
	case KCFG_PIN_EMULATOR:
		return virDomainPinEmulator(domain, pin->map, pin->len, VIR_DOMAIN_AFFECT_LIVE);
	case KCFG_PIN_IOTHREAD:
		return virDomainPinIOThread(domain, pin->number, pin->map, pin->len,
					    VIR_DOMAIN_AFFECT_LIVE);
	}
	return -1;
}

int kcfg_virt_pin(struct kcfg_virt *virt, const char *uuid, enum kcfg_pin what,
		  unsigned int number, const struct rt_cpuset *cpus, struct rt_err *err)
{
	struct pin pin = { .what = what, .number = number };

	rt_cpuset_for_each(cpu, cpus) {
		pin.map[cpu / 8] |= 1u << cpu % 8;
		pin.len = cpu / 8 + 1;
	}
	return make(virt, &(struct call){ "cannot pin a thread of the VM", uuid, run_pin, &pin },
		    err);
}

struct pinned {
	enum kcfg_pin what;
	unsigned int nr;
	struct rt_cpuset cpus;
};

static void narrow(struct rt_cpuset *cpus, const unsigned char *map, int len)
{
	for (int cpu = 0; cpu < RT_MAX_CPUS; cpu++)
		if (cpu / 8 >= len || !(map[cpu / 8] & 1u << cpu % 8))
			rt_cpuset_remove(cpus, cpu);
}

static int run_pinned(virConnectPtr conn, virDomainPtr domain, bool repeated, void *arg)
{
	struct pinned *pinned = arg;
	int len = RT_MAX_CPUS / 8, n = -1;
	unsigned char *maps = calloc(pinned->nr, len);

	(void)conn;
	(void)repeated;
	if (maps && pinned->what == KCFG_PIN_VCPU)
		n = virDomainGetVcpuPinInfo(domain, pinned->nr, maps, len, VIR_DOMAIN_AFFECT_LIVE);
	else if (maps)
		n = virDomainGetEmulatorPinInfo(domain, maps, len, VIR_DOMAIN_AFFECT_LIVE);
	memset(&pinned->cpus, 0xff, sizeof(pinned->cpus));
	for (int i = 0; i < n; i++)
		narrow(&pinned->cpus, maps + (size_t)i * len, len);
	free(maps);
	return n < 0 ? -1 : 0;
}

int kcfg_virt_pinned(struct kcfg_virt *virt, const char *uuid, enum kcfg_pin what,
		     unsigned int nr, struct rt_cpuset *ret, struct rt_err *err)
{
	struct pinned pinned = { .what = what, .nr = what == KCFG_PIN_VCPU ? nr : 1 };
	int rc = make(virt, &(struct call){ "cannot ask for the VM's pins", uuid, run_pinned,
					    &pinned }, err);

	if (rc == 0)
		*ret = pinned.cpus;
	return rc;
}
