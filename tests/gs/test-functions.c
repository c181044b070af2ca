/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-functions.c - the library's functions: what reaches the host, what comes back */
#include "gs/kvmrt_gs.h"
#include "tests/unit.h"

#include <signal.h>

#include "kvm-events/kvm-events.h"
#include "tests/gs/fake.h"

/* A failure with this errno. */
#define assert_fails(expression, code) \
	do { \
		errno = 0; \
		assert_int_equal(expression, -1); \
		assert_int_equal(errno, code); \
	} while (0)

TEST(a_ping_is_one_call_with_its_cookie)
{
	assert_int_equal(kvmrt_gs_ping(0xfeedfacecafebeef), 0);
	assert_int_equal(fake.nr, 1);
	assert_true(fake.calls[0].nr == GS_NR_PING);
	assert_true(fake.calls[0].arg[0] == 0xfeedfacecafebeef);
	assert_true(!fake.calls[0].arg[1] && !fake.calls[0].arg[2] && !fake.calls[0].arg[3]);
}

TEST(a_flush_has_its_scope_and_a_number_of_its_own)
{
	unsigned long first;

	assert_int_equal(kvmrt_gs_xtrace_flush(KVMRT_GS_XTRACE_CPU_VM), 0);
	first = kvmrt_gs_last_incident();
	assert_int_equal(kvmrt_gs_xtrace_flush(KVMRT_GS_XTRACE_CPU_ALL), 0);
	assert_true(fake.calls[0].nr == GS_NR_XTRACE_FLUSH);
	assert_true(fake.calls[0].arg[0] == 1 && fake.calls[1].arg[0] == 2);
	assert_true(first != 0 && fake.calls[0].arg[1] == first);
	assert_true(fake.calls[1].arg[1] == kvmrt_gs_last_incident());
	assert_true(first != kvmrt_gs_last_incident());
}

TEST(a_scope_that_does_not_exist_is_refused_before_any_call)
{
	assert_fails(kvmrt_gs_xtrace_flush(3), EINVAL);
	assert_fails(kvmrt_gs_xtrace_flush(-1ul), EINVAL);
	assert_int_equal(fake.nr, 0);
}

/* What the host's joiner makes of the calls. */
static struct {
	unsigned int nr;
	uint16_t length, missing;
	uint8_t data[GS_DATA_MAX];
} heard;

static void hear(void *arg, const struct kev_message *msg)
{
	(void)arg;
	heard.nr++;
	heard.length = msg->length;
	heard.missing = msg->missing;
	memcpy(heard.data, msg->data, msg->length);
}

static void join_calls(void)
{
	struct kev_joiner *joiner;
	struct kev_gs gs;
	unsigned int i;

	memset(&heard, 0, sizeof(heard));
	assert_int_equal(kev_joiner_create(&joiner, 4, hear, NULL), 0);
	for (i = 0; i < fake.nr; i++) {
		assert_int_equal(kev_gs_decode(&gs, fake.calls[i].nr, fake.calls[i].arg), 0);
		assert_int_equal(kev_joiner_add(joiner, &(struct kev_speaker){
			.kind = gs.kind, .id = gs.frag.id }, &gs.frag, i), 0);
	}
	kev_joiner_expire(joiner, UINT64_MAX);
	kev_joiner_destroy(joiner);
}

static void check_data(long size, unsigned int calls)
{
	uint8_t data[GS_DATA_MAX];
	long i;

	for (i = 0; i < size; i++)
		data[i] = i * 31 + size;
	fake.nr = 0;
	assert_int_equal(kvmrt_gs_xtrace_log_data(data, size), size);
	assert_int_equal(fake.nr, calls);
	join_calls();
	assert_int_equal(heard.nr, 1);
	assert_int_equal(heard.length, size);
	assert_int_equal(heard.missing, 0);
	assert_memory_equal(heard.data, data, size);
}

TEST(data_of_every_kind_of_length_arrives_whole)
{
	fake.answer = FAKE_TAKEN;
	check_data(1, 1);
	check_data(24, 1);
	check_data(25, 2);
	check_data(64, 3);
	check_data(4079, 170);
	check_data(4080, 170);
}

TEST(data_out_of_bounds_is_refused_before_any_call)
{
	char byte = 0;

	assert_fails(kvmrt_gs_xtrace_log_data(&byte, 0), EINVAL);
	assert_fails(kvmrt_gs_xtrace_log_data(&byte, -1), EINVAL);
	assert_fails(kvmrt_gs_xtrace_log_data(NULL, 1), EINVAL);
	assert_fails(kvmrt_gs_xtrace_log_data(&byte, 4081), EMSGSIZE);
	assert_int_equal(fake.nr, 0);
}

