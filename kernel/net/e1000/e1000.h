/* Driver of Intel's 82540EM Ethernet controller (QEMU's -device e1000). */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_NET_E1000_E1000_H
#define NEURATH_NET_E1000_E1000_H

/* Source: Intel, "PCI/PCI-X Family of Gigabit Ethernet Controllers Software Developer's
 * Manual", 317453. The card is used through its device object, <net/nic/nic.h>; this
 * header only starts it and tells details. The receive control register is written once
 * in the life of a card: QEMU's model stops reception for a second at every write, so a
 * new version of this driver takes rings and registers over as they are. */

#include <lib/base/status.h>
#include <lib/base/types.h>

/* Start hook (phase device): finds the card, brings it up, or takes over the one that
 * runs already. */
enum status e1000_start(void);

#endif
