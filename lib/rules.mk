# SPDX-License-Identifier: GPL-2.0-or-later
ARCHIVES += librt.a
librt.a-objs := lib/buf.o lib/cmd.o lib/cmd-help.o lib/cmd-parse.o lib/cpulist.o lib/err.o \
	lib/json.o lib/loop.o lib/root.o lib/table.o lib/text.o

UNIT_TESTS += tests/lib/test-err
tests/lib/test-err-objs := tests/lib/test-err.o
tests/lib/test-err-libs := librt.a
