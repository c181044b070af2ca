/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-events.c - the catalogue is complete, in order, and true of real kernels */
#include "kvm-events/kvm-events.h"
#include "tests/unit.h"

TEST(rows_are_sorted_and_none_is_twice)
{
	const struct kev_event *row, *last = NULL;
	size_t i;

	for (i = 0; (row = kev_event_at(i)); last = row, i++) {
		int order = last ? strcmp(last->system, row->system) : -1;

		if (order == 0)
			order = strcmp(last->event, row->event);
		if (order >= 0)
			fail_msg("%s:%s is not in order", row->system, row->event);
	}
	assert_true(i > 100);
}

TEST(names_are_sorted_and_none_is_twice)
{
	const struct kev_name *name, *last = NULL;
	size_t i;

	for (i = 0; (name = kev_name_at(i)); last = name, i++)
		if (last && strcmp(last->name, name->name) >= 0)
			fail_msg("%s is not in order", name->name);
	assert_true(i > 80);
}

TEST(each_row_is_found_by_system_and_event)
{
	const struct kev_event *row;
	size_t i;

	for (i = 0; (row = kev_event_at(i)); i++)
		assert_ptr_equal(kev_event_find(row->system, row->event), row);
	assert_null(kev_event_find("kvm", "kvm_entr"));
	assert_null(kev_event_find("", ""));
	assert_null(kev_event_find("zzz", "zzz"));
}

TEST(each_name_has_a_meaning_and_a_source)
{
	const struct kev_event *row, *found[64];
	const struct kev_name *name;
	size_t i;

	for (i = 0; (row = kev_event_at(i)); i++)
		if (!kev_name_find(row->name))
			fail_msg("%s has no meaning in names.def", row->name);
	for (i = 0; (name = kev_name_at(i)); i++) {
		if (kev_event_by_name(name->name, found, 64) == 0)
			fail_msg("%s has no tracepoint", name->name);
		assert_true(strlen(name->meaning) > 0);
	}
}

TEST(a_single_syscall_event_has_the_syscall_row)
{
	const struct kev_event *row = kev_event_find("syscalls", "sys_enter_openat");

	assert_non_null(row);
	assert_string_equal(row->name, "SYSCALL_ENTER");
	assert_int_equal(row->role, KEV_SYSCALL_ENTER);
	assert_null(kev_event_find("syscalls", "openat"));
	assert_null(kev_event_find("syscal", "sys_enter_openat"));
}

TEST(a_name_of_all_system_calls_is_one_tracepoint)
{
	const struct kev_event *found[4];

	assert_int_equal(kev_event_by_name("SYSCALL_ENTER", found, 4), 1);
	assert_string_equal(found[0]->system, "raw_syscalls");
}

TEST(a_name_gives_all_its_tracepoints)
{
	const struct kev_event *found[64];

	assert_int_equal(kev_event_by_name("interrupt_enter", found, 64), 12);
	assert_string_equal(found[0]->event, "irq_handler_entry");
	assert_int_equal(kev_event_by_name("INTERRUPT_ENTER", found, 1), 12);
	assert_int_equal(kev_event_by_name("KVM_EXIT_VM_PID", found, 64), 1);
	assert_string_equal(found[0]->event, "kvm_exit");
	assert_int_equal(kev_event_by_name("NO_SUCH_NAME", found, 64), 0);
}

TEST(a_derived_name_gives_what_it_is_made_from)
{
	const struct kev_event *found[4];

	assert_int_equal(kev_event_by_name("FILE_READ", found, 4), 1);
	assert_string_equal(found[0]->event, "sys_enter");
	assert_int_equal(kev_event_by_name("KVMRT_GS_PING_HOST", found, 4), 2);
	assert_string_equal(found[0]->event, "kvm_hypercall");
	assert_string_equal(found[1]->event, "ping_host");
}

