/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz-shield-file.c - the service's file and a journal's note are read, or refused in words */
#include "lib/err.h"
#include "tests/fuzz/fuzz.h"
#include "tuning/shield-file.h"
#include "tuning/shield-note.h"

static void note(const char *text)
{
	struct tune_shield shield = { 0 }, again = { 0 };
	char *written, *twice;

	if (tune_shield_parse_note(&shield, text, NULL) < 0)
		return;
	written = tune_shield_note(&shield, shield.tier);
	fuzz_assert(written && tune_shield_parse_note(&again, written, NULL) == 0);
	twice = tune_shield_note(&again, again.tier);
	fuzz_assert(twice && strcmp(written, twice) == 0);
	free(written);
	free(twice);
	tune_irq_assigns_finish(&shield.assigns);
	tune_irq_assigns_finish(&again.assigns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct tune_service service = { 0 };
	struct rt_err err = { 0 };
	size_t i;

	if (tune_service_parse(&service, text, &err) < 0)
		fuzz_assert(err.code && err.text[0]);
	else
		for (i = 0; i < service.nr_assigns; i++)
			fuzz_assert(service.assigns[i].cpus[0] && service.assigns[i].irq[0]);
	tune_service_finish(&service);
	note(text);
	free(text);
	return 0;
}
