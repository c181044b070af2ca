/* SPDX-License-Identifier: GPL-2.0-or-later */
/* scene.c - xtrace directories with records of a test's own */
#include "tests/merge/scene.h"

#include <sys/mman.h>
#include <unistd.h>

#include "lib/err.h"
#include "tests/unit.h"
#include "tests/xtrace/make.h"
#include "xtrace/store.h"
#include "xtrace/xtrace.h"

#define MAX_CPUS 8
#define PAGE 4096u
#define MAX_PAGES 64

enum id {
	PRINT = 5, ENTRY = 101, EXIT, HYPERCALL, SWITCH, SYS_ENTER, SYS_EXIT, TIMER, BEAT,
	FRAGMENT, WAVE,
};

struct cpu {
	uint8_t pages[MAX_PAGES][PAGE];
	unsigned int nr;	/* pages that have begun */
	uint64_t last;		/* time of the last record */
	bool lost;		/* before the page that is being filled */
	uint64_t count;
};

struct scene {
	char *folder, *path;
	struct xt_store *store;
	struct cpu *cpus;
	unsigned int nr_cpus;
	char *comms;		/* text of saved_cmdlines */
};

/* ---- formats ---- */

#define COMMON \
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n" \
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n" \
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n" \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
#define F(type, offset, size, sign) \
	"\tfield:" type ";\toffset:" #offset ";\tsize:" #size ";\tsigned:" #sign ";\n"

static const struct {
	enum id id;
	const char *system, *name, *fields;
} formats[] = {
	{ PRINT, "ftrace", "print", F("unsigned long ip", 8, 8, 0) F("char buf[]", 16, 0, 0) },
	{ ENTRY, "kvm", "kvm_entry",
	  F("unsigned int vcpu_id", 8, 4, 0) F("unsigned long rip", 16, 8, 0) },
	{ EXIT, "kvm", "kvm_exit",
	  F("unsigned int exit_reason", 8, 4, 0) F("u32 isa", 12, 4, 0)
	  F("unsigned int vcpu_id", 16, 4, 0) },
	{ HYPERCALL, "kvm", "kvm_hypercall",
	  F("unsigned long nr", 8, 8, 0) F("unsigned long a0", 16, 8, 0)
	  F("unsigned long a1", 24, 8, 0) F("unsigned long a2", 32, 8, 0)
	  F("unsigned long a3", 40, 8, 0) },
	{ SWITCH, "sched", "sched_switch",
	  F("char prev_comm[16]", 8, 16, 0) F("pid_t prev_pid", 24, 4, 1)
	  F("int prev_prio", 28, 4, 1) F("long prev_state", 32, 8, 1)
	  F("char next_comm[16]", 40, 16, 0) F("pid_t next_pid", 56, 4, 1)
	  F("int next_prio", 60, 4, 1) },
	{ SYS_ENTER, "raw_syscalls", "sys_enter",
	  F("long id", 8, 8, 1) F("unsigned long args[6]", 16, 48, 0) },
	{ SYS_EXIT, "raw_syscalls", "sys_exit", F("long id", 8, 8, 1) F("long ret", 16, 8, 1) },
	{ TIMER, "irq_vectors", "local_timer_entry", F("int vector", 8, 4, 1) },
	{ FRAGMENT, "kvmrt_gs", "log_msg_host",
	  F("int vm_pid", 8, 4, 1) F("u32 vcpu_id", 12, 4, 0) F("u32 id", 16, 4, 0)
	  F("u32 offset", 20, 4, 0) F("u32 length", 24, 4, 0)
	  F("__data_loc u8[] data", 28, 4, 0) },
	{ BEAT, "heart", "beat", F("unsigned int value", 8, 4, 0) F("char text[12]", 12, 12, 0) },
	{ WAVE, "heart", "wave",
	  F("unsigned long at", 8, 8, 0) F("void * from", 16, 8, 0) F("s64 delta", 24, 8, 1)
	  F("short part", 32, 2, 1) F("u8 byte", 34, 1, 0) F("const char * low", 36, 4, 0)
	  F("char fixed[20]", 40, 20, 0) F("__data_loc char[] text", 60, 4, 0) },
};

