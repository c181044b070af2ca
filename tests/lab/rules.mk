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

# Those of a kernel are built whole or not at all: what gcc and sparse said meanwhile stands in
# KERNEL.said, for tests/cmd/modules.sh.
LAB_KERNELS := 6.1 6.1-rt 6.12 6.12-rt
lab_module_words := $(addsuffix .said,$(addprefix $(O)/modules/,$(LAB_KERNELS)))
$(lab_module_words): $(O)/modules/%.said: $(MODULE_FILES) gs/dkms/Kbuild $(wildcard tests/lab/module/*)
	$(Q)mkdir -p $(@D); d=$$(tests/lab/kdir $*) || exit 0; r=$$(basename $$d); \
	rm -rf $(O)/modules/$${r#linux-headers-}; \
	if $(MAKE) --no-print-directory modules KDIR=$$d MODULE_MORE=tests/lab/module W=1 \
		$(if $(shell command -v sparse),C=1) >$@.part 2>&1; then \
		mv $@.part $@; grep '^  KBUILD' $@; \
	else \
		cat $@.part; \
	fi

lab-modules: $(lab_module_words) $(O)/tests/lab/gs-caller

# LAB_TESTS= names some of them; all without
lab-ready: programs lab-modules $(O)/tests/tools/gs-storm $(O)/tests/tools/kill-at

check-lab: lab-ready
	$(Q)KVMRT_BIN=$(O)/bin tests/lab/run-tests $(LAB_TESTS)

.PHONY: lab check-lab lab-ready lab-modules
