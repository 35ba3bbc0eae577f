/* A cell that nobody calls: it says in the counter of swap_target that its start hook ran. */
/* SPDX-License-Identifier: MIT */
#include <tests/kernel/swap_target/swap_target.h>

enum status guest_start(void);

enum status guest_start(void)
{
    return swap_target_count() ? STATUS_OK : STATUS_IO;
}
