/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pv.h - the hypercalls that the guest's kernel makes by itself, as trace events
 *
 * Kicks of halted vCPUs, interrupts to other vCPUs, readings of the host's clock:
 * they show as hc_start_guest and hc_end_guest, as long as both events are on.
 */
#ifndef KVMRT_GUEST_MODULE_PV_H
#define KVMRT_GUEST_MODULE_PV_H

/* For the end of the module, or of its failed beginning: takes the probes away, for good. */
void gs_pv_finish(void);

/* Called by tracing when the first user of an event comes and the last one goes. */
int gs_pv_start_watched(void);
void gs_pv_start_unwatched(void);
int gs_pv_end_watched(void);
void gs_pv_end_unwatched(void);

#endif /* KVMRT_GUEST_MODULE_PV_H */
