/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz-running.c - a stat file of a thread, and a line of /proc/stat: what cpustat reads
 * again and again is taken or refused, and a known kernel thread that sleeps is cheap
 */
#include "tests/fuzz/fuzz.h"
#include "tuning/cpustat.h"
#include "tuning/running.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct tune_thread_state thread = { 0 }, known = { .kthread = true };
	struct tune_running running = { 0 }, again = { 0 };
	uint64_t ticks[2];
	unsigned int cpu;

	if (tune_running_parse(text, &thread, &running)) {
		fuzz_assert(strnlen(running.comm, sizeof(running.comm)) < sizeof(running.comm));
		fuzz_assert(tune_running_parse(text, &known, &again));
		fuzz_assert(known.state == thread.state);
		if (thread.state != 'R')
			fuzz_assert(known.kthread && again.comm[0] == '\0');
	}
	if (tune_cpustat_parse_ticks(text, &cpu, ticks))
		fuzz_assert(cpu < RT_MAX_CPUS);
	free(text);
	return 0;
}
