/* SPDX-License-Identifier: 0BSD
 *
 * condition ASSIGNMENT...: what pith says of each, "Condition...=..." or "Assert...=...", on a line: met, unmet or error.
 * As `systemd-analyze condition`, which says it of all together by its exit status. */
#include "unit/unit.h"

#include <stdio.h>
#include <unistd.h>

static u32 words[BUILD_WORDS];

int main(int argc, char **argv)
{
    static const char *const names[] = { "untested", "met", "unmet", "error" };
    log_to.stderr_fd = 2;
    for (int i = 1; i < argc; i++) {
        struct build b = { .id = unit_get(S("test.service")), .name = S("test.service"), .path = "test", .words = words };
        struct condition_env env = { .own = environ };
        struct str value = str_of(argv[i]), key = str_line(&value, '=');
        const struct directive *d = directive_find(key, SEC_UNIT);
        int error;
        if (!d || setters[d->setter].value != V_CONDITION || build_value(&b, d, value) < 0 || !b.n)
            return 2;
        puts(names[condition_test((const void *)words, &env, &error)]);
    }
    return 0;
}
