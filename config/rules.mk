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

libconfig.a-objs += $(addprefix config/,attr.o cfg.o cfg-set.o)
kcfg-tests += attr cfg
FUZZERS += tests/fuzz/fuzz-cfg
tests/fuzz/fuzz-cfg-objs := tests/fuzz/fuzz-cfg.o
tests/fuzz/fuzz-cfg-libs := libconfig.a librt.a

# --- libvirt

# --- boot, shutdown, status

kcfg-tests := $(addprefix tests/config/test-,$(kcfg-tests))
UNIT_TESTS += $(kcfg-tests)
$(foreach t,$(kcfg-tests),$(eval $(t)-objs := $(t).o)$(eval $(t)-libs := $(kcfg-libs))$(eval $(t)-ldlibs := $(kcfg-ldlibs)))
