# SPDX-License-Identifier: GPL-2.0-or-later
PKGS += libtraceevent libzstd zlib libedit
DEPS += libtraceevent-dev libzstd-dev libxxhash-dev zlib1g-dev libedit-dev

# All of the folder that is a library; who links it takes $(xt-libs) and $(xt-ldlibs).
ARCHIVES += libxt.a
libxt.a-objs := $(addprefix xtrace/, \
	datfile.o datfile-lane.o datfile-options.o datfile-recover.o datfile-v6.o \
	events.o export.o formats.o frame.o late.o page.o pages.o \
	print.o print-array.o print-bprint.o print-build.o print-calls.o print-compile.o print-expr.o \
	print-fields.o print-foreign.o print-ftrace.o print-guard.o print-items.o print-kvm.o \
	print-plugins.o print-run.o \
	print-trace.o print-types.o shift.o store.o store-block.o store-files.o store-flush.o \
	store-lane.o store-read.o store-session.o symbols.o trace.o)
xt-libs := libxt.a libkev.a librt.a
xt-ldlibs := -ltraceevent -lzstd -lz -lpthread

# The reader for others: what xtrace.h and the headers it needs promise.
SHARED += libxtrace.so.0
libxtrace.so.0-objs := $(libxt.a-objs) $(libkev.a-objs) lib/buf.o lib/err.o lib/io.o
libxtrace.so.0-ldlibs := $(xt-ldlibs)
libxtrace.so.0-soname := libxtrace.so.0
libxtrace.so.0-map := $(O)/xtrace/libxtrace.map
libxtrace-headers := xtrace/xtrace.h kvm-events/kvm-events.h gs/protocol.h lib/err.h lib/buf.h
HEADERS += $(libxtrace-headers)
PCFILES += xtrace/libxtrace.pc.in
EXAMPLES += doc/examples/count-events.c
CMD_TESTS += tests/cmd/bad-trace.sh tests/cmd/libxtrace.sh tests/cmd/crash.sh
# a page for each function that the page's NAME has
LINKS += $(foreach f,$(shell sed -n 's/^\.Nm \(xt_[a-z0-9_]*\).*/\1/p' doc/man/libxtrace.3),\
	share/man/man3/$(f).3:libxtrace.3)

# It exports the functions that its headers declare, and no others.
$(O)/xtrace/libxtrace.map: $(libxtrace-headers)
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D) && { echo 'XTRACE_0 {' && echo 'global:' && \
		grep -hoE '\b(xt|kev|rt_err|rt_buf)_[a-z0-9_]+\(' $^ | sort -u | tr '(' ';' && \
		echo 'local:' && echo '*;' && echo '};'; } >$@

UNIT_TESTS += tests/xtrace/test-symbols
tests/xtrace/test-symbols-objs := tests/xtrace/test-symbols.o
tests/xtrace/test-symbols-libs := libxt.a

# Tests of the reader and the store, with traces that tests/xtrace/make.c makes.
xt-tests := $(addprefix tests/xtrace/test-,page datfile export frame shift print)
xt-tests += $(addprefix tests/xtrace/test-,store store-files)
xt-tests += $(addprefix tests/xtrace/test-,events formats late pages print-foreign print-guard trace)
UNIT_TESTS += $(xt-tests)
$(foreach t,$(xt-tests),$(eval $(t)-objs := $(t).o tests/xtrace/make.o)\
	$(eval $(t)-libs := $(xt-libs))$(eval $(t)-ldlibs := $(xt-ldlibs)))

# Recording and its control: programs only, no part of the public library.
ARCHIVES += libxtrec.a
libxtrec.a-objs := $(addprefix xtrace/, \
	capture.o capture-save.o child.o clock.o control.o incident.o live.o meta.o pace.o \
	place.o record.o record-freeze.o record-setup.o select.o session.o status.o stop.o \
	stop-late.o subbuf.o tracefs.o vms.o)

UNIT_TESTS += tests/xtrace/test-live
tests/xtrace/test-live-objs := tests/xtrace/test-live.o tests/xtrace/make.o
tests/xtrace/test-live-libs := libxtrec.a $(xt-libs)
tests/xtrace/test-live-ldlibs := $(xt-ldlibs)

PROGRAMS += xtrace-run
xtrace-run-objs := xtrace/cmd-run.o
xtrace-run-libs := libxtrec.a $(xt-libs)
xtrace-run-ldlibs := $(xt-ldlibs)

PROGRAMS += xtrace-ctl
xtrace-ctl-objs := xtrace/cmd-ctl.o xtrace/prompt.o
xtrace-ctl-libs := libxtrec.a $(xt-libs)
xtrace-ctl-ldlibs := $(xt-ldlibs) -ledit

xtrec-tests := $(addprefix tests/xtrace/test-,capture child clock control meta pace place prompt \
	record record-freeze select session status stop subbuf tracefs vms)
UNIT_TESTS += $(xtrec-tests)
$(foreach t,$(xtrec-tests),$(eval $(t)-objs := $(t).o tests/xtrace/make.o tests/xtrace/tree.o)\
	$(eval $(t)-libs := libxtrec.a $(xt-libs))$(eval $(t)-ldlibs := $(xt-ldlibs)))
$(foreach t,record record-freeze,$(eval tests/xtrace/test-$t-objs += tests/xtrace/session.o))
tests/xtrace/test-prompt-objs += xtrace/prompt.o
tests/xtrace/test-prompt-ldlibs += -ledit

FUZZERS += tests/fuzz/fuzz-control
tests/fuzz/fuzz-control-objs := tests/fuzz/fuzz-control.o
tests/fuzz/fuzz-control-libs := libxtrec.a $(xt-libs)
tests/fuzz/fuzz-control-ldlibs := $(xt-ldlibs)

CMD_TESTS += tests/cmd/xtrace-run.sh tests/cmd/xtrace-ctl.sh

# The texts of events without the lines around them, and the time each kind takes.
TOOLS += tests/tools/print-text
tests/tools/print-text-objs := tests/tools/print-text.o
tests/tools/print-text-libs := $(xt-libs)
tests/tools/print-text-ldlibs := $(xt-ldlibs)

# Large traces for the measurements: tests/bench.
TOOLS += tests/tools/deal-trace
tests/tools/deal-trace-objs := tests/tools/deal-trace.o
tests/tools/deal-trace-libs := $(xt-libs)
tests/tools/deal-trace-ldlibs := $(xt-ldlibs)

# Both readers and the printer, with any bytes; the seeds of the first two are made by make-seeds.
xt-fuzzers := $(addprefix tests/fuzz/fuzz-,datfile xtdir print)
FUZZERS += $(xt-fuzzers)
$(foreach f,$(xt-fuzzers),$(eval $(f)-objs := $(f).o)$(eval $(f)-libs := $(xt-libs))\
	$(eval $(f)-ldlibs := $(xt-ldlibs)))
TOOLS += tests/tools/make-seeds
tests/tools/make-seeds-objs := tests/tools/make-seeds.o tests/xtrace/make.o
tests/tools/make-seeds-libs := $(xt-libs)
tests/tools/make-seeds-ldlibs := $(xt-ldlibs) -lcmocka

UNIT_TESTS += tests/xtrace/test-incident
tests/xtrace/test-incident-objs := tests/xtrace/test-incident.o
tests/xtrace/test-incident-libs := libxtrec.a $(xt-libs)
tests/xtrace/test-incident-ldlibs := $(xt-ldlibs)
CMD_TESTS += tests/cmd/xtrace-incident.sh
