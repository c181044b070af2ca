/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lat-map.h - from a number to what is known of it: tasks by PID, timers by address
 *
 * Open addressing; what is put in is owned by the caller.  Bounded: a map that
 * is full takes no more, and says so.
 */
#ifndef MRG_LAT_MAP_H
#define MRG_LAT_MAP_H

#include <stddef.h>
#include <stdint.h>

struct mrg_lat_cell {
	uint64_t key;
	void *value;		/* NULL: free */
};

/* Starts as { .max = most entries }; mrg_lat_map_finish() frees the cells, not the values. */
struct mrg_lat_map {
	size_t max, nr, size;	/* size: cells, a power of two */
	struct mrg_lat_cell *cells;
};

void mrg_lat_map_finish(struct mrg_lat_map *map);
/* Return: the value, or NULL. */
void *mrg_lat_map_get(const struct mrg_lat_map *map, uint64_t key);
/* @key is not in it yet, @value is not NULL.  Return: 0, -ENOMEM or -ENOSPC. */
int mrg_lat_map_put(struct mrg_lat_map *map, uint64_t key, void *value);
/* Return: what it was, or NULL. */
void *mrg_lat_map_take(struct mrg_lat_map *map, uint64_t key);

#endif /* MRG_LAT_MAP_H */
