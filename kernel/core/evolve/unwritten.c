/* Elements that nobody has written to since they were compared.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/unwritten.h>

#include <core/commit/transfer.h>
#include <mm/heap/heap.h>
#include <mm/paging/paging.h>

/* At most so many pages, or parts of one with other elements. */
static uint64_t bound(const struct element_set *set)
{
    return 2 * set->count + (set->bytes_len + set->more_bytes_len) / PAGE_SIZE;
}

/* Lists the pages of SET, each with the elements that reach it. */
static uint64_t list_pages(struct element_set *set, struct element_page *pages)
{
    uint64_t count = 0;
    uint64_t last = 0;
    for (uint64_t i = 0; i < set->count; i++) {
        const struct element *e = &set->elements[i];
        uint64_t end = e->from + element_len(e);
        for (uint64_t page = align_down(e->from, PAGE_SIZE); page < end;
             page += PAGE_SIZE) {
            if (page != last)
                pages[count++] = (struct element_page){.va = page, .first = i};
            pages[count - 1].count++;
            last = page;
        }
    }
    return count;
}

/* False: nothing is known of one of them. */
static bool forget(struct element_set *set, struct element_page *pages, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        pages[i].entry = paging_written_entry(pages[i].va, &set->written);
        if (!pages[i].entry)
            return false;
        paging_written_forget(pages[i].va, 1);
    }
    paging_written_settle();
    return true;
}

void unwritten_begin(struct element_set *set)
{
    if (!set || set->blind || !set->count || set->pages)
        return;
    struct element_page *pages = heap_new_array(struct element_page, bound(set));
    if (!pages)
        return;
    uint64_t count = list_pages(set, pages);
    if (!forget(set, pages, count) || !elements_equal(set, 0, set->count)) {
        heap_free(pages);
        return;
    }
    set->page_count = count;
    set->pages = pages;
}
