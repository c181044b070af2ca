/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-print.c - xtrace/print*.c: a record's text, as trace-cmd report has it
 *
 * One rule of that text a test; tests/cmd/ftrace-text.sh compares with the command
 * itself, for all events.
 */
#include "xtrace/print-local.h"
#include "xtrace/local.h"

#include "lib/buf.h"
#include "tests/unit.h"

#define MAX_FORMATS 3

#define COMMON \
	"format:\n" \
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n" \
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n" \
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n" \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
#define U64(name, at) \
	"\tfield:u64 " name ";\toffset:" at ";\tsize:8;\tsigned:0;\n"

/* The record of most tests. */
struct rec {
	uint16_t type;
	uint8_t flags, preempt;
	int32_t pid;
	uint32_t u32;
	int32_t s32;
	uint64_t u64;
	char str[8];
	uint32_t dstr, dbuf;
	uint8_t ip6[16], mac[6], pad[2];
	char text[8];
	uint8_t bytes[4];
} __attribute__((packed));

static const char rec_fields[] = COMMON
	"\tfield:u32 u32;\toffset:8;\tsize:4;\tsigned:0;\n"
	"\tfield:int s32;\toffset:12;\tsize:4;\tsigned:1;\n"
	U64("u64", "16")
	"\tfield:char str[8];\toffset:24;\tsize:8;\tsigned:0;\n"
	"\tfield:__data_loc char[] dstr;\toffset:32;\tsize:4;\tsigned:0;\n"
	"\tfield:__data_loc u8[] dbuf;\toffset:36;\tsize:4;\tsigned:0;\n"
	"\tfield:u8 ip6[16];\toffset:40;\tsize:16;\tsigned:0;\n"
	"\tfield:u8 mac[6];\toffset:56;\tsize:6;\tsigned:0;\n\n";

static const struct rec plain_rec = {
	.type = 1, .pid = 77, .u32 = 5, .s32 = -3, .u64 = 0xffffffff81002044, .str = "word",
	.dstr = 64 | 8 << 16, .dbuf = 72 | 4 << 16, .ip6 = { 0x20, 1, [15] = 1 },
	.mac = { 0, 0x1b, 0x21, 0xab, 0xcd, 0xef }, .text = "dynamic", .bytes = { 1, 0xab, 0, 255 },
};

static struct {
	const char *system[MAX_FORMATS];
	char *text[MAX_FORMATS];	/* by id, from 1 */
	struct xt_symbols *symbols;
	struct xt_printer *printer;
	struct xt_pen *pen;
	char out[XT_PEN_ROOM];
} f;

/* ---- a printer of some formats ---- */

static bool format(void *arg, unsigned int id, const char **ret_system, const char **ret_text,
		   size_t *ret_len)
{
	(void)arg;
	if (id == 0 || id > MAX_FORMATS || !f.text[id - 1])
		return false;
	*ret_system = f.system[id - 1];
	*ret_text = f.text[id - 1];
	*ret_len = strlen(f.text[id - 1]);
	return true;
}

static const struct xt_symbols *symbols(void *arg)
{
	(void)arg;
	return f.symbols;
}

static void no_destroy(void *arg)
{
	(void)arg;
}

static unsigned int cpu_of(void *arg, unsigned int lane)
{
	(void)arg;
	return lane;
}

static void add(unsigned int id, const char *system, const char *name, const char *fields,
		const char *fmt)
{
	f.system[id - 1] = system;
	assert_true(asprintf(&f.text[id - 1], "name: %s\nID: %u\n%s\nprint fmt: %s\n", name, id,
			     fields, fmt) > 0);
}

static void start(void)
{
	static const char names[] =
		"ffffffff81002000 t caller\nffffffff81002040 T callee\nffffffff81003000 T other\n"
		"ffffffff81004000 T end\n";
	const struct xt_print_source source = {
		.destroy = no_destroy, .max_event = MAX_FORMATS + 2, .format = format,
		.symbols = symbols, .cpu = cpu_of,
		.printk = "0xffffffff81e00000 : \"number %d of %s\\n\"\n",
	};

	assert_int_equal(xt_symbols_create(&f.symbols, strdup(names), strlen(names)), 0);
	assert_int_equal(xt_print_create(&f.printer, &source, NULL), 0);
	assert_int_equal(xt_pen_create(&f.pen, f.printer), 0);
}

