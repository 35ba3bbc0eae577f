/* Puts a file of the tree into the program, as NAME_bytes (NUL-terminated) and NAME_len.
 * SPDX-License-Identifier: MIT
 *
 * PATH is relative to the tree's root, where the compiler runs. The host.mk that lists the source also
 * lists the file as a prerequisite of its object. */
#ifndef NEURATH_BASE_EMBED_H
#define NEURATH_BASE_EMBED_H

#include <stdint.h>

#define EMBED_FILE(name, path)                                                           \
    __asm__(".pushsection .rodata\n"                                                     \
            ".balign 8\n" #name "_bytes:\n"                                              \
            ".incbin \"" path "\"\n" #name "_end:\n"                                     \
            ".byte 0\n"                                                                  \
            ".balign 8\n" #name "_len:\n"                                                \
            ".quad " #name "_end - " #name "_bytes\n"                                    \
            ".popsection\n");                                                            \
    extern const char name##_bytes[];                                                    \
    extern const uint64_t name##_len

#endif
