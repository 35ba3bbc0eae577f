/* Brings the machine up: the first function that the boot stub calls, and the order of everything after it. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_CORE_INIT_INIT_H
#define NEURATH_CORE_INIT_INIT_H

#include <boot/boot_info.h>
#include <lib/base/status.h>

/* Start hooks. A cell whose cell.mk names a phase has `enum status <cell>_start(void)`; init calls them in a task, phase
 * by phase, in order of `uses` within a phase. A hook that fails is logged; the others go on. */

/* Called by the stub on the boot processor, interrupts off, with INFO valid until bootinfo_take() has copied it. */
NORETURN void init_main(const struct boot_info *info);

/* True when the hooks of all phases have returned; the event is signalled then. */
bool init_done(void);
struct event *init_event(void);

#endif
