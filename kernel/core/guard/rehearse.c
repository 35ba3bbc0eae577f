/* The rehearsal of a new version of the guard: mock trials, with the functions that a trial runs.
 * SPDX-License-Identifier: MIT
 */
#include "record.h"

#include <lib/base/evolve.h>

enum { PAGE_FAULT = 14 };

static struct guard_record mock;
EVOLVE_SCRATCH(mock);

/* A swap of two words, the second of them late, and of a number that becomes wider. */
static struct {
    uint64_t words[2];
    uint32_t narrow;
    uint32_t narrow_before;
    uint32_t narrow_again;
    uint64_t wide;
    uint64_t after;
    uint64_t after_prepared;
    struct poke pokes[2];
    struct field_move back;
    struct migration migration;
    struct migration beside;
    struct migration_list migrations;
    struct migration_list late;
} swap;
EVOLVE_SCRATCH(swap);
static const struct guard_limits patient = {.stuck_tsc = UINT64_MAX,
                                            .overdue_tsc = UINT64_MAX};
static const struct guard_limits impatient = {.stuck_tsc = UINT64_MAX};

static void begin_mock(const struct guard_limits *limits)
{
    for (uint32_t i = 0; i < 2; i++)
        swap.pokes[i] = (struct poke){.va = (uint64_t)&swap.words[i],
                                      .write = (uint8_t *)&swap.words[i],
                                      .before = i + 1,
                                      .after = i + 3,
                                      .len = 8};
    swap.words[0] = 3; /* stored */
    swap.words[1] = 2; /* not yet */
    swap.back = (struct field_move){
        .kind = MOVE_NUMBER, .from_bits = 64, .to_bits = 32, .count = 1};
    swap.migration.old_at = (uint8_t *)&swap.narrow;
    swap.migration.old_len = sizeof swap.narrow;
    swap.migration.new_at = (uint8_t *)&swap.wide;
    swap.migration.new_len = sizeof swap.wide;
    swap.migration.saved = (uint8_t *)&swap.narrow_before;
    swap.migration.back = (uint8_t *)&swap.narrow_again;
    swap.migration.reverse = (struct move_list){.moves = &swap.back, .count = 1};
    swap.migrations = (struct migration_list){.list = &swap.migration, .count = 1};
    swap.beside.old_at = (uint8_t *)&swap.wide;
    swap.beside.old_len = 0;
    swap.beside.new_at = (uint8_t *)&swap.after;
    swap.beside.new_len = sizeof swap.after;
    swap.beside.prepared = (uint8_t *)&swap.after_prepared;
    swap.after = 7;
    swap.after_prepared = 8;
    swap.late = (struct migration_list){.list = &swap.beside, .count = 1};
    swap.narrow_before = swap.narrow = 5;
    swap.wide = 6; /* written since by the new code */
    mock = (struct guard_record){.version = RECORD_VERSION, .alone = true};
    record_arm(&mock, swap.pokes, 1, 1, &swap.migrations, limits);
    swap.migrations.stage = MIGRATION_STORED;
}

/* Says whether the mock's trial ended because of CAUSE, with every word as it was. */
static bool ended(enum guard_cause cause)
{
    struct guard_verdict verdict = {.restored = true};
    bool reverted = mock.state == REVERTED;
    record_disarm(&mock, &verdict);
    return verdict.cause == cause && reverted == (cause != GUARD_NONE) &&
           (!reverted || verdict.restored) && swap.words[1] == 2 && swap.after == 7 &&
           swap.words[0] == (reverted ? 1 : 3) && swap.narrow == (reverted ? 6 : 5);
}

/* Says whether the mock's trial ended with the handover, which happens once. */
static bool hands_over(void)
{
    begin_mock(&patient);
    swap.words[1] = 1; /* nothing that may be written over */
    if (record_hand_over(&mock, &swap.late) != STATUS_INVALID || swap.after != 7)
        return false;
    swap.words[1] = 2;
    return record_hand_over(&mock, &swap.late) == STATUS_OK && mock.state == IDLE &&
           swap.words[0] == 3 && swap.words[1] == 4 && swap.after == 8 &&
           record_hand_over(&mock, &swap.late) == STATUS_BUSY;
}

static bool rehearse(void)
{
    struct trap_frame frame = {.vector = PAGE_FAULT};
    if (!hands_over())
        return false;
    begin_mock(&patient);
    record_nmi(&mock, &frame);
    if (!ended(GUARD_NONE))
        return false;
    begin_mock(&patient);
    if (!record_fault(&mock, &frame) || !record_fault(&mock, &frame) ||
        !ended(GUARD_FAULT))
        return false;
    begin_mock(&impatient);
    record_nmi(&mock, &frame);
    record_nmi(&mock, &frame);
    if (!ended(GUARD_OVERDUE))
        return false;
    begin_mock(&patient);
    record_wish(&mock);
    return ended(GUARD_WISHED) && !record_fault(&mock, &frame);
}

/* Interrupts are off, so a version that loops here is taken for stuck. */
enum status guard_evolved(uint32_t from)
{
    (void)from;
    return record_is_known() && rehearse() ? STATUS_OK : STATUS_INVALID;
}
