/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * events.c - looks up the rows of events.def, names.def and groups.def
 *
 * Both tables are sorted, so a look-up is a binary search; readers do it once
 * for each format and keep the row.
 */
#include "kvm-events/kvm-events.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NR(a) (sizeof(a) / sizeof((a)[0]))

#define V(field_, show_) { #field_, KEV_##show_, NULL, NULL }
#define L(label_, field_, show_) { #field_, KEV_##show_, (label_), NULL }
#define N(name_, field_, show_) { #field_, KEV_##show_, NULL, (name_) }
#define ROW(system_, event_, name_, role_, fixed_, ...) \
	{ system_, event_, #name_, KEV_##role_, fixed_, { __VA_ARGS__ } },

#define KEV_EVENT(...) ROW(__VA_ARGS__)
#define KEV_PREFIX(...)

static const struct kev_event events[] = {
#include "kvm-events/events.def"
};

#undef KEV_EVENT
#undef KEV_PREFIX
#define KEV_EVENT(...)
#define KEV_PREFIX(...) ROW(__VA_ARGS__)

static const struct kev_event prefixes[] = {
#include "kvm-events/events.def"
};

#undef KEV_EVENT
#undef KEV_PREFIX
#undef ROW
#undef N
#undef L
#undef V

#define KEV_NAME(name_, from_, meaning_) { #name_, from_, meaning_ },

static const struct kev_name names[] = {
#include "kvm-events/names.def"
};

#undef KEV_NAME

struct group {
	const char *name;
	const char *globs[24];
};

#define KEV_GROUP(name_, ...) { #name_, { __VA_ARGS__ } },

static const struct group groups[] = {
#include "kvm-events/groups.def"
};

#undef KEV_GROUP

static const struct kev_event *find_prefix(const char *system, const char *event)
{
	size_t i;

	for (i = 0; i < NR(prefixes); i++)
		if (strcmp(prefixes[i].system, system) == 0 &&
		    strncmp(prefixes[i].event, event, strlen(prefixes[i].event)) == 0)
			return &prefixes[i];
	return NULL;
}

const struct kev_event *kev_event_find(const char *system, const char *event)
{
	size_t low = 0, high = NR(events);

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(system, events[mid].system);

		if (order == 0)
			order = strcmp(event, events[mid].event);
		if (order == 0)
			return &events[mid];
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return find_prefix(system, event);
}

const struct kev_event *kev_event_at(size_t i)
{
	return i < NR(events) ? &events[i] : NULL;
}

const struct kev_name *kev_name_find(const char *name)
{
	size_t low = 0, high = NR(names);

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(name, names[mid].name);

		if (order == 0)
			return &names[mid];
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

const char *kev_full_name(const char *name)
{
	static const char *const shorts[][2] = {
		{ "KVM_ENTER", "KVM_ENTER_VM_PID" }, { "KVM_EXIT", "KVM_EXIT_VM_PID" },
	};
	size_t i;

	for (i = 0; i < NR(shorts); i++)
		if (strcasecmp(shorts[i][0], name) == 0)
			return shorts[i][1];
	return name;
}

const struct kev_name *kev_name_at(size_t i)
{
	return i < NR(names) ? &names[i] : NULL;
}

/* True when @from is "system:event" of this row. */
static bool is_source(const struct kev_event *row, const char *from)
{
	size_t len = strlen(row->system);

	return strncmp(from, row->system, len) == 0 && from[len] == ':' &&
	       strcmp(from + len + 1, row->event) == 0;
}

static const char *derived_from(const char *name)
{
	size_t i;

	for (i = 0; i < NR(names); i++)
		if (strcasecmp(names[i].name, name) == 0)
			return names[i].from;
	return NULL;
}

size_t kev_event_by_name(const char *name, const struct kev_event **ret, size_t max)
{
	const char *full = kev_full_name(name), *from = derived_from(full);
	size_t i, nr = 0;

	for (i = 0; i < NR(events); i++) {
		if (strcasecmp(events[i].name, full) != 0 && !(from && is_source(&events[i], from)))
			continue;
		if (nr < max)
			ret[nr] = &events[i];
		nr++;
	}
	return nr;
}

char *kev_default_name(char *buf, size_t size, const char *system, const char *event)
{
	size_t len = strlen(system);
	char *c;

	if (strncmp(event, system, len) == 0 && (event[len] == '_' || event[len] == '\0'))
		snprintf(buf, size, "%s", event);
	else
		snprintf(buf, size, "%s_%s", system, event);
	for (c = buf; size && *c; c++)
		*c = toupper((unsigned char)*c);
	return buf;
}

const char *const *kev_group_find(const char *name)
{
	size_t i;

	for (i = 0; i < NR(groups); i++)
		if (strcasecmp(groups[i].name, name) == 0)
			return groups[i].globs;
	return NULL;
}

const char *kev_group_at(size_t i)
{
	return i < NR(groups) ? groups[i].name : NULL;
}
