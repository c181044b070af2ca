/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dmi.c - slots out of a DMI table (DSP0134, System Slots)
 *
 * A structure: type, length of its fixed part, handle; the fixed part; then its
 * strings, each with a NUL, and one NUL more.  A string is named by its number.
 */
#include "tuning/dmi.h"

#include <ctype.h>
#include <string.h>

#define TYPE_SLOT 9
#define TYPE_END 127
#define HEAD_LEN 4		/* type, length, handle */
#define USAGE_IN_USE 4
#define NO_BUS 0xff

enum slot_offset {
	SLOT_NAME = 0x04, SLOT_USAGE = 0x07, SLOT_DOMAIN = 0x0d, SLOT_BUS = 0x0f,
	SLOT_DEVFN = 0x10, SLOT_OLD_LEN = 0x0c, SLOT_LEN = 0x11,
};

/* Where the structure ends that begins at @at with a fixed part of @fixed, or 0. */
static size_t end_of(const uint8_t *table, size_t len, size_t at, size_t fixed)
{
	for (at += fixed; at + 1 < len; at++) {
		if (!table[at] && !table[at + 1])
			return at + 2;
	}
	return 0;
}

/* String @number of the strings in [@at, @end); firmware may write anything into it. */
static void copy_string(char *to, size_t size, const uint8_t *at, const uint8_t *end,
			unsigned int number)
{
	size_t len = 0;

	for (; number > 1 && at < end; number--) {
		at = memchr(at, '\0', (size_t)(end - at));
		if (!at)
			break;
		at++;
	}
	for (; number && at && at < end && *at && len + 1 < size; at++)
		to[len++] = isprint(*at) ? (char)*at : '?';
	while (len && to[len - 1] == ' ')
		len--;
	to[len] = '\0';
}

static struct tune_dmi_slot read_slot(const uint8_t *at, size_t fixed, const uint8_t *end)
{
	struct tune_dmi_slot slot = { .used = at[SLOT_USAGE] == USAGE_IN_USE };

	copy_string(slot.name, sizeof(slot.name), at + fixed, end, at[SLOT_NAME]);
	if (fixed < SLOT_LEN)
		return slot;
	slot.domain = at[SLOT_DOMAIN] | (unsigned int)at[SLOT_DOMAIN + 1] << 8;
	slot.bus = at[SLOT_BUS];
	slot.devfn = at[SLOT_DEVFN];
	slot.addressed = !(slot.bus == NO_BUS && slot.devfn == NO_BUS);
	return slot;
}

/* The structure at @at: where it ends; 0 at the table's end, or where it does not fit. */
static size_t next_of(const uint8_t *table, size_t len, size_t at)
{
	size_t fixed;

	if (at + HEAD_LEN > len || table[at] == TYPE_END)
		return 0;
	fixed = table[at + 1];
	return fixed < HEAD_LEN || fixed > len - at ? 0 : end_of(table, len, at, fixed);
}

static bool is_slot(const uint8_t *at)
{
	return at[0] == TYPE_SLOT && at[1] >= SLOT_OLD_LEN;
}

void tune_dmi_slots(const uint8_t *table, size_t len, tune_dmi_slot_fn fn, void *arg)
{
	struct tune_dmi_slot slot;
	size_t at, end;

	for (at = 0; (end = next_of(table, len, at)); at = end) {
		if (!is_slot(table + at))
			continue;
		slot = read_slot(table + at, table[at + 1], table + end);
		if (slot.name[0] && !fn(arg, &slot))
			return;
	}
}

size_t tune_dmi_keep_slots(uint8_t *table, size_t len)
{
	static const uint8_t last[] = { TYPE_END, HEAD_LEN, 0, 0, 0, 0 };
	size_t at, end, kept = 0;

	for (at = 0; (end = next_of(table, len, at)); at = end) {
		if (!is_slot(table + at))
			continue;
		memmove(table + kept, table + at, end - at);
		kept += end - at;
	}
	if (!kept || len - kept < sizeof(last))
		return kept;
	memcpy(table + kept, last, sizeof(last));
	return kept + sizeof(last);
}
