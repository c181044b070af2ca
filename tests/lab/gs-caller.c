/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gs-caller.c - a guest's program that calls the host without libkvmrt_gs
 *
 *   gs-caller user|device COUNT NR [A0 [A1 [A2 [A3]]]]   the same call so many times
 *   gs-caller user|device SECONDS flood                  random calls as fast as it can
 *   gs-caller info                                       the device's INFO
 *   gs-caller cost user[...]|device|library|FILE|vsock:PORT...
 *                                                        ns of a call, or of a write of 64 bytes
 *
 * Calls print a line for each answer: "ANSWER TIMES", then "calls N".
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cpuid.h>
#include <linux/vm_sockets.h>

#include "gs/kvmrt_gs.h"
#include "gs/protocol.h"

#define MAX_ANSWERS	64
#define MESSAGE		64
#define COSTS		101

static bool is_amd;
static int device = -1;

static struct {
	int64_t answer;
	uint64_t times;
} seen[MAX_ANSWERS];
static unsigned int nr_seen;

static int64_t call_user(uint64_t nr, const uint64_t arg[4])
{
	int64_t ret;

	if (is_amd)
		__asm__ volatile("vmmcall" : "=a"(ret) : "a"(nr), "b"(arg[0]), "c"(arg[1]),
				 "d"(arg[2]), "S"(arg[3]) : "memory");
	else
		__asm__ volatile("vmcall" : "=a"(ret) : "a"(nr), "b"(arg[0]), "c"(arg[1]),
				 "d"(arg[2]), "S"(arg[3]) : "memory");
	return ret;
}

/* What the device itself refuses is shown as 100000 + errno. */
static int64_t call_device(uint64_t nr, const uint64_t arg[4])
{
	struct kvmrt_gs_call call = { .nr = nr };

	memcpy(call.arg, arg, sizeof(call.arg));
	return ioctl(device, KVMRT_GS_IOC_CALL, &call) < 0 ? 100000 + errno : call.ret;
}

static int64_t call_library(uint64_t nr, const uint64_t arg[4])
{
	(void)nr;
	return kvmrt_gs_ping(arg[0]);
}

static void count_answer(int64_t answer)
{
	unsigned int i;

	for (i = 0; i < nr_seen && seen[i].answer != answer; i++)
		;
	if (i == MAX_ANSWERS)
		return;
	if (i == nr_seen)
		seen[nr_seen++].answer = answer;
	seen[i].times++;
}

static void print_answers(uint64_t calls)
{
	for (unsigned int i = 0; i < nr_seen; i++)
		printf("%" PRId64 " %" PRIu64 "\n", seen[i].answer, seen[i].times);
	printf("calls %" PRIu64 "\n", calls);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static uint64_t random_word(void)
{
	static uint64_t state;

	if (!state)
		state = now_ns() | 1;
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

typedef int64_t (*call_fn)(uint64_t nr, const uint64_t arg[4]);

static void flood(call_fn call, unsigned int seconds)
{
	uint64_t end = now_ns() + seconds * 1000000000ULL, calls = 0;

	do {
		uint64_t nr = GS_NR_FIRST + random_word() % 8;
		uint64_t arg[4] = { random_word(), random_word(), random_word(), random_word() };

		if (random_word() % 2)
			arg[0] = gs_frag_head((uint32_t)arg[0] % 4, 24 * (arg[1] % 4), 90);
		if (random_word() % 4 == 0)
			arg[0] %= 3;
		count_answer(call(nr, arg));
		calls++;
	} while (calls % 64 || now_ns() < end);
	print_answers(calls);
}

static int do_call(call_fn call, int argc, char **argv)
{
	unsigned long count = strtoul(argv[0], NULL, 0);
	uint64_t arg[4] = { 0 }, nr;

	if (strcmp(argv[1], "flood") == 0) {
		flood(call, count);
		return 0;
	}
	nr = strtoull(argv[1], NULL, 0);
	for (int i = 2; i < argc && i < 6; i++)
		arg[i - 2] = strtoull(argv[i], NULL, 0);
	for (unsigned long i = 0; i < count; i++)
		count_answer(call(nr, arg));
	print_answers(count);
	return 0;
}

static int do_info(void)
{
	struct kvmrt_gs_info info;

	if (ioctl(device, KVMRT_GS_IOC_INFO, &info) < 0)
		return 1;
	printf("version %u flags %u answer %" PRId64 "\n", info.version, info.flags, info.answer);
	return 0;
}

/* One call after a pause: what is queued meanwhile must not make the next one cheap. */
static uint64_t cost_of_one(call_fn call, int fd)
{
	static const struct timespec pause = { .tv_nsec = 2000000 };
	static const uint64_t arg[4] = { 0 };
	char text[MESSAGE];
	uint64_t begin;

	memset(text, 'x', sizeof(text));
	text[MESSAGE - 1] = '\n';
	nanosleep(&pause, NULL);
	begin = now_ns();
	if (call)
		call(GS_NR_PING, arg);
	else if (write(fd, text, sizeof(text)) != (ssize_t)sizeof(text))
		return 0;
	return now_ns() - begin;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int open_vsock(const char *port)
{
	struct sockaddr_vm host = {
		.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_HOST,
		.svm_port = strtoul(port, NULL, 10),
	};
	int fd = socket(AF_VSOCK, SOCK_STREAM, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&host, sizeof(host)) == 0)
		return fd;
	return -1;
}

static int open_sink(const char *name)
{
	return strncmp(name, "vsock:", 6) == 0 ? open_vsock(name + 6) : open(name, O_WRONLY);
}

static int print_cost(const char *name, call_fn call, int fd)
{
	uint64_t cost[COSTS];

	for (unsigned int i = 0; i < COSTS; i++) {
		cost[i] = cost_of_one(call, fd);
		if (!cost[i])
			return 1;
	}
	qsort(cost, COSTS, sizeof(cost[0]), compare);
	printf("%s %" PRIu64 "\n", name, cost[COSTS / 2]);
	return 0;
}

static int do_cost(const char *name)
{
	call_fn call = NULL;
	int fd = -1;

	if (strncmp(name, "user", 4) == 0)
		call = call_user;
	else if (strcmp(name, "device") == 0)
		call = call_device;
	else if (strcmp(name, "library") == 0)
		call = call_library;
	else
		fd = open_sink(name);
	if (!call && fd < 0) {
		perror(name);
		return 1;
	}
	kvmrt_gs_set_unanswered_ok(true);
	return print_cost(name, call, fd);
}

int main(int argc, char **argv)
{
	uint32_t max, b, c, d;

	__cpuid(0, max, b, c, d);
	is_amd = b == signature_AMD_ebx;
	device = open(GS_DEVICE, O_RDWR | O_CLOEXEC);
	if (argc >= 4 && strcmp(argv[1], "user") == 0)
		return do_call(call_user, argc - 2, argv + 2);
	if (argc >= 4 && strcmp(argv[1], "device") == 0)
		return do_call(call_device, argc - 2, argv + 2);
	if (argc == 2 && strcmp(argv[1], "info") == 0)
		return do_info();
	if (argc < 3 || strcmp(argv[1], "cost") != 0)
		return 2;
	for (int i = 2; i < argc; i++)
		if (do_cost(argv[i]) != 0)
			return 1;
	return 0;
}
