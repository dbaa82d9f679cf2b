/* SPDX-License-Identifier: 0BSD
 *
 * Setters of what a service sees and may do: paths, mounts, credentials, capabilities, system calls, processors. Names
 * are checked and kept; what they mean on this machine is looked up by the child. */
#include "unit.h"
#include "../sys.h"

/* ---- rows of bytes and sets of words --------------------------------------------------------- */

/* A word with the number, then the bytes. */
static u32 put_bytes(u32 *w, const char *p, u32 n)
{
    w[0] = n;
    if (n)
        w[n / 4 + (n % 4 != 0)] = 0;
    memcpy(w + 1, p, n);
    return 1 + (n + 3) / 4;
}

#define SET_WORDS 1024                           /* names in one set; system calls are about 400 */
static u32 row[MAX(VALUE_BYTES / 4, SET_WORDS) + 16] SCRATCH;

static size_t name_length(const char *z) { return strcspn(z, ":"); }       /* without an error for it */

/* Adds a name to a set (words: is it what is allowed, how many, names in their order) or takes it out. */
static int set_change(struct build *b, u32 id, struct str name, bool add)
{
    const struct setting *s = build_find(b, id, NULL);
    u32 n = 0, count = s->w[1];
    struct str bare = str_cut(name, (size_t)MAX(str_find(name, ':'), 0));
    bare = bare.n ? bare : name;
    bool there = false;
    for (u32 i = 0; i < count; i++) {
        const char *z = text_at(s->w[2 + i]);
        struct str other = { z, name_length(z) };
        if (str_eq(other, bare) && !there)
            there = true;
        else if (n < SET_WORDS)
            row[2 + n++] = s->w[2 + i];
    }
    if (add && n < SET_WORDS) {
        u32 at = n, text = text_keep(name);
        while (at && strcmp(text_at(row[1 + at]), text_at(text)) > 0) {
            row[2 + at] = row[1 + at];
            at--;
        }
        row[2 + at] = text;
        n++;
    }
    row[0] = s->w[0];
    row[1] = n;
    return build_set(b, id, row, 2 + n);
}

/* How a line of such a set begins: "~" turns it round, the first line says which kind of set it is. */
static bool set_begin(struct build *b, u32 id, struct str *value, bool *first)
{
    bool invert = str_starts(*value, "~");
    *value = str_from(*value, invert);
    *first = !build_find(b, id, NULL);
    if (*first)
        (void)build_set(b, id, (u32[]){ !invert, 0 }, 2);
    return invert;
}

static int set_add(struct build *b, u32 id, struct str name, bool invert)
{
    const struct setting *s = build_find(b, id, NULL);
    return s ? set_change(b, id, name, (s->w[0] != 0) == !invert) : -ENOEXEC;
}

/* ---- paths --------------------------------------------------------------------------------- */

int set_path_fatal(struct build *b, const struct directive *d, struct str value)
{
    return build_path(b, d, &value) ? build_text(b, directive_id(d), value, false) : 0;
}

/* Words, each a path; what stands before it in `signs` stays. */
static int put_paths(struct build *b, const struct directive *d, struct str value, const char *signs)
{
    struct str item;
    int r = 0;
    WORKSPACE(word, 2);
    while (r == 0 && word_next(&value, BLANKS, WORD_UNQUOTE, &word) > 0) {
        item = STR(word);
        char before[4] = "";
        for (const char *sign = signs; *sign; sign++)
            if (item.n && item.p[0] == *sign) {
                before[strlen(before)] = *sign;
                item = str_from(item, 1);
            }
        if (!build_path(b, d, &item))
            continue;
        WORKSPACE(whole, 2);
        BUF(copy, PATH_BYTES + 4);
        buf_fmt(&copy, "%s%.*s", before, (int)item.n, item.p);
        buf_str(&whole, STR(copy));
        r = build_text(b, directive_id(d), STR(whole), true);
    }
    return r;
}

