/* Keeps the list of network cards. */
/* SPDX-License-Identifier: MIT */
#include "nic.h"

#include <lib/base/atomic.h>
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
