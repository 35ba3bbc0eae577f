/* Commands that a person types on the console. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_CONSOLE_SHELL_SHELL_H
#define NEURATH_CONSOLE_SHELL_SHELL_H

#include <lib/base/status.h>

#define SHELL_NAME_MAX 16u
#define SHELL_HELP_MAX 80u
#define SHELL_WORDS_MAX 16

/* ARGV[0] is the command; ARGV[ARGC] is NULL. Words are separated by blanks. Output by console_print(). Runs in the shell's
 * own task and should come to an end soon: what takes longer starts a task. */
typedef void (*shell_fn)(int argc, char **argv);

/* NAME and HELP (one line: arguments and what it does) are copied. A second registration of a name replaces the first.
 * STATUS_FULL: no room; STATUS_INVALID: the name is too long or not of [a-z0-9_-]. */
enum status shell_register(const char *name, shell_fn fn, const char *help);
void shell_unregister(const char *name);

/* Start hook, phase service. */
enum status shell_start(void);

#endif