int set_paths(struct build *b, const struct directive *d, struct str value) { return put_paths(b, d, value, ""); }
int set_ns_paths(struct build *b, const struct directive *d, struct str value) { return put_paths(b, d, value, "-+"); }

int set_search_path(struct build *b, const struct directive *d, struct str value)
{
    struct str part;
    int r = 0;
    while (r == 0 && (part = str_line(&value, ':')).p) {
        if (!build_path(b, d, &part))
            return 0;
        r = build_text(b, directive_id(d), part, true);
    }
    return r;
}

/* ---- mounts -------------------------------------------------------------------------------- */

/* A piece up to ':' or a blank, its text kept; *more: there was a ':' behind it. */
static int take_piece(struct build *b, struct str *rest, struct str *piece, bool *more)
{
    WORKSPACE(word, 2);
    int r = word_next(rest, ":" BLANKS, WORD_UNQUOTE | WORD_KEEP_EMPTY, &word);
    *piece = STR(word);
    *more = r > 0 && rest->p[-1] == ':';
    if (r > 0 && !build_expand(b, piece))
        return -ENOENT;
    return r;
}

/* Words: source, destination, may be missing, MS_REC (two words). */
int set_bind(struct build *b, const struct directive *d, struct str value)
{
    int r = 0;
    if (!value.n) {
        build_clear(b, D_BindPaths);
        build_clear(b, D_BindReadOnlyPaths);
    }
    while (r == 0) {
        struct str piece, option = S("");
        bool more;
        value = str_trim(value);
        int got = value.n ? take_piece(b, &value, &piece, &more) : 0;
        if (got == 0)
            return 0;
        if (got == -EINVAL) {
            build_warn(b, LOG_WARNING, "Failed to parse %s, ignoring: %.*s", directive_name(d), (int)value.n, value.p);
            return 0;
        }
        bool good = got > 0, optional = good && str_starts(piece, "-");
        piece = str_from(piece, optional);
        good = good && build_path(b, d, &piece);
        u32 source = good ? text_keep(piece) : 0, destination = source;
        if (more) {
            got = take_piece(b, &value, &piece, &more);
            good = good && got > 0 && build_path(b, d, &piece);
            destination = good ? text_keep(piece) : 0;
        }
        if (more) {
            WORKSPACE(word, 2);
            (void)word_next(&value, BLANKS, WORD_UNQUOTE, &word);
            option = STR(word);
            if (option.n && !str_is(option, "rbind") && !str_is(option, "norbind"))
                good = build_ignore(b, d, TEXT("Invalid option string, ignoring setting"), option);
        }
        if (good)
            r = build_put(b, directive_id(d), (u32[]){ source, destination, optional, str_is(option, "norbind") ? 0 : 16384, 0 }, 5);
    }
    return r;
}

/* Words: where, options. */
int set_tmpfs(struct build *b, const struct directive *d, struct str value)
{
    int r = 0;
    WORKSPACE(word, 2);
    while (r == 0 && word_next(&value, BLANKS, WORD_UNQUOTE, &word) > 0) {
        struct str options = STR(word), path = str_line(&options, ':');
        u32 text = text_keep(options.p ? options : S(""));
        if (build_path(b, d, &path))
            r = build_put(b, directive_id(d), (u32[]){ text_keep(path), text }, 2);
    }
    return r;
}

/* ---- disk images --------------------------------------------------------------------------- */

/* "PARTITION:OPTIONS" or "OPTIONS" for root: both texts. */
static bool take_options(struct build *b, struct str item, u32 w[2])
{
    static const char partitions[] = "root\0usr\0home\0srv\0esp\0xbootldr\0swap\0tmp\0var\0root-verity\0usr-verity\0"
                                     "root-secondary\0root-other\0usr-secondary\0usr-other\0";
    i32 which;
    struct str options = item, name = str_line(&options, ':');
    if (!options.p || !options.n) {
        options = name;
        name = S("root");
    }
    if (name_find(partitions, name, &which) < 0) {
        build_warn(b, LOG_WARNING, "Invalid partition name %.*s, ignoring", (int)name.n, name.p);
        return false;
    }
    w[0] = text_keep(name);
    if (!build_expand(b, &options))
        return false;
    w[1] = text_keep(options);
    return true;
}

