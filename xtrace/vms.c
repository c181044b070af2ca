/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vms.c - the virtual machines of a host: which thread is which vCPU of whom
 *
 * /sys/kernel/debug/kvm/PID-FD/vcpuN/ is the kernel's own word: thread and TSC
 * offset.  Where debugfs is not to be had, QEMU's thread names ("CPU 0/KVM")
 * tell the threads.
 */
#include "xtrace/vms.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/io.h"
#include "lib/root.h"
#include "xtrace/xtrace.h"

#define KVM_DIR "sys/kernel/debug/kvm"
#define MAX_VCPUS 65536

void xt_vms_name_of(const char *argument, char *buf, size_t size)
{
	const char *name = argument;

	if (strncmp(name, "guest=", strlen("guest=")) == 0)
		name += strlen("guest=");
	snprintf(buf, size, "%.*s", (int)strcspn(name, ","), name);
}

/* The argument behind -name in the command line of @pid. */
static void read_name(const struct rt_root *root, int pid, char *buf, size_t size)
{
	char *cmdline, *arg;
	size_t len;

	buf[0] = '\0';
	if (rt_root_read(root, &cmdline, &len, NULL, "proc/%d/cmdline", pid) < 0)
		return;
	for (arg = cmdline; arg < cmdline + len; arg += strlen(arg) + 1) {
		if (strcmp(arg, "-name") == 0 && arg + strlen(arg) + 1 < cmdline + len) {
			xt_vms_name_of(arg + strlen(arg) + 1, buf, size);
			break;
		}
	}
	free(cmdline);
}

static struct xt_vcpu *find_vcpu(struct xt_vms *vms, int vm_pid, unsigned int nr)
{
	size_t i;

	for (i = 0; i < vms->nr; i++) {
		if (vms->v[i].vm_pid == vm_pid && vms->v[i].vcpu == nr)
			return &vms->v[i];
	}
	return NULL;
}

static int add_vcpu(struct xt_vms *vms, const struct xt_vcpu *vcpu)
{
	void *more;

	if (vms->nr >= MAX_VCPUS)
		return -E2BIG;
	more = realloc(vms->v, (vms->nr + 1) * sizeof(*vms->v));
	if (!more)
		return -ENOMEM;
	vms->v = more;
	vms->v[vms->nr++] = *vcpu;
	return 0;
}

static DIR *open_dir(const struct rt_root *root, const char *path)
{
	return rt_opendir(rt_root_open(root, NULL, O_RDONLY | O_DIRECTORY, "%s", path));
}

/* ---- thread names ---- */

static int add_threads(struct xt_vms *vms, const struct rt_root *root, int pid)
{
	struct xt_vcpu vcpu = { .vm_pid = pid };
	char path[64], comm[32];
	struct dirent *entry;
	int rc = 0, end;
	DIR *dir;

	snprintf(path, sizeof(path), "proc/%d/task", pid);
	dir = open_dir(root, path);
	if (!dir)
		return 0;
	read_name(root, pid, vcpu.vm, sizeof(vcpu.vm));
	while (rc == 0 && (entry = readdir(dir))) {
		vcpu.tid = atoi(entry->d_name);
		end = 0;
		if (vcpu.tid <= 0 ||
		    rt_root_read_line(root, comm, sizeof(comm), NULL, "proc/%d/task/%d/comm", pid,
				      vcpu.tid) < 0 ||
		    sscanf(comm, "CPU %u/KVM%n", &vcpu.vcpu, &end) != 1 || !end || comm[end])
			continue;
		if (!find_vcpu(vms, pid, vcpu.vcpu))
			rc = add_vcpu(vms, &vcpu);
	}
	closedir(dir);
	return rc;
}

static int from_threads(struct xt_vms *vms, const struct rt_root *root)
{
	DIR *dir = open_dir(root, "proc");
	struct dirent *entry;
	int rc = 0, pid;
	char comm[32];

	while (dir && rc == 0 && (entry = readdir(dir))) {
		pid = atoi(entry->d_name);
		if (pid <= 0 ||
		    rt_root_read_line(root, comm, sizeof(comm), NULL, "proc/%d/comm", pid) < 0)
			continue;
		if (strncmp(comm, "qemu", 4) == 0 || strncmp(comm, "kvm", 3) == 0)
			rc = add_threads(vms, root, pid);
	}
	if (dir)
		closedir(dir);
	return rc;
}

/* ---- KVM's debugfs ---- */