static void stop(void)
{
	xt_pen_destroy(f.pen);
	xt_printer_destroy(f.printer);
	xt_symbols_destroy(f.symbols);
	for (unsigned int i = 0; i < MAX_FORMATS; i++)
		free(f.text[i]);
	memset(&f, 0, sizeof(f));
}

static const char *text_of(const void *data, uint32_t size, bool raw, const struct xt_rec *leaf)
{
	const struct xt_rec rec = { .ts = 5000001999, .data = data, .size = size };
	char *end = xt_pen_event(f.pen, &rec, raw, leaf, f.out, f.out + sizeof(f.out));

	assert_non_null(end);
	*end = '\0';
	return f.out;
}

static void expect_of(const struct rec *rec, const char *fmt, const char *text)
{
	add(1, "odd", "odd", rec_fields, fmt);
	start();
	assert_string_equal(text_of(rec, sizeof(*rec), false, NULL), text);
	stop();
}

static void expect(const char *fmt, const char *text)
{
	expect_of(&plain_rec, fmt, text);
}

/* ---- print fmts ---- */

TEST(numbers_are_written_as_their_conversions_say)
{
	expect("\"%d %u %x %08x %#x %o\", REC->u32, REC->u32, REC->u32, REC->u32, REC->u32, "
	       "REC->u32", "5 5 5 00000005 0x5 5");
	expect("\"[%4d] [%-4d] [%04d] [%.3d]\", REC->u32, REC->u32, REC->u32, REC->u32",
	       "[   5] [5   ] [0005] [005]");
	expect("\"[%*d]\", REC->u32, REC->s32", "[   -3]");
}

TEST(a_sign_appears_only_by_the_conversion)
{
	expect("\"%d %ld\", REC->s32, REC->s32", "-3 4294967293");
	expect("\"%s\", REC->s32 < 0 ? \"below\" : \"above\"", "above");
	expect("\"%d\", REC->s32 >> 1", "2147483646");
}

TEST(priorities_are_rotated_as_the_parser_rotates_them)
{
	expect("\"%d\", 10 - 4 - 3", "9");	/* 10 - (4 - 3) */
	expect("\"%d\", 2 + 3 * 4", "14");
}

TEST(one_newline_at_the_end_goes)
{
	expect("\"%d\\n\", REC->u32", "5");
	expect("\"%d\\n\\n\", REC->u32", "5\n");
}

TEST(flags_are_named_in_order_and_the_rest_is_a_number)
{
	struct rec rec = plain_rec;

	expect("\"%s\", __print_flags(REC->u32, \"|\", { 1, \"A\" }, { 4, \"C\" })", "A|C");
	rec.u32 = 0x11;
	expect_of(&rec, "\"%s\", __print_flags(REC->u32, \"|\", { 1, \"A\" }, { 4, \"C\" })",
		  "A|0x10");
	rec.u32 = 0;
	expect_of(&rec, "\"[%s]\", __print_flags(REC->u32, \"|\", { 1, \"A\" })", "[]");
}

TEST(the_first_name_of_a_value_wins_and_others_are_numbers)
{
	expect("\"%s\", __print_symbolic(REC->u32, { 4, \"four\" }, { 5, \"five\" }, "
	       "{ 5, \"also\" })", "five");
	expect("\"%s\", __print_symbolic(REC->u32, { 4, \"four\" })", "0x5");
}

TEST(hexadecimal_numbers_one_behind_the_other_keep_what_stands_between)
{
	expect("\"[%lx, %llx, %lx]\", REC->u64, REC->u64, REC->u64",
	       "[ffffffff81002044, ffffffff81002044, ffffffff81002044]");
	expect("\"%lx sixteen letters: %lx a text of twenty-five %lx.\", REC->u64, REC->u64, "
	       "REC->u64", "ffffffff81002044 sixteen letters: ffffffff81002044 "
	       "a text of twenty-five ffffffff81002044.");
	expect("\"%lx %x %lx %lx %d\", REC->u64, REC->u32, REC->u64, REC->u64, REC->u32",
	       "ffffffff81002044 5 ffffffff81002044 ffffffff81002044 5");
}

