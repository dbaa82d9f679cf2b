/* SPDX-License-Identifier: 0BSD
 *
 * systemd-analyze(1): its options and verbs, as tables, and the verbs that are a list or a line. The others: verify.c,
 * dates.c, boot_times.c. */
#include "client.h"

#define ANALYZE_OPTIONS(O) \
    O(FLAG, 'h', "help", help) O(FLAG, 0, "version", version) O(FLAG, 'q', "quiet", quiet) \
    O(TEXT, 0, "recursive-errors", recursive_errors) O(TEXT, 0, "root", root) O(OPTIONAL, 0, "man", man) \
    O(TEXT, 0, "iterations", iterations) O(TEXT, 0, "base-time", base_time) O(TEXT, 'U', "unit", unit) \
    O(TEXT, 0, "fuzz", fuzz) O(FLAG, 0, "no-pager", ignored) O(FLAG, 0, "system", ignored) \
    O(REFUSED, 0, "generators", ignored) O(REFUSED, 0, "user", ignored) O(REFUSED, 0, "global", ignored) \
    O(REFUSED, 'H', "host", ignored) O(REFUSED, 'M', "machine", ignored) O(REFUSED, 0, "image", ignored) \
    O(REFUSED, 0, "order", ignored) O(REFUSED, 0, "require", ignored) O(REFUSED, 0, "offline", ignored) \
    O(REFUSED, 0, "threshold", ignored) O(REFUSED, 0, "security-policy", ignored) O(REFUSED, 0, "json", ignored) \
    O(REFUSED, 0, "profile", ignored) O(REFUSED, 0, "from-pattern", ignored) O(REFUSED, 0, "to-pattern", ignored)
static const struct options options = OPTIONS_OF(ANALYZE_OPTIONS);

static verb_fn verb_capability, verb_dump, verb_cat_config, verb_unit_files, verb_unit_paths, verb_exit_status;

/* BUS: asks PID 1. ROOT: works on files, also on those of another tree. */
enum { BUS = 1, ROOT = 2 };

#define VERBS(V) \
    V("time", verb_time, BUS) \
    V("blame", verb_blame, BUS) \
    V("critical-chain [UNIT...]", verb_critical_chain, BUS) \
    V("dump [PATTERN...]", verb_dump, BUS) \
    V("cat-config NAME|PATH...", verb_cat_config, ROOT) \
    V("unit-files [PATTERN...]", verb_unit_files, ROOT) \
    V("unit-paths", verb_unit_paths, ROOT) \
    V("exit-status [STATUS...]", verb_exit_status, 0) \
    V("capability [CAP...]", verb_capability, 0) \
    V("condition [CONDITION...]", verb_condition, ROOT) \
    V("verify FILE...", verb_verify, ROOT) \
    V("calendar SPEC...", verb_calendar, 0) \
    V("timestamp TIMESTAMP...", verb_timestamp, 0) \
    V("timespan SPAN...", verb_timespan, 0)
#define VERB_LINE(line, fn, flags) line "\0"
#define VERB_FN(line, fn, flags) fn,
#define VERB_FLAGS(line, fn, flags) flags,
static const char verb_lines[] = VERBS(VERB_LINE);
static verb_fn *const verb_fns[] = { VERBS(VERB_FN) };
static const u8 verb_flags[] = { VERBS(VERB_FLAGS) };

/* ---- what can be said without a unit ---------------------------------------------------------- */

/* Whose number it is; NULL: nobody's. */
static const char *exit_status_class(int status)
{
    return !exit_status_name(status) ? NULL : status < 2 ? "libc" : status < 64 ? "LSB" : status < 200 ? "BSD" : "systemd";
}

static int verb_exit_status(int argc, char **argv)
{
    static u8 shown[256];
    int n = 0, width = 4;
    for (int i = 1; i < argc && n < (int)LEN(shown); i++) {
        int status, r = parse_exit_status(str_of(argv[i]), &status);
        if (r < 0)
            return complain("Invalid exit status \"%s\".", argv[i]);
        shown[n++] = (u8)status;
    }
    for (int i = 0; argc == 1 && i < 256; i++)
        if (exit_status_name(i))
            shown[n++] = (u8)i;
    for (int i = 0; i < n; i++)
        width = MAX(width, (int)strlen(exit_status_name(shown[i]) ?: "-"));
    out("\7%-*s STATUS CLASS\1\n", width, "NAME");
    for (int i = 0; i < n; i++)
        out("%-*s %6d %s\n", width, exit_status_name(shown[i]) ?: "-", shown[i], exit_status_class(shown[i]) ?: "-");
    return 0;
}

enum { CAPABILITY_LAST = 40 };                   /* of Linux 6.1 */

static int verb_capability(int argc, char **argv)
{
    u64 chosen = argc == 1 ? UINT64_MAX : 0;
    int width = 4;
    for (int i = 1; i < argc; i++) {
        i32 which;
        if (parse_capability(str_of(argv[i]), &which) < 0 || which > CAPABILITY_LAST)
            return complain("Capability \"%s\" not known.", argv[i]);
        chosen |= 1ull << which;
    }
    for (i32 i = 0; i <= CAPABILITY_LAST; i++)
        if (chosen >> i & 1)
            width = MAX(width, 4 + (int)strlen(name_of(capability_names, i)));
    out("\7%-*s NUMBER\1\n", width, "NAME");
    for (i32 i = 0; i <= CAPABILITY_LAST; i++)
        if (chosen >> i & 1)
            out("cap_%-*s %6d\n", width - 4, name_of(capability_names, i), i);
    return 0;
}

