# SPDX-License-Identifier: GPL-2.0-or-later
ARCHIVES += libkev.a
libkev.a-objs := $(addprefix kvm-events/,events.o exits.o numbers.o gs.o joiner.o state.o)

kev-tests := $(addprefix tests/kvm-events/test-,events exits numbers gs joiner state page)
UNIT_TESTS += $(kev-tests)
$(foreach t,$(kev-tests),$(eval $(t)-objs := $(t).o)$(eval $(t)-libs := libkev.a))
tests/kvm-events/test-page-objs += kvm-events/page.o

kev-fuzzers := $(addprefix tests/fuzz/fuzz-,marker joiner)
FUZZERS += $(kev-fuzzers)
$(foreach f,$(kev-fuzzers),$(eval $(f)-objs := $(f).o)$(eval $(f)-libs := libkev.a))

# The page that lists the events, from their tables.
events-page: $(O)/tests/kvm-events/test-page
	$(Q)$< --print >doc/man/kvmrt-events.7

.PHONY: events-page
