/* SPDX-License-Identifier: 0BSD
 *
 * The end of the machine, and its other modes: the verbs of systemctl; halt, poweroff, reboot and shutdown
 * by their own names; telinit's words. */
#include "client.h"

#include <linux/reboot.h>

/* Verbs; what --force calls; what --force --force asks the kernel. Other verbs only isolate their target. */
static const char *const verbs = "exit\0poweroff\0reboot\0halt\0kexec\0",
                  *const methods = "Exit\0PowerOff\0Reboot\0Halt\0KExec\0";
static const u32 commands[] = { 0, LINUX_REBOOT_CMD_POWER_OFF, LINUX_REBOOT_CMD_RESTART, LINUX_REBOOT_CMD_HALT,
                                LINUX_REBOOT_CMD_KEXEC };

static int now(const char *verb, u32 command)
{
    if (sys_geteuid() != 0)
        return complain("Must be root.");
    sys_sync();
    int r = args.reboot_argument ? sys_reboot(LINUX_REBOOT_CMD_RESTART2, args.reboot_argument) : sys_reboot(command, NULL);
    return r < 0 ? failed(verb, r) : 0;
}

/* Where PID 1 looks for the argument of the last reboot(2): systemd's place. */
static int write_reboot_argument(const char *text)
{
    int r = file_put("/run/systemd/reboot-param", str_of(text), 0600);
    return r < 0 ? failed("write reboot parameter file", r) : 0;
}

static bool kexec_loaded(void)
{
    char text[4];
    (void)file_get("/sys/kernel/kexec_loaded", text, sizeof text);
    return text[0] == '1';
}

static int go_down(const char *verb)
{
    if (STREQ(verb, "kexec") && !kexec_loaded())
        return complain("No kernel is loaded that kexec could start; load one with kexec -l first.");
    i32 i = 0;
    bool known = name_find(verbs, str_of(verb), &i) == 0;
    if (args.reboot_argument && args.force < 2 && write_reboot_argument(args.reboot_argument))
        return 1;
    if (args.force >= 2 && commands[i])
        return now(verb, commands[i]);
    if (args.dry_run)
        return 0;
    if (!bus_is_there())
        return complain("%s", packed_text(TEXT_BY_FORCE));
    if (args.message)
        (void)complain("%s", args.message);
    if (known && args.force)
        return request(verb, name_of(methods, i));
    args.no_block |= known;
    return run_start(z_fmt("%s.target", verb), known ? "replace-irreversibly" : "isolate");
}

int verb_power(int argc, char **argv)
{
    const char *verb = argv[0];
    i32 code;
    if (argc > 1 && STREQ(verb, "reboot"))
        args.reboot_argument = argv[1];
    else if (argc > 1 && !STREQ(verb, "exit"))
        return complain("Too many arguments.");
    else if (argc > 1 && parse_int(str_of(argv[1]), 0, 255, &code) < 0)
        return complain("Invalid exit code.");
    else if (argc > 1 && (!bus_is_there() || ask("set exit code", "", "SetExitCode", "y", code)))
        return 1;
    return go_down(verb);
}

int verb_switch_root(int argc, char **argv)
{
    return ask("switch root", "", "SwitchRoot", "ss", argc > 1 ? argv[1] : "/sysroot", argc > 2 ? argv[2] : "");
}

/* ---- halt poweroff reboot shutdown by their own names ---------------------------------------- */

/* Letters that only some of the four have do no harm in the others. */
#define POWER_OPTIONS(O) \
    O(FLAG, 0, "help", help) O(FLAG, 'H', "halt", halt) O(FLAG, 'p', "poweroff", poweroff) O(FLAG, 'P', "P", poweroff) \
    O(FLAG, 'r', "reboot", reboot) O(FLAG, 'K', "kexec", kexec) O(COUNT, 'f', "force", force) \
    O(FLAG, 'w', "wtmp-only", dry_run) O(FLAG, 'k', "k", dry_run) O(FLAG, 'c', "c", cancel) O(FLAG, 'd', "no-wtmp", ignored) \
    O(FLAG, 'n', "no-sync", ignored) O(FLAG, 0, "no-wall", ignored) O(FLAG, 'i', "i", ignored) O(FLAG, 'h', "h", ignored) \
    O(FLAG, 'a', "a", ignored) O(TEXT, 't', "t", ignored_text) O(FLAG, 'F', "F", ignored)
static const struct options options = OPTIONS_OF(POWER_OPTIONS);

int power_main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/'), *name = slash ? slash + 1 : argv[0];
    bool shutdown = STREQ(name, "shutdown"), reboot = STREQ(name, "reboot");
    if (options_parse(&options, &argc, argv) < 0)
        return 1;
    if (options_told(&options, z_fmt("%s [OPTIONS...]%s", name, shutdown ? " [now]" : reboot ? " [ARG]" : ""), NULL, "halt(8)")) {
        out_flush();
        return 0;
    }
    if (args.cancel)
        return complain("shutdown: nothing is scheduled, pith acts at once.");
    const char *operand = argc > 1 ? argv[1] : NULL;
    const char *verb = args.halt ? "halt" : args.reboot ? "reboot" : args.kexec ? "kexec"
                     : shutdown || (args.poweroff && !reboot) ? "poweroff" : name;
    if (shutdown && operand && !z_in("now\0+0\0", operand))
        return complain("shutdown: %s: pith does not wait; use \"now\", or: sleep SECONDS && shutdown now", operand);
    if (!shutdown && operand && !STREQ(verb, "reboot"))
        return complain("Too many arguments.");
    if (!shutdown)
        args.reboot_argument = operand;
    if (args.force && !shutdown)
        args.force = 2;
    return go_down(verb);
}

/* telinit's words, for what calls `init 0` or `init 6`: the kernel did not start us, so we ask PID 1. */
int init_client_main(int argc, char **argv)
{
    static const char *const levels =
        "0\0poweroff\0" "6\0reboot\0" "1\0rescue\0" "s\0rescue\0" "S\0rescue\0" "2\0multi-user\0" "3\0multi-user\0"
        "4\0multi-user\0" "5\0graphical\0";
    const char *word = argc > 1 ? argv[1] : "", *target = z_lookup(levels, word);
    const char *mode = z_in("0\0" "6\0", word) ? "replace-irreversibly" : "isolate";
    if (target)
        return !bus_is_there() || run_start(z_fmt("%s.target", target), mode);
    if (z_in("q\0Q\0", word))
        return verb_daemon_reload(1, argv);
    return complain("pith is PID 1 or a program by one of its names: systemctl, halt, poweroff, reboot, shutdown.\n"
                    "To boot it, give the kernel init=/usr/sbin/init; to ask it something, use systemctl.\n"
                    "init 0|1|2|3|4|5|6|s|q starts a target of the running system.");
}
