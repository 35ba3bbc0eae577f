/* Says where this driver's state is, and who has the cards that it drives, so that both may change their form while they work. */
/* SPDX-License-Identifier: MIT */
#include "e1000_private.h"

#include <irq/interrupt/interrupt.h>
#include <lib/base/evolve.h>
#include <string.h>

/* Not those of another driver, or of one whose state means something else. */
static bool is_ours(const struct nic *nic)
{
    return strcmp(nic->name, E1000_NAME) == 0 && nic->state_version == E1000_STATE_VERSION;
}

/* The card knows rings and buffers, which are frames, and nothing of this. */
EVOLVE_WALKS(e1000_state)
{
    for (struct nic *nic = nic_find(NULL); nic != NULL; nic = nic->next) {
        if (!is_ours(nic))
            continue;
        evolve_element(walk, nic->state);
        evolve_pointer(walk, &nic->state);
    }
}

/* A state is as old as its card: none is made during a trial. */
EVOLVE_FILLS(e1000_state)
{
    (void)fill;
}

EVOLVE_WALKS(nic)
{
    for (struct nic *nic = nic_find(NULL); nic != NULL; nic = nic->next)
        if (is_ours(nic))
            interrupt_walk(walk, nic);
}
