/* Call sites at every offset within a cache line, and across pages. For C and assembly. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_KERNEL_HAZARDS_SITES_H
#define NEURATH_TESTS_KERNEL_HAZARDS_SITES_H

#define SITES_COUNT 65

#endif
