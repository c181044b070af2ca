/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz-marker.c - whatever stands in a marker, what is taken keeps the protocol */
#include "kvm-events/kvm-events.h"
#include "tests/fuzz/fuzz.h"

static void check_frag(const struct kev_gs *gs)
{
	const struct kev_frag *frag = &gs->frag;

	fuzz_assert(frag->length <= (gs->kind == KEV_GS_LOG_MSG ? GS_MSG_MAX : GS_DATA_MAX));
	fuzz_assert(frag->size > 0 && frag->size <= GS_MARKER_DATA_MAX);
	fuzz_assert(frag->offset + frag->size <= frag->length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kev_gs gs;

	if (kev_marker_parse(&gs, (const char *)data, size) == 0) {
		fuzz_assert((unsigned int)gs.kind < KEV_NR_GS_KINDS);
		fuzz_assert(kev_gs_name(gs.kind, false));
		if (gs.kind == KEV_GS_LOG_MSG || gs.kind == KEV_GS_LOG_DATA)
			check_frag(&gs);
		if (gs.kind == KEV_GS_FLUSH)
			fuzz_assert(gs.arg[0] <= GS_SCOPE_ALL);
	}
	return 0;
}