TEST(an_event_without_a_row_is_named_after_itself)
{
	char buf[32];

	assert_string_equal(kev_default_name(buf, sizeof(buf), "block", "block_rq_issue"),
			    "BLOCK_RQ_ISSUE");
	assert_string_equal(kev_default_name(buf, sizeof(buf), "kmem", "kfree"), "KMEM_KFREE");
	assert_string_equal(kev_default_name(buf, sizeof(buf), "net", "netif_rx"), "NET_NETIF_RX");
	assert_string_equal(kev_default_name(buf, 6, "kmem", "kfree"), "KMEM_");
}

TEST(each_group_has_globs_and_is_found_in_any_case)
{
	static const char *const wanted[] = { "sched", "irq", "timer", "syscall", "kvm", "fault",
					      "ipi", "workqueue", "gs", "default" };
	const char *const *globs;
	size_t i;

	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		globs = kev_group_find(wanted[i]);
		assert_non_null(globs);
		for (; *globs; globs++)
			assert_non_null(strchr(*globs, ':'));
	}
	assert_ptr_equal(kev_group_find("KVM"), kev_group_find("kvm"));
	assert_null(kev_group_find("kv"));
	for (i = 0; kev_group_at(i); i++)
		assert_non_null(kev_group_find(kev_group_at(i)));
	assert_true(i >= 10);
}

/* Is @field a word of @fields, "a b c"? */
static bool has_word(const char *fields, const char *field)
{
	size_t len = strlen(field);
	const char *p = fields;

	while ((p = strstr(p, field))) {
		if ((p == fields || p[-1] == ' ') && (p[len] == ' ' || p[len] == '\0'))
			return true;
		p += len;
	}
	return false;
}

/* The one field that only other kernels have: 5.10 calls the vector irq. */
static bool may_be_absent(const char *field)
{
	return strcmp(field, "irq") == 0;
}

static void check_row(const char *line)
{
	const struct kev_event *row;
	char system[64], event[64];
	const char *fields = strchr(line, ' ');
	unsigned int i;

	assert_int_equal(sscanf(line, "%63[^:]:%63s", system, event), 2);
	row = kev_event_find(system, event);
	if (!row)
		fail_msg("%s:%s has no row", system, event);
	for (i = 0; i < KEV_MAX_ARGS && row->args[i].field; i++) {
		const char *field = row->args[i].field;

		if (strncmp(field, "common_", 7) != 0 && !may_be_absent(field) &&
		    !has_word(fields + 1, field))
			fail_msg("%s:%s has no field %s", system, event, field);
	}
}

static void check_formats(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[1024];
	unsigned int nr = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#')
			continue;
		check_row(line);
		nr++;
	}
	fclose(file);
	assert_true(nr > 40);
}

TEST(fields_shown_exist_in_6_1)
{
	check_formats("tests/kvm-events/formats-6.1.txt");
}

TEST(fields_shown_exist_in_6_18)
{
	check_formats("tests/kvm-events/formats-6.18.txt");
}

/* What a view does with a row, in its simplest form: values by field, in order. */
struct value {
	const char *field, *text;
	uint64_t number;
};

static void print_value(char *line, const struct kev_arg *arg, const struct value *value)
{
	const char *name = kev_value_name(arg->show, value->number);
	char *end = line + strlen(line);

	if (arg->show == KEV_EXIT_REASON)
		name = kev_exit_name(KEV_ISA_SVM, value->number);
	if (value->text || name)
		sprintf(end, "%s", value->text ? value->text : name);
	else if (arg->show == KEV_HEX || arg->show == KEV_HYPERCALL_NR)
		sprintf(end, "0x%llx", (unsigned long long)value->number);
	else
		sprintf(end, "%lld", (long long)value->number);
}

static void print_line(char *line, const struct kev_event *row, const struct value *values)
{
	const char *blank = row->fixed ? " " : "";
	const struct value *value;
	unsigned int i;

	sprintf(line, "%s [%s", row->name, row->fixed ? row->fixed : "");
	for (i = 0; i < KEV_MAX_ARGS && row->args[i].field; i++) {
		for (value = values; value->field; value++)
			if (strcmp(value->field, row->args[i].field) == 0)
				break;
		if (!value->field)
			continue;
		sprintf(line + strlen(line), "%s%s%s", blank,
			row->args[i].label ? row->args[i].label : "",
			row->args[i].label ? " " : "");
		print_value(line, &row->args[i], value);
		blank = " ";
	}
	strcat(line, "]");
}

