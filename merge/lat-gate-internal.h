/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lat-gate-internal.h - what the ways of writing verdicts share */
#ifndef MRG_LAT_GATE_INTERNAL_H
#define MRG_LAT_GATE_INTERNAL_H

#include "merge/lat-gate.h"

/* Is it a rule that looks at the base? */
bool mrg_lat_compares(const struct mrg_lat_outcome *o);
/* "12us (11us..14us)", or "-" without a sample; returns @buf. */
char *mrg_lat_range_text(const struct mrg_lat_rule *rule, const struct mrg_lat_range *range,
			 char *buf, size_t size);
/*
 * The next run without a figure of what the rule asks for, from *@at on: of now, and of the base
 * where the rule looks at it; NULL: none.
 */
const struct mrg_lat_saved *mrg_lat_next_lacking(const struct mrg_lat_gate *gate,
						 const struct mrg_lat_outcome *o, size_t *at);
/* The longest explained interval of a run: of what ->by says, where there is one. */
const struct mrg_lat_tale *mrg_lat_first_tale(const struct mrg_lat_saved *run,
					      const struct mrg_lat_outcome *o);
/* What that is, before and now; only where ->by is set; returns @buf. */
char *mrg_lat_by_text(const struct mrg_lat_outcome *o, char *buf, size_t size);

#endif /* MRG_LAT_GATE_INTERNAL_H */
