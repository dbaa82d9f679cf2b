/* SPDX-License-Identifier: 0BSD
 *
 * Every capacity of the program, each with the sum that justifies it, and nothing else. All of it
 * lies in .bss: pages that are not used cost nothing. Reaching a limit is an error message that
 * names the limit here; nothing that runs is lost by it. pith(8) explains them to users. */
#ifndef LIMITS_H
#define LIMITS_H

/* Units that can be loaded at once, counting names that others mention. A unit costs about
 * 0.6 KiB when used. Ids are u16; 16,384 is sixteen times the largest bench and 30 times what a
 * desktop loads (about 500). */
#define UNITS_MAX 16384

/* Of these the places that what lies in unit files may not fill: the targets that every boot and every
 * shutdown needs are about 60, and a person wants to start something. */
#define UNITS_RESERVED 512

/* Names of units: each unit's own and its aliases (systemd 252 ships 16 alias links). */
#define NAMES_MAX (UNITS_MAX + 4096)

/* Dependencies, one cell for a pair of units. Six a unit by default dependencies, ten for real
 * ones (855 units measured: 4.4 written + 6 implied on average). */
#define EDGES_MAX (UNITS_MAX * 10)

/* Text and settings of all units. A Debian unit file is 640 bytes on average of which half is
 * kept: 320 x 16,384 = 5 MiB; 8 leaves room for a few giants. There are two, for daemon-reload. */
#define ARENA_BYTES (8u << 20)

/* One unit file. The largest measured has 5,621 bytes; 2 MiB is twice the longest line that there may be. */
#define FILE_BYTES (2u << 20)

/* One line of a unit file, and one that is continued, as in systemd (LONG_LINE_MAX). */
#define LONG_LINE_MAX (1u << 20)

/* The settings of one unit while it is being read, in words of 4 bytes: the largest unit measured
 * has 53 directives with 26 words: 1,400; generated units have up to a thousand Environment=. */
#define BUILD_WORDS (64u << 10)

/* Entries of all unit folders together while units are looked up: 100,000 files and links. */
#define INDEX_MAX (100u << 10)
#define INDEX_BYTES (INDEX_MAX * 28)      /* a unit file's name has 24 bytes on average, and NUL */

/* What one verb on unit files deals with: preset-all names each of 5,000 units three times and tells of a link for
 * each, 400 bytes in all; and the links of all .wants folders, which tell whether a unit is enabled. */
#define INSTALL_BYTES (8u << 20)
#define INSTALL_LINKS_BYTES (4u << 20)

/* Drop-in files of one unit, and folders that may hold them: 9 folders x (name, template,
 * 4 dashes, type). */
#define DROPINS_MAX 64

/* Files of one NAME.d folder family: Debian's 400 packages with tmpfiles.d, installed all at once, and as many again.
 * Names are 20 bytes on average. */
#define CONF_FILES_MAX 2048
#define CONF_FILES_BYTES (64u << 10)

/* A unit's name, as in systemd (UNIT_NAME_MAX), with the final NUL. */
#define UNIT_NAME_BYTES 256

#define PATH_BYTES 4096                   /* PATH_MAX of the kernel */
#define NAME_BYTES 256                    /* NAME_MAX of the kernel, and NUL */

/* Numbers and ranges of one OnCalendar=: every minute, hour, day and month written out is 127; systemd
 * takes 241 in each of six lists. */
#define CALENDAR_PARTS 384

/* One expanded word or value: a line has no more. (The kernel takes 128 KiB for one argument, MAX_ARG_STRLEN.) */
#define VALUE_BYTES (1u << 20)

/* State changes that may wait for settling. A step makes at most 3, a round takes no event when
 * fewer than 8 places are left, so 1,024 is 128 events a round. */
#define CHANGES_MAX 1024

/* Deadlines: of a unit's state, of its job, of its watchdog. */
#define TIMERS_MAX (3 * UNITS_MAX)

/* Jobs in one transaction (units may take two before they are merged) and links between them: a
 * service pulls in sysinit.target and its slice and stops shutdown.target: 3, and its wants. */
#define TRANSACTION_JOBS (UNITS_MAX + UNITS_MAX / 2)
#define TRANSACTION_LINKS (UNITS_MAX * 6)

/* Children that may be between clone and execve in our own memory: on one CPU they run when PID 1
 * sleeps, so PID 1 wakes once for this many. 8 x 12 KiB is what that costs at most. */
#define SPAWN_SLOTS 8
#define SPAWN_STACK 8192                  /* deepest chain of a child: 2.3 KiB by -fstack-usage */
#define SPAWN_TEXT 2048                   /* argv and environment of a light child: 300 B + own */
#define SPAWN_WORDS 96                    /* pointers of argv and envp of a light child */

/* The same for a child with a copy of our memory: the kernel takes 2 MiB in all (ARG_MAX 128 K
 * pages x 1/4 of the stack), real units stay below 4 KiB. */
#define HEAVY_TEXT (256u << 10)
#define HEAVY_WORDS 8192

/* Control connections: a systemctl is short-lived; 64 is more than a busy CI opens at once. A
 * further one is turned away at once. Their data waits in pages that all share. */
#define CONNS_MAX 64
#define CONN_PAGES 1024                   /* 4 MiB: a list of all units is 350 B x 1,000 = 350 KB */
#define CONN_PAGES_EACH 512               /* a client that does not read costs at most this */
#define MESSAGE_IN_BYTES (64u << 10)      /* the largest request: a transient unit's properties */
#define MESSAGE_OUT_BYTES (8u << 20)      /* the largest answer: 350 B x UNITS_MAX = 5.6 MiB */

/* Processes that are known by pid: main and control process of each unit. */
#define PIDS_MAX (UNITS_MAX * 2)

/* Text that services send as STATUS=, kept per unit, in a table of its own. */
#define STATUS_MAX 512
#define STATUS_BYTES 120

/* Descriptors that PID 1 watches: 8 of its own, one bell a spawn slot, CONNS_MAX clients, one a
 * service whose exec is awaited (Type=exec) or whose cgroup must become empty. */
#define WATCHES_MAX 1024

/* Lines of the mount table that are read at once; the kernel allows 100,000 mounts. */
#define MOUNTS_BYTES (1u << 20)

/* Init scripts that have no unit file. Debian 7, the last that had them all, has 1,100 packages with one; a
 * machine has some 80. Each costs 520 bytes while units are generated. */
#define INIT_SCRIPTS_MAX 512

/* Programs in the generator folders that run at once; what is more waits. A full desktop has 25. */
#define GENERATORS_MAX 64

/* What of a unit's name stands before each line of its log, with a blank: escaped paths are the long
 * ones, and a record has room for 1,000 bytes. */
#define LOG_UNIT_BYTES 128

/* Environment of the manager that services inherit: systemd.setenv= and set-environment. */
#define MANAGER_ENV_MAX 64

#endif