void scene_format(struct scene *scene, unsigned int id, const char *system, const char *event,
		  const char *fields, const char *print)
{
	char name[128], text[4096];
	int n;

	snprintf(name, sizeof(name), "formats/%s/%s", system, event);
	n = snprintf(text, sizeof(text), "name: %s\nID: %u\nformat:\n" COMMON
		     "%s\nprint fmt: %s\n", event, id, fields, print);
	assert_int_equal(xt_store_put(scene->store, name, text, (size_t)n, NULL), 0);
}

static void put_formats(struct scene *scene)
{
	unsigned int i;

	assert_int_equal(xt_store_put(scene->store, "formats/header_page", make_header_page,
				      strlen(make_header_page), NULL), 0);
	for (i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		scene_format(scene, formats[i].id, formats[i].system, formats[i].name,
			     formats[i].fields, "\"\"");
}

/* ---- its life ---- */

struct scene *scene_create(const char *host, unsigned int cpus)
{
	const struct xt_timebase time = { .clock = "mono", .is_ns = true };
	const struct xt_store_opts opts = { .subbuf_size = PAGE, .no_sync = true };
	struct scene *scene = calloc(1, sizeof(*scene));

	assert_non_null(scene);
	assert_true(cpus <= MAX_CPUS);
	scene->folder = make_folder();
	scene->cpus = calloc(cpus, sizeof(*scene->cpus));
	scene->nr_cpus = cpus;
	scene->comms = calloc(1, 4096);
	assert_true(asprintf(&scene->path, "%s/%s", scene->folder, host) > 0);
	assert_int_equal(xt_store_create(&scene->store, scene->path, &opts, NULL), 0);
	xt_store_set(scene->store, "session", "host", "%s", host);
	xt_store_set(scene->store, "session", "mode", "stream");
	xt_store_set(scene->store, "session", "nr-cpus", "%u", cpus);
	xt_store_set_timebase(scene->store, &time);
	put_formats(scene);
	assert_int_equal(xt_store_save(scene->store, NULL), 0);
	return scene;
}

const char *scene_path(const struct scene *scene)
{
	return scene->path;
}

static void close_page(struct cpu *cpu)
{
	if (cpu->nr > 0 && cpu->lost)
		make_lost(cpu->pages[cpu->nr - 1], cpu->count ? &cpu->count : NULL);
	cpu->lost = false;
}

void scene_flush(struct scene *scene)
{
	unsigned int i;

	for (i = 0; i < scene->nr_cpus; i++) {
		struct cpu *cpu = &scene->cpus[i];

		close_page(cpu);
		if (cpu->nr > 0)
			assert_int_equal(xt_store_append(scene->store, i, cpu->pages, cpu->nr, 0,
							 NULL), 0);
		cpu->nr = 0;
	}
}

void scene_finish(struct scene *scene)
{
	if (!scene->store)
		return;
	scene_flush(scene);
	xt_store_put(scene->store, "saved_cmdlines", scene->comms, strlen(scene->comms), NULL);
	assert_int_equal(xt_store_finish(scene->store, NULL), 0);
	xt_store_destroy(scene->store);
	scene->store = NULL;
}

void scene_destroy(struct scene *scene)
{
	scene_finish(scene);
	make_remove(scene->folder);
	free(scene->path);
	free(scene->cpus);
	free(scene->comms);
	free(scene);
}

void scene_clock(struct scene *scene, const char *clock)
{
	struct xt_timebase time = { .is_ns = true };

	snprintf(time.clock, sizeof(time.clock), "%s", clock);
	xt_store_set_timebase(scene->store, &time);
	assert_int_equal(xt_store_save(scene->store, NULL), 0);
}

void scene_cycles(struct scene *scene, uint64_t tsc, uint64_t real_ns)
{
	const struct xt_timebase time = {
		.clock = "x86-tsc", .is_ns = true, .convert = true, .mult = 1, .shift = 0,
	};
	const struct xt_clock_sample sample = { .tsc = tsc, .real_ns = real_ns };

	xt_store_set_timebase(scene->store, &time);
	assert_int_equal(xt_store_add_sample(scene->store, &sample, NULL), 0);
	assert_int_equal(xt_store_save(scene->store, NULL), 0);
}

void scene_tsc_offset(struct scene *scene, int tid, int vm_pid, unsigned int vcpu,
		      int64_t offset)
{
	const struct xt_vcpu one = {
		.tid = tid, .vm_pid = vm_pid, .vcpu = vcpu, .tsc_known = true,
		.tsc_offset = offset,
	};

	assert_int_equal(xt_store_set_vcpu(scene->store, &one), 0);
	assert_int_equal(xt_store_save(scene->store, NULL), 0);
}

void scene_vcpu(struct scene *scene, int tid, int vm_pid, unsigned int vcpu, const char *vm)
{
	struct xt_vcpu one = { .tid = tid, .vm_pid = vm_pid, .vcpu = vcpu };

	snprintf(one.vm, sizeof(one.vm), "%s", vm);
	assert_int_equal(xt_store_set_vcpu(scene->store, &one), 0);
	assert_int_equal(xt_store_save(scene->store, NULL), 0);
}

void scene_comm(struct scene *scene, int pid, const char *comm)
{
	size_t len = strlen(scene->comms);

	snprintf(scene->comms + len, 4096 - len, "%d %s\n", pid, comm);
}

/* ---- records ---- */

static void begin_page(struct cpu *cpu, uint64_t at)
{
	close_page(cpu);
	assert_true(cpu->nr < MAX_PAGES);
	make_page(cpu->pages[cpu->nr++], PAGE, at);
	cpu->last = at;
}

static uint32_t used(const struct cpu *cpu)
{
	uint32_t commit;

	memcpy(&commit, cpu->pages[cpu->nr - 1] + 8, sizeof(commit));
	return commit;
}

void scene_record(struct scene *scene, unsigned int cpu_nr, uint64_t ns, int pid, uint16_t id,
		  const void *data, size_t len)
{
	struct cpu *cpu = &scene->cpus[cpu_nr];
	uint64_t at = SCENE_NS + ns;
	uint32_t words[512] = { 0 }, nr = (uint32_t)(8 + len + 3) / 4, head = nr > 28 ? 2 : 1;

	assert_true(nr + head <= sizeof(words) / sizeof(*words));
	if (cpu->nr == 0 || used(cpu) + 4 * (nr + head) > PAGE - 32 || at - cpu->last >= 1u << 27)
		begin_page(cpu, at);
	words[0] = (head == 2 ? 0 : nr) | (uint32_t)(at - cpu->last) << 5;
	if (head == 2)
		words[1] = 4 * nr + 4;
	words[head] = id;
	words[head + 1] = (uint32_t)pid;
	memcpy(&words[head + 2], data, len);
	make_words(cpu->pages[cpu->nr - 1], words, head + nr);
	cpu->last = at;
}

void scene_entry(struct scene *scene, unsigned int cpu, uint64_t ns, int pid, uint32_t vcpu)
{
	const struct {
		uint32_t vcpu_id, zero;
		uint64_t rip;
	} data = { .vcpu_id = vcpu };

	scene_record(scene, cpu, ns, pid, ENTRY, &data, sizeof(data));
}

void scene_exit(struct scene *scene, unsigned int cpu, uint64_t ns, int pid, uint32_t vcpu,
		uint32_t reason)
{
	const uint32_t data[] = { reason, KEV_ISA_SVM, vcpu };

	scene_record(scene, cpu, ns, pid, EXIT, data, sizeof(data));
}

void scene_hypercall(struct scene *scene, unsigned int cpu, uint64_t ns, int pid, uint64_t nr,
		     uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)
{
	const uint64_t data[] = { nr, a0, a1, a2, a3 };

	scene_record(scene, cpu, ns, pid, HYPERCALL, data, sizeof(data));
}

void scene_switch(struct scene *scene, unsigned int cpu, uint64_t ns, int from,
		  const char *from_comm, int to, const char *to_comm)
{
	struct {
		char prev_comm[16];
		int prev_pid, prev_prio;
		int64_t prev_state;
		char next_comm[16];
		int next_pid, next_prio;
	} data = { .prev_pid = from, .prev_state = 1, .next_pid = to };

	memcpy(data.prev_comm, from_comm, strnlen(from_comm, 15));
	memcpy(data.next_comm, to_comm, strnlen(to_comm, 15));
	scene_record(scene, cpu, ns, from, SWITCH, &data, sizeof(data));
}

void scene_syscall(struct scene *scene, unsigned int cpu, uint64_t ns, int pid, long nr,
		   uint64_t arg0)
{
	const uint64_t data[] = { (uint64_t)nr, arg0, 2, 3, 4, 5, 6 };

	scene_record(scene, cpu, ns, pid, SYS_ENTER, data, sizeof(data));
}

void scene_syscall_done(struct scene *scene, unsigned int cpu, uint64_t ns, int pid, long nr,
			long ret)
{
	const int64_t data[] = { nr, ret };

	scene_record(scene, cpu, ns, pid, SYS_EXIT, data, sizeof(data));
}

void scene_mark(struct scene *scene, unsigned int cpu, uint64_t ns, int pid, const char *text)
{
	char data[1024] = { 0 };

	assert_true(strlen(text) < sizeof(data) - 16);
	snprintf(data + 8, sizeof(data) - 8, "%s\n", text);
	scene_record(scene, cpu, ns, pid, PRINT, data, 8 + strlen(text) + 2);
}

void scene_timer(struct scene *scene, unsigned int cpu, uint64_t ns, int pid)
{
	const int vector = 236;

	scene_record(scene, cpu, ns, pid, TIMER, &vector, sizeof(vector));
}

void scene_beat(struct scene *scene, unsigned int cpu, uint64_t ns, int pid, uint32_t value,
		const char *text)
{
	struct {
		uint32_t value;
		char text[12];
	} data = { .value = value };

	memcpy(data.text, text, strnlen(text, sizeof(data.text)));
	scene_record(scene, cpu, ns, pid, BEAT, &data, sizeof(data));
}

void scene_wave(struct scene *scene, unsigned int cpu, uint64_t ns, int pid, uint64_t number,
		const uint8_t *text, uint16_t len)
{
	struct {
		uint64_t at, from, delta;
		uint16_t part;
		uint8_t byte, gap;
		uint32_t low;
		uint8_t fixed[20];
		uint16_t text_at, text_len;
		uint8_t text[64];
	} data = {
		.at = number, .from = number, .delta = number, .part = (uint16_t)number,
		.byte = (uint8_t)number, .low = (uint32_t)number, .text_at = 64, .text_len = len,
	};

	assert_true(len <= sizeof(data.text));
	memcpy(data.text, text, len);
	memcpy(data.fixed, text, len < sizeof(data.fixed) ? len : sizeof(data.fixed));
	scene_record(scene, cpu, ns, pid, WAVE, &data, offsetof(__typeof__(data), text) + len);
}

void scene_fragment(struct scene *scene, unsigned int cpu, uint64_t ns, int pid, int vm_pid,
		    uint32_t id, uint32_t offset, uint32_t length, const char *data)
{
	struct {
		uint32_t vm_pid, vcpu_id, id, offset, length, where;
		char data[GS_FRAG_SIZE];
	} record = {
		.vm_pid = (uint32_t)vm_pid, .id = id, .offset = offset, .length = length,
		.where = 32 | (uint32_t)strlen(data) << 16,
	};

	memcpy(record.data, data, strlen(data));
	scene_record(scene, cpu, ns, pid, FRAGMENT, &record, sizeof(record));
}

void scene_lost(struct scene *scene, unsigned int cpu, uint64_t ns, uint64_t count)
{
	begin_page(&scene->cpus[cpu], SCENE_NS + ns);
	scene->cpus[cpu].lost = true;
	scene->cpus[cpu].count = count;
}

void scene_gap(struct scene *scene, unsigned int cpu, enum xt_gap_reason reason, uint64_t from,
	       uint64_t to)
{
	const struct xt_gap gap = {
		.reason = reason, .first_ts = SCENE_NS + from, .last_ts = SCENE_NS + to,
	};

	scene_flush(scene);
	assert_int_equal(xt_store_gap(scene->store, cpu, &gap, NULL), 0);
	/* The kernel goes on in the same sub-buffer, and says so. */
	begin_page(&scene->cpus[cpu], scene->cpus[cpu].last);
}

/* ---- views ---- */

static void take_warning(void *arg, const char *text)
{
	struct scene_view *view = arg;

	snprintf(view->warning, sizeof(view->warning), "%s", text);
}

static size_t count(const char *const *words)
{
	size_t nr = 0;

	while (nr < 4 && words[nr])
		nr++;
	return nr;
}

static struct mrg_where *bound(const char *text, const struct scene_view *view,
			       const struct mrg_set *set, int *rc, struct rt_err *err)
{
	struct mrg_where *where = NULL;

	if (!text || *rc < 0)
		return NULL;
	*rc = mrg_where_parse(&where, text, err);
	if (*rc == 0)
		*rc = mrg_where_bind(where, set, view->opts.time, err);
	return where;
}

static char *slurp(FILE *file)
{
	long len = ftell(file);
	char *text = calloc(1, (size_t)len + 1);

	assert_non_null(text);
	rewind(file);
	assert_int_equal(fread(text, 1, (size_t)len, file), len);
	fclose(file);
	return text;
}

static int run(struct scene_view *view, struct mrg_set *set, FILE *to, struct rt_err *err)
{
	struct mrg_view_opts opts = view->opts;
	struct mrg_select *select = NULL;
	struct mrg_where *exprs[3];
	int rc = view->wait ? mrg_follow_begin(set, err) : 0, i;

	exprs[0] = bound(view->where, view, set, &rc, err);
	exprs[1] = bound(view->begin, view, set, &rc, err);
	exprs[2] = bound(view->end, view, set, &rc, err);
	opts.where = exprs[0];
	opts.begin = exprs[1];
	opts.end = exprs[2];
	opts.format = opts.format ? opts.format : &mrg_format_text;
	opts.to = opts.to ? opts.to : UINT64_MAX;
	opts.warn = take_warning;
	opts.warn_arg = view;
	if (rc == 0)
		rc = mrg_select_create(&select, set, view->with, count(view->with), view->without,
				       count(view->without), err);
	if (rc == 0 && view->stat)
		rc = mrg_stat_run(set, &opts, select, opts.format == &mrg_format_json, to, err);
	else if (rc == 0 && view->follow)
		rc = mrg_view_follow(set, &opts, select, fileno(to), err);
	else if (rc == 0)
		rc = mrg_view_run(set, &opts, select, fileno(to), err);
	mrg_select_destroy(select);
	for (i = 0; i < 3; i++)
		mrg_where_destroy(exprs[i]);
	return rc;
}

char *scene_show(struct scene_view *view, const char *const *paths, size_t nr)
{
	struct rt_err err = { 0 };
	FILE *to = tmpfile();
	struct mrg_set *set;

	assert_non_null(to);
	assert_int_equal(mrg_set_open(&set, paths, nr, &err), 0);
	view->warning[0] = '\0';
	view->rc = run(view, set, to, &err);
	snprintf(view->error, sizeof(view->error), "%s", err.text);
	mrg_set_destroy(set);
	fseek(to, 0, SEEK_END);
	return slurp(to);
}

void scene_expect(struct scene_view *view, struct scene *scene, const char *text)
{
	const char *const paths[] = { scene->path };
	char *shown;

	scene_finish(scene);
	shown = scene_show(view, paths, 1);
	assert_string_equal(view->error, "");
	assert_int_equal(view->rc, 0);
	assert_string_equal(shown, text);
	free(shown);
}