TEST(recorded_events_give_the_lines_of_the_guide)
{
	static const struct {
		const char *system, *event;
		struct value values[8];
		const char *line;
	} cases[] = {
		{ "irq_vectors", "local_timer_entry", { { "vector", NULL, 236 } },
		  "INTERRUPT_ENTER [apic_timer]" },
		{ "timer", "hrtimer_cancel", { { "hrtimer", NULL, 0xffffffff8e8f84e0 } },
		  "HRTIMER_CANCEL [0xffffffff8e8f84e0]" },
		{ "sched", "sched_wakeup", { { "pid", NULL, 740216 } }, "SCHED_WAKEUP [740216]" },
		{ "raw_syscalls", "sys_exit", { { "id", NULL, 257 }, { "ret", NULL, 3 } },
		  "SYSCALL_EXIT [openat]" },
		{ "raw_syscalls", "sys_enter", { { "id", NULL, 0 } }, "SYSCALL_ENTER [read]" },
		{ "irq", "softirq_raise", { { "vec", NULL, 7 } }, "SOFTIRQ_RAISE [sched]" },
		{ "kvm", "kvm_entry", { { "common_pid", NULL, 156 }, { "vcpu_id", NULL, 0 } },
		  "KVM_ENTER_VM_PID [156 vcpu 0]" },
		{ "kvm", "kvm_exit", { { "common_pid", NULL, 157 }, { "vcpu_id", NULL, 1 },
				       { "exit_reason", NULL, 0x81 } },
		  "KVM_EXIT_VM_PID [157 vcpu 1 VMMCALL]" },
		{ "kvm", "kvm_hypercall", { { "nr", NULL, 5 }, { "a0", NULL, 0 }, { "a1", NULL, 1 },
					    { "a2", NULL, 0xffff8bd4df300000 },
					    { "a3", NULL, 0xff } },
		  "KVM_HOST_HC_ENTER [KICK_CPU 0x0 0x1 0xffff8bd4df300000 0xff]" },
		{ "kvm", "kvm_hypercall", { { "nr", NULL, 0x4b475331 } },
		  "KVM_HOST_HC_ENTER [0x4b475331]" },
		{ "sched", "sched_switch", { { "prev_comm", "swapper/2", 0 },
					     { "prev_pid", NULL, 0 }, { "prev_state", NULL, 0 },
					     { "next_comm", "CPU 0/KVM", 0 },
					     { "next_pid", NULL, 156 } },
		  "SCHED_SWITCH [swapper/2 0 R -> CPU 0/KVM 156]" },
		{ "power", "cpu_idle", { { "state", NULL, 4294967295 } }, "CPU_IDLE [exit]" },
		{ "power", "cpu_idle", { { "state", NULL, 2 } }, "CPU_IDLE [2]" },
	};
	char line[256];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		print_line(line, kev_event_find(cases[i].system, cases[i].event), cases[i].values);
		assert_string_equal(line, cases[i].line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_sorted_and_none_is_twice),
		cmocka_unit_test(names_are_sorted_and_none_is_twice),
		cmocka_unit_test(each_row_is_found_by_system_and_event),
		cmocka_unit_test(each_name_has_a_meaning_and_a_source),
		cmocka_unit_test(a_single_syscall_event_has_the_syscall_row),
		cmocka_unit_test(a_name_of_all_system_calls_is_one_tracepoint),
		cmocka_unit_test(a_name_gives_all_its_tracepoints),
		cmocka_unit_test(a_derived_name_gives_what_it_is_made_from),
		cmocka_unit_test(an_event_without_a_row_is_named_after_itself),
		cmocka_unit_test(each_group_has_globs_and_is_found_in_any_case),
		cmocka_unit_test(fields_shown_exist_in_6_1),
		cmocka_unit_test(fields_shown_exist_in_6_18),
		cmocka_unit_test(recorded_events_give_the_lines_of_the_guide),
	};

	return RUN_TESTS(tests);
}
