/* Keeps the list of network cards. */
/* SPDX-License-Identifier: MIT */
#include "nic.h"

#include <lib/base/atomic.h>
#include <lib/base/evolve.h>
#include <mm/heap/heap.h>
#include <string.h>
#include <task/spinlock/spinlock.h>

/* Cards are only ever added: readers walk the list without the lock. */
static struct {
    struct spinlock lock;
    struct nic *first; /* [a] */
} nics;

enum status nic_register(const char *name, const char *location, const uint8_t mac[6],
                         struct nic **out_nic)
{
    struct nic *nic = heap_new(struct nic);
    if (nic == NULL)
        return STATUS_FULL;
    strncpy(nic->name, name, sizeof nic->name - 1);
    strncpy(nic->location, location, sizeof nic->location - 1);
    memcpy(nic->mac, mac, sizeof nic->mac);
    event_init(&nic->event);
    spin_lock(&nics.lock);
    nic->next = nics.first;
    atomic_store(&nics.first, nic);
    spin_unlock(&nics.lock);
    *out_nic = nic;
    return STATUS_OK;
}

struct nic *nic_find(const char *location)
{
    struct nic *nic = atomic_load(&nics.first);
    while (nic != NULL && location != NULL && strcmp(nic->location, location) != 0)
        nic = nic->next;
    return nic;
}

/* Drivers and the stack name what they hold (net/e1000/walks.c, net/net/walks.c). */
EVOLVE_WALKS(nic)
{
    evolve_pointer(walk, &nics.first);
    for (struct nic *nic = nics.first; nic != NULL; nic = nic->next) {
        evolve_element(walk, nic);
        event_walk(walk, &nic->event);
    }
}

/* What comes is zero. Cards that are found during a trial have nothing that only the old form knows. */
EVOLVE_FILLS(nic)
{
    (void)fill;
}
