/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * names.c - the names of tasks: an open hash of (member, PID) that grows by copy
 *
 * Entries are never moved or freed before the end; a table that was outgrown is
 * kept as well, since a reader may still walk it.  Readers take no lock unless a
 * PID is seen for the first time.
 */
#include "merge/names.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/err.h"

#define FIRST_SLOTS 1024u
#define UNKNOWN "<...>"

struct entry {
	uint64_t key;		/* member << 32 | pid */
	uint64_t known_from;	/* atomic: ->known holds from this item on */
	struct mrg_name known, unknown;
	struct entry *next;	/* all entries, for the end */
};

struct table {
	size_t slots, used;
	struct table *outgrown;
	struct entry *slot[];	/* atomic */
};

struct mrg_names {
	const struct mrg_set *set;
	struct table *table;	/* atomic */
	bool reported;
	struct entry *all;
	pthread_mutex_t lock;	/* inserting */
};

static size_t hash(uint64_t key)
{
	return (size_t)((key * 0x9e3779b97f4a7c15ull) >> 32);
}

static struct table *table_create(size_t slots)
{
	struct table *table = calloc(1, sizeof(*table) + slots * sizeof(struct entry *));

	if (table)
		table->slots = slots;
	return table;
}

static struct entry *find(struct table *table, uint64_t key)
{
	struct entry *entry;
	size_t i;

	for (i = hash(key) & (table->slots - 1); ; i = (i + 1) & (table->slots - 1)) {
		entry = __atomic_load_n(&table->slot[i], __ATOMIC_ACQUIRE);
		if (!entry || entry->key == key)
			return entry;
	}
}

static void put(struct table *table, struct entry *entry)
{
	size_t i = hash(entry->key) & (table->slots - 1);

	while (table->slot[i])
		i = (i + 1) & (table->slots - 1);
	__atomic_store_n(&table->slot[i], entry, __ATOMIC_RELEASE);
	table->used++;
}

static int grow(struct mrg_names *names)
{
	struct table *old = names->table, *table;
	size_t i;

	table = table_create(2 * old->slots);
	if (!table)
		return -ENOMEM;
	for (i = 0; i < old->slots; i++) {
		if (old->slot[i])
			put(table, old->slot[i]);
	}
	table->outgrown = old;
	__atomic_store_n(&names->table, table, __ATOMIC_RELEASE);
	return 0;
}

/* One allocation for both texts.  Return: false without memory. */
static bool fill(struct mrg_name *name, const char *comm, size_t len, int pid)
{
	size_t room = 2 * len + 40;
	char *text = malloc(room);
	int n;

	if (!text)
		return false;
	memcpy(text, comm, len);
	text[len] = '\0';
	n = snprintf(text + len + 1, room - len - 1, "%16.*s-%-5d ", (int)len, comm, pid);
	name->comm = text;
	name->comm_len = (uint16_t)len;
	name->head = text + len + 1;
	name->head_len = (uint16_t)n;
	return true;
}

static struct entry *entry_create(struct mrg_names *names, uint64_t key)
{
	const struct mrg_member *member = &names->set->members[key >> 32];
	int pid = (int)(uint32_t)key;
	const char *saved = pid == 0 ? "<idle>" : names->reported ?
			    xt_trace_comm_reported(member->trace, pid) :
			    xt_trace_comm(member->trace, pid);
	struct entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return NULL;
	entry->key = key;
	entry->known.settled = true;
	entry->known_from = saved ? 0 : UINT64_MAX;
	if (!fill(&entry->unknown, UNKNOWN, strlen(UNKNOWN), pid))
		goto err_free;
	if (saved && !fill(&entry->known, saved, strnlen(saved, 1024), pid))
		goto err_unknown;
	return entry;

err_unknown:
	free((char *)entry->unknown.comm);
err_free:
	free(entry);
	return NULL;
}

static struct entry *insert(struct mrg_names *names, uint64_t key)
{
	struct entry *entry;

	pthread_mutex_lock(&names->lock);
	entry = find(names->table, key);
	if (!entry && (names->table->used < names->table->slots / 2 || grow(names) == 0)) {
		entry = entry_create(names, key);
		if (entry) {
			entry->next = names->all;
			names->all = entry;
			put(names->table, entry);
		}
	}
	pthread_mutex_unlock(&names->lock);
	return entry;
}

static struct entry *look_up(struct mrg_names *names, uint16_t member, int pid)
{
	uint64_t key = (uint64_t)member << 32 | (uint32_t)pid;
	struct entry *entry = find(__atomic_load_n(&names->table, __ATOMIC_ACQUIRE), key);

	return entry ? entry : insert(names, key);
}

int mrg_names_create(struct mrg_names **ret, const struct mrg_set *set, struct rt_err *err)
{
	struct mrg_names *names = calloc(1, sizeof(*names));

	if (!names)
		return rt_err_set(err, -ENOMEM, "cannot keep task names");
	names->table = table_create(FIRST_SLOTS);
	if (!names->table) {
		free(names);
		return rt_err_set(err, -ENOMEM, "cannot keep task names");
	}
	names->set = set;
	pthread_mutex_init(&names->lock, NULL);
	*ret = names;
	return 0;
}

void mrg_names_destroy(struct mrg_names *names)
{
	struct table *table, *outgrown;
	struct entry *entry, *next;

	if (!names)
		return;
	for (table = names->table; table; table = outgrown) {
		outgrown = table->outgrown;
		free(table);
	}
	for (entry = names->all; entry; entry = next) {
		next = entry->next;
		free((char *)entry->known.comm);
		free((char *)entry->unknown.comm);
		free(entry);
	}
	pthread_mutex_destroy(&names->lock);
	free(names);
}

void mrg_names_as_reported(struct mrg_names *names)
{
	names->reported = true;
}

void mrg_names_learn(struct mrg_names *names, uint16_t member, int pid, const uint8_t *comm,
		     size_t len, uint64_t seq)
{
	struct entry *entry = look_up(names, member, pid);

	if (!entry || __atomic_load_n(&entry->known_from, __ATOMIC_RELAXED) != UINT64_MAX)
		return;
	if (fill(&entry->known, (const char *)comm, strnlen((const char *)comm, len), pid))
		__atomic_store_n(&entry->known_from, seq + 1, __ATOMIC_RELEASE);
}

const struct mrg_name *mrg_names_get(struct mrg_names *names, uint16_t member, int pid,
				     uint64_t seq)
{
	static const struct mrg_name none = { UNKNOWN, UNKNOWN, 5, 5, false };
	struct entry *entry = look_up(names, member, pid);

	if (!entry)
		return &none;
	if (seq >= __atomic_load_n(&entry->known_from, __ATOMIC_ACQUIRE))
		return &entry->known;
	return &entry->unknown;
}
