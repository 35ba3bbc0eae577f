/* Gives lwIP the kernel's clock and random numbers, and turns its broken assertions into faults.
 * SPDX-License-Identifier: MIT
 */
#include <fault/fault/fault.h>
#include <lib/random/random.h>
#include <lwip/sys.h>
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

void lwip_port_broken(const char *text)
{
    fault_panic("lwip: %s", text);
}
