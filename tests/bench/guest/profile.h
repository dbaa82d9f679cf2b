/* SPDX-License-Identifier: 0BSD
 *
 * Where the guest's time goes: samples of the program counter, by the kernel's clock (perf_event_open(2)). */
#include <stdio.h>

void profile_start(void);
void profile_stop(void);
/* One line a place: its samples, `k` and the kernel's function, or `u`, the program and the address in it. */
void profile_tell(FILE *out);
