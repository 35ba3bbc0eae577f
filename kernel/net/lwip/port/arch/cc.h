/* What lwIP wants to know about the compiler and the kernel around it.
 * SPDX-License-Identifier: MIT
 */
#ifndef NEURATH_NET_LWIP_PORT_ARCH_CC_H
#define NEURATH_NET_LWIP_PORT_ARCH_CC_H

#include <mm/heap/heap.h>
#include <stddef.h>
#include <stdint.h>

#define LWIP_NO_UNISTD_H 1
#define LWIP_NO_CTYPE_H 1
#define LWIP_NO_INTTYPES_H 1
#define LWIP_TIMEVAL_PRIVATE 1
typedef long ssize_t;
#define SSIZE_MAX 0x7fffffffffffffffL

#define X8_F "02x"
#define U16_F "u"
#define S16_F "d"
#define X16_F "x"
#define U32_F "u"
#define S32_F "d"
#define X32_F "x"
#define SZT_F "zu"

uint32_t lwip_port_random(void);
#define LWIP_RAND() lwip_port_random()

/* No file names and line numbers: they would change the cell's digest without a change of its code. */
__attribute__((noreturn)) void lwip_port_broken(const char *text);
#define LWIP_PLATFORM_ASSERT(text) lwip_port_broken(text)
#define LWIP_PLATFORM_DIAG(arguments)                                                    \
    do {                                                                                 \
    } while (0)

#endif
