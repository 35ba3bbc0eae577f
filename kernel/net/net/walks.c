/* Says which pointers to lwIP's control blocks, and to the card, the objects of this cell hold. */
/* SPDX-License-Identifier: MIT */
#include "net_private.h"

#include <lib/base/evolve.h>
#include <net/nic/nic.h>

/* Every object that has a control block is on net.objects: it comes there before, and leaves after. */
EVOLVE_WALKS(tcp_pcb)
{
    struct work *work;
    list_for_each(work, &net.objects, link) if (work->kind == WORK_CONN)
        evolve_pointer(walk, &container_of(work, struct conn, work)->pcb);
}

/* lwIP gave a listening one, whatever its type here. */
EVOLVE_WALKS(tcp_pcb_listen)
{
    struct work *work;
    list_for_each(work, &net.objects, link) if (work->kind == WORK_LISTENER)
        evolve_pointer(walk, &container_of(work, struct listener, work)->pcb);
}

EVOLVE_WALKS(udp_pcb)
{
    struct work *work;
    list_for_each(work, &net.objects, link) if (work->kind == WORK_DATAGRAM)
        evolve_pointer(walk, &container_of(work, struct datagram, work)->pcb);
}

EVOLVE_WALKS(nic)
{
    evolve_pointer(walk, &net.nic);
    evolve_pointer(walk, &net.wake);
}
