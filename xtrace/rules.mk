# SPDX-License-Identifier: GPL-2.0-or-later
ARCHIVES += libxt.a
libxt.a-objs := \
	xtrace/symbols.o

UNIT_TESTS += tests/xtrace/test-symbols
tests/xtrace/test-symbols-objs := tests/xtrace/test-symbols.o
tests/xtrace/test-symbols-libs := libxt.a
