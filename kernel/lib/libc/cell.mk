# The part of the C library that kernel code uses: musl's, without floating point, locales and files.
# SPDX-License-Identifier: MIT
cell  := libc
kind  := library
start := none
uses  :=
third_party := musl
musl  := $(call tree_of,musl)

third_party_sources := \
    src/ctype/isdigit.c src/ctype/isspace.c src/ctype/isxdigit.c src/ctype/tolower.c src/ctype/toupper.c \
    src/internal/intscan.c src/internal/shgetc.c \
    src/stdio/__towrite.c src/stdio/fwrite.c src/stdio/snprintf.c src/stdio/vsnprintf.c \
    src/stdlib/atoi.c src/stdlib/bsearch.c src/stdlib/qsort.c src/stdlib/qsort_nr.c src/stdlib/strtol.c \
    $(addprefix src/string/,$(addsuffix .c,memchr memcmp memmem memrchr stpcpy stpncpy strcasecmp strcat strchr strchrnul strcmp strcpy \
        strcspn strlcat strlcpy strlen strncasecmp strncat strncmp strncpy strnlen strpbrk strrchr strspn strstr strtok_r))

# The internal headers stand before the public ones; port/ makes musl's weak aliases plain functions. The loops of
# memory.c must not be turned into calls of the functions that they implement.
flags := -Ikernel/lib/libc/port -D_XOPEN_SOURCE=700 -isystem $(musl)/arch/x86_64 -isystem $(musl)/arch/generic \
    -isystem $(musl)/src/include -isystem $(musl)/src/internal -isystem $(musl) \
    -fno-tree-loop-distribute-patterns
