/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * select.h - from the words of -e, -x and -F to the events of this kernel
 *
 * A word is a group ("sched"), one of our names ("KVM_EXIT_VM_PID"), or a
 * tracefs name or glob ("kvm:*", "sched_switch", "kmem").  What it stands for
 * is looked up among the events that this kernel lists.
 */
#ifndef XT_SELECT_H
#define XT_SELECT_H

#include <stdbool.h>
#include <stddef.h>

struct rt_err;
struct xt_tracefs;
struct xt_instance;

struct xt_sel_event {
	const char *system, *event;	/* owned by the list */
	bool chosen;
	bool enabled;			/* xt_select_apply() has done it */
	const char *stop;		/* filter of what ends the recording; NULL: never */
};

/* One word of -F, for all the events that it stands for. */
struct xt_sel_filter {
	const char *text;		/* borrowed */
	bool *is_for;			/* of each event of the list */
};

struct xt_select {
	struct xt_sel_event *v;		/* all events of the kernel, in its order */
	size_t nr;
	struct xt_sel_filter *filters;
	size_t nr_filters;
	char *text;			/* owns the names */
};

/* Reads available_events; nothing is chosen yet. */
int xt_select_init(struct xt_select *ret, const struct xt_tracefs *fs, struct rt_err *err);
void xt_select_finish(struct xt_select *sel);

/*
 * Chooses, or takes out, what @words, with commas between them, stand for.  -ENOENT with
 * near matches for a word that means nothing; RT_ECANNOT for one that this kernel has no
 * event for.
 */
int xt_select_add(struct xt_select *sel, const char *words, struct rt_err *err);
int xt_select_remove(struct xt_select *sel, const char *words, struct rt_err *err);
/* "EVENT" or "EVENT if FILTER": chooses the event, and has it end the recording. */
int xt_select_stop(struct xt_select *sel, const char *word, struct rt_err *err);
/*
 * "EVENT:FILTER": chooses the event and filters it; what any of its filters keeps is
 * recorded.  @word must live as long as @sel.
 */
int xt_select_filter(struct xt_select *sel, const char *word, struct rt_err *err);

size_t xt_select_count(const struct xt_select *sel);
bool xt_select_has(const struct xt_select *sel, const char *system, const char *event);

/*
 * Sets filters, then enables what is chosen.  An event that the kernel refuses
 * is passed over and handed to @refused; @arg goes along.
 * Return: 0, or -errno for a filter that the kernel refuses.
 */
int xt_select_apply(struct xt_select *sel, const struct xt_instance *inst,
		    void (*refused)(void *arg, const struct xt_sel_event *event,
				    const struct rt_err *why), void *arg, struct rt_err *err);

#endif /* XT_SELECT_H */
