/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * place-json.h - VMs and their places for programs
 */
#ifndef KCFG_PLACE_JSON_H
#define KCFG_PLACE_JSON_H

#include "config/place.h"

struct rt_json;

/*
 * One object: "uuid"; every attribute by its name, as the file has it or by default;
 * and "place", what they mean on this machine, "threads" in it a row a kind of thread.
 * Sets are strings as "0-3,8".
 */
void kcfg_place_json(struct rt_json *json, const struct kcfg_place *place);

#endif /* KCFG_PLACE_JSON_H */
