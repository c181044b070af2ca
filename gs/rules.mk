# SPDX-License-Identifier: GPL-2.0-or-later
UNIT_TESTS += tests/gs/test-protocol
tests/gs/test-protocol-objs := tests/gs/test-protocol.o
