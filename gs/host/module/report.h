/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * report.h - statistics in debugfs: /sys/kernel/debug/kvmrt_gs_host/
 */
#ifndef KVMRT_GS_HOST_MODULE_REPORT_H
#define KVMRT_GS_HOST_MODULE_REPORT_H

void gs_report_init(void);
void gs_report_finish(void);

#endif /* KVMRT_GS_HOST_MODULE_REPORT_H */
