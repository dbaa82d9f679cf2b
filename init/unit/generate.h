/* SPDX-License-Identifier: 0BSD
 *
 * What the generators that are built in ask of each other. Only generate.c, fstab.c and sysv.c include it. */
#ifndef GENERATE_H
#define GENERATE_H

#include "unit.h"

/* A new unit file or drop-in of this text; a name is what follows /run/systemd/generator, so it begins with "/",
 * ".early/" or ".late/". The source is what it was made from. 0, or a negative errno that has been told. */
int write_unit(const struct buf *text, const char *source, const char *name, ...) PRINTF(3, 4);
void write_link(const char *target, const char *name, ...) PRINTF(2, 3);   /* what is there stays */
#define write_unit(text, source, name, ...) (write_unit)(text, source, TEXT(name), ##__VA_ARGS__)
#define write_link(target, name, ...) (write_link)(target, TEXT(name), ##__VA_ARGS__)

/* Text so that the loader, which expands specifiers, gets it back. */
void put_value(struct buf *out, struct str value);
void put_line(struct buf *out, const char *key, struct str value);     /* "Key=value"; nothing for no value */

void generate_fstab(const struct generating *g);
void generate_sysv(const struct generating *g);

#endif
