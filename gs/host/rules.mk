# SPDX-License-Identifier: GPL-2.0-or-later
ARCHIVES += libgsd.a
libgsd.a-objs := $(addprefix gs/host/,front.o limit.o line.o service.o sink.o source.o \
	syslog.o)

PROGRAMS += kvmrt-gsd
kvmrt-gsd-objs := gs/host/cmd-gsd.o
kvmrt-gsd-libs := libgsd.a libxtrec.a $(xt-libs)
kvmrt-gsd-ldlibs := $(xt-ldlibs)
UNITS += $(O)/gs/host/kvmrt-gsd.service
CMD_TESTS += tests/cmd/kvmrt-gsd.sh tests/cmd/kvmrt-gsd-flood.sh
check-cmd: $(O)/tests/tools/gs-flood
TOOLS += tests/tools/gs-flood
tests/tools/gs-flood-objs := tests/tools/gs-flood.o

gsd-tests := $(addprefix tests/gs/host/test-,front limit line service sink source syslog)
UNIT_TESTS += $(gsd-tests)
$(foreach t,$(gsd-tests),$(eval $(t)-objs := $(t).o tests/xtrace/make.o)\
	$(eval $(t)-libs := libgsd.a libxtrec.a $(xt-libs))$(eval $(t)-ldlibs := $(xt-ldlibs)))

FUZZERS += tests/fuzz/fuzz-service
tests/fuzz/fuzz-service-objs := tests/fuzz/fuzz-service.o
tests/fuzz/fuzz-service-libs := libgsd.a libxtrec.a $(xt-libs)
tests/fuzz/fuzz-service-ldlibs := $(xt-ldlibs)
