/* SPDX-License-Identifier: 0BSD
 *
 * helper/: the small programs PID 1 starts for whatever may hang or read a disk: each does one thing
 * and exits. They say what went wrong on standard error. May include base/, unit/ and sys.h. */
#ifndef HELPER_H
#define HELPER_H

#include "../sys.h"
#include "../unit/unit.h"

int mount_main(int argc, char **argv);       /* mount(2), umount2(2), swapon(2) for units */
int fsck_main(int argc, char **argv);        /* systemd-fsck@.service(8) */
int remount_main(int argc, char **argv);     /* systemd-remount-fs.service(8) */
int sysroot_fstab_main(int argc, char **argv);       /* systemd-sysroot-fstab-check */
int makefs_main(int argc, char **argv);      /* systemd-makefs@.service(8) */
int growfs_main(int argc, char **argv);      /* systemd-growfs@.service(8) */
int sulogin_main(int argc, char **argv);     /* the shell of rescue and emergency */
int disklinks_main(int argc, char **argv);   /* /dev/disk/by-* without udev */

/* programs.c. What goes wrong is told with log_line(); each main lets it go to standard error. */
/* Waits for the program; its exit status, 128 + signal, or a negative errno. */
int run_program(const char *path, char *const *argv);
const char *find_program(const char *name);  /* its path, valid until the next; NULL: in none of the usual folders */

/* probe.c: what a block device holds, by its superblock. */
struct probed { const char *type; char uuid[40], label[32]; };
int probe_device(const char *path, struct probed *p);   /* 0; -ENODATA: nothing that is known */

/* mount.c: options of mount(8) as flags, and what is left for the file system. */
struct mount_options { unsigned long flags, propagation; bool loop; struct buf data; };
void mount_options_parse(struct str options, struct mount_options *o);

#endif