TEST(pointers_are_numbers_or_nil)
{
	expect("\"%p %p\", (void *)REC->u64, (void *)(REC->u64 - REC->u64)",
	       "0xffffffff81002044 (nil)");
}

TEST(symbols_have_their_offsets_where_asked_for)
{
	struct rec rec = plain_rec;

	expect("\"%ps %pS\", (void *)REC->u64, (void *)REC->u64", "callee callee+0x4");
	rec.u64 = 0xffffffff81002040;
	expect_of(&rec, "\"%pS\", (void *)REC->u64", "callee+0x0");
	rec.u64 = 0x1234;
	expect_of(&rec, "\"%ps %pS\", (void *)REC->u64, (void *)REC->u64", "0x1234 0x1234");
}

TEST(strings_end_with_their_zero_or_the_field)
{
	expect("\"%s %s\", REC->str, __get_str(dstr)", "word dynamic");
	expect("\"[%10s] [%-6s] [%.2s]\", REC->str, REC->str, REC->str",
	       "[      word] [word  ] [wo]");
}

TEST(addresses_are_written_as_the_kernel_writes_them)
{
	expect("\"%pM\", REC->mac", "00:1b:21:ab:cd:ef");
	expect("\"%pI6c\", REC->ip6", "2001::1");
	expect("\"%pI4\", REC->ip6", "INVALIDIPv4");
}

TEST(arrays_are_hexadecimal_or_lists)
{
	expect("\"%s\", __print_hex(__get_dynamic_array(dbuf), __get_dynamic_array_len(dbuf))",
	       "01 ab 00 ff");
	expect("\"%s\", __print_hex_str(REC->mac, 6)", "001b21abcdef");
	expect("\"%s\", __print_array(REC->mac, 3, 1)", "0 27 33");
}

TEST(a_format_that_cannot_be_parsed_shows_its_fields)
{
	add(1, "odd", "odd", COMMON U64("a", "8"), "\"%d\", what(REC->a) {");
	start();
	assert_string_equal(text_of(&plain_rec, sizeof(plain_rec), false, NULL),
			    "[FAILED TO PARSE] a=18446744060824649733");
	stop();
}

TEST(an_event_without_a_format_is_unknown)
{
	start();
	assert_string_equal(text_of(&plain_rec, sizeof(plain_rec), false, NULL),
			    "[UNKNOWN EVENT]");
	assert_string_equal(text_of("", 1, false, NULL), "[UNKNOWN EVENT]");
	stop();
}

/* ---- -R ---- */

TEST(the_raw_form_shows_fields_by_their_conversions)
{
	add(1, "odd", "odd", rec_fields, "\"0x%x and %s\", REC->u32, REC->str");
	start();
	assert_string_equal(text_of(&plain_rec, sizeof(plain_rec), true, NULL),
			    " u32=0x5 s32=-3 u64=18446744071578853444 str=word dstr=dynamic "
			    "dbuf=ARRAY[01, ab, 00, ff] ip6=ARRAY[20, 01, 00, 00, 00, 00, 00, 00, "
			    "00, 00, 00, 00, 00, 00, 00, 01] mac=");
	assert_true(xt_printer_is_ordered(f.printer, 1, true));
	assert_false(xt_printer_is_ordered(f.printer, 1, false));
	stop();
}

TEST(an_array_once_found_unprintable_stays_an_array)
{
	struct rec rec = plain_rec;

	add(1, "odd", "odd", COMMON "\tfield:char str[8];\toffset:24;\tsize:8;\tsigned:0;\n",
	    "\"%s\", REC->str");
	start();
	assert_string_equal(text_of(&rec, sizeof(rec), true, NULL), " str=word");
	rec.str[1] = 1;
	assert_string_equal(text_of(&rec, sizeof(rec), true, NULL),
			    " str=ARRAY[77, 01, 72, 64, 00, 00, 00, 00]");
	rec.str[1] = 'o';
	assert_string_equal(text_of(&rec, sizeof(rec), true, NULL),
			    " str=ARRAY[77, 6f, 72, 64, 00, 00, 00, 00]");
	stop();
}

