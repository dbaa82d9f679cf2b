/* SPDX-License-Identifier: 0BSD
 *
 * enable, disable and is-enabled of SysV scripts. */
#include "client.h"

int sysv_files(const char *verb)
{
    (void)verb;
    return 0;
}
