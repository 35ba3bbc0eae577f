/* Fuzzes what reads unsigned bytes: frames, strict JSON, trust state, and roots as first roots.
 * SPDX-License-Identifier: MIT
 */
#include <manifest/manifest.h>
#include <manifest/trust.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct manifest_root root;
    static struct trust trust;
    struct manifest_frame frame;
    struct trust_state state;
    size_t len;
    json_t *document;
    if (manifest_frame_decode(data, size, &frame) == MANIFEST_OK) {
        if (manifest_frame_length(data, size, &len) != MANIFEST_OK || len != size)
            abort();
        if (manifest_root_open(data, size, NULL, &root) == MANIFEST_OK &&
            manifest_frame_verify(&frame, &root, MANIFEST_ROLE_ROOT) != MANIFEST_OK)
            abort();
    }
    if (manifest_json_read(data, size, &document) == MANIFEST_OK)
        json_decref(document);
    if (trust_state_read(data, size, &state) == MANIFEST_OK) {
        uint8_t again[TRUST_STATE_LEN];
        if (trust_state_write(&state, again) != MANIFEST_OK)
            abort();
    }
    (void)!trust_start(&trust, data, size, NULL, NULL, 0);
    return 0;
}
