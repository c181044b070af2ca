# SPDX-License-Identifier: GPL-2.0-or-later

# Who links it takes $(mrg-libs) and $(mrg-ldlibs).
ARCHIVES += libmerge.a
libmerge.a-objs := $(addprefix merge/, \
	assemble.o check.o clock.o export.o extract.o mergefile.o mergefile-write.o pairs.o set.o spans.o \
	sync-chain.o sync-cycles.o sync-find.o sync-fit.o sync-gaps.o sync-gs.o sync-leap.o \
	sync-member.o sync-place.o sync-poly.o sync-sample.o sync-seam.o sync-set.o sync-slew.o \
	sync-slices.o sync-step.o sync-tsc.o sync-windows.o)
mrg-libs := libmerge.a $(xt-libs)
mrg-ldlibs := $(xt-ldlibs) -lm

PROGRAMS += xtrace-export
xtrace-export-objs := merge/cmd-export.o
xtrace-export-libs := $(mrg-libs)
xtrace-export-ldlibs := $(mrg-ldlibs)

PROGRAMS += xtrace-multi-merge
xtrace-multi-merge-objs := merge/cmd-multi-merge.o
xtrace-multi-merge-libs := $(mrg-libs)
xtrace-multi-merge-ldlibs := $(mrg-ldlibs)

# What xtrace-view is made of, beside libmerge.a.
ARCHIVES += libview.a
libview.a-objs := $(addprefix merge/, \
	stream.o stream-lane.o stream-load.o stream-merge.o stream-run.o stream-scan.o \
	names.o put.o view.o $(addprefix view-, context.o csv.o filter.o follow.o ftrace.o gs.o json.o line.o notes.o \
	quick.o quick-row.o row.o select.o span.o stat.o text.o time.o value.o vcpu.o) where.o where-parse.o where-run.o)

PROGRAMS += xtrace-view
xtrace-view-objs := merge/cmd-view.o merge/view-pager.o
xtrace-view-libs := libview.a $(mrg-libs)
xtrace-view-ldlibs := $(mrg-ldlibs)

merge-tests := $(addprefix tests/merge/test-,assemble check clock mergefile pairs set spans sync)
UNIT_TESTS += $(merge-tests)
$(foreach t,$(merge-tests),$(eval $(t)-objs := $(t).o)$(eval $(t)-libs := $(mrg-libs)) \
	$(eval $(t)-ldlibs := $(mrg-ldlibs)))
tests/merge/test-sync-objs += tests/merge/world.o

# Tests with recordings that tests/merge/scene.c makes, most of what xtrace-view is made of.
view-tests := $(addprefix tests/merge/test-,export extract names put sample stream view view-ftrace view-line \
	where)
UNIT_TESTS += $(view-tests)
$(foreach t,$(view-tests),$(eval $(t)-objs := $(t).o tests/merge/scene.o tests/xtrace/make.o)\
	$(eval $(t)-libs := libview.a $(mrg-libs))$(eval $(t)-ldlibs := $(mrg-ldlibs)))

CMD_TESTS += $(addprefix tests/cmd/xtrace-,export.sh latency.sh multi-merge.sh view.sh)
CMD_TESTS += $(addprefix tests/cmd/,ftrace-text.sh merge-moved.sh)
CMD_TESTS += tests/cmd/xtrace-view-follow.sh
DEPS += trace-cmd python3 libxml2-utils

FUZZERS += tests/fuzz/fuzz-mergefile
tests/fuzz/fuzz-mergefile-objs := tests/fuzz/fuzz-mergefile.o
tests/fuzz/fuzz-mergefile-libs := $(mrg-libs)
tests/fuzz/fuzz-mergefile-ldlibs := $(mrg-ldlibs)

# What xtrace-latency is made of, beside libmerge.a and libview.a.
ARCHIVES += liblat.a
liblat.a-objs := $(addprefix merge/, \
	hist.o lat.o lat-blame.o lat-change.o lat-cpu.o lat-event.o lat-excerpt.o lat-gate.o \
	lat-gate-json.o lat-gate-print.o lat-html.o lat-json.o lat-load.o lat-map.o lat-metric.o \
	lat-probe.o lat-range.o lat-report.o lat-rule.o lat-run.o lat-save.o lat-section.o lat-select.o \
	lat-stat.o lat-step.o lat-task.o lat-vcpu.o)
lat-libs := liblat.a libview.a $(json-read-libs)
lat-ldlibs := $(json-read-ldlibs)

PROGRAMS += xtrace-latency
xtrace-latency-objs := merge/cmd-latency.o merge/cmd-latency-gate.o
xtrace-latency-libs := $(lat-libs) $(mrg-libs)
xtrace-latency-ldlibs := $(mrg-ldlibs) $(lat-ldlibs)

lat-tests := $(addprefix tests/merge/test-,hist lat lat-change lat-gate lat-random lat-range)
UNIT_TESTS += $(lat-tests)
$(foreach t,$(lat-tests),$(eval $(t)-objs := $(t).o)$(eval $(t)-libs := $(lat-libs) $(mrg-libs)) \
	$(eval $(t)-ldlibs := $(mrg-ldlibs) $(lat-ldlibs)))
tests/merge/test-lat-objs += tests/merge/lat-world.o
tests/merge/test-lat-random-objs += tests/merge/lat-world.o

FUZZERS += tests/fuzz/fuzz-latsave
tests/fuzz/fuzz-latsave-objs := tests/fuzz/fuzz-latsave.o
tests/fuzz/fuzz-latsave-libs := $(lat-libs) $(mrg-libs)
tests/fuzz/fuzz-latsave-ldlibs := $(mrg-ldlibs) $(lat-ldlibs)

FUZZERS += tests/fuzz/fuzz-where
tests/fuzz/fuzz-where-objs := tests/fuzz/fuzz-where.o
tests/fuzz/fuzz-where-libs := libview.a $(mrg-libs)
tests/fuzz/fuzz-where-ldlibs := $(mrg-ldlibs)
