/* Calls coupled_server in the form that its version has. */
/* SPDX-License-Identifier: MIT */
#include "coupled_client.h"

#include <lib/base/io.h>
#include <tests/kernel/coupled_server/coupled_server.h>

uint64_t coupled_client_work(uint64_t rounds)
{
    coupled_check_fn check = coupled_checker();
    uint64_t wrong = 0;
    for (uint64_t i = 0; i < rounds; i++) {
#if COUPLED_VERSION == 2
        wrong += coupled_serve(COUPLED_VERSION, i, 3) != 2003 + i;
#else
        wrong += coupled_serve(COUPLED_VERSION, i) != 1000 + i;
#endif
        (void)check(COUPLED_VERSION);
    }
    return wrong;
}

void coupled_client_idle(const volatile uint64_t *stop)
{
    while (!*stop)
        cpu_pause();
}
