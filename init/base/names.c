/* SPDX-License-Identifier: 0BSD
 *
 * Tables of numbers and their names: signals, limits, exit statuses, log levels. The enums of the
 * program itself have their names beside them, in .def files of their layers. */
#include "base.h"

#include <signal.h>
#include <sys/resource.h>

static i32 number(const char **word)
{
    i32 n = 0;
    while (**word)
        n = n * 10 + *(*word)++ - '0';
    ++*word;
    return n;
}

/* Looks for the number, or, where there is a word, for that. NULL: not there. */
static const char *look(const char *table, const struct str *word, i32 *value)
{
    for (i32 n = 0; *table; n++, table += strlen(table) + 1) {
        if (*table <= '9')
            n = number(&table);
        if (word ? word->n && *table == *word->p && str_is(*word, table) : n == *value) {
            *value = n;
            return table;
        }
    }
    return NULL;
}

const char *name_of(const char *table, i32 value) { return look(table, NULL, &value); }

int name_find(const char *table, struct str s, i32 *out) { return look(table, &s, out) ? 0 : -EINVAL; }

const char signal_names[] =
    "1\0HUP\0INT\0QUIT\0ILL\0TRAP\0ABRT\0BUS\0FPE\0KILL\0USR1\0SEGV\0USR2\0PIPE\0ALRM\0TERM\0STKFLT\0"
    "CHLD\0CONT\0STOP\0TSTP\0TTIN\0TTOU\0URG\0XCPU\0XFSZ\0VTALRM\0PROF\0WINCH\0IO\0PWR\0SYS\0";

const char rlimit_names[] =
    "CPU\0FSIZE\0DATA\0STACK\0CORE\0RSS\0NPROC\0NOFILE\0MEMLOCK\0AS\0LOCKS\0SIGPENDING\0MSGQUEUE\0"
    "NICE\0RTPRIO\0RTTIME\0";

/* systemd.exec(5), "Process Exit Codes": libc, systemd's own steps, LSB, BSD. */
const char exit_status_names[] =
    "SUCCESS\0FAILURE\0INVALIDARGUMENT\0NOTIMPLEMENTED\0NOPERMISSION\0NOTINSTALLED\0NOTCONFIGURED\0"
    "NOTRUNNING\0" "64\0USAGE\0DATAERR\0NOINPUT\0NOUSER\0NOHOST\0UNAVAILABLE\0SOFTWARE\0OSERR\0"
    "OSFILE\0CANTCREAT\0IOERR\0TEMPFAIL\0PROTOCOL\0NOPERM\0CONFIG\0" "200\0CHDIR\0NICE\0FDS\0EXEC\0"
    "MEMORY\0LIMITS\0OOM_ADJUST\0SIGNAL_MASK\0STDIN\0STDOUT\0CHROOT\0IOPRIO\0TIMERSLACK\0SECUREBITS\0"
    "SETSCHEDULER\0CPUAFFINITY\0GROUP\0USER\0CAPABILITIES\0CGROUP\0SETSID\0CONFIRM\0STDERR\0" "224\0"
    "PAM\0NETWORK\0NAMESPACE\0NO_NEW_PRIVILEGES\0SECCOMP\0SELINUX_CONTEXT\0PERSONALITY\0APPARMOR\0"
    "ADDRESS_FAMILIES\0RUNTIME_DIRECTORY\0" "235\0CHOWN\0SMACK_PROCESS_LABEL\0KEYRING\0"
    "STATE_DIRECTORY\0CACHE_DIRECTORY\0LOGS_DIRECTORY\0CONFIGURATION_DIRECTORY\0NUMA_POLICY\0"
    "CREDENTIALS\0BPF\0KSM\0" "255\0EXCEPTION\0";

const char level_names[] =
    "emerg\0alert\0crit\0err\0warning\0notice\0info\0debug\0";

const char facility_names[] =
    "kern\0user\0mail\0daemon\0auth\0syslog\0lpr\0news\0uucp\0cron\0authpriv\0ftp\0" "16\0local0\0"
    "local1\0local2\0local3\0local4\0local5\0local6\0local7\0";

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

/* ---- capabilities(7), errno(3) ------------------------------------------------------------- */

