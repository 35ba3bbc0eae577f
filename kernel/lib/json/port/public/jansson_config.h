/* How jansson presents itself to kernel cells; takes the place of the file that its configure script would make.
 * SPDX-License-Identifier: MIT
 */
#ifndef NEURATH_LIB_JSON_PORT_PUBLIC_JANSSON_CONFIG_H
#define NEURATH_LIB_JSON_PORT_PUBLIC_JANSSON_CONFIG_H

#define JSON_INLINE inline
#define JSON_INTEGER_IS_LONG_LONG 1
#define JSON_HAVE_LOCALECONV 0
#define JSON_HAVE_ATOMIC_BUILTINS 1
#define JSON_HAVE_SYNC_BUILTINS 1

/* The parser recurses; no document of the project nests deeper (manifest/FORMAT.md) than 16 arrays and objects, and
 * what stands in the innermost counts too. */
#define JSON_PARSER_MAX_DEPTH 17

#endif
