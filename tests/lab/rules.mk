# SPDX-License-Identifier: GPL-2.0-or-later
# The lab: a shell in it, and the tests that need real kernels.

DEPS += qemu-system-x86 seabios busybox-static cpio kmod xz-utils zstd dropbear-bin \
	openssh-client openssh-sftp-server iproute2 procps util-linux

lab: programs
	$(Q)tests/lab/lab --path $(O)/bin --shell

# LAB_TESTS= names some of them; all without
check-lab: programs
	$(Q)KVMRT_BIN=$(O)/bin tests/lab/run-tests $(LAB_TESTS)

.PHONY: lab check-lab
