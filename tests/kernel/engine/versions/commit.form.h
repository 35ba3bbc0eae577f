/* commit that keeps other words about a park. */
/* SPDX-License-Identifier: MIT */
#define arrived arrived_so_far
