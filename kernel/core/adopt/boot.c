/* Adopts the cells of this boot, from what the boot stub handed over.
 * SPDX-License-Identifier: MIT
 */
#include <core/adopt/adopt.h>

#include <boot/bootinfo/bootinfo.h>
#include <mm/paging/paging.h>

enum { TABLE_MAX_LEN = 4 << 20 };

enum status adopt_boot(struct namespace *ns, struct refusal *out_why)
{
    const uint8_t *table = (const uint8_t *)boot_placement_va();
    if (!table || !boot_archive_len())
        return STATUS_NOT_FOUND;
    return adopt_tables(ns, table, TABLE_MAX_LEN, phys_to_virt(boot_archive_phys()),
                        boot_archive_len(), out_why);
}
