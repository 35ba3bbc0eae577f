/* What the boot image builder's files share: placed cells, and the two files it writes.
 * SPDX-License-Identifier: MIT
 */
#ifndef NEURATH_TOOLS_BOOTIMAGE_IMAGE_H
#define NEURATH_TOOLS_BOOTIMAGE_IMAGE_H

#include <core/plan/plan.h>

struct file {
    const char *path;
    uint8_t *bytes;
    size_t len;
};

/* One named member of the archive that is not a cell. */
struct extra {
    const char *name;
    struct file file;
};

/* The segments of the image, in the order of their addresses. */
enum image_segment {
    IMAGE_TEXT,
    IMAGE_STUBS,
    IMAGE_RODATA,
    IMAGE_TABLE,
    IMAGE_DATA,
    IMAGE_SLOTS,
    IMAGE_SEGMENTS
};

struct segment {
    uint64_t va;
    uint64_t flags; /* BOOT_SEGMENT_* */
    uint8_t *bytes;
    uint64_t len; /* whole pages */
};

struct image {
    struct namespace ns;
    struct segment segments[IMAGE_SEGMENTS];
    uint64_t entry; /* address of init_main */
};

/* Ends the program with exit code 1 after one line on standard error. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Gives the whole file, or ends the program. */
struct file file_read(const char *path);
/* Writes PATH so that it is there whole or not at all, or ends the program. */
void file_write(const char *path, const uint8_t *bytes, size_t len);

/* Loads CELLS together and fills IMAGE, or ends the program with every refusal. */
void image_place(struct image *image, const struct file *cells, size_t count);
/* Gives the placement table for what runs in NS. */
uint8_t *table_build(const struct namespace *ns, size_t *out_len);
/* Gives the ELF file: STUB with the segments added and its variables filled in. */
uint8_t *stub_combine(const struct file *stub, const struct image *image, size_t *out_len);
/* Gives a newc cpio archive of the cells, by name, then the extras. */
uint8_t *archive_build(const struct namespace *ns, const struct extra *extras,
                       size_t count, size_t *out_len);

#endif
