/* SPDX-License-Identifier: 0BSD
 *
 * Tables of numbers and their names: signals, limits, exit statuses, log levels. The enums of the
 * program itself have their names beside them, in .def files of their layers. */
#include "base.h"

#include <signal.h>
#include <sys/resource.h>

const char *name_of(const struct name *table, i32 value)
{
    for (; table->name; table++)
        if (table->value == value)
            return table->name;
    return NULL;
}

int name_find(const struct name *table, struct str s, i32 *out)
{
    for (; table->name; table++)
        if (str_is(s, table->name)) {
            *out = table->value;
            return 0;
        }
    return -EINVAL;
}

#define N(x) { SIG##x, #x }
const struct name signal_names[] = {
    N(HUP), N(INT), N(QUIT), N(ILL), N(TRAP), N(ABRT), N(BUS), N(FPE), N(KILL), N(USR1), N(SEGV),
    N(USR2), N(PIPE), N(ALRM), N(TERM), N(STKFLT), N(CHLD), N(CONT), N(STOP), N(TSTP), N(TTIN),
    N(TTOU), N(URG), N(XCPU), N(XFSZ), N(VTALRM), N(PROF), N(WINCH), N(IO), N(PWR), N(SYS), { 0, 0 },
};
#undef N

#define N(x) { RLIMIT_##x, #x }
const struct name rlimit_names[] = {
    N(CPU), N(FSIZE), N(DATA), N(STACK), N(CORE), N(RSS), N(NPROC), N(NOFILE), N(MEMLOCK), N(AS),
    N(LOCKS), N(SIGPENDING), N(MSGQUEUE), N(NICE), N(RTPRIO), N(RTTIME), { 0, 0 },
};
#undef N

/* systemd.exec(5), "Process Exit Codes": libc, systemd's own steps, LSB, BSD. */
const struct name exit_status_names[] = {
    { 0, "SUCCESS" }, { 1, "FAILURE" },
    { 200, "CHDIR" }, { 201, "NICE" }, { 202, "FDS" }, { 203, "EXEC" }, { 204, "MEMORY" },
    { 205, "LIMITS" }, { 206, "OOM_ADJUST" }, { 207, "SIGNAL_MASK" }, { 208, "STDIN" },
    { 209, "STDOUT" }, { 210, "CHROOT" }, { 211, "IOPRIO" }, { 212, "TIMERSLACK" },
    { 213, "SECUREBITS" }, { 214, "SETSCHEDULER" }, { 215, "CPUAFFINITY" }, { 216, "GROUP" },
    { 217, "USER" }, { 218, "CAPABILITIES" }, { 219, "CGROUP" }, { 220, "SETSID" },
    { 221, "CONFIRM" }, { 222, "STDERR" }, { 224, "PAM" }, { 225, "NETWORK" },
    { 226, "NAMESPACE" }, { 227, "NO_NEW_PRIVILEGES" }, { 228, "SECCOMP" },
    { 229, "SELINUX_CONTEXT" }, { 230, "PERSONALITY" }, { 231, "APPARMOR" },
    { 232, "ADDRESS_FAMILIES" }, { 233, "RUNTIME_DIRECTORY" }, { 235, "CHOWN" },
    { 236, "SMACK_PROCESS_LABEL" }, { 237, "KEYRING" }, { 238, "STATE_DIRECTORY" },
    { 239, "CACHE_DIRECTORY" }, { 240, "LOGS_DIRECTORY" }, { 241, "CONFIGURATION_DIRECTORY" },
    { 242, "NUMA_POLICY" }, { 243, "CREDENTIALS" }, { 244, "BPF" }, { 245, "KSM" },
    { 255, "EXCEPTION" },
    { 2, "INVALIDARGUMENT" }, { 3, "NOTIMPLEMENTED" }, { 4, "NOPERMISSION" },
    { 5, "NOTINSTALLED" }, { 6, "NOTCONFIGURED" }, { 7, "NOTRUNNING" },
    { 64, "USAGE" }, { 65, "DATAERR" }, { 66, "NOINPUT" }, { 67, "NOUSER" }, { 68, "NOHOST" },
    { 69, "UNAVAILABLE" }, { 70, "SOFTWARE" }, { 71, "OSERR" }, { 72, "OSFILE" },
    { 73, "CANTCREAT" }, { 74, "IOERR" }, { 75, "TEMPFAIL" }, { 76, "PROTOCOL" },
    { 77, "NOPERM" }, { 78, "CONFIG" }, { 0, NULL },
};

const struct name level_names[] = {
    { LOG_EMERG, "emerg" }, { LOG_ALERT, "alert" }, { LOG_CRIT, "crit" }, { LOG_ERR, "err" },
    { LOG_WARNING, "warning" }, { LOG_NOTICE, "notice" }, { LOG_INFO, "info" },
    { LOG_DEBUG, "debug" }, { 0, NULL },
};

const struct name facility_names[] = {
    { 0, "kern" }, { 1, "user" }, { 2, "mail" }, { 3, "daemon" }, { 4, "auth" }, { 5, "syslog" },
    { 6, "lpr" }, { 7, "news" }, { 8, "uucp" }, { 9, "cron" }, { 10, "authpriv" }, { 11, "ftp" },
    { 16, "local0" }, { 17, "local1" }, { 18, "local2" }, { 19, "local3" }, { 20, "local4" },
    { 21, "local5" }, { 22, "local6" }, { 23, "local7" }, { 0, NULL },
};

const char *exit_status_name(int status) { return name_of(exit_status_names, status); }

const char *signal_name(int sig)
{
    static char text[16];
    struct buf b = BUF_OVER(text);
    const char *name = name_of(signal_names, sig);
    if (name)
        buf_fmt(&b, "SIG%s", name);
    else if (sig == 34)
        buf_z(&b, "SIGRTMIN");
    else if (sig > 34 && sig <= 64)
        buf_fmt(&b, "SIGRTMIN+%d", sig - 34);
    else
        buf_fmt(&b, "%d", sig);
    return buf_end(&b);
}
