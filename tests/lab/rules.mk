# SPDX-License-Identifier: GPL-2.0-or-later
# The lab: a shell in it, and the tests that need real kernels.

DEPS += qemu-system-x86 seabios busybox-static cpio kmod xz-utils zstd dropbear-bin \
	openssh-client openssh-sftp-server iproute2 procps rt-tests util-linux linux-perf

lab: programs
	@echo 'lab: booting a host with a guest, which takes about a minute'
	$(Q)tests/lab/lab --path $(O)/bin --shell

# What the lab's guests call with, and the kernel modules for the lab's kernels; tests
# skip where those cannot be built.
TOOLS += tests/lab/gs-caller
tests/lab/gs-caller-objs := tests/lab/gs-caller.o
tests/lab/gs-caller-libs := libkvmrt_gs.a

# What kills the commands under test at any of their steps.
TOOLS += tests/tools/kill-at
tests/tools/kill-at-objs := tests/tools/kill-at.o

LAB_KERNELS := 6.1 6.1-rt 6.12 6.12-rt
lab-modules: $(O)/tests/lab/gs-caller
	$(Q)for k in $(LAB_KERNELS); do \
		d=$$(tests/lab/kdir $$k) && $(MAKE) --no-print-directory modules KDIR=$$d \
			MODULE_MORE=tests/lab/module || true; \
	done

# LAB_TESTS= names some of them; all without
lab-ready: programs lab-modules $(O)/tests/tools/gs-storm $(O)/tests/tools/kill-at

check-lab: lab-ready
	$(Q)KVMRT_BIN=$(O)/bin tests/lab/run-tests $(LAB_TESTS)

.PHONY: lab check-lab lab-ready lab-modules
