/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gs-flood.c - what a hostile guest's hypercalls look like in a host's ring buffer, at
 * any rate: for kvmrt-gsd on a machine that has no guests
 *
 *   gs-flood RATE SECONDS PIPE
 *
 * Writes sub-buffers of kvm_hypercall (event 11, 4 KiB, its five registers behind the
 * common fields) into PIPE, RATE calls a second of thread HOSTILE: random numbers,
 * arguments, heads of fragments and texts that would break a line.  Once a second
 * thread HONEST says "honest N".  Prints how many calls it wrote.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gs/protocol.h"

#define HOSTILE		4711
#define HONEST		4712
#define EVENT_ID	11
#define PAGE		4096
#define PAGE_HEAD	16
#define WORDS		12		/* of a record: common fields and registers */
#define TICKS		100		/* a second */
#define NSEC_PER_SEC	1000000000ull

struct writer {
	int fd;
	uint8_t page[PAGE];
	uint64_t len;			/* bytes behind its head */
	uint64_t calls;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
}

static int put_page(struct writer *writer)
{
	if (!writer->len)
		return 0;
	memcpy(writer->page + 8, &writer->len, sizeof(writer->len));
	writer->len = 0;
	return write(writer->fd, writer->page, PAGE) == PAGE ? 0 : -1;
}

static int add_call(struct writer *writer, uint32_t tid, const uint64_t registers[5])
{
	uint32_t words[1 + WORDS] = { WORDS, EVENT_ID, tid };
	uint64_t now = now_ns();

	if (PAGE_HEAD + writer->len + sizeof(words) > PAGE && put_page(writer) < 0)
		return -1;
	if (!writer->len)
		memcpy(writer->page, &now, sizeof(now));
	memcpy(words + 3, registers, 5 * sizeof(*registers));
	memcpy(writer->page + PAGE_HEAD + writer->len, words, sizeof(words));
	writer->len += sizeof(words);
	writer->calls++;
	return 0;
}

static uint64_t next_random(void)
{
	static uint64_t state = 88172645463325252ull;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* Half of the messages are nearly right. */
static int hostile_call(struct writer *writer)
{
	static const char text[] = "\n<0>kvmrt-gsd: 2026 honest/0: %s%n\x1b[2J\r\0";
	uint64_t r = next_random();
	uint64_t registers[5] = { GS_NR_FIRST + r % 5 };

	for (int i = 1; i < 5; i++)
		registers[i] = next_random();
	if (r & 64)
		registers[1] = gs_frag_head(r >> 32 & 63, (r >> 16) % 12 * 24, 1 + (r >> 24) % 240);
	if (r & 128)
		gs_frag_pack(registers + 2, text + r % 16, GS_FRAG_SIZE);
	return add_call(writer, HOSTILE, registers);
}

static int honest_message(struct writer *writer, unsigned int nr)
{
	uint64_t registers[5] = { GS_NR_LOG_MSG };
	char text[GS_FRAG_SIZE] = "";
	int len = snprintf(text, sizeof(text), "honest %u", nr);

	registers[1] = gs_frag_head(nr, 0, len);
	gs_frag_pack(registers + 2, text, len);
	return add_call(writer, HONEST, registers);
}

static int run(struct writer *writer, unsigned int rate, unsigned int seconds)
{
	uint64_t begin = now_ns();

	for (unsigned int tick = 0; tick < seconds * TICKS; tick++) {
		uint64_t at = begin + tick * (NSEC_PER_SEC / TICKS);
		struct timespec until = { at / NSEC_PER_SEC, at % NSEC_PER_SEC };

		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
		for (unsigned int i = 0; i < rate / TICKS; i++)
			if (hostile_call(writer) < 0)
				return -1;
		if (tick % TICKS == 0 && honest_message(writer, tick / TICKS + 1) < 0)
			return -1;
		if (put_page(writer) < 0)
			return -1;
	}
	printf("%llu calls in %.1f s\n", (unsigned long long)writer->calls,
	       (now_ns() - begin) / 1e9);
	return 0;
}

int main(int argc, char **argv)
{
	struct writer writer = { .fd = argc == 4 ? open(argv[3], O_WRONLY | O_CLOEXEC) : -1 };

	signal(SIGPIPE, SIG_IGN);
	if (argc != 4 || writer.fd < 0) {
		fprintf(stderr, "gs-flood: expected RATE SECONDS PIPE\n");
		return 2;
	}
	/* As much as a CPU's buffer of the daemon holds. */
	fcntl(writer.fd, F_SETPIPE_SZ, 512 << 10);
	if (run(&writer, strtoul(argv[1], NULL, 10), strtoul(argv[2], NULL, 10)) < 0) {
		perror("gs-flood");
		return 1;
	}
	return 0;
}
