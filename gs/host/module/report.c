/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * report.c - statistics in debugfs: one file about the module, one with a line a VM
 */
#include "gs/host/module/report.h"

#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/seq_file.h>
#include <linux/time64.h>

#include "gs/host/module/answer.h"
#include "gs/host/module/attach.h"
#include "gs/host/module/policy.h"
#include "gs/host/module/stash.h"
#include "gs/host/module/vms.h"
#include "gs/protocol.h"

static struct dentry *folder;

static int status_show(struct seq_file *out, void *unused)
{
	gs_stash_expire();
	seq_printf(out, "attached %d\n", gs_attached());
	seq_printf(out, "enabled %d\n", gs_policy_enabled());
	seq_printf(out, "waiting %d\n", atomic_read(&gs_stash_pending));
	seq_printf(out, "lost %llu\n", gs_stash_lost());
	seq_printf(out, "overtaken %llu\n", gs_answer_overtaken());
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(status);

static bool is_alive(s32 pid)
{
	bool alive;

	rcu_read_lock();
	alive = find_pid_ns(pid, &init_pid_ns);
	rcu_read_unlock();
	return alive;
}

/* The name was given by the VM's process; a blank or a newline in it must not make a column. */
static void show_name(struct seq_file *out, const char *name)
{
	for (; *name; name++)
		seq_putc(out, *name > ' ' && *name < 0x7f ? *name : '_');
}

static void show_vm(struct seq_file *out, const struct gs_vm *vm)
{
	unsigned int i;

	seq_printf(out, "%d ", vm->pid);
	show_name(out, vm->name);
	for (i = 0; i < GS_NR_CALLS; i++)
		seq_printf(out, " %llu", vm->calls[i]);
	for (i = GS_DENIED; i < GS_NR_VERDICTS; i++)
		seq_printf(out, " %llu", vm->verdicts[i]);
	seq_printf(out, " %llu\n", vm->user);
}

static int vms_show(struct seq_file *out, void *unused)
{
	struct gs_vm vm;
	unsigned int i;

	seq_puts(out, "pid name");
#define GS_CALL(name_, number_, feature_, word_) seq_puts(out, " " word_);
	GS_CALLS(GS_CALL)
#undef GS_CALL
	seq_puts(out, " denied limited invalid protected user\n");
	for (i = 0; gs_vms_get(&vm, i); i++) {
		if (vm.kvm && is_alive(vm.pid))
			show_vm(out, &vm);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(vms);

void gs_report_init(void)
{
	folder = debugfs_create_dir(KBUILD_MODNAME, NULL);
	debugfs_create_file("status", 0400, folder, NULL, &status_fops);
	debugfs_create_file("vms", 0400, folder, NULL, &vms_fops);
}

void gs_report_finish(void)
{
	debugfs_remove(folder);
}
