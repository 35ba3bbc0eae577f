/* Cases about page tables: what can be written, executed, mapped. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <boot/bootinfo/bootinfo.h>
#include <fault/fault/fault.h>
#include <mm/frame/frame.h>
#include <mm/paging/paging.h>
#include <string.h>
#include <task/task/task.h>
#include <time/clock/clock.h>

#define VECTOR_PAGE_FAULT 14u
#define RET 0xc3
/* In the alias region, where nothing else is while this test runs. */
#define FREE_VA (PAGING_ALIAS_END - 64 * PAGE_SIZE)

/* The real place of a function, behind its stub. */
static const uint8_t *text_address(void)
{
    struct boot_segment segment = {0};
    for (size_t i = 0; boot_segment_at(i, &segment) == STATUS_OK; i++)
        if (segment.flags & BOOT_SEGMENT_EXEC)
            return (const uint8_t *)segment.va;
    return NULL;
}

void text_cannot_be_written(void)
{
    uint8_t *text = (uint8_t *)text_address();
    uint8_t before = *text;
    KTEST_CHECK(ktest_probe_write(text) == VECTOR_PAGE_FAULT);
    KTEST_CHECK(*text == before);
}

void data_cannot_be_executed(void)
{
    static uint8_t in_data[1] = {RET};
    uint8_t on_stack[1] = {RET};
    uint64_t phys;
    KTEST_CHECK(frame_take(&phys) == STATUS_OK);
    *(uint8_t *)phys_to_virt(phys) = RET;
    KTEST_CHECK(ktest_probe_execute(in_data) == VECTOR_PAGE_FAULT);
    KTEST_CHECK(ktest_probe_execute(on_stack) == VECTOR_PAGE_FAULT);
    KTEST_CHECK(ktest_probe_execute(phys_to_virt(phys)) == VECTOR_PAGE_FAULT);
    frame_put(phys);
}

void text_is_not_in_the_direct_map(void)
{
    uint64_t phys;
    unsigned flags;
    KTEST_CHECK(paging_walk((uint64_t)text_address(), &phys, &flags) == STATUS_OK);
    KTEST_CHECK(flags == PAGING_EXEC);
    KTEST_CHECK(ktest_probe_read(phys_to_virt(phys)) == VECTOR_PAGE_FAULT);
    KTEST_CHECK(ktest_probe_read((const void *)0) == VECTOR_PAGE_FAULT);
    KTEST_CHECK(ktest_probe_read((const void *)0x100000) == VECTOR_PAGE_FAULT);
}

void stacks_end_at_a_guard_page(void)
{
    uint64_t low, top;
    task_stack_range(task_current(), &low, &top);
    KTEST_CHECK(ktest_probe_read((const void *)low) == KTEST_NO_FAULT);
    KTEST_CHECK(ktest_probe_write((void *)(low - 8)) == VECTOR_PAGE_FAULT);
    KTEST_CHECK(paging_is_guard(low - 8));
    KTEST_CHECK(!paging_is_guard(low));
}

void writable_and_executable_is_refused(void)
{
    uint64_t phys;
    KTEST_CHECK(frame_take(&phys) == STATUS_OK);
    KTEST_CHECK(paging_map(FREE_VA, phys, 1, PAGING_WRITE | PAGING_EXEC) == STATUS_INVALID);
    KTEST_CHECK(paging_walk(FREE_VA, NULL, NULL) == STATUS_NOT_FOUND);
    KTEST_CHECK(paging_map(FREE_VA + 1, phys, 1, 0) == STATUS_INVALID);
    frame_put(phys);
}

void mapping_twice_is_refused_and_changes_nothing(void)
{
    uint64_t run, found;
    KTEST_CHECK(frame_take_run(4, 0, &run) == STATUS_OK);
    KTEST_CHECK(paging_map(FREE_VA + 2 * PAGE_SIZE, run, 1, PAGING_WRITE) == STATUS_OK);
    KTEST_CHECK(paging_map(FREE_VA, run, 4, PAGING_WRITE) == STATUS_BUSY);
    KTEST_CHECK(paging_walk(FREE_VA, NULL, NULL) == STATUS_NOT_FOUND);
    KTEST_CHECK(paging_walk(FREE_VA + 2 * PAGE_SIZE, &found, NULL) == STATUS_OK &&
                found == run);
    paging_unmap(FREE_VA, 4);
    KTEST_CHECK(paging_walk(FREE_VA + 2 * PAGE_SIZE, NULL, NULL) == STATUS_NOT_FOUND);
    frame_put_run(run, 4);
}

