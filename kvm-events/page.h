/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * page.h - the manual page kvmrt-events(7), made from the tables
 */
#ifndef KEV_PAGE_H
#define KEV_PAGE_H

#include <stdio.h>

/* Writes the page as mdoc; the caller checks @to for errors. */
void kev_page_print(FILE *to);

#endif /* KEV_PAGE_H */
