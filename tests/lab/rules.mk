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

# Those of a kernel are built whole or not at all: what gcc and sparse said meanwhile stands
# beside them in RELEASE.said, for tests/cmd/modules.sh.
LAB_KERNELS := 6.1 6.1-rt 6.12 6.12-rt
lab_module_sources := $(MODULE_FILES) gs/dkms/Kbuild $(wildcard tests/lab/module/*)
lab-modules: $(O)/tests/lab/gs-caller
	$(Q)for k in $(LAB_KERNELS); do \
		d=$$(tests/lab/kdir $$k) || continue; \
		m=$(O)/modules/$${d##*/linux-headers-}; \
		[ ! -e $$m.said ] || [ -n "$$(find $(lab_module_sources) -newer $$m.said)" ] || continue; \
		rm -rf $$m $$m.said; mkdir -p $(O)/modules; \
		if $(MAKE) --no-print-directory modules KDIR=$$d MODULE_MORE=tests/lab/module W=1 \
			$(if $(shell command -v sparse),C=1) >$$m.part 2>&1; then \
			mv $$m.part $$m.said; grep '^  KBUILD' $$m.said; \
		else \
			cat $$m.part; \
		fi; \
	done

# LAB_TESTS= names some of them; all without
lab-ready: programs lab-modules $(O)/tests/tools/gs-storm $(O)/tests/tools/kill-at

check-lab: lab-ready
	$(Q)KVMRT_BIN=$(O)/bin tests/lab/run-tests $(LAB_TESTS)

.PHONY: lab check-lab lab-ready lab-modules
