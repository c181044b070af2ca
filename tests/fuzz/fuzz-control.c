/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz-control.c - requests, answers and states of a session, whatever the other side says */
#include "lib/buf.h"
#include "tests/fuzz/fuzz.h"
#include "xtrace/control.h"
#include "xtrace/status.h"
#include "xtrace/tracefs.h"

static void try_request(const char *text)
{
	struct xt_request request, again;
	struct rt_buf line = { 0 };

	if (xt_request_parse(&request, text, NULL) < 0)
		return;
	fuzz_assert(request.verb < XT_NR_VERBS);
	fuzz_assert(strlen(request.text) <= XT_CONTROL_TEXT_MAX);
	/* What one side takes the other side can say again. */
	if (xt_request_format(&request, &line, NULL) == 0) {
		fuzz_assert(line.len > 0 && line.data[line.len - 1] == '\n');
		line.data[line.len - 1] = '\0';
		fuzz_assert(xt_request_parse(&again, line.data, NULL) == 0);
		fuzz_assert(again.verb == request.verb && strcmp(again.text, request.text) == 0);
	}
	rt_buf_finish(&line);
}

static void try_status(const char *text)
{
	struct xt_status status;

	if (xt_status_parse(&status, text, NULL) < 0)
		return;
	fuzz_assert(status.directory && status.command);
	fuzz_assert(strlen(status.name) < XT_STATUS_WORD_MAX);
	xt_status_total(status.cpus, status.nr_cpus);
	xt_status_finish(&status);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct xt_ring_stats stats;
	const char *body;

	try_request(text);
	try_status(text);
	xt_ring_stats_parse(&stats, text);
	if (xt_reply_parse(text, &body, NULL) == 0)
		fuzz_assert(body >= text && body <= text + size);
	free(text);
	return 0;
}
