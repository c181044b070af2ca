# SPDX-License-Identifier: GPL-2.0-or-later
# Fuzz targets of lib/; the other folders' stand in their own rules.mk.

lib-fuzzers := $(addprefix tests/fuzz/fuzz-,cpulist json text)
FUZZERS += $(lib-fuzzers)
$(foreach f,$(lib-fuzzers),$(eval $(f)-objs := $(f).o)$(eval $(f)-libs := librt.a))
