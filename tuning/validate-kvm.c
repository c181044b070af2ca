/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * validate-kvm.c - rows: KVM, its modules' parameters, the IOMMU
 */
#include "tuning/validate-internal.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define KVM	"sys/module/kvm/parameters/"
#define INTEL	"sys/module/kvm_intel/parameters/"
#define AMD	"sys/module/kvm_amd/parameters/"

/* The version that /dev/kvm answers, or -1 where it may not be asked. */
static int api_version(const struct tune_host *host)
{
	int fd = rt_root_open(host->root, NULL, O_RDWR, "dev/kvm"), version;

	if (fd < 0)
		return -1;
	version = ioctl(fd, KVM_GET_API_VERSION, 0);
	close(fd);
	return version;
}

static enum tune_verdict look_kvm(struct tune_host *host, const struct tune_check *check)
{
	int version;

	if (!rt_root_exists(host->root, "sys/class/misc"))
		return tune_missing(host, "sys/class/misc");
	if (!rt_root_exists(host->root, "%s", check->path)) {
		tune_say(host, "there is no /dev/kvm%s", tune_cpu_flag(host, "vmx") == TUNE_YES ||
			 tune_cpu_flag(host, "svm") == TUNE_YES ? ": its module is not loaded" :
			 ", and the processor shows neither vmx nor svm");
		return TUNE_FAIL;
	}
	version = host->live ? api_version(host) : -1;
	tune_say(host, version >= 0 ? "/dev/kvm, version %d" : "/dev/kvm is there", version);
	return tune_pass_if(version < 0 || version == KVM_API_VERSION);
}

static enum tune_verdict look_nx(struct tune_host *host, const struct tune_check *check)
{
	enum tune_verdict verdict = tune_look_param(host, check);
	int64_t ratio;

	if (verdict != TUNE_FAIL ||
	    !tune_number(host, &ratio, KVM "nx_huge_pages_recovery_ratio"))
		return verdict;
	tune_say(host, ", nx_huge_pages_recovery_ratio is %d", (int)ratio);
	return tune_pass_if(ratio == 0);
}

/* A row of which Intel's and AMD's module have different parameters. */
struct param {
	const char *file;
	const char *want;
	const char *fix;
};

static enum tune_verdict look_params(struct tune_host *host, const struct param *params,
				     size_t nr)
{
	char value[64];
	size_t i;

	for (i = 0; i < nr; i++) {
		if (!tune_line(host, value, sizeof(value), "%s", params[i].file))
			continue;
		tune_say(host, "/%s is \"%s\"", params[i].file, value);
		tune_set_subject(host, "%s", params[i].fix);
		return tune_pass_if(tune_word_matches(params[i].want, value));
	}
	tune_say(host, "no module of KVM that is loaded shows it");
	return host->live && rt_root_exists(host->root, "sys/module/kvm") ? TUNE_MOOT :
	       TUNE_UNKNOWN;
}

static enum tune_verdict look_pause(struct tune_host *host, const struct tune_check *check)
{
	static const struct param params[] = {
		{ INTEL "ple_gap", "0", "kvm_intel ple_gap=0" },
		{ AMD "pause_filter_count", "0", "kvm_amd pause_filter_count=0" },
	};

	(void)check;
	return look_params(host, params, 2);
}

static enum tune_verdict look_advance(struct tune_host *host, const struct tune_check *check)
{
	static const struct param params[] = {
		{ KVM "lapic_timer_advance", "Y", "kvm lapic_timer_advance=1" },
		{ KVM "lapic_timer_advance_ns", "-1|[1-9]*", "kvm lapic_timer_advance_ns=-1" },
	};

	(void)check;
	return look_params(host, params, 2);
}

static enum tune_verdict look_apicv(struct tune_host *host, const struct tune_check *check)
{
	static const struct param params[] = {
		{ INTEL "enable_apicv", "Y", "kvm_intel enable_apicv=1" },
		{ AMD "avic", "Y|1", "kvm_amd avic=1" },
	};

	(void)check;
	return look_params(host, params, 2);
}

static enum tune_verdict look_preemption(struct tune_host *host, const struct tune_check *check)
{
	if (rt_root_exists(host->root, "sys/module/kvm_amd")) {
		tune_say(host, "AMD's processors have none");
		return TUNE_MOOT;
	}
	return tune_look_param(host, check);
}

static enum tune_verdict look_iommu(struct tune_host *host, const struct tune_check *check)
{
	struct tune_names units;
	size_t nr;

	tune_set_subject(host, "%s", tune_iommu_words(host));
	if (!tune_names(host, &units, "*", "%s", check->path))
		return tune_missing(host, check->path);
	nr = units.n;
	tune_names_finish(&units);
	tune_say(host, nr ? "%zu IOMMUs" : "no IOMMU is on", nr);
	return tune_pass_if(nr > 0);
}

/* Interrupts that are remapped have a chip named IR-... */
static enum tune_verdict look_remapping(struct tune_host *host, const struct tune_check *check)
{
	char *text = tune_text(host, "%s", check->path);
	bool remapped;

	if (!text)
		return tune_missing(host, check->path);
	remapped = strstr(text, " IR-");
	free(text);
	tune_set_subject(host, "%s", tune_iommu_words(host));
	tune_say(host, remapped ? "interrupts are remapped" : "no interrupt is remapped");
	return tune_pass_if(remapped);
}

static enum tune_verdict look_unsafe(struct tune_host *host, const struct tune_check *check)
{
	const char *word = tune_cmdline_get(&host->cmdline,
					    "vfio_iommu_type1.allow_unsafe_interrupts");

