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
enum { CIE = 0, FDE = 24, CIE_CODE = CIE + 17, CODE_LEN = 7, FDE_CODE = FDE + 17 };

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
    assert_int_equal(row.cfa.base, UNWIND_RSP);
    assert_int_equal(row.cfa.offset, 8);
    assert_int_equal(row.rules[UNWIND_RIP].kind, RULE_AT_CFA);
    assert_int_equal(row.rules[UNWIND_RIP].place.offset, -8);
    world_fini(&world);
}

// The row of the sample's function when CODE is what its CIE says, and its FDE only, if TAIL, that CFA = rsp + 8.
static enum status row_of(const uint8_t code[CODE_LEN], bool tail, struct unwind_row *row)
{
    static const uint8_t cfa[] = {0x0c, 7, 8};
    struct world world = {0};
    sample_init(&world.image);
    memcpy(image_content(&world.image, IMAGE_FRAMES) + CIE_CODE, code, CODE_LEN);
    if (tail)
        memcpy(image_content(&world.image, IMAGE_FRAMES) + FDE_CODE, cfa, sizeof cfa);
    assert_int_equal(load(&world), STATUS_OK);
    const struct fde *fde = &world.plan->cells[0].fresh->fdes[0];
    enum status status = cfi_row(fde, fde->pc, row);
    world_fini(&world);
    return status;
}

static void reads_expressions_of_the_entry_code(void **state)
{
    struct unwind_row row;
    (void)state;

    // CFA = *(rbx + 160)
    assert_int_equal(row_of((uint8_t[]){0x0f, 4, 0x73, 0xa0, 0x01, 0x06, 0}, false, &row),
                     STATUS_OK);
    assert_int_equal(row.cfa.base, 3);
    assert_int_equal(row.cfa.offset, 160);
    assert_true(row.cfa.deref);
    // r10 saved at rbx + 40
    assert_int_equal(row_of((uint8_t[]){0x10, 10, 2, 0x73, 0x28, 0, 0}, true, &row),
                     STATUS_OK);
    assert_int_equal(row.rules[10].kind, RULE_AT_PLACE);
    assert_int_equal(row.rules[10].place.base, 3);
    assert_int_equal(row.rules[10].place.offset, 40);
    assert_false(row.rules[10].place.deref);
    // rsp = *(rbx - 8)
    assert_int_equal(row_of((uint8_t[]){0x16, 7, 3, 0x73, 0x78, 0x06, 0}, true, &row),
                     STATUS_OK);
    assert_int_equal(row.rules[7].kind, RULE_PLACE);
    assert_int_equal(row.rules[7].place.offset, -8);
    assert_true(row.rules[7].place.deref);
    // CFA = rbx + 8 + 16
    assert_int_equal(row_of((uint8_t[]){0x0f, 4, 0x73, 8, 0x23, 16, 0}, false, &row),
                     STATUS_OK);
    assert_int_equal(row.cfa.offset, 24);
    assert_false(row.cfa.deref);
}

static void refuses_expressions_that_it_does_not_know(void **state)
{
    static const uint8_t codes[][CODE_LEN] = {
        {0x0f, 0},                         // empty
        {0x0f, 6, 0x73, 0, 0, 0, 0},       // longer than the FDE
        {0x0f, 0x7f, 0x73, 0, 0, 0, 0},    //
        {0x0f, 2, 0x73, 0x80, 0, 0, 0},    // its number goes on behind it
        {0x0f, 1, 0x73, 0, 0, 0, 0},       // no number
        {0x0f, 2, 0x50, 0, 0, 0, 0},       // reg, not breg
        {0x0f, 2, 0x6f, 0, 0, 0, 0},       // before breg0
        {0x0f, 2, 0x81, 0, 0, 0, 0},       // breg17
        {0x0f, 4, 0x73, 0, 0x06, 0x06, 0}, // two loads
        {0x0f, 3, 0x73, 0, 0x22, 0, 0},    // plus of two values
        {0x0f, 4, 0x73, 0, 0x23, 0x80, 0}, // its number goes on behind it
        {0x10, 10, 0},                     //
        {0x16, 10, 9, 0x73, 0, 0, 0},      //
    };
    struct unwind_row row;
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        if (row_of(codes[i], true, &row) != STATUS_INVALID)
            fail_msg("accepted: number %zu", i);
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
        cmocka_unit_test(reads_expressions_of_the_entry_code),
        cmocka_unit_test(refuses_expressions_that_it_does_not_know),
        cmocka_unit_test(refuses_tables_that_lead_outside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
