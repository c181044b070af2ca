/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz-interrupts.c - whatever /proc/interrupts holds, rows stay within what was read */
#include "lib/err.h"
#include "tests/fuzz/fuzz.h"
#include "tuning/irqs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tune_irqs irqs;	/* reused, as a view does */
	struct rt_err err = { 0 };
	uint64_t total = 0;
	size_t i;

	irqs.text.len = 0;
	rt_buf_add(&irqs.text, data, size);
	if (tune_irqs_parse(&irqs, &err) < 0) {
		fuzz_assert(err.code && err.text[0]);
		return 0;
	}
	for (i = 0; i < irqs.n; i++) {
		const struct tune_irq *irq = &irqs.v[i];

		fuzz_assert(irq->nr_counts <= irqs.nr_cpus);
		fuzz_assert(irq->counts + irq->nr_counts <= irqs.nr_counts);
		total += tune_irq_total(&irqs, irq);
		total += strlen(irq->label) + strlen(irq->chip) + strlen(irq->trigger) +
			 strlen(irq->actions);
		tune_irq_matches(irq, "*q[0-9]");
	}
	return total == UINT64_MAX;
}
