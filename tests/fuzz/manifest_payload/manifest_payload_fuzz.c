/* Fuzzes the readers of payloads: the input is signed by the right key first, the first byte says as what.
 * SPDX-License-Identifier: MIT
 */
#include <manifest/sign.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct manifest_secret secret;
static struct manifest_root root;

static void set_up(void)
{
    uint8_t scalar[32] = {1};
    if (manifest_secret_load(scalar, &secret) != MANIFEST_OK)
        abort();
    root.version = 1;
    for (int role = 0; role < MANIFEST_ROLE_COUNT; role++) {
        if (manifest_root_add(&root, (enum manifest_role)role, &secret.key) != MANIFEST_OK)
            abort();
        root.roles[role].threshold = 1;
    }
    memcpy(root.fleet, "0123456789abcdef", sizeof root.fleet);
}

/* What was read must keep its own rules. */
static void release_check(const struct manifest_release *release)
{
    uint8_t content[MANIFEST_HASH_LEN];
    if (release->cell_count > MANIFEST_CELLS_MAX ||
        manifest_content_id(release->cells, release->cell_count, content) != MANIFEST_OK ||
        memcmp(content, release->content, sizeof content) != 0)
        abort();
    for (size_t i = 0; i < release->cell_count; i++)
        for (size_t k = 0; k < release->cells[i].use_count; k++)
            if (!manifest_release_cell(release, release->cells[i].uses[k]))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const types[] = {MANIFEST_TYPE_ROOT, MANIFEST_TYPE_RELEASE,
                                        MANIFEST_TYPE_TIMESTAMP, MANIFEST_TYPE_FRESH};
    static struct manifest_root read_root;
    const struct manifest_secret *secrets[] = {&secret};
    struct manifest_release release;
    struct manifest_timestamp timestamp;
    struct manifest_fresh fresh;
    uint8_t *frame;
    size_t len;
    if (root.version == 0)
        set_up();
    if (size == 0 ||
        manifest_frame_sign(types[data[0] % 4], (const char *)data + 1, size - 1, secrets,
                            1, &frame, &len) != MANIFEST_OK)
        return 0;
    switch (data[0] % 4) {
    case 0: (void)!manifest_root_open(frame, len, &root, &read_root); break;
    case 1:
        if (manifest_release_open(frame, len, &root, &release) == MANIFEST_OK) {
            release_check(&release);
            manifest_release_fini(&release);
        }
        break;
    case 2: (void)!manifest_timestamp_open(frame, len, &root, &timestamp); break;
    case 3: (void)!manifest_fresh_open(frame, len, &root, &fresh); break;
    }
    free(frame);
    return 0;
}
