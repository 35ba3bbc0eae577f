/* Reads newc cpio archives, entry by entry.
 * SPDX-License-Identifier: MIT
 */
#include <core/archive/archive.h>

#include <string.h>

enum { HEADER_LEN = 110, FIELD_LEN = 8, FIELD_FILE_LEN = 54, FIELD_NAME_LEN = 94 };

static bool hex_field(const uint8_t *at, uint32_t *out)
{
    uint32_t value = 0;
    for (int i = 0; i < FIELD_LEN; i++) {
        uint8_t c = at[i];
        uint32_t digit;
        if (c >= '0' && c <= '9')
            digit = c - '0';
        else if (c >= 'a' && c <= 'f')
            digit = c - 'a' + 10;
        else if (c >= 'A' && c <= 'F')
            digit = c - 'A' + 10;
        else
            return false;
        value = value << 4 | digit;
    }
    *out = value;
    return true;
}

/* Between concatenated archives there is padding of zeros. */
static size_t skip_zeros(const uint8_t *archive, size_t len, size_t at)
{
    while (at < len && archive[at] == 0)
        at++;
    return at;
}

static enum status read_entry(const uint8_t *archive, size_t len, size_t *at,
                              struct archive_entry *out)
{
    uint32_t name_len;
    uint32_t file_len;
    size_t here = *at;
    if (len - here < HEADER_LEN || memcmp(archive + here, "070701", 6) != 0 ||
        !hex_field(archive + here + FIELD_NAME_LEN, &name_len) ||
        !hex_field(archive + here + FIELD_FILE_LEN, &file_len))
        return STATUS_INVALID;
    size_t name_at = here + HEADER_LEN;
    if (name_len == 0 || name_len > len - name_at || archive[name_at + name_len - 1] != 0)
        return STATUS_INVALID;
    /* Padding is relative to the entry, whose start is aligned by skip_zeros() of the writer. */
    size_t file_at = here + align_up(HEADER_LEN + (size_t)name_len, 4);
    if (file_at > len || file_len > len - file_at)
        return STATUS_INVALID;
    out->name = (const char *)archive + name_at;
    if (strncmp(out->name, "./", 2) == 0)
        out->name += 2;
    out->bytes = archive + file_at;
    out->len = file_len;
    size_t end = file_at + align_up(file_len, 4);
    *at = end < len ? end : len;
    return STATUS_OK;
}

enum status archive_next(const uint8_t *archive, size_t len, size_t *at,
                         struct archive_entry *out)
{
    for (;;) {
        *at = skip_zeros(archive, len, *at);
        if (*at >= len)
            return STATUS_NOT_FOUND;
        enum status status = read_entry(archive, len, at, out);
        if (status != STATUS_OK || strcmp(out->name, "TRAILER!!!") != 0)
            return status;
    }
}
