/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lat-map.c - open addressing with linear probing; removal moves followers back */
#include "merge/lat-map.h"

#include <errno.h>
#include <stdlib.h>

static size_t home(const struct mrg_lat_map *map, uint64_t key)
{
	key ^= key >> 29;
	return (key * 0x9e3779b97f4a7c15ull >> 32) & (map->size - 1);
}

/* The cell of the key, or the free one where it would go. */
static size_t probe(const struct mrg_lat_map *map, uint64_t key)
{
	size_t i = home(map, key);

	while (map->cells[i].value && map->cells[i].key != key)
		i = (i + 1) & (map->size - 1);
	return i;
}

void mrg_lat_map_finish(struct mrg_lat_map *map)
{
	free(map->cells);
	map->cells = NULL;
	map->nr = map->size = 0;
}

void *mrg_lat_map_get(const struct mrg_lat_map *map, uint64_t key)
{
	return map->size > 0 ? map->cells[probe(map, key)].value : NULL;
}

static int grow(struct mrg_lat_map *map)
{
	struct mrg_lat_map next = { .max = map->max, .size = map->size ? 2 * map->size : 64 };
	size_t i;

	next.cells = calloc(next.size, sizeof(*next.cells));
	if (!next.cells)
		return -ENOMEM;
	for (i = 0; i < map->size; i++) {
		if (map->cells[i].value)
			next.cells[probe(&next, map->cells[i].key)] = map->cells[i];
	}
	next.nr = map->nr;
	free(map->cells);
	*map = next;
	return 0;
}

int mrg_lat_map_put(struct mrg_lat_map *map, uint64_t key, void *value)
{
	int rc;

	if (map->nr >= map->max)
		return -ENOSPC;
	if (2 * (map->nr + 1) > map->size) {
		rc = grow(map);
		if (rc < 0)
			return rc;
	}
	map->cells[probe(map, key)] = (struct mrg_lat_cell){ .key = key, .value = value };
	map->nr++;
	return 0;
}

void *mrg_lat_map_take(struct mrg_lat_map *map, uint64_t key)
{
	size_t hole, i, mask = map->size - 1, from;
	void *value;

	if (map->size == 0)
		return NULL;
	hole = probe(map, key);
	value = map->cells[hole].value;
	if (!value)
		return NULL;
	map->nr--;
	for (i = hole;;) {
		map->cells[hole].value = NULL;
		do {
			i = (i + 1) & mask;
			if (!map->cells[i].value)
				return value;
			from = home(map, map->cells[i].key);
		} while (((i - from) & mask) < ((i - hole) & mask));
		map->cells[hole] = map->cells[i];
		hole = i;
	}
}
