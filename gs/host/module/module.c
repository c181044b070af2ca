/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * module.c - kvmrt_gs_host: a stock KVM answers the hypercalls of guest services
 *
 * Life and death of the module; README.md says which file does what.
 */
#include <linux/module.h>

#include "gs/host/module/attach.h"
#include "gs/host/module/report.h"
#include "gs/host/module/stash.h"
#include "gs/host/module/vms.h"

static int __init host_init(void)
{
	int rc;

	gs_stash_init();
	gs_vms_init();
	gs_report_init();
	rc = gs_attach_start();
	if (rc < 0)
		goto stop;
	return 0;

stop:
	gs_attach_stop();
	gs_report_finish();
	return rc;
}

static void __exit host_exit(void)
{
	gs_attach_stop();
	gs_report_finish();
}

module_init(host_init);
module_exit(host_exit);

MODULE_DESCRIPTION("KVM-RT guest services, on the host");
MODULE_LICENSE("GPL");
