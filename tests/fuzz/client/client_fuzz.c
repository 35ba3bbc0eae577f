/* Fuzzes the client as a whole: a simulated server whose answers are bent as the input says, a blob that is bent too.
 * SPDX-License-Identifier: MIT
 *
 * Invariants: no crash, no spinning (the simulator's own check), nothing runs that no signed release named, and
 * whatever happened, a good server gets the machine to the newest release.
 */
#include "../../unit/evolution-client/sim.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *left;
static size_t left_len;

static uint8_t take(void)
{
    if (left_len == 0)
        return 0;
    left_len--;
    return *left++;
}

/* Each answer takes some bytes of the input; 0 leaves it as it is. */
static void bend(struct sim *sim, struct sim_answer *answer)
{
    static const unsigned codes[] = {200, 204, 206, 301, 400, 401,
                                     403, 404, 416, 429, 500, 503};
    uint8_t how = take();
    (void)sim;
    if (how & 1)
        answer->status = codes[take() % (sizeof codes / sizeof codes[0])];
    if (how & 2 && answer->len > 0)
        answer->body[(take() | take() << 8) % answer->len] ^= take();
    if (how & 4)
        answer->length = (int64_t)(take() | take() << 8) - 300;
    if (how & 8)
        answer->cut_after = take() | take() << 8;
    if (how & 16)
        answer->refuse = (enum client_net_error)(take() % 7);
    if (how & 32)
        answer->range_from ^= take();
    if (how & 64)
        answer->encoded = true;
    if (how & 128) {
        answer->piece = 1 + take();
        answer->piece_ns = take() * (SIM_SECOND / 100);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sim sim;
    left = data;
    left_len = size;
    sim_init(&sim);
    sim_boot(&sim);
    sim.bend = bend;
    sim_run(&sim, 10);
    sim_release(&sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(&sim, 20);
    uint8_t how = take();
    if (how & 1 && sim.blob.len > 0)
        sim.blob.data[(take() | take() << 8) % sim.blob.len] ^= take();
    if (how & 2 && sim.blob.len > 0)
        sim.blob.len = (take() | take() << 8) % sim.blob.len;
    if (how & 3)
        sim_boot(&sim);
    sim_release(&sim, 3, COLOURS(3, 1, 4, 1));
    sim_run(&sim, 20);
    if (!sim_runs(&sim, COLOURS(1, 1, 1, 1)) && !sim_runs(&sim, COLOURS(2, 1, 1, 1)) &&
        !sim_runs(&sim, COLOURS(3, 1, 4, 1)))
        abort();
    sim.bend = NULL;
    sim_release(&sim, 4, COLOURS(5, 6, 1, 1));
    for (int i = 0; i < 70 && !sim_runs(&sim, COLOURS(5, 6, 1, 1)); i++)
        sim_run(&sim, 10);
    if (!sim_runs(&sim, COLOURS(5, 6, 1, 1)))
        abort();
    sim_fini(&sim);
    return 0;
}
