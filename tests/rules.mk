# SPDX-License-Identifier: GPL-2.0-or-later
# What runs the tests; which tests there are stands in each folder's rules.mk.

PKGS += cmocka
DEPS += libcmocka-dev clang libclang-rt-dev shellcheck mandoc

LINTS += $(addprefix tests/lint/,layers.sh man.sh no-todo.sh readme.sh shell.sh size.sh spdx.sh \
	style.sh tests.sh usage.sh)
CMD_TESTS += $(addprefix tests/cmd/,build.sh completion.sh install.sh large-trace.sh \
	json-pages.sh lints.sh modules.sh \
	demo.sh no-machine.sh readme.sh runner.sh)

# Every test, after what it needs has been seen to be there.
check: deps
	$(Q)MAKE="$(MAKE)" O=$(O) tests/check

# beside the programs, of the whole-command tests
CMD_TOOLS := $(addprefix $(O)/tests/,tools/deal-trace tools/kill-at bench/no-ftrace.so)

# All that its stages build in $(O), so that they can run beside each other.
check-ready: all unit-tests $(CMD_TOOLS)

unit-tests: $(addprefix $(O)/,$(UNIT_TESTS))

# so many at a time
TEST_JOBS ?= 2

check-unit: unit-tests
	$(Q)tests/run -j $(TEST_JOBS) $(addprefix $(O)/,$(UNIT_TESTS))

# CMD_TESTS= names some of them
check-cmd: programs $(CMD_TOOLS)
	$(Q)KVMRT_BIN=$(abspath $(O))/bin O=$(O) SAN=$(SAN) tests/run -j $(TEST_JOBS) $(CMD_TESTS)

# The tests that run no program of ours, or only for its words: what it is built with does
# not matter to them.
TREE_TESTS := $(addprefix tests/cmd/,build.sh completion.sh install.sh lints.sh modules.sh runner.sh)
WATCHED_TESTS = $(filter-out $(TREE_TESTS),$(CMD_TESTS))

check-lint: programs
	$(Q)KVMRT_BIN=$(abspath $(O))/bin tests/run -j $(TEST_JOBS) $(LINTS)

# Seconds a fuzz target, and one that reads traces: those have the largest inputs.
T ?= 60
T_TRACES ?= $(T)
FUZZ_TRACES := tests/fuzz/fuzz-datfile tests/fuzz/fuzz-xtdir

# A build of its own, by clang: all of the code under test is watched by the fuzzer.  -O2 takes
# a third longer to compile, which a run of hours is worth, and one of a minute is not.
FUZZ_CFLAGS ?= -O1 -g1

fuzz:
	+$(Q)$(MAKE) --no-print-directory CC=clang O=$(O)/fuzz SAN=fuzzer-no-link,address,undefined \
		CFLAGS='$(FUZZ_CFLAGS)' T=$(T) T_TRACES=$(T_TRACES) run-fuzzers

# One build for all that "make check" watches: what clang says of all that gcc builds, the tests
# with ASan and UBSan, and a short run of the fuzzers.  These do without the operands of
# comparisons, which would be reported to the programs of the tests as well, at every one, and
# try two to ten times as many inputs in a second for that.
SAN_MAKE = $(MAKE) --no-print-directory CC=clang O=$(O)/san SAN=address,undefined \
	CFLAGS='-O1 -g1 -fsanitize-coverage=inline-8bit-counters,pc-table'

check-clang:
	+$(Q)$(SAN_MAKE) objects

check-unit-san:
	+$(Q)$(SAN_MAKE) check-unit

check-cmd-san:
	+$(Q)$(SAN_MAKE) CMD_TESTS='$(WATCHED_TESTS)' check-cmd

check-fuzz:
	+$(Q)$(SAN_MAKE) T=2 T_TRACES=25 run-fuzzers

run-fuzzers: $(addprefix $(O)/,$(FUZZERS))
	$(Q)tests/fuzz/run -j 2 $(foreach f,$(FUZZ_TRACES),$(T_TRACES):$(O)/$(f)) \
		$(foreach f,$(filter-out $(FUZZ_TRACES),$(FUZZERS)),$(T):$(O)/$(f))

# What runs in the demo's guest; the demo itself is tests/demo/demo.
TOOLS += tests/demo/userapp
tests/demo/userapp-objs := tests/demo/userapp.o
tests/demo/userapp-libs := libkvmrt_gs.a

demo: deps
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) programs $(O)/tests/demo/userapp
	$(Q)tests/demo/demo $(O)

bench: programs
	$(Q)for b in $(BENCHES); do KVMRT_BIN=$(abspath $(O))/bin $$b || exit; done

.PHONY: check check-ready unit-tests check-unit check-cmd check-lint \
	fuzz check-fuzz check-clang check-unit-san check-cmd-san run-fuzzers demo bench
