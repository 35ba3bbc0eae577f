/* What the cell's own files know of each other.
 * SPDX-License-Identifier: MIT
 */
#ifndef NEURATH_LIB_JSON_PRIVATE_H
#define NEURATH_LIB_JSON_PRIVATE_H

#include <lib/base/types.h>

/* jansson's own names, by which its files find them. */
void *jsonp_malloc(size_t len);
void jsonp_free(void *memory);

/* Gives how often memory was refused to jansson, whoever called it. */
uint64_t json_port_refused(void);

#endif