int set_image_options(struct build *b, const struct directive *d, struct str value)
{
    int r = 0;
    u32 w[2];
    WORKSPACE(word, 2);
    while (r == 0 && word_next(&value, BLANKS, WORD_UNQUOTE, &word) > 0)
        r = take_options(b, STR(word), w) ? build_put(b, directive_id(d), w, 2) : 0;
    return r;
}

/* Words: source, destination (with MountImages=), may be missing, how many options, two texts each. */
int set_images(struct build *b, const struct directive *d, struct str value)
{
    int r = 0;
    bool mounts = directive_id(d) == D_MountImages;
    struct str whole = value;
    WORKSPACE(word, 2);
    while (r == 0 && word_next(&value, BLANKS, WORD_UNQUOTE | WORD_KEEP_ESCAPES, &word) > 0) {
        u32 w[64], n = 0, count = 0;
        struct str rest = STR(word), source = str_line(&rest, ':');
        bool optional = str_starts(source, "-");
        source = str_from(source, optional);
        if (!build_path(b, d, &source))
            continue;
        w[n++] = text_keep(source);
        if (mounts) {
            struct str to = str_line(&rest, ':');
            if (!to.p || !to.n) {
                build_warn(b, LOG_WARNING, "Missing destination in %s, ignoring: %.*s", directive_name(d), (int)whole.n, whole.p);
                continue;
            }
            if (!build_path(b, d, &to))
                continue;
            w[n++] = text_keep(to);
        }
        w[n++] = optional;
        for (struct str first; count < 24 && (first = str_line(&rest, ':')).p; count++) {
            BUF(pair, 4096);
            struct str second = str_line(&rest, ':');
            buf_fmt(&pair, second.p ? "%.*s:%.*s" : "%.*s", (int)first.n, first.p, (int)second.n, second.p);
            if (!take_options(b, STR(pair), w + n + 1 + 2 * count))
                count--;
        }
        w[n++] = count;
        r = build_put(b, directive_id(d), w, n + 2 * count);
    }
    return r;
}

int set_ext_images(struct build *b, const struct directive *d, struct str value) { return set_images(b, d, value); }

/* Bytes, then, where it is a path, that. */
int set_root_hash(struct build *b, const struct directive *d, struct str value)
{
    WORKSPACE(bytes, 1);
    bool signature = directive_id(d) == D_RootHashSignature;
    if (str_starts(value, "/"))
        return build_set(b, directive_id(d), (u32[]){ 0, text_keep(value) }, 2);
    if (signature && !str_starts(value, "base64:"))
        return build_ignore(b, d, TEXT("Failed to decode RootHashSignature=, not a path but doesn't start with 'base64:'"), value);
    int r = signature ? parse_base64(str_from(value, 7), &bytes) : parse_hex_bytes(value, &bytes);
    if (r < 0)
        return build_ignore(b, d, signature ? TEXT("Failed to decode RootHashSignature=") : TEXT("Failed to decode RootHash="), value);
    if (!signature && bytes.n < 16)
        return build_ignore(b, d, TEXT("RootHash= is too short"), value);
    return build_set(b, directive_id(d), row, put_bytes(row, bytes.p, bytes.n));
}

/* ---- data and credentials -------------------------------------------------------------------- */

static int unescape(struct str s, struct buf *out)
{
    while (s.n) {
        u32 c;
        bool byte = true;
        char text[4];
        int used = 1;
        c = (u8)s.p[0];
        if (c == '\\') {
            used = unescape_one(str_from(s, 1), &c, &byte);
            if (used < 0)
                return used;
            used++;
        }
        if (byte)
            buf_c(out, (char)c);
        else
            buf_put(out, text, utf8_put(text, c));
        s = str_from(s, (size_t)used);
    }
    return 0;
}

