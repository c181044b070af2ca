# SPDX-License-Identifier: GPL-2.0-or-later
ARCHIVES += libmerge.a
libmerge.a-objs := merge/clock.o merge/set.o

UNIT_TESTS += tests/merge/test-clock
tests/merge/test-clock-objs := tests/merge/test-clock.o
tests/merge/test-clock-libs := libmerge.a librt.a
