# SPDX-License-Identifier: GPL-2.0-or-later
# What runs the tests; which tests there are stands in each folder's rules.mk.

PKGS += cmocka
DEPS += libcmocka-dev clang libclang-rt-dev shellcheck mandoc

LINTS += $(addprefix tests/lint/,layers.sh man.sh no-todo.sh readme.sh shell.sh size.sh spdx.sh \
	style.sh tests.sh usage.sh)
CMD_TESTS += $(addprefix tests/cmd/,build.sh completion.sh install.sh large-trace.sh \
	lints.sh modules.sh \
	demo.sh readme.sh runner.sh)

# Every test, after what it needs has been seen to be there.
check: deps
	$(Q)MAKE="$(MAKE)" O=$(O) tests/check

# All that its stages build in $(O), so that they can run beside each other.
check-ready: all unit-tests $(O)/tests/tools/deal-trace $(O)/tests/bench/no-ftrace.so

unit-tests: $(addprefix $(O)/,$(UNIT_TESTS))

check-unit: unit-tests
	$(Q)tests/run $(addprefix $(O)/,$(UNIT_TESTS))

# CMD_TESTS= names some of them
check-cmd: programs $(O)/tests/tools/deal-trace $(O)/tests/tools/kill-at $(O)/tests/bench/no-ftrace.so
	$(Q)KVMRT_BIN=$(abspath $(O))/bin O=$(O) SAN=$(SAN) tests/run $(CMD_TESTS)

check-lint: programs
	$(Q)KVMRT_BIN=$(abspath $(O))/bin tests/run $(LINTS)

# Seconds a fuzz target; in "make check" a minute each, less where all would take over 6 minutes.
T ?= 60
FUZZ_JOBS := 2

# A build of its own: all of the code under test is watched by the fuzzer.
fuzz:
	$(Q)$(MAKE) --no-print-directory CC=clang O=$(O)/fuzz \
		SAN=fuzzer-no-link,address,undefined T=$(T) run-fuzzers

check-fuzz:
	$(Q)most=$$((360 * $(FUZZ_JOBS) / $(words $(FUZZERS)))); \
	$(MAKE) --no-print-directory fuzz T=$$((most < 60 ? most : 60))

run-fuzzers: $(addprefix $(O)/,$(FUZZERS))
	$(Q)tests/fuzz/run -j $(FUZZ_JOBS) $(T) $^

# What runs in the demo's guest; the demo itself is tests/demo/demo.
TOOLS += tests/demo/userapp
tests/demo/userapp-objs := tests/demo/userapp.o
tests/demo/userapp-libs := libkvmrt_gs.a

demo: deps
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) programs $(O)/tests/demo/userapp
	$(Q)tests/demo/demo $(O)

bench: programs
	$(Q)for b in $(BENCHES); do KVMRT_BIN=$(abspath $(O))/bin $$b || exit; done

.PHONY: check check-ready unit-tests check-unit check-cmd check-lint fuzz check-fuzz run-fuzzers demo bench
