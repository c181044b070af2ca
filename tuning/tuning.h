/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tuning.h - what config/ sees of the host's side
 *
 * The one public header of the folder: it only gathers the headers that are
 * open to others.  No foreign library's type appears in any of them.
 */
#ifndef TUNE_TUNING_H
#define TUNE_TUNING_H

#include "tuning/irqs.h"
#include "tuning/tasks.h"
#include "tuning/journal.h"
#include "tuning/knob.h"
#include "tuning/online.h"
#include "tuning/partition.h"
#include "tuning/shield.h"
#include "tuning/shield-note.h"
#include "tuning/topo.h"
#include "tuning/validate.h"

#endif /* TUNE_TUNING_H */
