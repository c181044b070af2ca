# SPDX-License-Identifier: GPL-2.0-or-later
ARCHIVES += libmerge.a
libmerge.a-objs := merge/clock.o merge/set.o

# What xtrace-view is made of, beside libmerge.a.
ARCHIVES += libview.a
libview.a-objs := $(addprefix merge/, \
	stream.o stream-lane.o stream-merge.o stream-run.o \
	view.o select.o row.o value.o notes.o names.o time.o put.o \
	line.o text.o json.o csv.o)

PROGRAMS += xtrace-view
xtrace-view-objs := merge/cmd-view.o merge/pager.o
xtrace-view-libs := libview.a libmerge.a $(xt-libs)
xtrace-view-ldlibs := $(xt-ldlibs)

UNIT_TESTS += tests/merge/test-clock
tests/merge/test-clock-objs := tests/merge/test-clock.o
tests/merge/test-clock-libs := libmerge.a librt.a