/* Both directives add to one lot of bytes, which is StandardInputData='s. The argument: it is base64. */
int set_input_data(struct build *b, const struct directive *d, struct str value)
{
    const struct setting *s = build_find(b, D_StandardInputData, NULL);
    WORKSPACE(bytes, 1);
    if (!value.n) {
        build_clear(b, D_StandardInputData);
        return 0;
    }
    if (s)
        buf_put(&bytes, s->w + 1, s->w[0]);
    if (d->arg) {
        if (parse_base64(value, &bytes) < 0)
            return build_ignore(b, d, TEXT("Failed to decode base64 data"), value);
    } else {
        WORKSPACE(text, 2);
        if (unescape(value, &text) < 0) {
            build_warn(b, LOG_WARNING, "Failed to decode C escaped text '%.*s', ignoring: Invalid argument", (int)value.n, value.p);
            return 0;
        }
        struct str plain = STR(text);
        if (!build_expand(b, &plain))
            return 0;
        buf_str(&bytes, plain);
        buf_c(&bytes, '\n');
    }
    if (bytes.over) {
        build_warn(b, LOG_WARNING, "Standard input data too large, maximum of %u permitted (VALUE_BYTES in limits.h), ignoring.",
                   VALUE_BYTES);
        return 0;
    }
    return build_set(b, D_StandardInputData, row, put_bytes(row, bytes.p, bytes.n));
}

/* Words: name, bytes. The argument: it is encrypted. */
static bool credential_name(struct str s)
{
    return s.n && s.n < 256 && str_find(s, '/') < 0 && str_find(s, ':') < 0 && text_safe(s) && !str_is(s, ".") && !str_is(s, "..");
}

static int put_credential(struct build *b, const struct directive *d, u32 n)
{
    u32 tries = 0;
    for (const struct setting *s = NULL; tries++ < SEARCH_MAX && (s = build_find(b, directive_id(d), s));)
        if (STREQ(text_at(s->w[0]), text_at(row[0]))) {          /* the last one of a name counts, in its place */
            u32 at = (u32)((const u32 *)s - b->words), size = s->n + 1u;
            memmove(b->words + at, b->words + at + size, (b->n - at - size) * sizeof(u32));
            b->n -= size;
            break;
        }
    return build_put(b, directive_id(d), row, n);
}

static bool bad_credential(struct build *b, struct str name)
{
    if (!credential_name(name))
        build_warn(b, LOG_WARNING, "Credential name \"%.*s\" not valid, ignoring.", (int)name.n, name.p);
    return !credential_name(name);
}

int set_set_cred(struct build *b, const struct directive *d, struct str value)
{
    WORKSPACE(bytes, 1);
    if (!value.n) {
        build_clear(b, D_SetCredential);
        build_clear(b, D_SetCredentialEncrypted);
        return 0;
    }
    struct str data = value, name = str_line(&data, ':');
    if (!data.p || !data.n)
        return build_ignore(b, d, TEXT("Invalid syntax"), value);
    if (!build_expand(b, &name) || bad_credential(b, name))
        return 0;
    row[0] = text_keep(name);
    if (d->arg && parse_base64(data, &bytes) < 0) {
        build_warn(b, LOG_WARNING, "Encrypted credential data not valid Base64 data, ignoring.");
        return 0;
    }
    if (!d->arg && unescape(data, &bytes) < 0) {
        build_warn(b, LOG_WARNING, "Can't unescape \"%.*s\", ignoring: Invalid argument", (int)data.n, data.p);
        return 0;
    }
    return bytes.over ? 0 : put_credential(b, d, 1 + put_bytes(row + 1, bytes.p, bytes.n));
}

