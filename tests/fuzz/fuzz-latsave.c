/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz-latsave.c - whatever a file of xtrace-latency --save says, its figures can be judged */
#include "merge/lat-change.h"
#include "merge/lat-gate.h"
#include "tests/fuzz/fuzz.h"

static void judge(const struct mrg_lat_side *base, const struct mrg_lat_side *side,
		  const char *text)
{
	struct mrg_lat_outcome outcome;
	struct mrg_lat_rule rule;

	fuzz_assert(mrg_lat_rule_parse(&rule, text, NULL) == 0);
	fuzz_assert(mrg_lat_judge(&outcome, &rule, base, side, NULL) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct mrg_lat_saved nothing = { .duration_ns = 1 };
	const struct mrg_lat_side empty = { &nothing, 1 };
	struct mrg_lat_side side = { .nr = 1 };
	struct mrg_lat_saved run;
	const struct mrg_lat_gate gate = { .base = { &run, 1 }, .now = { &run, 1 } };
	struct mrg_lat_rule rule;
	struct mrg_lat_change changes[2];
	size_t nr;
	char *text = fuzz_text(data, size);

	/* The same bytes as a rule, which a person types. */
	mrg_lat_rule_parse(&rule, text, NULL);
	free(text);
	if (mrg_lat_load_text(&run, (const char *)data, size, "input", NULL) < 0)
		return 0;
	side.runs = &run;
	judge(&side, &side, "*.p99.9 > +20%");
	judge(&side, &side, "exit.mean > 5us");
	judge(&side, &side, "irq.rate < -1%");
	judge(&side, &side, "exit.share > +1us");
	judge(&empty, &side, "*.share > +1us");	/* names by themselves */
	fuzz_assert(mrg_lat_changes(changes, 2, &nr, &gate) == 0 && nr == 0);
	mrg_lat_saved_finish(&run);
	return 0;
}
