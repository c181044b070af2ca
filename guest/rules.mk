# SPDX-License-Identifier: GPL-2.0-or-later
ARCHIVES += libguest.a
libguest.a-objs := $(addprefix guest/,edit.o machine.o plan.o)

PROGRAMS += kvmrt-guest-setup
kvmrt-guest-setup-objs := guest/cmd-guest-setup.o
kvmrt-guest-setup-libs := libguest.a libkvmrt_gs.a librt.a
kvmrt-guest-setup-ldlibs := -lm
CMD_TESTS += tests/cmd/kvmrt-guest-setup.sh

guest-tests := $(addprefix tests/guest/test-,edit machine plan)
UNIT_TESTS += $(guest-tests)
$(foreach t,$(guest-tests),$(eval $(t)-objs := $(t).o)$(eval $(t)-libs := libguest.a librt.a))