static bool read_number(const struct rt_root *root, const char *vm, unsigned int nr,
			const char *file, int64_t *ret)
{
	char line[32], *end;

	if (rt_root_read_line(root, line, sizeof(line), NULL, KVM_DIR "/%s/vcpu%u/%s", vm, nr,
			      file) < 0)
		return false;
	*ret = strtoll(line, &end, 10);
	return end != line;
}

static void read_tsc(const struct rt_root *root, const char *vm, struct xt_vcpu *vcpu)
{
	int64_t ratio, frac;

	vcpu->tsc_known = read_number(root, vm, vcpu->vcpu, "tsc-offset", &vcpu->tsc_offset);
	if (read_number(root, vm, vcpu->vcpu, "tsc-scaling-ratio", &ratio) &&
	    read_number(root, vm, vcpu->vcpu, "tsc-scaling-ratio-frac-bits", &frac) &&
	    frac >= 0 && frac < 64 && (uint64_t)ratio != 1ull << frac) {
		vcpu->tsc_ratio = ratio;
		vcpu->tsc_frac_bits = frac;
	}
}

/* @vm is "PID-FD". */
static int add_debugfs_vm(struct xt_vms *vms, const struct rt_root *root, const char *vm)
{
	struct xt_vcpu vcpu = { .vm_pid = atoi(vm) };
	struct xt_vcpu *known;
	struct dirent *entry;
	char path[320];
	int64_t tid;
	int rc = 0;
	DIR *dir;

	snprintf(path, sizeof(path), KVM_DIR "/%s", vm);
	dir = open_dir(root, path);
	if (!dir)
		return 0;
	read_name(root, vcpu.vm_pid, vcpu.vm, sizeof(vcpu.vm));
	while (rc == 0 && (entry = readdir(dir))) {
		if (sscanf(entry->d_name, "vcpu%u", &vcpu.vcpu) != 1)
			continue;
		known = find_vcpu(vms, vcpu.vm_pid, vcpu.vcpu);
		if (known) {
			read_tsc(root, vm, known);
			continue;
		}
		if (!read_number(root, vm, vcpu.vcpu, "pid", &tid) || tid <= 0)
			continue;
		vcpu.tid = tid;
		read_tsc(root, vm, &vcpu);
		rc = add_vcpu(vms, &vcpu);
	}
	closedir(dir);
	return rc;
}

static int from_debugfs(struct xt_vms *vms, const struct rt_root *root)
{
	DIR *dir = open_dir(root, KVM_DIR);
	struct dirent *entry;
	int rc = 0;

	while (dir && rc == 0 && (entry = readdir(dir))) {
		if (atoi(entry->d_name) > 0 && strchr(entry->d_name, '-'))
			rc = add_debugfs_vm(vms, root, entry->d_name);
	}
	if (dir)
		closedir(dir);
	return rc;
}

static int compare_vcpus(const void *a, const void *b)
{
	const struct xt_vcpu *va = a, *vb = b;

	if (va->vm_pid != vb->vm_pid)
		return va->vm_pid < vb->vm_pid ? -1 : 1;
	return va->vcpu < vb->vcpu ? -1 : va->vcpu > vb->vcpu;
}

int xt_vms_find(struct xt_vms *ret, const struct rt_root *root, struct rt_err *err)
{
	struct xt_vms vms = { 0 };
	int rc;

	rc = from_threads(&vms, root);
	if (rc == 0)
		rc = from_debugfs(&vms, root);
	if (rc < 0) {
		xt_vms_finish(&vms);
		return rt_err_set(err, rc, "cannot list the virtual machines");
	}
	if (vms.nr)
		qsort(vms.v, vms.nr, sizeof(*vms.v), compare_vcpus);
	*ret = vms;
	return 0;
}

void xt_vms_finish(struct xt_vms *vms)
{
	free(vms->v);
	memset(vms, 0, sizeof(*vms));
}

uint64_t xt_vms_stamp(const struct rt_root *root)
{
	DIR *dir = open_dir(root, KVM_DIR);
	struct dirent *entry;
	uint64_t stamp = 0;

	while (dir && (entry = readdir(dir))) {
		const char *p = entry->d_name;
		uint64_t hash = 14695981039346656037ull;

		for (; *p; p++)
			hash = (hash ^ (unsigned char)*p) * 1099511628211ull;
		stamp += hash;
	}
	if (dir)
		closedir(dir);
	return stamp;
}