void rights_change_and_go(void)
{
    uint64_t phys;
    volatile uint8_t *page = (volatile uint8_t *)FREE_VA;
    KTEST_CHECK(frame_take(&phys) == STATUS_OK);
    KTEST_CHECK(paging_map(FREE_VA, phys, 1, PAGING_WRITE) == STATUS_OK);
    KTEST_CHECK(ktest_probe_write(page) == KTEST_NO_FAULT);
    KTEST_CHECK(paging_protect(FREE_VA, 1, 0) == STATUS_OK);
    KTEST_CHECK(ktest_probe_read(page) == KTEST_NO_FAULT);
    KTEST_CHECK(ktest_probe_write(page) == VECTOR_PAGE_FAULT);
    *(uint8_t *)phys_to_virt(phys) = RET;
    KTEST_CHECK(paging_direct_remove(&phys, 1) == STATUS_OK);
    KTEST_CHECK(paging_protect(FREE_VA, 1, PAGING_EXEC) == STATUS_OK);
    KTEST_CHECK(ktest_probe_execute(page) == KTEST_NO_FAULT);
    KTEST_CHECK(paging_check());
    paging_unmap(FREE_VA, 1);
    KTEST_CHECK(ktest_probe_read(page) == VECTOR_PAGE_FAULT);
    KTEST_CHECK(paging_direct_restore(phys) == STATUS_OK);
    KTEST_CHECK(paging_protect(FREE_VA, 1, 0) == STATUS_NOT_FOUND);
    frame_put(phys);
}

void what_was_written_to_is_known(void)
{
    uint64_t run;
    volatile uint8_t *pages = (volatile uint8_t *)FREE_VA;
    KTEST_CHECK(frame_take_run(3, 0, &run) == STATUS_OK);
    KTEST_CHECK(paging_map(FREE_VA, run, 3, PAGING_WRITE) == STATUS_OK);
    KTEST_CHECK(paging_written(FREE_VA, 3) == 0);
    pages[PAGE_SIZE] = 1;
    KTEST_CHECK(paging_written(FREE_VA, 3) == 2);
    paging_written_forget(FREE_VA, 3);
    paging_written_settle();
    KTEST_CHECK(pages[PAGE_SIZE] == 1 && paging_written(FREE_VA, 3) == 0);
    pages[PAGE_SIZE] = 2;
    pages[2 * PAGE_SIZE] = 2;
    KTEST_CHECK(paging_written(FREE_VA, 3) == 6);
    paging_written_note(FREE_VA);
    KTEST_CHECK(paging_written(FREE_VA, 3) == 7);
    paging_unmap(FREE_VA, 3);
    frame_put_run(run, 3);
}

void frames_leave_the_direct_map_together(void)
{
    uint64_t run;
    KTEST_CHECK(frame_take_run(2, 0, &run) == STATUS_OK);
    uint64_t both[] = {run, run + PAGE_SIZE};
    KTEST_CHECK(paging_direct_remove(both, 2) == STATUS_OK);
    KTEST_CHECK(ktest_probe_read(phys_to_virt(both[0])) == VECTOR_PAGE_FAULT &&
                ktest_probe_read(phys_to_virt(both[1])) == VECTOR_PAGE_FAULT);
    KTEST_CHECK(paging_direct_restore(both[0]) == STATUS_OK);
    KTEST_CHECK(paging_direct_remove(both, 2) == STATUS_NOT_FOUND);
    KTEST_CHECK(ktest_probe_read(phys_to_virt(both[0])) == KTEST_NO_FAULT);
    KTEST_CHECK(paging_direct_restore(both[1]) == STATUS_OK);
    frame_put_run(run, 2);
}

static volatile uint64_t overflow_calls, overflow_after;

static __attribute__((noinline)) uint64_t overflow_deeper(uint64_t depth)
{
    volatile uint8_t room[512];
    room[0] = (uint8_t)depth;
    return depth == 0 ? 0 : overflow_deeper(depth - 1) + room[0];
}

static struct wait overflow_step(void *arg)
{
    (void)arg;
    if (overflow_calls++ == 0)
        overflow_after = overflow_deeper(100000);
    overflow_after = 1;
    return wait_done();
}

void stack_overflow_restarts_the_task(void)
{
    uint64_t before = fault_count();
    struct fault_record record = {0};
    KTEST_CHECK(task_create("overflow", overflow_step, NULL, NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&overflow_after, 1, 5 * NS_PER_S));
    KTEST_CHECK(overflow_calls == 2);
    KTEST_CHECK(fault_count() == before + 1);
    KTEST_CHECK(fault_at(0, &record) == STATUS_OK);
    KTEST_CHECK(paging_is_guard(record.address));
    KTEST_CHECK(strcmp(record.task, "overflow") == 0);
}

void tables_keep_their_invariants(void)
{
    KTEST_CHECK(paging_check());
}
