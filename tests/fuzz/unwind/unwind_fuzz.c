// Loads a cell with changed unwind tables and asks for the row of each address that they cover.
// SPDX-License-Identifier: MIT
#include <core/hosted/cellmem_host.h>
#include <core/plan/plan.h>
#include <core/unwind/private.h>

#include "../../unit/kernel/core/sample.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const uint64_t bases[CELLMEM_KINDS] = {
    [CELLMEM_TEXT] = 0xffffffff90000000, [CELLMEM_RODATA] = 0xffffffffa0000000,
    [CELLMEM_DATA] = 0xffffffffb0000000, [CELLMEM_STUB] = 0xffffffffc0000000,
    [CELLMEM_SLOT] = 0xffffffffd0000000,
};

static void ask_rows(const struct version *v)
{
    for (uint32_t i = 0; i < v->fde_count; i++)
        for (uint64_t pc = v->fdes[i].pc; pc < v->fdes[i].pc + v->fdes[i].len; pc++) {
            struct unwind_row row;
            if (cfi_row(&v->fdes[i], pc, &row) == STATUS_OK &&
                row.cfa.base >= UNWIND_REGISTERS)
                abort();
        }
}

// DATA: the bytes of the unwind table, over those of the sample.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct namespace ns = {0};
    struct plan_object set = {0};
    struct plan *plan = NULL;
    static struct plan_report report;
    struct image image;

    sample_init(&image);
    uint64_t room = get_le64(image_header(&image, IMAGE_FRAMES, SH_SIZE));
    if (len)
        memcpy(image_content(&image, IMAGE_FRAMES), data, len < room ? len : room);
    set.bytes = image.bytes;
    set.len = image.len;
    cellmem_host_reset(bases);
    memset(&report, 0, sizeof(report));
    if (plan_create(&ns, &set, 1, NULL, 0, &plan, &report) == STATUS_OK) {
        ask_rows(plan->cells[0].fresh);
        plan_destroy(plan);
    }
    namespace_fini(&ns);
    cellmem_host_reset(bases);
    image_fini(&image);
    return 0;
}
