# SPDX-License-Identifier: GPL-2.0-or-later
BENCHES += tests/bench/capture.sh tests/bench/view.sh tests/bench/gs.sh tests/bench/views.sh \
	tests/bench/latency.sh tests/bench/export.sh
DEPS += trace-cmd rt-tests strace valgrind python3 linux-perf

# Preloaded into trace-cmd where the kernel refuses function tracing: so without sanitizers.
bench: $(O)/tests/bench/no-ftrace.so $(O)/tests/tools/deal-trace
$(O)/tests/bench/%.so: tests/bench/%.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(filter-out -fsanitize% -fno-sanitize%,$(ALL_CFLAGS)) -shared -o $@ $<
