/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * path.c - the way from a program to the host: the module's device, the
 * instruction itself, or none
 *
 * What was found is kept in single words that any thread, or a signal handler in
 * the middle of another look, may find and store again with the same value.
 */
#include "gs/path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gs/marks.h"
#include "gs/protocol.h"

struct gs_places gs_places = {
	.device = GS_DEVICE,
	.cmdline = "/proc/cmdline",
	.tracing = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" },
};

#define UNKNOWN (-1)

static int device_fd = UNKNOWN;
static uint64_t device_number;		/* of the device that device_fd was opened as */
static int known_words = UNKNOWN;	/* 1 guest, 2 syscall */
static int known_cpu = UNKNOWN;		/* enum gs_insn by the CPU's word */
static int known_insn = UNKNOWN;	/* tried, and alive or deadly */

static int load(const int *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void store(int *word, int value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

void gs_path_reset(void)
{
	if (load(&device_fd) >= 0)
		close(device_fd);
	store(&device_fd, UNKNOWN);
	store(&known_words, UNKNOWN);
	store(&known_cpu, UNKNOWN);
	store(&known_insn, UNKNOWN);
}

/* ---- the device ---- */

/*
 * A program that closes what it does not know (a daemon that begins) may have
 * given our number to a file of its own; nothing must reach that.
 */
static bool still_ours(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) &&
	       st.st_rdev == __atomic_load_n(&device_number, __ATOMIC_RELAXED);
}

static int open_device(void)
{
	int before = load(&device_fd);
	struct stat st;
	int fd;

	if (before >= 0 && still_ours(before))
		return before;
	fd = open(gs_places.device, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode)) {
		close(fd);
		return -ENODEV;
	}
	__atomic_store_n(&device_number, st.st_rdev, __ATOMIC_RELAXED);
	if (!__atomic_compare_exchange_n(&device_fd, &before, fd, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE)) {
		close(fd);	/* another thread was first */
		fd = before;
	}
	return fd;
}

/* ---- permission and instruction ---- */

/* A process without a free descriptor cannot look just now, which says nothing of later. */
static bool is_shortage(int rc)
{
	return rc == -EMFILE || rc == -ENFILE || rc == -ENOMEM;
}

static int find_words(struct gs_words *ret)
{
	int known = load(&known_words), rc;

	if (known == UNKNOWN) {
		rc = gs_words_read(gs_places.cmdline, ret);
		if (is_shortage(rc))
			return rc;
		store(&known_words, ret->guest | ret->syscall << 1);
		return 0;
	}
	*ret = (struct gs_words){ .guest = known & 1, .syscall = known & 2 };
	return 0;
}

static enum gs_insn find_known(int *known, bool try)
{
	int insn = load(known);

	if (insn == UNKNOWN) {
		insn = gs_hypercall_find(try);
		if (insn != GS_INSN_NO_LOOK)
			store(known, insn);
	}
	return insn;
}

static bool can_call(enum gs_insn insn)
{
	return insn == GS_INSN_VMCALL || insn == GS_INSN_VMMCALL;
}

/* Without permission nothing is called, not even to try. */
static int find_insn(enum gs_insn *ret)
{
	struct gs_words permitted;
	int rc = find_words(&permitted);

	if (rc < 0)
		return rc;
	if (!permitted.guest || !permitted.syscall)
		return can_call(find_known(&known_cpu, false)) ? -EPERM : -ENODEV;
	*ret = find_known(&known_insn, true);
	return can_call(*ret) ? 0 : -ENODEV;
}

int gs_path_find(struct gs_path *ret)
{
	int saved = errno, rc = 0;
	struct gs_path path = { .fd = open_device() };

	if (path.fd == -EACCES || path.fd == -EPERM)
		rc = -EACCES;
	else if (is_shortage(path.fd) && load(&known_insn) == UNKNOWN)
		rc = path.fd;	/* the device may be there */
	else if (path.fd < 0)
		rc = find_insn(&path.insn);
	errno = saved;
	if (rc == 0)
		*ret = path;
	return rc;
}

int gs_path_call(const struct gs_path *path, uint64_t nr, const uint64_t arg[4],
		 int64_t *ret_answer)
{
	struct kvmrt_gs_call call = { .nr = nr };

	if (path->fd < 0) {
		*ret_answer = gs_hypercall(path->insn, nr, arg);
		return 0;
	}
	memcpy(call.arg, arg, sizeof(call.arg));
	while (ioctl(path->fd, KVMRT_GS_IOC_CALL, &call) < 0)
		if (errno != EINTR)
			return -errno;
	*ret_answer = call.ret;
	return 0;
}

/* ---- for people ---- */

/* What the module was given counts, wherever it came from. */
static void look_at_module(struct gs_look *look, int fd)
{
	struct kvmrt_gs_info info;

	if (ioctl(fd, KVMRT_GS_IOC_INFO, &info) < 0)
		return;
	look->words.guest = info.flags & GS_INFO_GUEST;
	look->words.syscall = info.flags & GS_INFO_SYSCALL;
	if (!(info.flags & GS_INFO_KVM))
		look->insn = GS_INSN_NONE;
}

void gs_path_look(struct gs_look *ret)
{
	struct gs_look look = { 0 };
	struct gs_path path;
	struct gs_marks marks;
	int fd = open_device();

	look.device = fd < 0 ? fd : 0;
	find_words(&look.words);
	look.path = gs_path_find(&path);
	look.insn = load(&known_insn) == UNKNOWN ? find_known(&known_cpu, false) :
		    find_known(&known_insn, true);
	if (fd >= 0) {
		look_at_module(&look, fd);
		if (!look.words.guest || !look.words.syscall)
			look.path = -EPERM;
	}
	look.answer = GS_ANSWER_NOSYS;
	if (look.path == 0)
		gs_path_call(&path, GS_NR_QUERY, (uint64_t[4]){ GS_PROTOCOL_VERSION },
			     &look.answer);
	gs_marks_open(&marks, gs_places.tracing);
	look.marks = marks.nr > 0;
	gs_marks_close(&marks);
	*ret = look;
}
