# SPDX-License-Identifier: GPL-2.0-or-later
ARCHIVES += librt.a
librt.a-objs := lib/buf.o lib/cmd.o lib/cmd-help.o lib/cmd-parse.o lib/cpulist.o lib/err.o \
	lib/io.o lib/json.o lib/loop.o lib/replace.o lib/root.o lib/table.o lib/text.o lib/xml.o

# Reading JSON needs json-c: who reads links $(json-read-libs) and $(json-read-ldlibs) too.
ARCHIVES += libjsonread.a
libjsonread.a-objs := lib/json-read.o
json-read-libs := libjsonread.a
json-read-ldlibs := -ljson-c
PKGS += json-c
DEPS += libjson-c-dev

UNIT_TESTS += tests/lib/test-json-read
tests/lib/test-json-read-objs := tests/lib/test-json-read.o
tests/lib/test-json-read-libs := libjsonread.a librt.a
tests/lib/test-json-read-ldlibs := $(json-read-ldlibs)

# A test program for each module, of the module's name.
lib-tests := $(addprefix tests/lib/test-,buf cmd cmd-help cmd-parse cpulist err io json loop put replace root \
	table text xml)
UNIT_TESTS += $(lib-tests)
$(foreach t,$(lib-tests),$(eval $(t)-objs := $(t).o)$(eval $(t)-libs := librt.a))
