// Unwind tables are checked when a cell is loaded, because the unwinder trusts them in fault context.
// SPDX-License-Identifier: MIT
#include <core/hosted/cellmem_host.h>
#include <core/plan/plan.h>
#include <core/unwind/private.h>

#include "../sample.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// In the sample's .eh_frame: a CIE of 24 bytes, then one FDE.
enum { CIE = 0, FDE = 24 };

static const uint64_t bases[CELLMEM_KINDS] = {
    [CELLMEM_TEXT] = 0xffffffff90000000, [CELLMEM_RODATA] = 0xffffffffa0000000,
    [CELLMEM_DATA] = 0xffffffffb0000000, [CELLMEM_STUB] = 0xffffffffc0000000,
    [CELLMEM_SLOT] = 0xffffffffd0000000,
};

struct world {
    struct namespace ns;
    struct image image;
    struct plan *plan;
    struct plan_report report;
};

static enum status load(struct world *world)
{
    const struct plan_object set = {.bytes = world->image.bytes, .len = world->image.len};

    cellmem_host_reset(bases);
    return plan_create(&world->ns, &set, 1, NULL, 0, &world->plan, &world->report);
}

static void world_fini(struct world *world)
{
    plan_destroy(world->plan);
    namespace_fini(&world->ns);
    image_fini(&world->image);
    cellmem_host_reset(bases);
}

static void gives_the_row_of_a_compiled_function(void **state)
{
    struct world world = {0};
    struct unwind_row row;
    (void)state;

    sample_init(&world.image);
    assert_int_equal(load(&world), STATUS_OK);
    const struct version *v = world.plan->cells[0].fresh;
    assert_int_equal(v->fde_count, 1);
    assert_int_equal(v->fdes[0].len, 8);
    assert_true(v->fdes[0].pc == v->functions[0].va);
    assert_int_equal(cfi_row(&v->fdes[0], v->fdes[0].pc, &row), STATUS_OK);
    assert_int_equal(row.cfa_register, UNWIND_RSP);
    assert_int_equal(row.cfa_offset, 8);
    assert_int_equal(row.rules[UNWIND_RIP].kind, RULE_AT_CFA);
    assert_int_equal(row.rules[UNWIND_RIP].offset, -8);
    world_fini(&world);
}

static void refuses_tables_that_lead_outside(void **state)
{
    static const struct {
        uint32_t at, value;
    } spoilt[] = {
        {FDE, 0x11},
        {FDE, UINT32_MAX},
        {FDE, 4},
        {FDE + 4, 0x1d},
        {FDE + 4, 0x20},
        {FDE + 4, UINT32_MAX},
        {FDE + 4, 0x7fffffff},
        {FDE + 4, 4},
        {FDE + 12, 0x1000},
        {FDE + 12, UINT32_MAX},
        {CIE, 2},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(spoilt); i++) {
        struct world world = {0};
        sample_init(&world.image);
        put_le32(image_content(&world.image, IMAGE_FRAMES) + spoilt[i].at,
                 spoilt[i].value);
        if (load(&world) != STATUS_DENIED)
            fail_msg("accepted: %u at %u", spoilt[i].value, spoilt[i].at);
        assert_non_null(strstr(world.report.refusals[0].text, "unwind table of sample"));
        world_fini(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_row_of_a_compiled_function),
        cmocka_unit_test(refuses_tables_that_lead_outside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
