/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * page.c - prints the manual page kvmrt-events(7) from the tables
 *
 * Not part of the library.  "make events-page" writes the page, and
 * tests/kvm-events/test-page.c fails when the one in the tree is another.
 */
#include "kvm-events/page.h"

#include "kvm-events/kvm-events.h"

#include <ctype.h>
#include <string.h>

static const char head[] =
	".\\\" SPDX-License-Identifier: GPL-2.0-or-later\n"
	".\\\" Made from the tables in kvm-events/ by \"make events-page\": do not edit.\n"
	".Dd November 24, 2026\n"
	".Dt KVMRT-EVENTS 7\n"
	".Os\n"
	".Sh NAME\n"
	".Nm kvmrt-events\n"
	".Nd names of the events in a trace, and what they mean\n"
	".Sh DESCRIPTION\n"
	"A line of a trace ends in the name of an event and its arguments in brackets:\n"
	".Pp\n"
	".Dl 23.404455270 host 3 INTERRUPT_ENTER [apic_timer]\n"
	".Pp\n"
	"Below, each name stands with its meaning, and with the tracepoints of the kernel that\n"
	"are shown under it, as system:event [arguments].\n"
	"An argument in quotes is fixed, the others are fields of the tracepoint, by its name\n"
	"or by ours: vm for the thread that runs a vCPU, reason for why it left the guest,\n"
	"syscall for the number of a system call, mark for a text.\n"
	"A field that a kernel does not have is left out.\n"
	"A tracepoint that is not listed is shown as SYSTEM_EVENT in capitals, the system once\n"
	"where the event begins with it, with all its fields.\n"
	".Pp\n"
	"KVM_ENTER and KVM_EXIT are short for KVM_ENTER_VM_PID and KVM_EXIT_VM_PID.\n"
	".Pp\n"
	"A derived event is made from another one where its own tracepoint is not in the trace.\n"
	".Sh EVENTS\n"
	".Bl -tag -width Ds\n";

static void print_args(FILE *to, const struct kev_event *row)
{
	const char *blank = "";
	unsigned int i;

	fputs(" [", to);
	if (row->fixed) {
		fprintf(to, "\"%s\"", row->fixed);
		blank = " ";
	}
	for (i = 0; i < KEV_MAX_ARGS && row->args[i].field; i++) {
		fprintf(to, "%s%s", blank,
			row->args[i].name ? row->args[i].name : row->args[i].field);
		blank = " ";
	}
	fputs("]\n", to);
}

static void print_name(FILE *to, const struct kev_name *name)
{
	const struct kev_event *row;
	size_t i;

	fprintf(to, ".It Sy %s\n%c%s.\n", name->name, toupper((unsigned char)name->meaning[0]),
		name->meaning + 1);
	for (i = 0; (row = kev_event_at(i)); i++) {
		if (strcmp(row->name, name->name) != 0)
			continue;
		fprintf(to, ".br\n%s:%s", row->system, row->event);
		print_args(to, row);
	}
	if (name->from)
		fprintf(to, ".br\nderived from %s\n", name->from);
}

static void print_groups(FILE *to)
{
	const char *const *globs;
	const char *name;
	size_t i;

	fputs(".El\n"
	      ".Sh GROUPS\n"
	      "A group stands for many tracepoints.\n"
	      ".Bl -tag -width workqueue\n", to);
	for (i = 0; (name = kev_group_at(i)); i++) {
		fprintf(to, ".It Sy %s\n", name);
		for (globs = kev_group_find(name); *globs; globs++)
			fprintf(to, "%s%s\n", *globs, globs[1] ? "," : "");
	}
	fputs(".El\n", to);
}

static void print_exits(FILE *to, unsigned int isa, const char *title)
{
	const struct kev_exit *row;
	size_t i;

	fprintf(to, ".Ss %s\n.Bl -tag -width Ds\n", title);
	for (i = 0; (row = kev_exit_at(isa, i)); i++)
		fprintf(to, isa == KEV_ISA_VMX ? ".It Sy %s Pq %u , %s\n%s\n" :
						 ".It Sy %s Pq 0x%03x , %s\n%s\n",
			row->name, row->number, kev_cost_name(row->cost), row->help);
	fputs(".El\n", to);
}

void kev_page_print(FILE *to)
{
	const struct kev_name *name;
	size_t i;

	fputs(head, to);
	for (i = 0; (name = kev_name_at(i)); i++)
		print_name(to, name);
	print_groups(to);
	fputs(".Sh EXIT REASONS\n"
	      "KVM_EXIT_VM_PID names why the processor left the guest; in parentheses its number\n"
	      "and its class, by which summaries add up.\n", to);
	print_exits(to, KEV_ISA_VMX, "Intel (VMX)");
	print_exits(to, KEV_ISA_SVM, "AMD (SVM)");
	fputs(".Sh SEE ALSO\n"
	      ".Xr xtrace-run 1 ,\n"
	      ".Xr xtrace-view 1 ,\n"
	      ".Xr kvmrt-gs 7\n", to);
}
