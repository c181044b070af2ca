# SPDX-License-Identifier: GPL-2.0-or-later

# Who links it takes $(mrg-libs) and $(mrg-ldlibs).
ARCHIVES += libmerge.a
libmerge.a-objs := $(addprefix merge/, \
	assemble.o check.o clock.o extract.o mergefile.o mergefile-write.o pairs.o set.o spans.o \
	sync-chain.o sync-find.o sync-fit.o sync-gaps.o sync-gs.o sync-member.o sync-poly.o \
	sync-seam.o sync-set.o sync-tsc.o sync-windows.o)
mrg-libs := libmerge.a $(xt-libs)
mrg-ldlibs := $(xt-ldlibs) -lm

PROGRAMS += xtrace-multi-merge
xtrace-multi-merge-objs := merge/cmd-multi-merge.o
xtrace-multi-merge-libs := $(mrg-libs)
xtrace-multi-merge-ldlibs := $(mrg-ldlibs)

# What xtrace-view is made of, beside libmerge.a.
ARCHIVES += libview.a
libview.a-objs := $(addprefix merge/, \
	stream.o stream-lane.o stream-merge.o stream-run.o stream-scan.o \
	names.o put.o view.o $(addprefix view-, context.o csv.o filter.o follow.o ftrace.o json.o line.o notes.o \
	row.o select.o span.o stat.o text.o time.o value.o vcpu.o) where.o where-parse.o where-run.o)

PROGRAMS += xtrace-view
xtrace-view-objs := merge/cmd-view.o merge/view-pager.o
xtrace-view-libs := libview.a $(mrg-libs)
xtrace-view-ldlibs := $(mrg-ldlibs)

merge-tests := $(addprefix tests/merge/test-,assemble check clock extract mergefile pairs set spans sync)
UNIT_TESTS += $(merge-tests)
$(foreach t,$(merge-tests),$(eval $(t)-objs := $(t).o)$(eval $(t)-libs := $(mrg-libs)) \
	$(eval $(t)-ldlibs := $(mrg-ldlibs)))
tests/merge/test-sync-objs += tests/merge/world.o

CMD_TESTS += tests/cmd/xtrace-latency.sh tests/cmd/xtrace-multi-merge.sh

FUZZERS += tests/fuzz/fuzz-mergefile
tests/fuzz/fuzz-mergefile-objs := tests/fuzz/fuzz-mergefile.o
tests/fuzz/fuzz-mergefile-libs := $(mrg-libs)
tests/fuzz/fuzz-mergefile-ldlibs := $(mrg-ldlibs)

# What xtrace-latency is made of, beside libmerge.a and libview.a.
ARCHIVES += liblat.a
liblat.a-objs := $(addprefix merge/, \
	hist.o lat.o lat-blame.o lat-cpu.o lat-event.o lat-json.o lat-map.o lat-metric.o \
	lat-probe.o lat-report.o lat-select.o lat-task.o lat-vcpu.o)

PROGRAMS += xtrace-latency
xtrace-latency-objs := merge/cmd-latency.o
xtrace-latency-libs := liblat.a libview.a $(mrg-libs)
xtrace-latency-ldlibs := $(mrg-ldlibs)

lat-tests := $(addprefix tests/merge/test-,hist lat)
UNIT_TESTS += $(lat-tests)
$(foreach t,$(lat-tests),$(eval $(t)-objs := $(t).o)$(eval $(t)-libs := liblat.a libview.a $(mrg-libs)) \
	$(eval $(t)-ldlibs := $(mrg-ldlibs)))
