# SPDX-License-Identifier: GPL-2.0-or-later
# The library: libc alone, so nothing of lib/ is in it.
libkvmrt_gs-objs := $(addprefix gs/,functions.o hypercall.o marks.o path.o words.o)
ARCHIVES += libkvmrt_gs.a
libkvmrt_gs.a-objs := $(libkvmrt_gs-objs)
SHARED += libkvmrt_gs.so.0
libkvmrt_gs.so.0-objs := $(libkvmrt_gs-objs)
libkvmrt_gs.so.0-soname := libkvmrt_gs.so.0
libkvmrt_gs.so.0-map := gs/libkvmrt_gs.map
API_HEADERS += gs/kvmrt_gs.h
API_ARCHIVES += libkvmrt_gs.a
PCFILES += gs/libkvmrt_gs.pc.in

# Other names of the library and of its page.
LINKS += lib/libccur_kvmrt_gs.so:libkvmrt_gs.so.0 lib/libccur_kvmrt_gs.a:libkvmrt_gs.a
LINKS += $(foreach f,libccur_kvmrt_gs $(addprefix kvmrt_gs_,available ping_available \
	log_msg_available xtrace_flush_available xtrace_log_data_available ping log_msg \
	xtrace_flush xtrace_log_data last_incident set_unanswered_ok),\
	share/man/man3/$(f).3:libkvmrt_gs.3)

UNIT_TESTS += tests/gs/test-protocol
tests/gs/test-protocol-objs := tests/gs/test-protocol.o

# Where the instruction itself is not under test, the test puts its own in its place.
gs-tests := $(addprefix tests/gs/test-,functions path)
UNIT_TESTS += $(gs-tests)
$(foreach t,$(gs-tests),$(eval $(t)-objs := $(t).o $(filter-out gs/hypercall.o,\
	$(libkvmrt_gs-objs)))$(eval $(t)-libs := libkev.a))
gs-own-tests := $(addprefix tests/gs/test-,hypercall marks page words)
UNIT_TESTS += $(gs-own-tests)
$(foreach t,$(gs-own-tests),$(eval $(t)-objs := $(t).o)$(eval $(t)-libs := libkvmrt_gs.a libkev.a))

PROGRAMS += kvmrt-gs
kvmrt-gs-objs := gs/cmd-gs.o
kvmrt-gs-libs := libkvmrt_gs.a librt.a
CMD_TESTS += tests/cmd/kvmrt-gs.sh

# Guests that call much, wrongly, or half: tests/lab.
TOOLS += tests/tools/gs-storm
tests/tools/gs-storm-objs := tests/tools/gs-storm.o
tests/tools/gs-storm-libs := libkvmrt_gs.a
tests/tools/gs-storm-ldlibs := -lpthread