/* ---- files ----------------------------------------------------------------------------------- */

static int verb_unit_paths(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    for (EACH(folder, search_dirs))
        out("%s\n", folder);
    return 0;
}

/* What a name means: which files beside and below it, and whether there is a main one. */
static const char *suffix_of(const char *name, bool *main_file)
{
    static const char collections[] =
        "udev/hwdb.d\0.hwdb\0" "udev/rules.d\0.rules\0" "kernel/install.d\0.install\0" "systemd/ntp-units.d\0.list\0"
        "systemd/relabel-extra.d\0.relabel\0" "systemd/system-preset\0.preset\0" "systemd/user-preset\0.preset\0";
    const char *suffix = z_lookup(collections, name);
    *main_file = !suffix && !z_ends(name, ".d");
    return suffix ? suffix : ".conf";
}

static int cat_config(const char *given)
{
    char path[PATH_BYTES], *text;
    const char *name = given;
    bool main_file, found = false;
    u32 size;
    for (EACH(folder, conf_folders)) {
        const char *below = *given == '/' ? z_after(given, folder) : NULL;
        if (below && *below == '/' && name == given)
            name = below + strspn(below, "/");
    }
    if (*name == '/')
        return complain("Path %s does not start with any known prefix.", given);
    if (STREQ(name, "environment.d"))
        name = "environment";
    name = z_fmt("%.*s", (int)(strlen(name) - (z_ends(name, "/") ? 1 : 0)), name);
    const char *suffix = suffix_of(name, &main_file);
    if (main_file) {
        for (EACH(folder, conf_folders))
            if (!found)
                found = conf_file_read(path_fmt(path, "%s/%s", folder, name), &text, &size) == 0;
        if (found)
            cat_text(z_fmt("%s%s", search_root, path), text, size, true);
        else
            out("# Main configuration file %s not found\n", name);
    }
    u32 n = conf_files_find(conf_folders, main_file ? z_fmt("%s.d", name) : name, suffix);
    if (n && found)
        out("\n");
    return cat_files(n);
}

static int verb_cat_config(int argc, char **argv)
{
    int status = 0;
    for (int i = 1; i < argc && !status; i++) {
        out(i > 1 ? "\n\n" : "");
        status = cat_config(argv[i]);
    }
    return status;
}

/* What each name of a unit file stands for, and where that lies. */
static int verb_unit_files(int argc, char **argv)
{
    char path[PATH_BYTES];
    index_build();
    for (struct index_entry *e = NULL; (e = index_all(e));) {
        struct buf *real = z_buf();
        bool masked;
        if (e->kind == ENTRY_DIR || index_find(str_of(index_name(e))) != e)
            continue;
        struct index_entry *to = index_resolve(str_of(index_name(e)), real, &masked);
        const char *at = !to ? "/dev/null" : masked ? "/dev/null" : index_path(to, path);
        if (matches(argc, argv, index_name(e)) || matches(argc, argv, at))
            out(is_utf8() ? "ids: %s → %s\n" : "ids: %s -> %s\n", index_name(e), at);
    }
    return 0;
}

/* ---- PID 1 ----------------------------------------------------------------------------------- */

/* Another manager's own words; ours tells the properties of each unit. */
static int dump_unit(const char *unit, bool first)
{
    out("%s-> Unit %s:\n", first ? "" : "\n", unit);
    return show_unit(unit, true);
}

static int verb_dump(int argc, char **argv)
{
    char *everything[] = { argv[0], "*", NULL };
    if (argc == 1 && !ask(NULL, "", "Dump", "")) {
        out_str(str_of(get_string(&reply.body)));
        return 0;
    }
    args.all = true;
    return names_take(MAX(argc, 2), argc > 1 ? argv : everything, ".service", true) ? 1 : names_each(dump_unit);
}

/* ---- the program ----------------------------------------------------------------------------- */

/* 0, or 1: told. */
static int check(const char *verb, int argc)
{
    bool condition = STREQ(verb, "condition");
    if (args.recursive_errors && !z_in("no\0yes\0one\0", args.recursive_errors))
        return complain("Unknown mode passed to --recursive-errors='%s'.", args.recursive_errors);
    if (args.unit && !condition)
        return complain("Option --unit= is only supported for condition");
    if (condition && !args.unit && argc == 1)
        return complain("Too few arguments for condition");
    return condition && args.unit && argc > 1 ? complain("No conditions can be passed if --unit= is used.") : 0;
}

static int run_verb(int argc, char **argv)
{
    args.help |= STREQ(argv[0], "help");
    if (options_told(&options, "systemd-analyze [OPTIONS...] COMMAND ...\n\nProfile systemd, show unit dependencies, check unit files.",
                     verb_lines, "systemd-analyze(1)"))
        return 0;
    if (check(argv[0], argc))
        return 1;
    int v = verb_find(verb_lines, argc, argv);
    if (v < 0)
        return 1;
    if (args.root && !(verb_flags[v] & ROOT))
        return complain("Options --root= and --image= are only supported for cat-config, verify, condition, unit-files and unit-paths.");
    return verb_flags[v] & BUS && !bus_is_there() ? 1 : verb_fns[v](argc, argv);
}

int analyze_main(int argc, char **argv)
{
    char *no_verb[] = { "time", NULL };
    log_to.stderr_fd = 2;
    log_to.max = LOG_WARNING;
    zone_local = env_of("TZ");
    if (options_parse(&options, &argc, argv) < 0)
        return 1;
    root_set();
    search_path_set("");
    int status = run_verb(MAX(argc - 1, 1), argc > 1 ? argv + 1 : no_verb);
    out_flush();
    return status;
}
