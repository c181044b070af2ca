/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dmi.h - the expansion slots that the firmware's DMI table names (SMBIOS type 9)
 */
#ifndef TUNE_DMI_H
#define TUNE_DMI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TUNE_DMI_NAME_MAX 64

struct tune_dmi_slot {
	char name[TUNE_DMI_NAME_MAX];	/* as printed on the board; printable, never empty */
	bool used;			/* the firmware found a card in it */
	bool addressed;			/* the next three are known (SMBIOS 2.6) */
	unsigned int domain, bus, devfn;
};

/* What is done with each slot; false ends the search. */
typedef bool (*tune_dmi_slot_fn)(void *arg, const struct tune_dmi_slot *slot);

/*
 * Reads a table as /sys/firmware/dmi/tables/DMI has it; ends at its end, or at the
 * first structure that does not fit in @len.
 */
void tune_dmi_slots(const uint8_t *table, size_t len, tune_dmi_slot_fn fn, void *arg);

/*
 * Leaves only the slots and an end in the table, in place: the rest has serial numbers.
 * Return: the new length, 0 where there is no slot.
 */
size_t tune_dmi_keep_slots(uint8_t *table, size_t len);

#endif /* TUNE_DMI_H */
