// SHA-256 (FIPS 180-4) of one run of bytes.
// SPDX-License-Identifier: MIT
#ifndef CELLTOOL_SHA256_H
#define CELLTOOL_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_LEN 32

void sha256(const void *bytes, size_t len, uint8_t out_digest[SHA256_LEN]);

// The first eight bytes of the digest as a little-endian number; 0 is kept free for
// "unknown" and comes out as 1.
uint64_t sha256_short(const void *bytes, size_t len);

#endif
