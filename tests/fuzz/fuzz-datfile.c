/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz-datfile.c - any bytes as a trace.dat: opened, read and printed as far as they go */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/read-trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64];
	int fd = memfd_create("trace.dat", MFD_CLOEXEC);

	fuzz_assert(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	fuzz_read(path);
	close(fd);
	return 0;
}