TEST(a_short_record_is_shown_as_far_as_it_goes)
{
	add(1, "odd", "odd", rec_fields, "\"%u %llx\", REC->u32, REC->u64");
	start();
	assert_string_equal(text_of(&plain_rec, 12, false, NULL), "5 0");
	/* an empty array's place is the record's begin: as trace-cmd, the string there */
	assert_string_equal(text_of(&plain_rec, 26, true, NULL),
			    " u32=5 s32=-3 u64=ffffffff81002044 str=wo dstr=\1 dbuf=\1 ip6= mac=");
	stop();
}

/* ---- room ---- */

TEST(a_text_that_does_not_fit_is_asked_for_again)
{
	const struct xt_rec rec = { .data = (const uint8_t *)&plain_rec,
				    .size = sizeof(plain_rec) };
	struct rt_buf buf = { 0 };
	char small[8];

	add(1, "odd", "odd", rec_fields, "\"%5000d.\", REC->u32");
	start();
	assert_null(xt_pen_event(f.pen, &rec, false, NULL, small, small + sizeof(small)));
	assert_null(xt_pen_event(f.pen, &rec, false, NULL, f.out, f.out + sizeof(f.out)));
	xt_pen_append(f.pen, &rec, false, NULL, &buf);
	assert_int_equal(buf.len, 5001);
	assert_memory_equal(buf.data + 4998, " 5.", 3);
	rt_buf_finish(&buf);
	stop();
}

/* ---- events with texts of their own ---- */

TEST(sched_switch_shows_letters_of_states_that_the_plugin_knows)
{
	static const char fields[] = COMMON
		"\tfield:char prev_comm[16];\toffset:8;\tsize:16;\tsigned:0;\n"
		"\tfield:pid_t prev_pid;\toffset:24;\tsize:4;\tsigned:1;\n"
		"\tfield:int prev_prio;\toffset:28;\tsize:4;\tsigned:1;\n"
		"\tfield:long prev_state;\toffset:32;\tsize:8;\tsigned:1;\n"
		"\tfield:char next_comm[16];\toffset:40;\tsize:16;\tsigned:0;\n"
		"\tfield:pid_t next_pid;\toffset:56;\tsize:4;\tsigned:1;\n"
		"\tfield:int next_prio;\toffset:60;\tsize:4;\tsigned:1;\n";
	struct {
		uint16_t type, flags;
		int32_t pid;
		char prev[16];
		int32_t prev_pid, prev_prio;
		int64_t state;
		char next[16];
		int32_t next_pid, next_prio;
	} rec = { 1, 0, 7, "before", 7, 120, 0, "after", 8, 98 };

	add(1, "sched", "sched_switch", fields, "\"%s\", REC->prev_comm");
	start();
	assert_string_equal(text_of(&rec, sizeof(rec), false, NULL),
			    "before:7 [120] R ==> after:8 [98]");
	rec.state = 0x81;
	assert_string_equal(text_of(&rec, sizeof(rec), false, NULL),
			    "before:7 [120] S|W ==> after:8 [98]");
	stop();
}

struct longs {
	uint16_t type, flags;
	int32_t pid;
	uint64_t a, b, c, d;
};

static const struct longs five = { 1, 0, 77, 0xffffffff81002044, 0xffffffff81002001, 3, 0 };
static const struct longs deeper = { 1, 0, 77, 0xffffffff81003000, 0xffffffff81002045, 3, 0 };