const char capability_names[] =
    "chown\0dac_override\0dac_read_search\0fowner\0fsetid\0kill\0setgid\0setuid\0setpcap\0linux_immutable\0"
    "net_bind_service\0net_broadcast\0net_admin\0net_raw\0ipc_lock\0ipc_owner\0sys_module\0sys_rawio\0"
    "sys_chroot\0sys_ptrace\0sys_pacct\0sys_admin\0sys_boot\0sys_nice\0sys_resource\0sys_time\0"
    "sys_tty_config\0mknod\0lease\0audit_write\0audit_control\0setfcap\0mac_override\0mac_admin\0syslog\0"
    "wake_alarm\0block_suspend\0audit_read\0perfmon\0bpf\0checkpoint_restore\0";

int parse_capability(struct str s, i32 *out)
{
    BUF(lower, 32);
    if (parse_int(s, 0, 62, out) == 0)
        return 0;
    for (size_t i = 0; i < s.n; i++)
        buf_c(&lower, s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] | 32 : s.p[i]);
    struct str name = STR(lower);
    return str_starts(name, "cap_") && !lower.over ? name_find(capability_names, str_from(name, 4), out) : -EINVAL;
}

/* Without their E. The numbers are those of x86_64, aarch64 and most others. */
static const char errno_names[] =
    "1\0PERM\0NOENT\0SRCH\0INTR\0IO\0NXIO\0" "8\0NOEXEC\0BADF\0CHILD\0AGAIN\0NOMEM\0ACCES\0FAULT\0NOTBLK\0"
    "BUSY\0EXIST\0XDEV\0NODEV\0NOTDIR\0ISDIR\0INVAL\0NFILE\0MFILE\0NOTTY\0TXTBSY\0FBIG\0NOSPC\0SPIPE\0"
    "ROFS\0MLINK\0PIPE\0DOM\0RANGE\0DEADLK\0NAMETOOLONG\0NOLCK\0NOSYS\0NOTEMPTY\0LOOP\0" "42\0NOMSG\0IDRM\0"
    "CHRNG\0L2NSYNC\0L3HLT\0L3RST\0LNRNG\0UNATCH\0NOCSI\0L2HLT\0BADE\0BADR\0XFULL\0NOANO\0BADRQC\0BADSLT\0"
    "59\0BFONT\0NOSTR\0NODATA\0TIME\0NOSR\0NONET\0NOPKG\0REMOTE\0NOLINK\0ADV\0SRMNT\0COMM\0PROTO\0MULTIHOP\0"
    "DOTDOT\0BADMSG\0OVERFLOW\0NOTUNIQ\0BADFD\0REMCHG\0LIBACC\0LIBBAD\0LIBSCN\0LIBMAX\0LIBEXEC\0ILSEQ\0"
    "RESTART\0STRPIPE\0USERS\0NOTSOCK\0DESTADDRREQ\0MSGSIZE\0PROTOTYPE\0NOPROTOOPT\0PROTONOSUPPORT\0SOCKTNOSUPPORT\0"
    "OPNOTSUPP\0PFNOSUPPORT\0AFNOSUPPORT\0ADDRINUSE\0ADDRNOTAVAIL\0NETDOWN\0NETUNREACH\0NETRESET\0CONNABORTED\0"
    "CONNRESET\0NOBUFS\0ISCONN\0NOTCONN\0SHUTDOWN\0TOOMANYREFS\0TIMEDOUT\0CONNREFUSED\0HOSTDOWN\0HOSTUNREACH\0"
    "ALREADY\0INPROGRESS\0STALE\0UCLEAN\0NOTNAM\0NAVAIL\0ISNAM\0REMOTEIO\0DQUOT\0NOMEDIUM\0MEDIUMTYPE\0"
    "CANCELED\0NOKEY\0KEYEXPIRED\0KEYREVOKED\0KEYREJECTED\0OWNERDEAD\0NOTRECOVERABLE\0RFKILL\0";

int parse_errno(struct str s, i32 *out)
{
    if (str_starts(s, "E") && name_find(errno_names, str_from(s, 1), out) == 0)
        return 0;
    if (str_is(s, "E2BIG") || str_is(s, "EWOULDBLOCK") || str_is(s, "ENOTSUP") || str_is(s, "EDEADLOCK")) {
        *out = s.p[1] == '2' ? E2BIG : s.p[1] == 'W' ? EAGAIN : s.p[1] == 'N' ? EOPNOTSUPP : EDEADLK;
        return 0;
    }
    return parse_int(s, 0, 4095, out);
}
