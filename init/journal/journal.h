/* SPDX-License-Identifier: 0BSD
 *
 * journal/: the log daemon, a process of its own of the same binary. May include base/ and sys.h. */
#ifndef JOURNAL_H
#define JOURNAL_H

int journal_main(int argc, char **argv);

#endif
