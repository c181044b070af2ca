# SPDX-License-Identifier: GPL-2.0-or-later
# The two kernel modules: built here with "make modules KDIR=", or by DKMS from
# what "make install" puts into $(PREFIX)/src/kvmrt-gs-$(VERSION).

DEPS += pahole sparse dkms

GUEST_MODULE_FILES := $(addprefix guest/module/,Kbuild call.c call.h device.c pv.c pv.h trace.h)
HOST_MODULE_FILES := $(addprefix gs/host/module/,Kbuild answer.c answer.h attach.c attach.h \
	module.c policy.c policy.h report.c report.h stash.c stash.h trace.h vms.c vms.h)
MODULE_FILES := gs/protocol.h $(GUEST_MODULE_FILES) $(HOST_MODULE_FILES)

KDIR ?= /lib/modules/$(shell uname -r)/build
module_release = $(shell sed -n 's/^.define UTS_RELEASE "\(.*\)"/\1/p' \
	$(KDIR)/include/generated/utsrelease.h 2>/dev/null)
module_dir = $(O)/modules/$(module_release)

# kbuild works where the sources are, so they are brought to where the results shall be.
# Its O, V and CC are not ours; W= and C= are for it.
modules:
	$(Q)[ -n "$(module_release)" ] || { echo 'make modules: no headers of a kernel in' \
		'KDIR=$(KDIR)' >&2; exit 1; }
	$(call say,KBUILD,$(module_dir))
	$(Q)for f in $(MODULE_FILES); do \
		cmp -s $$f $(module_dir)/$$f || install -D -m 644 $$f $(module_dir)/$$f || exit; \
	done; for d in $(MODULE_MORE); do mkdir -p $(module_dir)/$$d && \
		cp -u $$d/* $(module_dir)/$$d || exit; done
	$(Q)cat gs/dkms/Kbuild - <<<'obj-m += $(MODULE_MORE:=/)' >$(module_dir)/Kbuild
	$(Q)MAKEFLAGS= $(MAKE) $(if $(V),V=1,-s) -j$$(nproc) -C $(KDIR) M=$(abspath $(module_dir)) \
		$(addprefix W=,$(W)) $(addprefix C=,$(C)) modules

$(O)/gs/dkms/dkms.conf: gs/dkms/dkms.conf.in always
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D) && sed 's|@VERSION@|$(VERSION)|' $< >$@

UDEV_RULES += gs/dkms/90-kvmrt-gs.rules
SYSUSERS += gs/dkms/kvmrt-gs-sysusers.conf
MODPROBE += gs/dkms/kvmrt-gs-modprobe.conf
DKMS_NAME := kvmrt-gs
DKMS_FILES := gs/dkms/Kbuild:Kbuild $(O)/gs/dkms/dkms.conf:dkms.conf \
	$(foreach f,$(MODULE_FILES),$(f):$(f))

.PHONY: modules
