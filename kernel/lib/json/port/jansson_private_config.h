/* How jansson is built for the kernel; takes the place of the file that its configure script would make.
 * SPDX-License-Identifier: MIT
 */
#ifndef NEURATH_LIB_JSON_PORT_JANSSON_PRIVATE_CONFIG_H
#define NEURATH_LIB_JSON_PORT_JANSSON_PRIVATE_CONFIG_H

#define HAVE_STDINT_H 1
#define HAVE_STRTOLL 1
#define HAVE_ATOMIC_BUILTINS 1
#define INITIAL_HASHTABLE_ORDER 3

#endif
