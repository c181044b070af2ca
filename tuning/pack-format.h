/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pack-format.h - what writer and reader of packed trees share
 */
#ifndef TUNE_PACK_FORMAT_H
#define TUNE_PACK_FORMAT_H

#include <stdbool.h>

#define TUNE_PACK_MAGIC "hwtopo-tree 1\n"
#define TUNE_PACK_PATH_MAX 511
#define TUNE_PACK_FILE_MAX (4u << 20)
#define TUNE_PACK_ENTRIES_MAX 1000000u

/* Does a link at @path, followed word by word, stay below the root? */
bool tune_pack_link_is_inside(const char *path, const char *target);

#endif /* TUNE_PACK_FORMAT_H */
