/* SPDX-License-Identifier: 0BSD
 *
 * Between load.c, implicit.c and triggers.c only. */
#ifndef IMPLICIT_H
#define IMPLICIT_H

#include "unit.h"

int unit_complete(struct build *b);      /* checks, derived settings, implied dependencies */
void link_fresh_units(void);             /* what needs the other units to be loaded */

const char *complete_trigger(struct build *b);   /* triggers.c: why the unit is refused, or NULL */

/* A unit's settings while they are in working space, or what holds without them. */
bool build_has(const struct build *b, u32 directive);
i32 build_int_of(const struct build *b, u32 directive);
struct str build_text_of(const struct build *b, u32 directive);

void add_dep(unit_id id, u32 kinds, struct str name);
void needs_path(struct build *b, struct str path);       /* as if RequiresMountsFor= named it */

#endif
