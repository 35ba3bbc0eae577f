/* A cell that nobody calls: it says in the counter of swap_target that its start hook ran. One variant cannot start. */
/* SPDX-License-Identifier: MIT */
#include <tests/kernel/swap_target/swap_target.h>

enum status guest_start(void);

enum status guest_start(void)
{
#ifdef VARIANT_fails
    return swap_target_count() ? STATUS_IO : STATUS_OK;
#else
    return swap_target_count() ? STATUS_OK : STATUS_IO;
#endif
}
