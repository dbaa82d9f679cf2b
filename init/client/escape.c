/* SPDX-License-Identifier: 0BSD
 *
 * systemd-escape(1): texts <-> what may stand in a unit's name. The rules are in unit/names.c. */
#include "client.h"

#define ESCAPE_OPTIONS(O) \
    O(FLAG, 'h', "help", help) O(FLAG, 0, "version", version) O(TEXT, 0, "suffix", suffix) O(TEXT, 0, "template", template) \
    O(FLAG, 0, "instance", instance) O(FLAG, 'u', "unescape", unescape) O(FLAG, 'm', "mangle", mangle) O(FLAG, 'p', "path", path)
static const struct options options = OPTIONS_OF(ESCAPE_OPTIONS);

/* 0, or 1: told. */
static int check(int argc)
{
    bool changes = args.mangle || args.unescape;
    if (args.suffix && (strchr(args.suffix, '.') || unit_type_of(str_of(z_fmt("x.%s", args.suffix))) < 0))
        return complain("Invalid unit suffix type \"%s\".", args.suffix);
    if (args.template && (!unit_name_valid(str_of(args.template)) || !unit_name_is_template(str_of(args.template))))
        return complain("Template name %s is not valid.", args.template);
    if (argc < 2)
        return complain("Not enough arguments.");
    if (args.template && args.suffix)
        return complain("--suffix= and --template= may not be combined.");
    if ((args.template || args.suffix) && args.mangle)
        return complain("--suffix= and --template= are not compatible with --mangle.");
    if (args.suffix && args.unescape)
        return complain("--suffix is not compatible with --unescape.");
    if (args.path && args.mangle)
        return complain("--path may not be combined with --mangle.");
    if (args.instance && (!changes || args.mangle))
        return complain("--instance must be used in conjunction with --unescape.");
    return args.instance && args.template ? complain("--instance may not be combined with --template.") : 0;
}

static int escape_path(struct str s, struct buf *to)
{
    bool good = s.n && path_fits(s), absolute = str_starts(s, "/");
    int r = unit_path_escape(s, to), n = (int)s.n;
    if (r < 0)
        return complain("Input '%.*s' is not %s file system path, failed to escape.", n, s.p,
                        !good ? "a valid" : !absolute ? "an absolute" : "a normalized");
    if (!good || !absolute)
        complain("Input '%.*s' is not %s file system path, escaping is likely not going%s be reversible.", n, s.p,
                 good ? "an absolute" : "a valid", good ? " to" : "");
    return 0;
}

static int escape(struct str s, struct buf *to)
{
    static char space[4 * VALUE_BYTES];
    struct buf text = BUF_OVER(space);
    if (!args.path)
        unit_name_escape(s, &text);
    else if (escape_path(s, &text))
        return 1;
    if (!args.template) {
        buf_str(to, STR(text));
        buf_fmt(to, "%s%s", args.suffix ? "." : "", args.suffix ? args.suffix : "");
    } else if (!text.n || unit_name_with_instance(str_of(args.template), STR(text), to) < 0) {
        return failed("replace instance", -EINVAL);
    }
    return 0;
}

static int unescape(struct str s, struct buf *to)
{
    struct str name = s;
    if (args.template || args.instance) {
        struct buf *template = z_buf();
        if (!unit_name_valid(s))
            return failed("extract instance", -EINVAL);
        name = unit_name_instance(s);
        if (!name.n)
            return complain("Unit %.*s is missing the instance name.", (int)s.n, s.p);
        unit_name_template(s, template);
        if (args.template && !STREQ(buf_end(template), args.template))
            return complain("Unit %.*s template %s does not match specified template %s.", (int)s.n, s.p, template->p,
                            args.template);
    }
    int r = (args.path ? unit_path_unescape : unit_name_unescape)(name, to);
    return r < 0 ? failed("unescape string", r) : 0;
}

static int mangle(struct str s, struct buf *to)
{
    int r = unit_name_mangle(s, false, ".service", to);
    return r < 0 ? failed("mangle name", r) : 0;
}

int escape_main(int argc, char **argv)
{
    static char space[4 * VALUE_BYTES];
    int status = 0;
    if (options_parse(&options, &argc, argv) < 0)
        return 1;
    if (!options_told(&options, "systemd-escape [OPTIONS...] [NAME...]\n\nEscape strings for usage in systemd unit names.", NULL,
                      "systemd-escape(1)")) {
        status = check(argc);
        for (int i = 1; i < argc && !status; i++) {
            struct buf to = BUF_OVER(space);
            status = (args.mangle ? mangle : args.unescape ? unescape : escape)(str_of(argv[i]), &to);
            out_str(i > 1 && !status ? S(" ") : S(""));
            out_str(status ? S("") : str_of(buf_end(&to)));
        }
        out_str(status ? S("") : S("\n"));
    }
    out_flush();
    return status;
}