TEST(functions_stand_below_their_callers_also_those_of_another_file)
{
	struct xt_printer *first;
	struct xt_symbols *first_symbols;
	struct xt_pen *first_pen;

	add(1, "ftrace", "function", COMMON U64("ip", "8") U64("parent_ip", "16"), "\"\"");
	start();
	assert_true(xt_printer_is_ordered(f.printer, 1, false));
	assert_string_equal(text_of(&five, sizeof(five), false, NULL), "callee");
	assert_string_equal(text_of(&deeper, sizeof(deeper), false, NULL), "   other");
	first = f.printer;
	first_pen = f.pen;
	first_symbols = f.symbols;
	start();
	xt_printer_follow(f.printer, first);
	assert_string_equal(text_of(&deeper, sizeof(deeper), false, NULL), "   other");
	stop();
	xt_pen_destroy(first_pen);
	xt_printer_destroy(first);
	xt_symbols_destroy(first_symbols);
}

TEST(repeats_have_their_time_in_the_style_of_the_report)
{
	static const char fields[] = COMMON U64("ip", "8") U64("parent_ip", "16") U64("count", "24")
		"\tfield:u32 top_delta_ts;\toffset:32;\tsize:4;\tsigned:0;\n"
		"\tfield:u32 bottom_delta_ts;\toffset:36;\tsize:4;\tsigned:0;\n";

	add(1, "ftrace", "func_repeats", fields, "\"\"");
	start();
	assert_string_equal(text_of(&five, sizeof(five), false, NULL),
			    "callee (count: 3  last_ts:     5.000002)");
	xt_printer_times(f.printer, XT_TIME_NANO);
	assert_string_equal(text_of(&five, sizeof(five), false, NULL),
			    "callee (count: 3  last_ts:     5.000001999)");
	xt_printer_times(f.printer, XT_TIME_PLAIN);
	assert_string_equal(text_of(&five, sizeof(five), false, NULL),
			    "callee (count: 3  last_ts:   5000001999)");
	stop();
}

TEST(a_call_and_its_return_are_one_line)
{
	static const struct {
		uint16_t type, flags;
		int32_t pid;
		uint64_t func, calltime, rettime;
		int32_t depth, pad;
	} leave = { 2, 0, 77, 0xffffffff81002044, 1000, 3500, 1, 0 };
	const struct xt_rec entry = { .data = (const uint8_t *)&five, .size = sizeof(five) };
	struct xt_rec leaf = { .data = (const uint8_t *)&leave, .size = sizeof(leave) };

	add(1, "ftrace", "funcgraph_entry", COMMON U64("func", "8")
	    "\tfield:int depth;\toffset:24;\tsize:4;\tsigned:1;\n", "\"\"");
	add(2, "ftrace", "funcgraph_exit", COMMON U64("func", "8") U64("calltime", "16")
	    U64("rettime", "24") "\tfield:int depth;\toffset:32;\tsize:4;\tsigned:1;\n", "\"\"");
	start();
	assert_int_equal(xt_printer_graph_entry(f.printer), 1);
	assert_true(xt_printer_is_leaf(f.printer, &entry, &leaf));
	assert_string_equal(text_of(&five, sizeof(five), false, &leaf),
			    "  2.500 us   |        callee();");
	assert_string_equal(text_of(&five, sizeof(five), false, NULL),
			    "             |        callee() {");
	assert_string_equal(text_of(&leave, sizeof(leave), false, NULL),
			    "  2.500 us   |    }");
	leaf.flags = XT_REC_LOST;
	assert_false(xt_printer_is_leaf(f.printer, &entry, &leaf));
	stop();
}

TEST(stacks_end_with_the_record)
{
	add(1, "ftrace", "kernel_stack", COMMON
	    "\tfield:int size;\toffset:8;\tsize:4;\tsigned:1;\n"
	    "\tfield:unsigned long caller[8];\toffset:16;\tsize:64;\tsigned:0;\n", "\"\"");
	start();
	assert_string_equal(text_of(&five, 24, false, NULL),
			    "<stack trace >\n=> caller (ffffffff81002001)");
	assert_string_equal(text_of(&five, 24, true, NULL),
			    " size=-2130698172 caller=ARRAY[01, 20, 00, 81, ff, ff, ff, ff]");
	stop();
}

