/* Withdraws new text on the way back. Inline: part of each closure cell.
 * SPDX-License-Identifier: MIT
 *
 * Only stores into memory that the plan opened; no calls. While every other CPU is held, at a place where it might
 * have been preempted, or stuck.
 */
#ifndef NEURATH_CORE_COMMIT_WITHDRAW_H
#define NEURATH_CORE_COMMIT_WITHDRAW_H

#include <core/plan/migration.h>

enum { WITHDRAW_PAGE_WORDS = PAGE_SIZE / 8 };
#define WITHDRAW_FILL 0xccccccccccccccccull /* INT3 */

static inline void withdraw_page(uint8_t *page)
{
    volatile uint64_t *words = (volatile uint64_t *)page;
    for (uint32_t i = 0; i < WITHDRAW_PAGE_WORDS; i++)
        words[i] = WITHDRAW_FILL;
}

/* Fills the texts of W with INT3, but for the one in which STAYS lies (0: none): the caller's, which only leaves. */
static inline void texts_withdraw(const struct withdrawal *w, uint64_t stays)
{
    uint32_t page = 0;
    for (uint32_t i = 0; i < w->text_count; i++) {
        const struct address_range *text = &w->texts[i];
        bool fill = stays - text->begin >= text->end - text->begin;
        if (fill)
            __atomic_store_n(w->flags[i], 1, __ATOMIC_SEQ_CST);
        for (uint64_t at = text->begin; at < text->end; at += PAGE_SIZE, page++)
            if (fill)
                withdraw_page(w->pages[page]);
    }
}

#endif
