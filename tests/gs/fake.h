/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake.h - a host below the library that a test decides about
 *
 * Stands in for gs/hypercall.o: records the calls, and answers as it is told.
 */
#ifndef TESTS_GS_FAKE_H
#define TESTS_GS_FAKE_H

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gs/hypercall.h"
#include "gs/path.h"
#include "gs/protocol.h"

#define FAKE_MAX 400

static struct {
	enum gs_insn insn;
	int64_t answer;			/* to QUERY too; FAKE_TAKEN: bytes taken so far */
	int64_t later;			/* answers behind the first, when not 0 */
	unsigned int looks, tries, nr;
	struct {
		uint64_t nr, arg[4];
	} calls[FAKE_MAX];
} fake;

#define FAKE_TAKEN 0x7fffffff

enum gs_insn gs_hypercall_find(bool try)
{
	fake.looks++;
	fake.tries += try;
	return fake.insn;
}

int64_t gs_hypercall(enum gs_insn insn, uint64_t nr, const uint64_t arg[4])
{
	(void)insn;
	if (fake.nr < FAKE_MAX) {
		fake.calls[fake.nr].nr = nr;
		memcpy(fake.calls[fake.nr].arg, arg, sizeof(fake.calls[0].arg));
	}
	fake.nr++;
	if (fake.nr > 1 && fake.later)
		return fake.later;
	if (fake.answer == FAKE_TAKEN)
		return gs_length_max(nr) ? gs_frag_offset(arg[0]) + gs_frag_bytes(arg[0]) : 0;
	return fake.answer;
}

/* A folder with a kernel's command line, and a tracefs of plain files. */
static char fake_dir[64], fake_cmdline[96], fake_tracing[96], fake_device[96];

static void fake_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void fake_boot(const char *words)
{
	fake_file(fake_cmdline, words);
	gs_path_reset();
}

static int fake_setup(void **state)
{
	(void)state;
	strcpy(fake_dir, "/tmp/kvmrt-test.XXXXXX");
	assert_non_null(mkdtemp(fake_dir));
	snprintf(fake_cmdline, sizeof(fake_cmdline), "%s/cmdline", fake_dir);
	snprintf(fake_tracing, sizeof(fake_tracing), "%s/tracing", fake_dir);
	snprintf(fake_device, sizeof(fake_device), "%s/device", fake_dir);
	gs_places = (struct gs_places){ fake_device, fake_cmdline, { fake_tracing } };
	memset(&fake, 0, sizeof(fake));
	fake.insn = GS_INSN_VMMCALL;
	fake_boot("quiet kvmrt_gs_hc_guest_enabled=1 kvmrt_gs_syscall_enabled=1\n");
	return 0;
}

static int fake_teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", fake_dir);
	return system(command);
}

/* cmocka_unit_test() with the folder */
#define FAKE_TEST(f) cmocka_unit_test_setup_teardown(f, fake_setup, fake_teardown)

#endif /* TESTS_GS_FAKE_H */
