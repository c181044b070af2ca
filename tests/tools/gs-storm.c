/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gs-storm.c - guests that call much, wrongly, or half, for the tests in the lab
 *
 * gs-storm say THREADS MESSAGES    messages of known content, dealt to threads:
 *                                  "storm T N xxxx...", the x being n letters of one kind
 * gs-storm hostile CALLS SEED      our numbers with any arguments, straight to the host
 * gs-storm half                    the first fragment of a message, and no more
 * gs-storm slow                    messages of ten fragments without end, a fragment each 0.2 s
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gs/hypercall.h"
#include "gs/kvmrt_gs.h"
#include "gs/protocol.h"

struct speaker {
	pthread_t thread;
	int number, messages;
	int failed;
};

static void *say(void *arg)
{
	struct speaker *speaker = arg;
	char text[256], letters[160];
	int i;

	for (i = 0; i < speaker->messages; i++) {
		memset(letters, 'a' + i % 26, sizeof(letters));
		snprintf(text, sizeof(text), "storm %d %d %.*s", speaker->number, i,
			 1 + (i * 7 + speaker->number) % 100, letters);
		speaker->failed += kvmrt_gs_log_msg(text) != (long)strlen(text);
	}
	return NULL;
}

static int run_say(int threads, int messages)
{
	struct speaker *speakers = calloc(threads, sizeof(*speakers));
	int i, failed = 0;

	for (i = 0; speakers && i < threads; i++) {
		speakers[i].number = i;
		speakers[i].messages = messages / threads;
		if (pthread_create(&speakers[i].thread, NULL, say, &speakers[i]) != 0)
			return 1;
	}
	for (i = 0; speakers && i < threads; i++) {
		pthread_join(speakers[i].thread, NULL);
		failed += speakers[i].failed;
	}
	free(speakers);
	printf("%d failed\n", failed);
	return failed != 0;
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Half of them are nearly right: good heads with text that would break a line. */
static void hostile_call(enum gs_insn insn, uint64_t *state)
{
	static const char text[] = "\n<0>kvmrt-gsd: 2026 vm1/0: %s%n\x1b[2J\r\0";
	uint64_t r = next_random(state), arg[4];
	uint64_t nr = GS_NR_FIRST + r % 6;
	int i;

	for (i = 0; i < 4; i++)
		arg[i] = next_random(state);
	if (r & 64)
		arg[0] = gs_frag_head(r >> 32 & 63, (r >> 16) % 12 * 24, 1 + (r >> 24) % 240);
	if (r & 128)
		gs_frag_pack(arg + 1, text + r % 16, GS_FRAG_SIZE);
	gs_hypercall(insn, nr, arg);
}

static int run_hostile(long calls, uint64_t seed)
{
	enum gs_insn insn = gs_hypercall_find(true);
	uint64_t state = seed | 1;

	if (insn != GS_INSN_VMCALL && insn != GS_INSN_VMMCALL)
		return 3;
	while (calls-- > 0)
		hostile_call(insn, &state);
	return 0;
}

static int run_half(void)
{
	uint64_t arg[4] = { gs_frag_head(0x77, 0, 60) };
	enum gs_insn insn = gs_hypercall_find(true);

	if (insn != GS_INSN_VMCALL && insn != GS_INSN_VMMCALL)
		return 3;
	gs_frag_pack(arg + 1, "this is the first half, ", GS_FRAG_SIZE);
	gs_hypercall(insn, GS_NR_LOG_MSG, arg);
	return 0;
}

static int run_slow(void)
{
	static const struct timespec pause = { .tv_nsec = 200000000 };
	enum gs_insn insn = gs_hypercall_find(true);
	char text[GS_MSG_MAX], head[20];
	uint32_t id;

	if (insn != GS_INSN_VMCALL && insn != GS_INSN_VMMCALL)
		return 3;
	for (id = 1; ; id++) {
		memset(text, 'x', sizeof(text));
		memcpy(text, head, snprintf(head, sizeof(head), "slow %u ", id));
		for (unsigned int at = 0; at < GS_MSG_MAX; at += GS_FRAG_SIZE) {
			uint64_t arg[4] = { gs_frag_head(id, at, GS_MSG_MAX) };

			gs_frag_pack(arg + 1, text + at, GS_FRAG_SIZE);
			gs_hypercall(insn, GS_NR_LOG_MSG, arg);
			nanosleep(&pause, NULL);
		}
	}
}

int main(int argc, char **argv)
{
	kvmrt_gs_set_unanswered_ok(true);
	if (argc == 4 && strcmp(argv[1], "say") == 0)
		return run_say(atoi(argv[2]), atoi(argv[3]));
	if (argc == 4 && strcmp(argv[1], "hostile") == 0)
		return run_hostile(atol(argv[2]), strtoull(argv[3], NULL, 0));
	if (argc == 2 && strcmp(argv[1], "half") == 0)
		return run_half();
	if (argc == 2 && strcmp(argv[1], "slow") == 0)
		return run_slow();
	fprintf(stderr, "gs-storm: wrong usage\n");
	return 2;
}
