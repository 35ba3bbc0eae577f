/* Gives lwIP the kernel's clock and random numbers, and turns its broken assertions into faults; tells of its routers.
 * SPDX-License-Identifier: MIT
 */
#include <fault/fault/fault.h>
#include <lib/random/random.h>
#include <lwip/priv/nd6_priv.h>
#include <lwip/sys.h>
#include <net/lwip/lwip.h>
#include <time/clock/clock.h>

u32_t sys_now(void)
{
    return (u32_t)(clock_ns() / NS_PER_MS);
}

/* Ports, transaction ids and first sequence numbers. Without a random source (nothing that needs secrecy runs on such
 * a machine: TLS refuses) the clock has to do. */
uint32_t lwip_port_random(void)
{
    uint32_t value;

    if (random_fill(&value, sizeof value) != STATUS_OK)
        value = (uint32_t)(clock_ns() * 2654435761u >> 7);
    return value;
}

bool lwip_router(const struct netif *netif, ip6_addr_t *out_address)
{
    for (unsigned i = 0; i < LWIP_ND6_NUM_ROUTERS; i++) {
        const struct nd6_neighbor_cache_entry *router =
            default_router_list[i].neighbor_entry;

        if (router == NULL || router->netif != netif)
            continue;
        *out_address = router->next_hop_address;
        return true;
    }
    return false;
}

void lwip_port_broken(const char *text)
{
    fault_panic("lwip: %s", text);
}
