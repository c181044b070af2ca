/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * policy.c - who may call: the module's parameters
 */
#include "gs/host/module/policy.h"

#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#define MAX_VMS		256	/* names in the list */

static bool kvmrt_gs_hc_host_enabled;
module_param(kvmrt_gs_hc_host_enabled, bool, 0644);
MODULE_PARM_DESC(kvmrt_gs_hc_host_enabled, "guests may call (default: N)");

static bool from_user_mode;
module_param(from_user_mode, bool, 0644);
MODULE_PARM_DESC(from_user_mode, "also from a guest's user mode, past its kernel (default: N)");

static unsigned int calls_per_second = 50000;
module_param(calls_per_second, uint, 0644);
MODULE_PARM_DESC(calls_per_second, "limit for a VM, 0 for none (default: 50000)");

static unsigned int flushes_per_second = 10;
module_param(flushes_per_second, uint, 0644);
MODULE_PARM_DESC(flushes_per_second, "limit of xtrace_flush for a VM (default: 10)");

bool gs_policy_enabled(void)
{
	return READ_ONCE(kvmrt_gs_hc_host_enabled);
}

bool gs_policy_user_mode(void)
{
	return READ_ONCE(from_user_mode);
}

unsigned int gs_policy_calls_per_second(void)
{
	return READ_ONCE(calls_per_second);
}

unsigned int gs_policy_flushes_per_second(void)
{
	return READ_ONCE(flushes_per_second);
}

/* ---- the list of VMs ---- */

struct list {
	struct rcu_head rcu;
	unsigned int nr;
	struct {
		s32 pid;		/* 0: by name */
		char name[TASK_COMM_LEN];
	} vms[];
};

static struct list __rcu *allowed;	/* NULL: every VM */
static atomic_t generation;
static DEFINE_MUTEX(change);

bool gs_policy_allows(s32 pid, const char *name)
{
	const struct list *list;
	bool found;
	unsigned int i;

	rcu_read_lock();
	list = rcu_dereference(allowed);
	found = !list;
	for (i = 0; list && i < list->nr && !found; i++) {
		found = list->vms[i].pid ? list->vms[i].pid == pid :
			strncmp(list->vms[i].name, name, TASK_COMM_LEN) == 0;
	}
	rcu_read_unlock();
	return found;
}

unsigned int gs_policy_generation(void)
{
	return atomic_read(&generation);
}

/* One word of the list: a number is a PID. */
static int add(struct list *list, const char *word)
{
	unsigned int i = list->nr;

	if (i == MAX_VMS)
		return -E2BIG;
	if (kstrtoint(word, 10, &list->vms[i].pid) == 0) {
		if (list->vms[i].pid <= 0)
			return -EINVAL;
	} else if (strscpy(list->vms[i].name, word, TASK_COMM_LEN) < 0) {
		return -ENAMETOOLONG;
	}
	list->nr++;
	return 0;
}

static int parse(struct list *list, char *text)
{
	char *word;
	int rc = 0;

	while (rc == 0 && (word = strsep(&text, ",")) != NULL) {
		word = strim(word);
		if (*word)
			rc = add(list, word);
	}
	return rc;
}

/* Readers of the old list are waited for by the RCU. */
static void replace(struct list *list)
{
	struct list *old;

	mutex_lock(&change);
	old = rcu_dereference_protected(allowed, lockdep_is_held(&change));
	rcu_assign_pointer(allowed, list);
	atomic_inc(&generation);
	mutex_unlock(&change);
	if (old)
		kfree_rcu(old, rcu);
}

static int set_allow(const char *value, const struct kernel_param *param)
{
	struct list *list;
	char *text;
	int rc;

	if (sysfs_streq(value, "*")) {
		replace(NULL);
		return 0;
	}
	list = kzalloc(struct_size(list, vms, MAX_VMS), GFP_KERNEL);
	text = kstrdup(value, GFP_KERNEL);
	rc = list && text ? parse(list, text) : -ENOMEM;
	kfree(text);
	if (rc == 0)
		replace(list);
	else
		kfree(list);
	return rc;
}

static int get_allow(char *text, const struct kernel_param *param)
{
	const struct list *list;
	int len = 0;
	unsigned int i;

	mutex_lock(&change);
	list = rcu_dereference_protected(allowed, lockdep_is_held(&change));
	if (!list)
		len = scnprintf(text, PAGE_SIZE, "*");
	for (i = 0; list && i < list->nr; i++) {
		len += list->vms[i].pid ?
		       scnprintf(text + len, PAGE_SIZE - len, ",%d", list->vms[i].pid) :
		       scnprintf(text + len, PAGE_SIZE - len, ",%s", list->vms[i].name);
	}
	mutex_unlock(&change);
	if (text[0] == ',')
		memmove(text, text + 1, len--);
	len += scnprintf(text + len, PAGE_SIZE - len, "\n");
	return len;
}

/* At the module's end, and where loading it fails behind this parameter. */
static void free_allow(void *arg)
{
	replace(NULL);
}

static const struct kernel_param_ops allow_ops = {
	.set = set_allow,
	.get = get_allow,
	.free = free_allow,
};
module_param_cb(allow, &allow_ops, NULL, 0644);
MODULE_PARM_DESC(allow, "VMs that may call: PIDs or process names, by commas; * is all (default)");
