# SPDX-License-Identifier: GPL-2.0-or-later
ARCHIVES += libkev.a
libkev.a-objs := $(addprefix kvm-events/,events.o exits.o numbers.o gs.o joiner.o state.o)

kev-tests := $(addprefix tests/kvm-events/test-,events exits numbers gs joiner state)
UNIT_TESTS += $(kev-tests)
$(foreach t,$(kev-tests),$(eval $(t)-objs := $(t).o)$(eval $(t)-libs := libkev.a))
