/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz-mergefile.c - whatever a merge file says, the clocks that are read can be used */
#include "merge/mergefile.h"
#include "tests/fuzz/fuzz.h"

static void check_lane(const struct mrg_file_lane *lane)
{
	fuzz_assert(lane->nr_epochs > 0 && lane->epochs[0].first_page == 0);
	for (size_t e = 0; e < lane->nr_epochs; e++) {
		const struct mrg_lane_clock *clock = &lane->epochs[e].clock;

		fuzz_assert(clock->nr > 0);
		mrg_lane_clock_map(clock, 0);
		mrg_lane_clock_map(clock, UINT64_MAX);
		mrg_lane_clock_map(clock, clock->segments[0].in0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mrg_file file;

	if (mrg_file_parse(&file, (const char *)data, size, NULL) < 0)
		return 0;
	fuzz_assert(file.nr > 0 && file.nr <= MRG_MAX_MEMBERS);
	for (size_t i = 0; i < file.nr; i++) {
		const struct mrg_file_member *m = &file.members[i];

		fuzz_assert(m->label[0] && m->name[0] && !strchr(m->name, '/'));
		fuzz_assert(m->host < (int)file.nr);
		for (size_t l = 0; l < m->nr_lanes; l++)
			check_lane(&m->lanes[l]);
	}
	mrg_file_finish(&file);
	return 0;
}
