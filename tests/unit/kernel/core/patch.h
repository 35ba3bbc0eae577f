// Turns fuzzer input into an object: raw bytes, or changes to a valid image, so that deep checks are reached.
// SPDX-License-Identifier: MIT
#ifndef TEST_CORE_PATCH_H
#define TEST_CORE_PATCH_H

#include "image.h"

#include <stdlib.h>
#include <string.h>

// DATA is one byte of mode, then either an object (mode 0), or changes to IMAGE: each a place (16 bits), a count, the bytes.
static inline void patch_image(struct image *image, const uint8_t *data, size_t len)
{
    if (len && data[0] == 0) {
        free(image->bytes);
        image->len = len - 1;
        image->bytes = malloc(image->len ? image->len : 1);
        memcpy(image->bytes, data + 1, image->len);
        return;
    }
    for (size_t at = 1; len > 4 && at < len - 3;) {
        size_t place = get_le16(data + at) % image->len;
        size_t count = data[at + 2] % 9;
        at += 3;
        count = count < len - at ? count : len - at;
        count = count < image->len - place ? count : image->len - place;
        memcpy(image->bytes + place, data + at, count);
        at += count;
    }
}

#endif
