# SPDX-License-Identifier: GPL-2.0-or-later
ARCHIVES += librt.a
librt.a-objs := lib/buf.o lib/cmd.o lib/cmd-help.o lib/cmd-parse.o lib/cpulist.o lib/err.o \
	lib/json.o lib/loop.o lib/root.o lib/table.o lib/text.o

# A test program for each module, of the module's name.
lib-tests := $(addprefix tests/lib/test-,buf cmd cmd-help cmd-parse cpulist err json loop root \
	table text)
UNIT_TESTS += $(lib-tests)
$(foreach t,$(lib-tests),$(eval $(t)-objs := $(t).o)$(eval $(t)-libs := librt.a))
