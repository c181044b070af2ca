/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd-latency-gate.h - the half of xtrace-latency that judges runs by rules */
#ifndef MRG_CMD_LATENCY_GATE_H
#define MRG_CMD_LATENCY_GATE_H

#include <stdbool.h>
#include <stddef.h>

struct rt_err;
struct mrg_lat_select;

struct mrg_latency_gate {	/* as the options say */
	const char *const *paths;
	size_t nr;
	bool compare;
	const char *const *bases;
	size_t nr_bases;
	const char *const *rules;
	size_t nr_rules;
	const char *budget;		/* a file of rules; NULL none */
	const char *junit, *guilty;	/* where to write; NULL nowhere */
	bool json;
	unsigned int threads;
	const char *begin, *end;	/* of sections; NULL none */
	void (*warn)(void *arg, const char *text);
};

/* Prints the verdicts.  Return: 0; 1 where a rule is broken; or as struct rt_cmd's run. */
int mrg_latency_gate(const struct mrg_latency_gate *gate, struct rt_err *err);

/* What the rules speak of; @ret is the caller's to free. */
int mrg_latency_selects(struct mrg_lat_select **ret, size_t *ret_nr,
			const struct mrg_latency_gate *gate, struct rt_err *err);

#endif /* MRG_CMD_LATENCY_GATE_H */
