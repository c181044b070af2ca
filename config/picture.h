/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * picture.h - a drawing of the host in text: by node, core and thread, whose each
 * CPU is
 */
#ifndef KCFG_PICTURE_H
#define KCFG_PICTURE_H

#include <stdbool.h>

#include "config/place.h"

struct rt_buf;

/**
 * kcfg_picture() - draw the machine with its VMs.
 * @width: columns of a line; below 40 is taken as 40.
 * @colour: escape sequences of a terminal, a colour a VM.
 *
 * A column is a core, its threads are below one another.  A real-time VM has a
 * capital letter: "A0" is its virtual CPU 0, "A*" its other threads, "A-" a sibling
 * that goes down.  Other VMs have small letters, "a+2" with two more on the same CPU.
 */
void kcfg_picture(struct rt_buf *out, const struct tune_topo *topo,
		  const struct kcfg_places *places, unsigned int width, bool colour);

#endif /* KCFG_PICTURE_H */
