# SPDX-License-Identifier: GPL-2.0-or-later

# Who links it takes $(kcfg-libs) and $(kcfg-ldlibs).
kcfg-libs := libconfig.a $(tune-libs)
kcfg-ldlibs := $(tune-ldlibs)

# Each part below adds its modules, its commands and their tests.
ARCHIVES += libconfig.a
libconfig.a-objs :=

# Tests named after modules: tests/config/test-NAME, at the end of this file.
kcfg-tests :=

# --- kvmrt.cfg and its rules

libconfig.a-objs += $(addprefix config/,attr.o cfg.o cfg-set.o file.o place.o \
	draft.o picture.o place-json.o room.o rules.o rules-pair.o rules-virt.o rules-vm.o)
kcfg-tests += attr cfg draft file picture place room rules
FUZZERS += tests/fuzz/fuzz-cfg
tests/fuzz/fuzz-cfg-objs := tests/fuzz/fuzz-cfg.o
tests/fuzz/fuzz-cfg-libs := libconfig.a librt.a

# --- libvirt
DEPS += libvirt-dev libvirt-daemon-system libvirt-clients libxml2-dev
PKGS += libvirt libxml-2.0
kcfg-ldlibs += -lvirt -lxml2
xml-parts := xml xml-node xml-parts xml-pins live-status
libconfig.a-objs += $(xml-parts:%=config/%.o) $(addprefix config/,boot.o boot-end.o boot-host.o \
	boot-hold.o boot-room.o boot-threads.o clear.o domain.o domain-import.o jobs.o live.o \
	permit.o session.o sync.o verdict.o virt.o)
libxml-cflags := $(shell $(PKG_CONFIG) --cflags libxml-2.0 2>/dev/null)
$(foreach x,$(xml-parts),$(eval CFLAGS-config/$(x).o := $(libxml-cflags)))
kcfg-tests += boot clear domain jobs live permit session sync verdict virt xml

vm-fuzzers := tests/fuzz/fuzz-status tests/fuzz/fuzz-xml
FUZZERS += $(vm-fuzzers)
$(foreach f,$(vm-fuzzers),$(eval $(f)-objs := $(f).o)$(eval $(f)-libs := $(kcfg-libs))$(eval $(f)-ldlibs := $$(kcfg-ldlibs)))

vm-programs := kvmrt-boot kvmrt-import kvmrt-shutdown kvmrt-stat kvmrt-sync-config
PROGRAMS += $(vm-programs)
$(foreach p,$(vm-programs),$(eval $(p)-objs := config/cmd-$(p:kvmrt-%=%).o config/cmd-results.o)$(eval $(p)-libs := $(kcfg-libs))$(eval $(p)-ldlibs := $$(kcfg-ldlibs)))
CMD_TESTS += $(vm-programs:%=tests/cmd/%.sh) tests/cmd/libvirt-lost.sh

# --- the file: edit, show, validate

file-programs := kvmrt-edit-config kvmrt-show-config kvmrt-validate-config
PROGRAMS += $(file-programs)
kvmrt-edit-config-objs := config/cmd-edit-config.o config/cmd-findings.o
kvmrt-show-config-objs := config/cmd-show-config.o
kvmrt-validate-config-objs := config/cmd-validate-config.o config/cmd-findings.o
$(foreach p,$(file-programs),$(eval $(p)-libs := $(kcfg-libs))$(eval $(p)-ldlibs := $(kcfg-ldlibs)))
CMD_TESTS += $(file-programs:%=tests/cmd/%.sh)
EXAMPLES += doc/examples/kvmrt.cfg

# --- the host, for the file's VMs; libvirt is not asked
PROGRAMS += kvmrt-validate-host
kvmrt-validate-host-objs := config/cmd-validate-host.o
kvmrt-validate-host-libs := $(kcfg-libs)
kvmrt-validate-host-ldlibs := $(tune-ldlibs)
CMD_TESTS += tests/cmd/kvmrt-validate-host.sh

# --- the service

UNITS += $(O)/config/kvmrt.service
CMD_TESTS += tests/cmd/kvmrt-service.sh

# --- boot, shutdown, status

kcfg-tests := $(addprefix tests/config/test-,$(kcfg-tests))
UNIT_TESTS += $(kcfg-tests)
$(foreach t,$(kcfg-tests),$(eval $(t)-objs := $(t).o)$(eval $(t)-libs := $(kcfg-libs))$(eval $(t)-ldlibs := $(kcfg-ldlibs)))