TEST(kvm_events_name_the_functions_of_guests_that_are_at_hand)
{
	static const char names[] = "ffffffff81002040 T in_guest\nffffffff81003000 T end\n";
	struct xt_trace *guest = xt_trace_new();
	const struct xt_guest_cpu cpus[] = { { 76, guest }, { 77, guest } };
	struct xt_symbols *list;

	assert_int_equal(xt_symbols_create(&list, strdup(names), strlen(names)), 0);
	atomic_store(&guest->late->symbols, list);
	add(1, "kvm", "kvm_entry", COMMON
	    "\tfield:unsigned int vcpu_id;\toffset:24;\tsize:4;\tsigned:0;\n" U64("rip", "8"),
	    "\"\"");
	start();
	assert_string_equal(text_of(&five, sizeof(five), false, NULL),
			    " vcpu 3 rip 0xffffffff81002044");
	stop();
	add(1, "kvm", "kvm_entry", COMMON
	    "\tfield:unsigned int vcpu_id;\toffset:24;\tsize:4;\tsigned:0;\n" U64("rip", "8"),
	    "\"\"");
	start();
	xt_printer_guests(f.printer, cpus, 2);
	assert_string_equal(text_of(&five, sizeof(five), false, NULL),
			    " vcpu 3 rip 0xffffffff81002044 in_guest+0x4");
	stop();
	xt_trace_destroy(guest);
}

TEST(printk_formats_are_looked_up_by_address)
{
	static const struct {
		uint16_t type, flags;
		int32_t pid;
		uint64_t ip, fmt;
		uint32_t number;
		char word[8];
	} __attribute__((packed)) rec = {
		1, 0, 77, 0xffffffff81002044, 0xffffffff81e00000, 9, "words"
	};

	add(1, "ftrace", "bprint", COMMON U64("ip", "8") U64("fmt", "16")
	    "\tfield:u32 buf[];\toffset:24;\tsize:0;\tsigned:0;\n", "\"%ps: %s\", (void *)REC->ip, "
	    "REC->fmt");
	start();
	assert_string_equal(text_of(&rec, sizeof(rec), false, NULL), "callee: number 9 of words");
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_written_as_their_conversions_say),
		cmocka_unit_test(a_sign_appears_only_by_the_conversion),
		cmocka_unit_test(priorities_are_rotated_as_the_parser_rotates_them),
		cmocka_unit_test(one_newline_at_the_end_goes),
		cmocka_unit_test(flags_are_named_in_order_and_the_rest_is_a_number),
		cmocka_unit_test(the_first_name_of_a_value_wins_and_others_are_numbers),
		cmocka_unit_test(hexadecimal_numbers_one_behind_the_other_keep_what_stands_between),
		cmocka_unit_test(pointers_are_numbers_or_nil),
		cmocka_unit_test(symbols_have_their_offsets_where_asked_for),
		cmocka_unit_test(strings_end_with_their_zero_or_the_field),
		cmocka_unit_test(addresses_are_written_as_the_kernel_writes_them),
		cmocka_unit_test(arrays_are_hexadecimal_or_lists),
		cmocka_unit_test(a_format_that_cannot_be_parsed_shows_its_fields),
		cmocka_unit_test(an_event_without_a_format_is_unknown),
		cmocka_unit_test(the_raw_form_shows_fields_by_their_conversions),
		cmocka_unit_test(an_array_once_found_unprintable_stays_an_array),
		cmocka_unit_test(a_short_record_is_shown_as_far_as_it_goes),
		cmocka_unit_test(a_text_that_does_not_fit_is_asked_for_again),
		cmocka_unit_test(sched_switch_shows_letters_of_states_that_the_plugin_knows),
		cmocka_unit_test(functions_stand_below_their_callers_also_those_of_another_file),
		cmocka_unit_test(repeats_have_their_time_in_the_style_of_the_report),
		cmocka_unit_test(a_call_and_its_return_are_one_line),
		cmocka_unit_test(stacks_end_with_the_record),
		cmocka_unit_test(kvm_events_name_the_functions_of_guests_that_are_at_hand),
		cmocka_unit_test(printk_formats_are_looked_up_by_address),
	};

	return RUN_TESTS(tests);
}
