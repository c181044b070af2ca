/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xtrec.h - what other folders use of recording: instances, live events, VMs,
 * sessions and their control
 *
 * The public face of libxtrec.a, which is not installed.
 */
#ifndef XT_XTREC_H
#define XT_XTREC_H

#include "xtrace/control.h"
#include "xtrace/live.h"
#include "xtrace/place.h"
#include "xtrace/session.h"
#include "xtrace/tracefs.h"
#include "xtrace/vms.h"

#endif /* XT_XTREC_H */
