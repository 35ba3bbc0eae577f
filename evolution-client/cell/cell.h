/* The evolution client as a cell: nothing to call but its start hook.
 * SPDX-License-Identifier: MIT
 */
#ifndef EVOLUTION_CLIENT_CELL_CELL_H
#define EVOLUTION_CLIENT_CELL_CELL_H

#include <lib/base/status.h>

/* Start hook, phase service: reads the seed from the boot archive and starts the client's tasks. Without a seed there
 * is only the shell command. */
enum status client_start(void);

#endif
