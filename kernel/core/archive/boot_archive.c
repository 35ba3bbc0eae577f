/* Finds files in the boot archive.
 * SPDX-License-Identifier: MIT
 */
#include <core/archive/archive.h>

#include <boot/bootinfo/bootinfo.h>
#include <mm/paging/paging.h>
#include <string.h>

enum status archive_find(const char *name, struct archive_entry *out)
{
    size_t len = boot_archive_len();
    const uint8_t *archive = len ? phys_to_virt(boot_archive_phys()) : NULL;
    struct archive_entry e;
    size_t at = 0;
    bool found = false;
    while (archive && archive_next(archive, len, &at, &e) == STATUS_OK) {
        if (strcmp(e.name, name) == 0) {
            *out = e;
            found = true;
        }
    }
    return found ? STATUS_OK : STATUS_NOT_FOUND;
}