TEST(a_message_arrives_without_its_zero)
{
	char text[] = "VM1 is about to start A";

	fake.answer = FAKE_TAKEN;
	assert_int_equal(kvmrt_gs_log_msg(text), strlen(text));
	join_calls();
	assert_int_equal(heard.length, strlen(text));
	assert_memory_equal(heard.data, text, strlen(text));
}

TEST(a_message_that_is_too_long_is_cut_and_the_result_says_so)
{
	char text[300];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	fake.answer = FAKE_TAKEN;
	assert_int_equal(kvmrt_gs_log_msg(text), 240);
	join_calls();
	assert_int_equal(heard.length, 240);
	assert_int_equal(heard.missing, 0);
}

TEST(a_host_that_takes_less_is_believed)
{
	char data[50] = "";

	fake.answer = 24;
	assert_int_equal(kvmrt_gs_xtrace_log_data(data, sizeof(data)), 24);
}

TEST(no_message_is_no_call)
{
	assert_fails(kvmrt_gs_log_msg(NULL), EINVAL);
	assert_fails(kvmrt_gs_log_msg(""), EINVAL);
	assert_int_equal(fake.nr, 0);
}

TEST(messages_have_numbers_of_their_own)
{
	uint32_t ids[100];
	int i, j;

	fake.answer = FAKE_TAKEN;
	for (i = 0; i < 100; i++) {
		fake.nr = 0;
		kvmrt_gs_log_msg("m");
		ids[i] = gs_frag_id(fake.calls[0].arg[0]);
		for (j = 0; j < i; j++)
			assert_true(ids[i] != ids[j]);
	}
}

TEST(silence_is_told_after_the_whole_message_was_sent)
{
	char data[100] = "";

	fake.answer = GS_ANSWER_PERM;
	assert_fails(kvmrt_gs_ping(1), ENOSYS);
	fake.nr = 0;
	assert_fails(kvmrt_gs_xtrace_log_data(data, sizeof(data)), ENOSYS);
	assert_int_equal(fake.nr, 5);
	fake.answer = GS_ANSWER_NOSYS;
	assert_fails(kvmrt_gs_xtrace_flush(0), ENOSYS);
}

TEST(silence_is_success_for_who_puts_up_with_it_and_no_other_failure_is)
{
	char data[100] = "";

	kvmrt_gs_set_unanswered_ok(true);
	fake.answer = GS_ANSWER_PERM;
	assert_int_equal(kvmrt_gs_ping(1), 0);
	assert_int_equal(kvmrt_gs_xtrace_log_data(data, sizeof(data)), 100);
	assert_false(kvmrt_gs_available());
	fake.answer = GS_ANSWER_DENIED;
	assert_fails(kvmrt_gs_ping(1), EPERM);
	kvmrt_gs_set_unanswered_ok(false);
}

TEST(each_answer_of_the_host_has_its_errno)
{
	fake.answer = GS_ANSWER_AGAIN;
	assert_fails(kvmrt_gs_ping(1), EAGAIN);
	fake.answer = GS_ANSWER_INVAL;
	assert_fails(kvmrt_gs_ping(1), EINVAL);
	fake.answer = -4711;
	assert_fails(kvmrt_gs_ping(1), EPROTO);
}

TEST(a_message_that_is_refused_in_the_middle_is_not_sent_on)
{
	char data[100] = "";

	fake.answer = FAKE_TAKEN;
	fake.later = GS_ANSWER_AGAIN;
	assert_fails(kvmrt_gs_xtrace_log_data(data, sizeof(data)), EAGAIN);
	assert_int_equal(fake.nr, 2);
}

TEST(without_kvm_or_permission_every_function_says_so_and_calls_nothing)
{
	fake.insn = GS_INSN_NONE;
	assert_fails(kvmrt_gs_ping(1), ENODEV);
	assert_fails(kvmrt_gs_log_msg("x"), ENODEV);
	assert_fails(kvmrt_gs_xtrace_flush(0), ENODEV);
	assert_fails(kvmrt_gs_xtrace_log_data("x", 1), ENODEV);
	assert_false(kvmrt_gs_available());
	fake.insn = GS_INSN_VMCALL;
	fake_boot("quiet\n");
	assert_fails(kvmrt_gs_ping(1), EPERM);
	assert_fails(kvmrt_gs_log_msg("x"), EPERM);
	assert_false(kvmrt_gs_ping_available());
	assert_int_equal(fake.nr, 0);
}

