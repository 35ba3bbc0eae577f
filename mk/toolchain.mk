# Finds the compilers and the third-party sources, and runs make in parallel.
# SPDX-License-Identifier: MIT

# One shell for all questions: make's start-up is part of the time from push to running.
# gcc is pinned by name, because the compiler is part of what a cell's digest depends on.
probe := $(shell cc=$$(command -v gcc-12 || command -v gcc || echo gcc-is-missing); \
    echo $$cc $$($$cc -print-file-name=include 2>/dev/null || echo none) $$(stat -Lc %s-%Y $$cc 2>/dev/null || echo none) \
    $$(nproc) $$(deploy/deps --sources))

CC          := $(word 1,$(probe))
GCC_INCLUDE := $(word 2,$(probe))
GCC_MAJOR   := $(notdir $(patsubst %/include,%,$(GCC_INCLUDE)))
CC_ID       := $(CC) $(word 3,$(probe))
SOURCES     := $(word 5,$(probe))
CLANG       := clang
LD          := ld
AR          := ar

# As many jobs as processors; -j on the command line wins, and a make below another shares its jobs.
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(word 4,$(probe))
endif

# $(call tree_of,NAME): the unpacked tree of one source named in deploy/third-party.list.
third_party_list := $(shell awk '/^[a-z]/ { print $$1 "=" $$4 }' deploy/third-party.list)
tree_of = $(SOURCES)/$1-$(patsubst $1=%,%,$(filter $1=%,$(third_party_list)))

# Warnings that our own code is held to, on both compilers.
WARNINGS := -Wall -Wextra -Wshadow -Wvla -Wmissing-prototypes -Werror

# $(call keep_stamp,FILE,TEXT): evaluates to rules-free make code that rewrites FILE only when TEXT differs, so
# that what depends on FILE is rebuilt when its flags change, and not when a makefile's time does. The new text is
# renamed into place, as another make may be reading. Both sides are stripped: make 4.3 leaves the newline at a
# file's end, now and then, when its buffer grows while it reads.
define keep_stamp
ifneq ($$(strip $$(file <$1)),$$(strip $2))
$$(shell mkdir -p $(dir $1))
$$(file >$1.new,$$(strip $2))
$$(shell mv -f $1.new $1)
endif
endef
