# JSON by jansson: strict, without real numbers and files.
# SPDX-License-Identifier: MIT
cell  := json
kind  := library
start := none
uses  := libc heap random
third_party := jansson

# Its buffer gives way to buffer.c.
third_party_sources := $(patsubst %,src/%.c,dump error hashtable load pack_unpack utf value)

# Nobody can pass a double: the kernel has general registers only. What works on files is compiled away in port/.
flags := -fbuiltin
third_party_flags := -Ikernel/lib/json/port -isystem $(call tree_of,jansson)/src -DHAVE_CONFIG_H -DNDEBUG -Ddouble=long \
    -include kernel/lib/json/port/kernel.h
public_flags := -Ikernel/lib/json/port/public -isystem $(call tree_of,jansson)/src