	if (rt_root_exists(host->root, "sys/module/vfio_iommu_type1"))
		return tune_look_param(host, check);
	if (!host->has_cmdline)
		return tune_missing(host, "proc/cmdline");
	if (word && tune_word_matches("1|y*|Y*|on", word)) {
		tune_say(host, "vfio_iommu_type1.allow_unsafe_interrupts=%s", word);
		return TUNE_FAIL;
	}
	tune_say(host, "no device is with a guest: vfio_iommu_type1 is not loaded");
	return TUNE_MOOT;
}

const struct tune_check tune_checks_kvm[] = {
	{
		.id = "kvm", .severity = TUNE_ERROR, .look = look_kvm,
		.path = "sys/class/misc/kvm",
		.expected = "/dev/kvm answers",
		.why = "without it guests are emulated",
		.reads = "/dev/kvm, /sys/class/misc, /proc/cpuinfo",
		.fix_kind = TUNE_FIX_RUN,
		.fix = "modprobe kvm_intel || modprobe kvm_amd  # and VT-x or SVM in the "
		       "firmware's setup",
	}, {
		.id = "nx-huge-pages", .severity = TUNE_WARNING, .look = look_nx,
		.path = KVM "nx_huge_pages", .want = "N|never|0",
		.expected = "N, or a recovery ratio of 0",
		.why = "huge pages that a guest executes are split, and the splitting takes 100 us "
		       "at a time; it matters only where guests are not trusted",
		.reads = "/" KVM "nx_huge_pages{,_recovery_ratio}",
		.fix_kind = TUNE_FIX_MODULE, .fix = "kvm nx_huge_pages=0",
	}, {
		.id = "halt-poll", .severity = TUNE_INFO, .look = tune_look_param,
		.path = KVM "halt_poll_ns", .want = "0",
		.expected = "0, where real-time vCPUs have CPUs of their own",
		.why = "polling before a halted vCPU sleeps saves microseconds at its next wake-up "
		       "and keeps the CPU from idling: a choice of power and sibling threads",
		.fix_kind = TUNE_FIX_MODULE, .fix = "kvm halt_poll_ns=0",
	}, {
		.id = "pause-exits", .severity = TUNE_WARNING, .look = look_pause,
		.expected = "off: ple_gap (Intel) or pause_filter_count (AMD) is 0",
		.why = "a vCPU that waits for a lock in its guest is taken out of the guest, for "
		       "another that may use its CPU: here none may",
		.reads = "/" INTEL "ple_gap, /" AMD "pause_filter_count",
		.fix_kind = TUNE_FIX_MODULE, .fix = "%S",
	}, {
		.id = "kvmclock-sync", .severity = TUNE_WARNING, .look = tune_look_param,
		.path = KVM "kvmclock_periodic_sync", .want = "N|0",
		.expected = "N",
		.why = "every five minutes all vCPUs are interrupted to compare their clocks, "
		       "which a host with a stable TSC does not need",
		.fix_kind = TUNE_FIX_MODULE, .fix = "kvm kvmclock_periodic_sync=0",
	}, {
		.id = "timer-advance", .severity = TUNE_INFO, .look = look_advance,
		.expected = "on: lapic_timer_advance is Y, or lapic_timer_advance_ns not 0",
		.why = "the host's timer for a guest's is set early by what an entry takes; 3 or "
		       "4 us are gained",
		.reads = "/" KVM "lapic_timer_advance{,_ns}",
		.fix_kind = TUNE_FIX_MODULE, .fix = "%S",
	}, {
		.id = "preemption-timer", .severity = TUNE_INFO, .look = look_preemption,
		.path = INTEL "preemption_timer", .want = "Y|1",
		.expected = "Y",
		.why = "the processor's own timer ends a guest's run in time, without an interrupt "
		       "of the host's timer",
		.fix_kind = TUNE_FIX_MODULE, .fix = "kvm_intel preemption_timer=1",
	}, {
		.id = "apic-virtual", .severity = TUNE_INFO, .look = look_apicv,
		.expected = "on: enable_apicv (Intel) or avic (AMD) is Y",
		.why = "a guest then handles its interrupts without an exit each",
		.reads = "/" INTEL "enable_apicv, /" AMD "avic",
		.fix_kind = TUNE_FIX_MODULE, .fix = "%S",
	}, {
		.id = "iommu", .severity = TUNE_INFO, .look = look_iommu,
		.path = "sys/class/iommu",
		.expected = "an IOMMU is on, for passing devices to guests",
		.why = "a guest's device else could write into all of the host's memory, so vfio "
		       "refuses it",
		.fix_kind = TUNE_FIX_BOOT, .fix = "%S",
	}, {
		.id = "irq-remapping", .severity = TUNE_INFO, .look = look_remapping,
		.path = "proc/interrupts",
		.expected = "interrupts are remapped, for passing devices to guests",
		.why = "without it a guest's device can raise any interrupt of the host",
		.fix_kind = TUNE_FIX_BOOT, .fix = "%S",
	}, {
		.id = "unsafe-interrupts", .severity = TUNE_WARNING, .look = look_unsafe,
		.path = "sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts",
		.want = "N",
		.expected = "N",
		.why = "with it a guest that has a device must be trusted as the host itself",
		.reads = "/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts, "
			 "/proc/cmdline",
		.fix_kind = TUNE_FIX_MODULE, .fix = "vfio_iommu_type1 allow_unsafe_interrupts=0",
	},
	{ .id = NULL }
};