TEST(what_is_available_is_what_the_host_answers)
{
	fake.answer = GS_FEATURE_PING | GS_FEATURE_XTRACE_FLUSH;
	assert_true(kvmrt_gs_available());
	assert_true(kvmrt_gs_ping_available());
	assert_true(kvmrt_gs_xtrace_flush_available());
	assert_false(kvmrt_gs_log_msg_available());
	assert_false(kvmrt_gs_xtrace_log_data_available());
	fake.answer = 0;
	assert_true(kvmrt_gs_available());
	assert_false(kvmrt_gs_ping_available());
	fake.answer = GS_ANSWER_PERM;
	assert_false(kvmrt_gs_available());
	assert_true(fake.calls[0].nr == GS_NR_QUERY && fake.calls[0].arg[0] == 1);
}

static void read_marks(char *buf, size_t size)
{
	char path[128];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "%s/trace_marker", fake_tracing);
	fd = open(path, O_RDONLY);
	got = read(fd, buf, size - 1);
	close(fd);
	buf[got > 0 ? got : 0] = '\0';
}

static void fake_tracefs(void)
{
	char path[128];

	assert_int_equal(mkdir(fake_tracing, 0700), 0);
	snprintf(path, sizeof(path), "%s/instances", fake_tracing);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/trace_marker", fake_tracing);
	fake_file(path, "");
}

TEST(the_guests_trace_has_the_event_and_the_call_between_its_marks)
{
	char text[512];

	fake_tracefs();
	fake.answer = -1000;
	assert_fails(kvmrt_gs_ping(5), ENOSYS);
	read_marks(text, sizeof(text));
	assert_string_equal(text, "kvmrt_gs: ping cookie=0x5"
		"kvmrt_gs: hc_start nr=0x4b475301 a0=0x5 a1=0x0 a2=0x0 a3=0x0"
		"kvmrt_gs: hc_end nr=0x4b475301 ret=-1000");
}

static const char *handler_frame;

static void on_signal(int signo)
{
	(void)signo;
	handler_frame = __builtin_frame_address(0);
	kvmrt_gs_ping(99);
	kvmrt_gs_xtrace_flush(KVMRT_GS_XTRACE_CPU_ALL);
}

TEST(a_ping_and_a_flush_work_in_a_signal_handler_on_a_small_stack)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK }, before;
	static char small[32768];
	stack_t stack = { .ss_sp = small, .ss_size = sizeof(small) }, old;
	const char *lowest = small;

	fake_tracefs();
	memset(small, 0x5a, sizeof(small));
	assert_int_equal(sigaltstack(&stack, &old), 0);
	sigaction(SIGUSR1, &action, &before);
	raise(SIGUSR1);
	sigaction(SIGUSR1, &before, NULL);
	sigaltstack(&old, NULL);
	assert_int_equal(fake.nr, 2);
	assert_true(fake.calls[0].arg[0] == 99);
	assert_true(fake.calls[1].nr == GS_NR_XTRACE_FLUSH);
	while (*lowest == 0x5a)
		lowest++;
#if !defined(KVMRT_SAN) && defined(__OPTIMIZE__)
	assert_in_range(handler_frame - lowest, 500, 3500);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_TEST(a_ping_is_one_call_with_its_cookie),
		FAKE_TEST(a_flush_has_its_scope_and_a_number_of_its_own),
		FAKE_TEST(a_scope_that_does_not_exist_is_refused_before_any_call),
		FAKE_TEST(data_of_every_kind_of_length_arrives_whole),
		FAKE_TEST(data_out_of_bounds_is_refused_before_any_call),
		FAKE_TEST(a_message_arrives_without_its_zero),
		FAKE_TEST(a_message_that_is_too_long_is_cut_and_the_result_says_so),
		FAKE_TEST(a_host_that_takes_less_is_believed),
		FAKE_TEST(no_message_is_no_call),
		FAKE_TEST(messages_have_numbers_of_their_own),
		FAKE_TEST(silence_is_told_after_the_whole_message_was_sent),
		FAKE_TEST(silence_is_success_for_who_puts_up_with_it_and_no_other_failure_is),
		FAKE_TEST(each_answer_of_the_host_has_its_errno),
		FAKE_TEST(a_message_that_is_refused_in_the_middle_is_not_sent_on),
		FAKE_TEST(without_kvm_or_permission_every_function_says_so_and_calls_nothing),
		FAKE_TEST(what_is_available_is_what_the_host_answers),
		FAKE_TEST(the_guests_trace_has_the_event_and_the_call_between_its_marks),
		FAKE_TEST(a_ping_and_a_flush_work_in_a_signal_handler_on_a_small_stack),
	};

	return RUN_TESTS(tests);
}
