/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz-cpuset.c - a CPU set is CPUs of the machine or a sentence; with "~" it is the rest */
#include "lib/err.h"
#include "tests/fuzz/fuzz.h"
#include "tuning/topo.h"

static void try(const struct tune_topo *topo, const char *text)
{
	struct rt_cpuset set, rest;
	struct rt_err err = { 0 };
	size_t len = strlen(text);
	char *inverse;

	if (tune_cpuset_resolve(&set, topo, text, &err) < 0) {
		fuzz_assert(err.code && err.text[0]);
		return;
	}
	fuzz_assert(rt_cpuset_within(&set, &topo->present));
	inverse = malloc(len + 2);
	fuzz_assert(inverse);
	inverse[0] = '~';
	memcpy(inverse + 1, text, len + 1);
	if (tune_cpuset_resolve(&rest, topo, inverse, NULL) == 0) {
		fuzz_assert(!rt_cpuset_overlaps(&set, &rest));
		rt_cpuset_or(&rest, &set);
		fuzz_assert(rt_cpuset_equal(&rest, &topo->present));
	}
	free(inverse);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tune_topo *topo;
	char *text = fuzz_text(data, size);

	if (!topo)
		fuzz_assert(tune_topo_load_synthetic(&topo, "pack:2 die:2 [numa] core:2 pu:2",
						     NULL) == 0);
	try(topo, text);
	free(text);
	return 0;
}
