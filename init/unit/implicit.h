/* SPDX-License-Identifier: 0BSD
 *
 * Between load.c and implicit.c only. */
#ifndef IMPLICIT_H
#define IMPLICIT_H

#include "unit.h"

int unit_complete(struct build *b);      /* checks, derived settings, implied dependencies */
void link_fresh_units(void);             /* what needs the other units to be loaded */

#endif
