/* Adds a file to a newc cpio archive.
 * SPDX-License-Identifier: MIT */
#include "archive.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../place.h"

enum { HEADER_LEN = 110, SIZE_AT = 54, NAME_SIZE_AT = 94 };

static const char trailer[] = "TRAILER!!!";

static size_t align4(size_t len)
{
    return (len + 3) & ~(size_t)3;
}

/* Reads eight hexadecimal digits; false if they are none. */
static bool read_hex(const char *at, size_t *out)
{
    char digits[9];
    char *end = NULL;

    memcpy(digits, at, 8);
    digits[8] = '\0';
    *out = strtoul(digits, &end, 16);
    return end == digits + 8;
}

/* Finds where the entry of the end mark begins. */
static bool find_trailer(const char *bytes, size_t len, size_t *out)
{
    size_t at = 0;

    while (at + HEADER_LEN <= len && memcmp(bytes + at, "070701", 6) == 0) {
        size_t size = 0, name_len = 0;
        if (!read_hex(bytes + at + SIZE_AT, &size) ||
            !read_hex(bytes + at + NAME_SIZE_AT, &name_len) || name_len == 0 ||
            name_len > len - at - HEADER_LEN || size > len) {
            return false;
        }
        if (name_len == sizeof(trailer) &&
            memcmp(bytes + at + HEADER_LEN, trailer, sizeof(trailer)) == 0) {
            *out = at;
            return true;
        }
        at = align4(align4(at + HEADER_LEN + name_len) + size);
    }
    return false;
}

/* Writes one entry at OUT; gives its length with padding. */
static size_t put_entry(char *out, const char *name, const void *bytes, size_t len)
{
    char header[HEADER_LEN + 1];
    size_t name_len = strlen(name) + 1;
    size_t data_at = align4(HEADER_LEN + name_len);

    snprintf(header, sizeof(header),
             "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 0u, 0100600u,
             0u, 0u, 1u, 0u, (unsigned)len, 0u, 0u, 0u, 0u, (unsigned)name_len, 0u);
    memset(out, 0, align4(data_at + len));
    memcpy(out, header, HEADER_LEN);
    memcpy(out + HEADER_LEN, name, name_len);
    memcpy(out + data_at, bytes, len);
    return align4(data_at + len);
}

bool archive_add(const char *from, const char *to, const char *name, const void *bytes,
                 size_t len, struct failure *failure)
{
    size_t old_len = 0, end = 0, new_len = 0;
    char *old = place_read_file(from, &old_len);
    char *grown = NULL;
    bool done = false;

    if (old == NULL || !find_trailer(old, old_len, &end)) {
        free(old);
        return failure_set(failure, "bad-archive", "%s is no whole cpio archive", from);
    }
    grown = malloc(end + 2 * (HEADER_LEN + 256) + align4(len) + sizeof(trailer) + 512);
    if (grown != NULL) {
        memcpy(grown, old, end);
        new_len = end + put_entry(grown + end, name, bytes, len);
        new_len += put_entry(grown + new_len, trailer, "", 0);
        done = place_write_file(to, grown, new_len, 0600, failure);
    } else {
        failure_set(failure, "no-memory", "out of memory");
    }
    free(grown);
    free(old);
    return done;
}
