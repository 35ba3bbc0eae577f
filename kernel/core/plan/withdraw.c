/* Prepares the withdrawal of new text: opens aliases of all of it, so that the way back can fill it.
 * SPDX-License-Identifier: MIT
 *
 * The way back may come at any moment, with tasks in the new text. Over data in the old form that text would destroy
 * what it touches. So it is filled with INT3 in the same moment (commit/withdraw.h), and whoever was in it begins again
 * (task.h, task_leave_texts). This concerns cells whose data or types change (`reformed`); other new text goes on, for
 * what it touches means the same in both versions. The closure carries the way back out, so its text is never filled.
 */
#include <core/plan/private.h>

#include <mm/heap/heap.h>

static bool is_withdrawn(const struct plan_cell *cell)
{
    return cell->reformed && cell->fresh && cell->fresh->text.len &&
           !(cell->fresh->info.flags & CELL_CLOSURE);
}

static enum status open_pages(struct plan *plan, const struct cellmem_region *text)
{
    struct withdrawal *w = &plan->migrations.withdrawal;
    for (uint64_t at = 0; at < text->len; at += CELLMEM_PAGE) {
        uint8_t *write = plan_alias(plan, text->va + at);
        if (!write)
            return STATUS_FULL;
        w->pages[w->page_count++] = write;
    }
    return STATUS_OK;
}

static bool take_memory(struct plan *plan)
{
    struct withdrawal *w = &plan->migrations.withdrawal;
    uint64_t pages = 1;
    for (uint32_t i = 0; i < plan->cell_count; i++)
        if (is_withdrawn(&plan->cells[i]))
            pages += plan->cells[i].fresh->text.len / CELLMEM_PAGE;
    w->texts = heap_new_array(struct address_range, plan->cell_count + 1);
    w->flags = heap_new_array(uint32_t *, plan->cell_count + 1);
    w->pages = heap_new_array(uint8_t *, pages);
    w->objects = heap_new_array(struct address_range, plan->migrations.count + 1);
    return w->texts && w->flags && w->pages && w->objects;
}

static void list_objects(struct plan *plan)
{
    struct withdrawal *w = &plan->migrations.withdrawal;
    for (uint32_t i = 0; i < plan->migrations.count; i++) {
        const struct migration *m = &plan->migrations.list[i];
        if (!m->constant)
            w->objects[w->object_count++] =
                (struct address_range){m->new_va, m->new_va + m->new_len};
    }
}

enum status plan_withdrawal(struct plan *plan)
{
    struct withdrawal *w = &plan->migrations.withdrawal;
    if (!take_memory(plan))
        return STATUS_FULL;
    list_objects(plan);
    for (uint32_t i = 0; i < plan->cell_count; i++) {
        struct version *fresh = plan->cells[i].fresh;
        if (!is_withdrawn(&plan->cells[i]))
            continue;
        w->texts[w->text_count] =
            (struct address_range){fresh->text.va, fresh->text.va + fresh->text.len};
        w->flags[w->text_count++] = &fresh->withdrawn;
        if (open_pages(plan, &fresh->text) != STATUS_OK)
            return STATUS_FULL;
    }
    return STATUS_OK;
}

void plan_withdrawal_fini(struct plan *plan)
{
    struct withdrawal *w = &plan->migrations.withdrawal;
    heap_free(w->texts);
    heap_free(w->flags);
    heap_free(w->pages);
    heap_free(w->objects);
    *w = (struct withdrawal){0};
}
