/* Shared by the files of this cell. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_CONSOLE_SHELL_PRIVATE_H
#define NEURATH_CONSOLE_SHELL_PRIVATE_H

#include <console/shell/shell.h>

/* Registers the commands about parts of the kernel that are too basic to know the shell. */
enum status commands_register(void);

#endif
