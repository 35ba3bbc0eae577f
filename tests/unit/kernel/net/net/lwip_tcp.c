/* lwIP's TCP for the host; see lwip_core.c. */
/* SPDX-License-Identifier: MIT */
#include "core/tcp.c"
#include "core/tcp_in.c"
#include "core/tcp_out.c"
