/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz-task-stat.c - /proc/PID/stat gives a thread with a number and a name, or a failure */
#include "lib/err.h"
#include "tests/fuzz/fuzz.h"
#include "tuning/tasks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct rt_err err = { 0 };
	struct tune_task task;

	if (tune_task_parse_stat(&task, text, &err) == 0) {
		fuzz_assert(task.tid > 0);
		fuzz_assert(strnlen(task.comm, sizeof(task.comm)) < sizeof(task.comm));
		fuzz_assert(tune_policy_name(task.policy) != NULL);
		fuzz_assert(!(task.kthread && task.borrowed));
	} else {
		fuzz_assert(err.code && err.text[0]);
	}
	free(text);
	return 0;
}
