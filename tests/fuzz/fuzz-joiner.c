/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz-joiner.c - hypercalls and fragments of several guests, in any order
 *
 * The input is a row of steps of 41 bytes: a selector and five registers.  Of
 * each message that comes out the holes must add up to what is missing.
 */
#include "kvm-events/kvm-events.h"
#include "tests/fuzz/fuzz.h"

#define STEP_SIZE 41

static void check(void *arg, const struct kev_message *msg)
{
	unsigned int begin, end = 0, missing = 0;

	fuzz_assert(msg->length > 0 && msg->length <= GS_DATA_MAX);
	fuzz_assert(msg->missing < msg->length);
	fuzz_assert(msg->first_ns <= msg->last_ns);
	while (kev_message_hole(msg, end, &begin, &end)) {
		fuzz_assert(begin < end && end <= msg->length);
		missing += end - begin;
	}
	fuzz_assert(missing == msg->missing);
	*(uint8_t *)arg ^= msg->data[msg->length - 1];
}

/* A fragment as a marker would bring it, of any size and place. */
static void raw_fragment(struct kev_joiner *joiner, struct kev_speaker *from,
			 const uint64_t *regs, uint64_t ns)
{
	struct kev_frag frag = { .id = regs[0], .offset = regs[1], .length = regs[2],
				 .size = regs[3] };

	from->kind = KEV_GS_LOG_DATA;
	from->id = frag.id;
	kev_joiner_add(joiner, from, &frag, ns);
}

static void step(struct kev_joiner *joiner, const uint8_t *data, uint64_t ns)
{
	struct kev_speaker from = { .vm = data[0] & 3 };
	struct kev_gs gs;
	uint64_t regs[5];

	memcpy(regs, data + 1, sizeof(regs));
	if (data[0] & 4) {
		kev_joiner_expire(joiner, ns - (data[0] >> 4));
	} else if (data[0] & 8) {
		raw_fragment(joiner, &from, regs, ns);
	} else if (kev_gs_decode(&gs, GS_NR_FIRST + regs[0] % 6, regs + 1) == 0) {
		from.kind = gs.kind;
		from.id = gs.frag.id;
		kev_joiner_add(joiner, &from, &gs.frag, ns);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kev_joiner *joiner;
	uint8_t sum = 0;
	uint64_t ns = 1000;

	fuzz_assert(kev_joiner_create(&joiner, 3, check, &sum) == 0);
	for (; size >= STEP_SIZE; data += STEP_SIZE, size -= STEP_SIZE)
		step(joiner, data, ns++);
	kev_joiner_expire(joiner, UINT64_MAX);
	kev_joiner_destroy(joiner);
	return 0;
}
