# SPDX-License-Identifier: GPL-2.0-or-later
# What runs the tests; which tests there are stands in each folder's rules.mk.

PKGS += cmocka
DEPS += libcmocka-dev clang libclang-rt-dev shellcheck mandoc

LINTS += $(addprefix tests/lint/,layers.sh man.sh no-todo.sh readme.sh shell.sh size.sh spdx.sh \
	style.sh tests.sh usage.sh)
CMD_TESTS += $(addprefix tests/cmd/,build.sh completion.sh install.sh lints.sh modules.sh \
	runner.sh)

# Every test, after what it needs has been seen to be there.
check: deps
	$(Q)MAKE="$(MAKE)" O=$(O) tests/check

unit-tests: $(addprefix $(O)/,$(UNIT_TESTS))

check-unit: unit-tests
	$(Q)tests/run $(addprefix $(O)/,$(UNIT_TESTS))

# CMD_TESTS= names some of them
check-cmd: programs
	$(Q)KVMRT_BIN=$(abspath $(O))/bin O=$(O) SAN=$(SAN) tests/run $(CMD_TESTS)

check-lint: programs
	$(Q)KVMRT_BIN=$(abspath $(O))/bin tests/run $(LINTS)

FUZZ_SECONDS ?= 60

# A build of its own: all of the code under test is watched by the fuzzer.
fuzz:
	$(Q)$(MAKE) --no-print-directory CC=clang O=$(O)/fuzz \
		SAN=fuzzer-no-link,address,undefined FUZZ_SECONDS=$(FUZZ_SECONDS) run-fuzzers

check-fuzz:
	$(Q)$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=10

run-fuzzers: $(addprefix $(O)/,$(FUZZERS))
	$(Q)tests/fuzz/run $(FUZZ_SECONDS) $^

# What runs in the demo's guest; the demo itself is tests/demo/demo.
TOOLS += tests/demo/userapp
tests/demo/userapp-objs := tests/demo/userapp.o

demo: deps
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) programs $(O)/tests/demo/userapp
	$(Q)tests/demo/demo $(O)

bench: programs
	$(Q)for b in $(BENCHES); do KVMRT_BIN=$(abspath $(O))/bin $$b || exit; done

.PHONY: check unit-tests check-unit check-cmd check-lint fuzz check-fuzz run-fuzzers demo bench
