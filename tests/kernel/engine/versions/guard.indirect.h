/* guard that calls a function by its pointer. */
/* SPDX-License-Identifier: MIT */
static void (*volatile elsewhere)(void);
__attribute__((used)) static int guard_goes(void)
{
    elsewhere();
    return 1;
}
