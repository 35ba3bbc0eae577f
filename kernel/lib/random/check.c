/* What the random numbers say of themselves in a trial: they are there, and never the same. */
/* SPDX-License-Identifier: MIT */
#include <lib/random/random.h>

#include <lib/base/evolve.h>
#include <string.h>

EVOLVE_CHECK(draws)
{
    uint8_t a[32] = {0};
    uint8_t b[32] = {0};
    if (random_status() != STATUS_OK)
        return NULL; /* a machine without a source says so */
    if (random_fill(a, sizeof a) != STATUS_OK || random_fill(b, sizeof b) != STATUS_OK)
        return "there are none, though there is a source";
    return memcmp(a, b, sizeof a) != 0 ? NULL : "two draws are the same";
}
