/* guard without its hook. */
/* SPDX-License-Identifier: MIT */
#define guard_evolved guard_other
