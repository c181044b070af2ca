/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check.h - the law: a guest's events lie inside of their vCPU's windows
 */
#ifndef MRG_CHECK_H
#define MRG_CHECK_H

#include "merge/extract.h"
#include "merge/set.h"
#include "merge/spans.h"

/* Adds to @check what the events of a lane say under the lane's clock. */
void mrg_check_lane(struct mrg_check *check, const struct mrg_lane_data *data,
		    const struct mrg_lane *lane, const struct mrg_vcpu *vcpu);

/**
 * mrg_check_map() - which vCPU ran each lane, under the lanes' clocks.
 * @ret: an index into @vcpus or MRG_NO_MATCH for each lane, each vCPU at most once.
 *
 * The vCPU whose windows hold most of the lane's events; where several hold as
 * many, the one with the CPU's number.
 */
void mrg_check_map(size_t *ret, const struct mrg_data *data, const struct mrg_lane *lanes,
		   const struct mrg_vcpus *vcpus);

#endif /* MRG_CHECK_H */
