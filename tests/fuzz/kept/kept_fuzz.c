/* Fuzzes what the client keeps and what it is handed at boot: a blob whose checksum is right, a seed, base64.
 * SPDX-License-Identifier: MIT
 *
 * Invariants: no crash, no leak; whatever the blob says, a good server gets the machine to its release, or the client says
 * why it takes none (a trust that is ahead of the server's is not wound back).
 */
#include "../../../evolution-client/core/private.h"
#include "../../unit/evolution-client/sim.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void read_texts(const uint8_t *data, size_t size)
{
    struct seed seed = {0};
    uint8_t *out = NULL;
    size_t len = 0;
    char *text = malloc(size + 1);
    check(text != NULL);
    memcpy(text, data, size);
    text[size] = 0;
    if (client_base64_read(text, &out, &len) == MANIFEST_OK) {
        check(len <= size);
        free(out);
    }
    (void)client_seed_read(text, size, &seed);
    client_seed_fini(&seed);
    free(text);
}

/* A blob of sections as the input says: tag, length, bytes; and the checksum that belongs to it. */
static void make_blob(struct sim *sim, const uint8_t *data, size_t size)
{
    uint8_t *blob = malloc(4 + size + MANIFEST_HASH_LEN);
    check(blob != NULL);
    memcpy(blob, "NCB1", 4);
    memcpy(blob + 4, data, size);
    check(manifest_hash(blob, 4 + size, blob + 4 + size) == MANIFEST_OK);
    free(sim->blob.data);
    sim->blob.data = blob;
    sim->blob.len = 4 + size + MANIFEST_HASH_LEN;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sim sim;
    read_texts(data, size);
    sim_init(&sim);
    make_blob(&sim, data, size);
    sim_boot(&sim);
    sim_run(&sim, 10);
    sim_release(&sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(&sim, 400);
    check(sim_runs(&sim, COLOURS(2, 1, 1, 1)) || sim_status(&sim).reason[0] != 0);
    sim_fini(&sim);
    return 0;
}
