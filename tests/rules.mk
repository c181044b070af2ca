# SPDX-License-Identifier: GPL-2.0-or-later
# What runs the tests; which tests there are stands in each folder's rules.mk.

check-unit: $(addprefix $(O)/,$(UNIT_TESTS))
	$(Q)tests/run-unit $^

.PHONY: check-unit
