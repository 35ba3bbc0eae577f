/* guard that keeps a record of another form. */
/* SPDX-License-Identifier: MIT */
#define last_ticket ticket_before
