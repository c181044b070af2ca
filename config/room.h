/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * room.h - the memory that a VM with locked memory needs, and whether there is so much
 */
#ifndef KCFG_ROOM_H
#define KCFG_ROOM_H

#include "config/place.h"

struct rt_err;
struct rt_root;

/*
 * Locking covers QEMU as a whole: what it has beside the guest's memory, at the least.  Seen
 * with KVM and hardly a device: 90 MiB with one vCPU, and the stack of each thread more.
 */
uint64_t kcfg_room_own(const struct kcfg_vm *vm);

/* Bytes free in some nodes (none: in all), with what the kernel can give up; 0: not known. */
uint64_t kcfg_room_free(const struct rt_root *root, const struct rt_cpuset *nodes);

/**
 * kcfg_room_check() - can a VM lock its memory, as things are now?
 * @memory: the guest's, in bytes.
 * @limit: that memtune of its XML sets (hard_limit), in bytes; 0: none.
 * @promised: bytes of what is free that others are about to take.
 *
 * Return: 0, or -ENOMEM with what is needed and what there is.  0 as well where nothing is
 * locked, and for huge pages, which libvirt counts itself.
 */
int kcfg_room_check(const struct kcfg_place *place, const struct rt_root *root, uint64_t memory,
		    uint64_t limit, uint64_t promised, struct rt_err *err);

#endif /* KCFG_ROOM_H */