/* Words: name, source. */
int set_load_cred(struct build *b, const struct directive *d, struct str value)
{
    if (!value.n) {
        build_clear(b, D_LoadCredential);
        build_clear(b, D_LoadCredentialEncrypted);
        return 0;
    }
    struct str source = value, name = str_line(&source, ':');
    if (!build_expand(b, &name) || bad_credential(b, name))
        return 0;
    row[0] = row[1] = text_keep(name);
    if (source.p && source.n) {
        if (!build_expand(b, &source))
            return 0;
        if (str_starts(source, "/") ? !path_valid(source) : !credential_name(source)) {
            build_warn(b, LOG_WARNING, "Credential source \"%.*s\" not valid, ignoring.", (int)source.n, source.p);
            return 0;
        }
        row[1] = text_keep(source);
    }
    return put_credential(b, d, 2);
}

/* ---- the log ------------------------------------------------------------------------------- */

int set_log_fields(struct build *b, const struct directive *d, struct str value)
{
    struct str item;
    int r = 0;
    while (r == 0 && build_item(b, &value, WORD_UNQUOTE | WORD_UNESCAPE, &item)) {
        int eq = str_find(item, '=');
        bool good = eq > 0 && eq <= 64 && !in_set(item.p[0], "_0123456789");
        for (int i = 0; good && i < eq; i++)
            good = in_set(item.p[i], "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
        r = good ? build_put(b, directive_id(d), row, put_bytes(row, item.p, (u32)item.n))
                 : build_ignore(b, d, eq < 0 ? TEXT("Log field lacks '=' character") : TEXT("Log field name is invalid"), item);
    }
    return r;
}

int set_log_namespace(struct build *b, const struct directive *d, struct str value)
{
    if (!build_expand(b, &value))
        return 0;
    return credential_name(value) && value.n < 224 ? build_text(b, directive_id(d), value, false)
                                  : build_ignore(b, d, TEXT("Specified log namespace name is not valid"), value);
}

/* Words: may it fail, the label. */
int set_label(struct build *b, const struct directive *d, struct str value)
{
    bool optional = str_starts(value, "-");
    value = str_from(value, optional);
    if (!build_expand(b, &value))
        return optional ? 0 : -ENOEXEC;
    return build_set(b, directive_id(d), (u32[]){ optional, text_keep(value) }, 2);
}

/* ---- masks --------------------------------------------------------------------------------- */

int set_caps(struct build *b, const struct directive *d, struct str value)
{
    const struct setting *s = build_find(b, directive_id(d), NULL);
    u64 initial = d->arg ? UINT64_MAX : 0, sum = 0, now = s ? (u64)s->w[0] | (u64)s->w[1] << 32 : initial;
    bool invert = str_starts(value, "~");
    struct str word;
    value = str_from(value, invert);
    while (build_item(b, &value, WORD_UNQUOTE, &word)) {
        i32 which;
        if (parse_capability(word, &which) == 0)
            sum |= 1ull << which;
    }
    if (!sum || now == initial)
        now = invert ? ~sum : sum;
    else
        now = invert ? now & ~sum : now | sum;
    return build_wide(b, directive_id(d), now);
}

/* Bits by names; false: a word is none of them. */
static bool parse_bits(struct str s, const char *names, u64 *bits)
{
    struct str word;
    while ((word = str_word(&s, BLANKS)).p) {
        i32 which;
        if (name_find(names, word, &which) < 0)
            return false;
        *bits |= 1ull << which;
    }
    return true;
}

/* The kernel's clone flags. */
const char namespace_names[] = "25\0cgroup\0" "27\0ipc\0" "30\0net\0" "17\0mnt\0" "29\0pid\0" "28\0user\0" "26\0uts\0";

int set_namespaces(struct build *b, const struct directive *d, struct str value)
{
    const struct setting *s = build_find(b, directive_id(d), NULL);
    u64 flags = 0;
    bool all, invert = str_starts(value, "~");
    if (parse_bool(value, &all) == 0)
        return build_wide(b, directive_id(d), all ? 0 : NAMESPACES);
    struct str names = str_from(value, invert);
    if (!parse_bits(names, namespace_names, &flags))
        return build_ignore(b, d, TEXT("Failed to parse namespace type string"), names);
    if (!s)
        return build_wide(b, directive_id(d), invert ? ~flags & NAMESPACES : flags);
    return build_wide(b, directive_id(d), invert ? s->w[0] & ~flags : s->w[0] | flags);
}

int set_secure_bits(struct build *b, const struct directive *d, struct str value)
{
    u64 bits = 0;
    struct str word;
    while ((word = str_word(&value, BLANKS)).p)
        (void)parse_bits(word, "noroot\0noroot-locked\0no-setuid-fixup\0no-setuid-fixup-locked\0keep-caps\0keep-caps-locked\0", &bits);
    return build_int(b, directive_id(d), (i32)bits);
}

int set_coredump(struct build *b, const struct directive *d, struct str value)
{
    static const char names[] = "private-anonymous\0shared-anonymous\0private-file-backed\0shared-file-backed\0elf-headers\0"
                                "private-huge\0shared-huge\0private-dax\0shared-dax\0";
    const struct setting *s = build_find(b, directive_id(d), NULL);
    u64 mask = 0, more = s ? s->w[0] : 0;
    struct str rest = value, word;
    while ((word = str_word(&rest, BLANKS)).p) {
        u64 v = 0;
        struct str hex = str_from(word, str_starts(word, "0x") ? 2 : 0);
        if (str_is(word, "default"))
            mask |= 0x33;
        else if (str_is(word, "all"))
            mask = 0x1ff;
        else if (!parse_bits(word, names, &mask)) {
            if (parse_u64(hex, 16, &v) < 0) {
                build_warn(b, LOG_WARNING, "Failed to parse the CoredumpFilter=%.*s, ignoring: Invalid argument",
                           (int)value.n, value.p);
                return 0;
            }
            mask |= v;
        }
    }
    return build_wide(b, directive_id(d), mask | more);
}

const char mount_flag_names[] = "20\0shared\0" "19\0slave\0" "18\0private\0";

int set_mount_flags(struct build *b, const struct directive *d, struct str value)
{
    u64 flags = 0;
    struct str word = value;
    i32 bit;
    if (name_find(mount_flag_names, word, &bit) < 0)
        return build_ignore(b, d, TEXT("Failed to parse mount flag"), value);
    flags = 1ull << bit;
    return build_wide(b, directive_id(d), flags);
}

int set_personality(struct build *b, const struct directive *d, struct str value)
{
#if defined(__x86_64__)
    static const char names[] = "x86-64\0x86\0";
#elif defined(__aarch64__)
    static const char names[] = "arm64\0arm\0";
#else
    static const char names[] = "";
#endif
    i32 which;
    return name_find(names, value, &which) < 0 ? build_ignore(b, d, TEXT("Failed to parse personality"), value)
                                               : build_text(b, directive_id(d), value, false);
}

/* ---- processors ---------------------------------------------------------------------------- */

/* Bytes with a bit each. The argument: 1 CPUAffinity= (with "numa": a word 1 behind them), 2 NUMAMask=. */
int set_cpus(struct build *b, const struct directive *d, struct str value)
{
    u8 bits[CPUS_MAX / 8] = { 0 };
    u32 last = 0;
    const struct setting *s = build_find(b, directive_id(d), NULL);
    if (d->arg == 1 && str_is(value, "numa"))
        return build_set(b, directive_id(d), (u32[]){ 0, 1 }, 2);
    if (s && s->w[0]) {
        last = s->w[0] * 8;
        memcpy(bits, s->w + 1, MIN(s->w[0], sizeof bits));
    }
    if (d->arg == 2 && str_is(value, "all")) {
        char path[64];
        struct buf at = BUF_OVER(path);
        for (u32 i = 0; i < 1024; i++) {
            at.n = 0;
            buf_fmt(&at, TEXT("/sys/devices/system/node/node%u"), i);
            if (sys_access(buf_end(&at), 0) < 0)
                break;
            bits[i / 8] |= (u8)BIT(i % 8);
            last = i + 1;
        }
    } else {
        struct str word, rest = value;
        if (d->arg != 2 && !build_expand(b, &value))
            return 0;
        int r = parse_cpus(value, bits, &last);
        for (struct str all = value, item; r == 0 && (item = str_word(&all, BLANKS ",")).p;) {
            struct str high = item, low = str_line(&high, '-');
            i32 from, to;
            if (high.n && parse_int(low, 0, INT32_MAX, &from) == 0 && parse_int(high, 0, INT32_MAX, &to) == 0 && from > to)
                build_warn(b, LOG_WARNING, "Range '%.*s' is invalid, %d > %d, ignoring.", (int)item.n, item.p, from, to);
        }
        while (r < 0 && (word = str_word(&rest, BLANKS ",")).p) {
            u8 none[CPUS_MAX / 8];
            u32 end = 0;
            memset(none, 0, sizeof none);
            if (parse_cpus(word, none, &end) < 0) {
                build_warn(b, LOG_ERR, "Failed to parse CPU affinity '%.*s'", (int)word.n, word.p);
                break;
            }
        }
        if (r < 0)
            return d->arg == 2 ? build_ignore(b, d, TEXT("Failed to parse NUMA node mask"), value) : 0;
    }
    return build_set(b, directive_id(d), row, put_bytes(row, (const char *)bits, (last + 63) / 64 * 8));
}

/* ---- system calls, families, file systems, interfaces ----------------------------------------- */

static const char call_groups[] =
    "@default\0@aio\0@basic-io\0@chown\0@clock\0@cpu-emulation\0@debug\0@file-system\0@io-event\0@ipc\0@keyring\0@known\0"
    "@memlock\0@module\0@mount\0@network-io\0@obsolete\0@pkey\0@privileged\0@process\0@raw-io\0@reboot\0@resources\0"
    "@sandbox\0@setuid\0@signal\0@swap\0@sync\0@system-service\0@timer\0";

static bool is_call(struct str name)
{
    for (size_t i = 0; i < name.n; i++)
        if (!in_set(name.p[i], "abcdefghijklmnopqrstuvwxyz0123456789_"))
            return false;
    return name.n > 0;
}

/* The argument: an error may be said with a name. Which names this machine's kernel has is not known here. */
int set_syscalls(struct build *b, const struct directive *d, struct str value)
{
    struct str word;
    bool first, invert = set_begin(b, directive_id(d), &value, &first);
    int r = first && !invert && d->arg ? set_add(b, directive_id(d), S("@default"), false) : 0;
    while (r == 0 && build_item(b, &value, 0, &word)) {
        struct str error = word, name = str_line(&error, ':');
        i32 which;
        bool has_error = d->arg && error.p && error.n;
        if (has_error && !str_is(error, "kill") && parse_errno(error, &which) < 0)
            build_ignore(b, d, TEXT("Failed to parse syscall:errno"), word);
        else if (has_error && !invert)
            build_ignore(b, d, TEXT("Allow-listed system calls cannot take error number"), word);
        else if (str_starts(name, "@") && name_find(call_groups, name, &which) < 0)
            build_ignore(b, d, TEXT("Unknown system call group"), name);
        else if (!str_starts(name, "@") && !is_call(name))
            build_ignore(b, d, TEXT("Failed to parse system call"), name);
        else
            r = set_add(b, directive_id(d), d->arg ? word : name, invert);
    }
    return r;
}

int set_archs(struct build *b, const struct directive *d, struct str value)
{
    static const char names[] =
        "native\0x86\0x86-64\0x32\0arm\0arm64\0loongarch64\0mips\0mips64\0mips64-n32\0mips-le\0mips64-le\0mips64-le-n32\0"
        "parisc\0parisc64\0ppc\0ppc64\0ppc64-le\0riscv64\0s390\0s390x\0";
    struct str word;
    int r = 0;
    while (r == 0 && build_item(b, &value, WORD_UNQUOTE, &word)) {
        i32 which;
        bool there = false;
        for (const struct setting *s = NULL; (s = build_find(b, directive_id(d), s));)
            there |= str_is(word, text_at(s->w[0]));
        if (name_find(names, word, &which) < 0)
            build_warn(b, LOG_WARNING, "Failed to parse system call architecture \"%.*s\", ignoring: Invalid argument",
                       (int)word.n, word.p);
        else if (!there)
            r = build_text(b, directive_id(d), word, true);
    }
    return r;
}

int set_error(struct build *b, const struct directive *d, struct str value)
{
    i32 v;
    if (str_is(value, "kill")) {
        build_clear(b, directive_id(d));
        return 0;
    }
    if (parse_errno(value, &v) < 0)
        return build_ignore(b, d, TEXT("Failed to parse error number"), value);
    return v ? build_int(b, directive_id(d), v) : build_ignore(b, d, TEXT("Invalid error number"), value);
}

/* Without AF_; the numbers are the kernel's. */
static const char family_names[] =
    "1\0UNIX\0INET\0AX25\0IPX\0APPLETALK\0NETROM\0BRIDGE\0ATMPVC\0X25\0INET6\0ROSE\0DECnet\0NETBEUI\0SECURITY\0KEY\0NETLINK\0"
    "PACKET\0ASH\0ECONET\0ATMSVC\0RDS\0SNA\0IRDA\0PPPOX\0WANPIPE\0LLC\0IB\0MPLS\0CAN\0TIPC\0BLUETOOTH\0IUCV\0RXRPC\0ISDN\0"
    "PHONET\0IEEE802154\0CAIF\0ALG\0NFC\0VSOCK\0KCM\0QIPCRTR\0SMC\0XDP\0MCTP\0";

int set_families(struct build *b, const struct directive *d, struct str value)
{
    struct str word;
    bool first;
    int r = 0;
    if (str_is(value, "none"))
        return build_set(b, directive_id(d), (u32[]){ 1, 0 }, 2);
    bool invert = set_begin(b, directive_id(d), &value, &first);
    while (r == 0 && build_item(b, &value, WORD_UNQUOTE, &word)) {
        i32 family;
        r = str_starts(word, "AF_") && name_find(family_names, str_from(word, 3), &family) == 0
            ? set_add(b, directive_id(d), word, invert) : build_ignore(b, d, TEXT("Failed to parse address family"), word);
    }
    return r;
}

int set_filesystems(struct build *b, const struct directive *d, struct str value)
{
    static const char groups[] = "@basic-api\0@anonymous\0@application\0@auxiliary-api\0@common-block\0@historical-block\0@network\0"
                                 "@privileged-api\0@security\0@temporary\0@known\0";
    struct str word;
    bool first, invert = set_begin(b, directive_id(d), &value, &first);
    int r = 0;
    while (r == 0 && build_item(b, &value, WORD_UNQUOTE, &word)) {
        i32 which;
        r = str_starts(word, "@") && name_find(groups, word, &which) < 0
            ? build_ignore(b, d, TEXT("Unknown filesystem group"), word) : set_add(b, directive_id(d), word, invert);
    }
    return r;
}

int set_interfaces(struct build *b, const struct directive *d, struct str value)
{
    struct str word;
    bool first, invert = set_begin(b, directive_id(d), &value, &first);
    int r = 0;
    while (r == 0 && build_item(b, &value, WORD_UNQUOTE, &word))
        r = interface_valid(word) ? set_add(b, directive_id(d), word, invert)
                                  : build_ignore(b, d, TEXT("Invalid interface name"), word);
    return r;
}
