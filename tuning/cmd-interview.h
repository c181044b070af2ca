/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd-interview.h - what interview's three faces share: lines of text, the screen,
 * the page
 */
#ifndef TUNE_CMD_INTERVIEW_H
#define TUNE_CMD_INTERVIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "tuning/rates.h"

struct rt_err;
struct rt_root;

struct interview {
	const struct rt_root *root;
	struct tune_rates_choice choice;
	struct tune_rates_view view;
	uint64_t interval_ns;
	struct tune_rates rates;
};

/**
 * interview_screen() - show rates on the terminal until q is pressed.
 *
 * The terminal is as it was before when this returns, also after a failure.
 * Return: 0 or -errno.
 */
int interview_screen(struct interview *interview, struct rt_err *err);

#endif /* TUNE_CMD_INTERVIEW_H */
