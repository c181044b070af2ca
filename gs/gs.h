/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gs.h - what other folders of this tree use of guest services beside the
 * protocol: the guest's boot words
 */
#ifndef GS_GS_H
#define GS_GS_H

#include "gs/words.h"

#endif /* GS_GS_H */
