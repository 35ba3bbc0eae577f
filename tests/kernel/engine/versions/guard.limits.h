/* guard that changes what the swap task gives it. */
/* SPDX-License-Identifier: MIT */
#define overdue_tsc overdue_after_tsc
