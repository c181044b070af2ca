/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz-cfg.c - kvmrt.cfg: what was read is written to the byte, and a changed
 * value is found again, with nothing else changed
 */
#include "config/cfg.h"
#include "lib/buf.h"
#include "tests/fuzz/fuzz.h"

#define UUID "00000000-0000-4000-8000-00000000000f"

static bool same_value(const struct kcfg_vm *a, const struct kcfg_vm *b, enum kcfg_attr_id id)
{
	struct rt_buf x = { 0 }, y = { 0 };
	bool same;

	kcfg_attr_format(&x, a, id);
	kcfg_attr_format(&y, b, id);
	same = strcmp(rt_buf_str(&x), rt_buf_str(&y)) == 0;
	rt_buf_finish(&x);
	rt_buf_finish(&y);
	return same;
}

static struct kcfg *reread(const struct kcfg *cfg)
{
	struct rt_buf out = { 0 };
	struct kcfg *again;

	kcfg_format(&out, cfg);
	fuzz_assert(kcfg_parse(&again, "again", out.data, out.len, NULL) == 0);
	rt_buf_finish(&out);
	return again;
}

static void check_same(const struct kcfg *cfg)
{
	struct kcfg *again = reread(cfg);
	unsigned int id;
	size_t i;

	fuzz_assert(again->nr_vms == cfg->nr_vms);
	fuzz_assert(again->nr_errors == cfg->nr_errors);
	for (i = 0; i < cfg->nr_vms; i++) {
		fuzz_assert(again->vms[i]->line == cfg->vms[i]->line);
		for (id = 0; id < KCFG_NR_ATTRS; id++) {
			fuzz_assert(again->vms[i]->lines[id] == cfg->vms[i]->lines[id]);
			fuzz_assert(same_value(again->vms[i], cfg->vms[i], id));
		}
	}
	kcfg_destroy(again);
}

/* Every text of the first VM becomes the description of the others. */
static void change(struct kcfg *cfg)
{
	struct kcfg_vm *vm;
	size_t i;

	for (i = 0; i < cfg->nr_vms; i++) {
		kcfg_set(cfg, cfg->vms[i], KCFG_DESCRIPTION, cfg->vms[0]->comments, NULL);
		kcfg_set(cfg, cfg->vms[i], KCFG_TITLE, cfg->vms[0]->description, NULL);
		kcfg_set(cfg, cfg->vms[i], KCFG_NR_VCPUS, "7", NULL);
	}
	check_same(cfg);
	if (kcfg_add(cfg, UUID, &vm, NULL) == 0)
		kcfg_set(cfg, vm, KCFG_GS, "yes", NULL);
	check_same(cfg);
	while (cfg->nr_vms)
		kcfg_remove(cfg, cfg->vms[cfg->nr_vms / 2]);
	kcfg_destroy(reread(cfg));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rt_buf out = { 0 };
	struct kcfg *cfg;

	if (kcfg_parse(&cfg, "fuzz", (const char *)data, size, NULL) < 0)
		return 0;
	kcfg_format(&out, cfg);
	fuzz_assert(out.len == size && (!size || memcmp(out.data, data, size) == 0));
	rt_buf_finish(&out);
	check_same(cfg);
	if (!cfg->nr_errors)
		change(cfg);
	kcfg_destroy(cfg);
	return 0;
}
