# Builds the host's programs and libraries: each folder that has a host.mk, plain, with sanitizers, and for fuzzing.
# SPDX-License-Identifier: MIT

HOST_FILES := $(wildcard manifest/host.mk evolution-client/host.mk evolution-client/*/host.mk kernel/*/host.mk kernel/*/*/host.mk \
    build-server/host.mk build-server/src/host.mk build-server/src/*/host.mk build-server/src/*/*/host.mk tests/*/host.mk tests/*/*/host.mk)

HOST_FLAGS  := -std=gnu2x -g -D_GNU_SOURCE $(WARNINGS) -I. -Ikernel -Ibuild-server/src
HOST_PREFIX := -ffile-prefix-map=$(CURDIR)=/k

# A flavour is how the same sources are compiled: for use, for unit tests, for fuzzing.
FLAVOUR_plain_cc    := $(CC)
FLAVOUR_plain_flags := -O2 -fPIE -fstack-protector-strong -D_FORTIFY_SOURCE=2
FLAVOUR_plain_link  := -pie -Wl,-z,relro,-z,now
FLAVOUR_san_cc      := $(CC)
FLAVOUR_san_flags   := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
FLAVOUR_san_link    := -fsanitize=address,undefined
FLAVOUR_fuzz_cc     := $(CLANG)
FLAVOUR_fuzz_flags  := -O1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
    -Wno-unknown-warning-option
FLAVOUR_fuzz_link   := -fsanitize=fuzzer,address,undefined

host_fields := sources uses packages links flags
programs :=
libraries :=

define read_host
program :=
library :=
$(foreach f,$(host_fields),$f :=$n)
include $1
component := $$(strip $$(or $$(program),$$(library),$(notdir $(patsubst %/host.mk,%,$1))))
ifdef HOST_$$(component)_dir
$$(error $1: $$(component) is also in $$(HOST_$$(component)_dir))
endif
HOST_$$(component)_dir := $(patsubst %/host.mk,%,$1)
$(foreach f,$(host_fields),HOST_$$(component)_$f := $$(strip $$($f))$n)
$$(if $$(strip $$(library)),libraries,programs) += $$(component)
endef
$(foreach f,$(HOST_FILES),$(eval $(call read_host,$f)))

# Sources from the tree's root: as listed (relative to the folder, or to the root), else all .c files of the folder.
in_tree = $(foreach s,$(patsubst /%,%,$2),$(if $(findstring *,$s),$(sort $(wildcard $1/$s)),$(or $(wildcard $1/$s),$s)))
host_sources = $(call in_tree,$(HOST_$1_dir),$(or $(HOST_$1_sources),*.c))

# Everything that LIST uses, itself included; eight levels are enough, and a circle does no harm.
widen = $(sort $1 $(foreach u,$1,$(HOST_$u_uses)))
all_uses = $(call widen,$(call widen,$(call widen,$(call widen,$(call widen,$(call widen,$(call widen,$(call widen,$1))))))))

# mbedTLS for the host: the kernel's source, a config of its own, its headers before the distribution's 2.28.
mbedtls_tree  := $(call tree_of,mbedtls)
HOST_mbedtls_dir   := kernel/tls/mbedtls
mbedtls_flags := -isystem $(mbedtls_tree)/include -DMBEDTLS_CONFIG_FILE='<tls/mbedtls/port/config_host.h>'
mbedtls_names := $(patsubst $(mbedtls_tree)/library/%.c,%,$(wildcard $(mbedtls_tree)/library/*.c))
mbedtls_lib   := $(B)/lib/libmbedtls.a

package_flags = $(if $1,$$$$(pkg-config --cflags $(sort $1)))
package_links = $(if $1,$$$$(pkg-config --libs $(sort $1)))
used_packages = $(sort $2 $(foreach u,$(call all_uses,$1),$(HOST_$u_packages)))

# $(call objects_rules,FLAVOUR,NAME,SOURCES,USES,PACKAGES,FLAGS): objects below build/obj/FLAVOUR/NAME.
define objects_rules
OBJECTS_$1_$2 := $(patsubst %.c,$(B)/obj/$1/$2/%.o,$3)
FLAGS_$1_$2 := $(FLAVOUR_$1_flags) $(if $(filter mbedtls,$(call all_uses,$4)),$(mbedtls_flags)) $(HOST_FLAGS) $6
$(call keep_stamp,$(B)/obj/$1/$2/flags,$(if $(filter fuzz,$1),$(CLANG),$(CC_ID)) $$(FLAGS_$1_$2) $(call used_packages,$4,$5) : $$(OBJECTS_$1_$2))
$(B)/obj/$1/$2/%.o: %.c $(B)/obj/$1/$2/flags
	$(call show,$(if $(filter plain,$1),CC,CC-$1),$$<)mkdir -p $$(@D) && $(FLAVOUR_$1_cc) $$(FLAGS_$1_$2) \
	    $(call package_flags,$(call used_packages,$4,$5)) $(HOST_PREFIX) -MMD -MP -c -o $$@ $$<
-include $$(OBJECTS_$1_$2:.o=.d)
endef

# $(call link_libraries,FLAVOUR,USES): archives for a link line, and the same as prerequisites.
archives = $(foreach u,$(filter-out mbedtls,$(call all_uses,$2)),$(B)/lib/$1/lib$u.a) $(if $(filter mbedtls,$(call all_uses,$2)),$(mbedtls_lib))
# Archives stay hidden from shared libraries; not in fuzzing, where the sanitizer's own allocator is an archive and all must share it.
comma := ,
# $(call link,FLAVOUR,NAME,USES,PACKAGES,LINKS): the command that links OBJECTS_FLAVOUR_NAME.
link = $(FLAVOUR_$1_cc) $(FLAVOUR_$1_link) -o $$@ $$(OBJECTS_$1_$2) -Wl,--start-group $(call archives,$1,$3) -Wl,--end-group \
    $(if $(filter fuzz,$1),,-Wl$(comma)--exclude-libs$(comma)ALL) $(call package_links,$(call used_packages,$3,$4)) $5 $(foreach u,$(call all_uses,$3),$(HOST_$u_links))

define library_rules
$(call objects_rules,$1,$2,$(call host_sources,$2),$2 $(HOST_$2_uses),$(HOST_$2_packages),$(HOST_$2_flags))
$(B)/lib/$1/lib$2.a: $$(OBJECTS_$1_$2) $(B)/obj/$1/$2/flags
	$(Q)mkdir -p $$(@D) && rm -f $$@ && $(AR) rcsD $$@ $$(OBJECTS_$1_$2)
endef

define program_rules
$(call objects_rules,plain,$1,$(call host_sources,$1),$1 $(HOST_$1_uses),$(HOST_$1_packages),$(HOST_$1_flags))
$(B)/bin/$1: $$(OBJECTS_plain_$1) $(call archives,plain,$(HOST_$1_uses)) $(B)/obj/plain/$1/flags
	$(call show,LINK,$1)mkdir -p $$(@D) && $(call link,plain,$1,$(HOST_$1_uses),$(HOST_$1_packages),$(HOST_$1_links))
endef

$(foreach p,$(programs),$(eval $(call program_rules,$p)))
$(foreach l,$(libraries),$(foreach f,plain san fuzz,$(eval $(call library_rules,$f,$l))))

$(eval $(call keep_stamp,$(B)/obj/mbedtls/flags,$(CC_ID) $(mbedtls_flags) $(mbedtls_names)))
MBEDTLS_COMPILE = $(CC) -std=gnu2x -O2 -g -fPIE -fstack-protector-strong -D_GNU_SOURCE $(mbedtls_flags) -Ikernel -I$(mbedtls_tree)/library \
    $(HOST_PREFIX) -ffile-prefix-map=$(mbedtls_tree)=/k/mbedtls -MMD -MP -c
$(B)/obj/mbedtls/%.o: $(mbedtls_tree)/library/%.c $(B)/obj/mbedtls/flags $(mbedtls_tree)/.complete
	$(call show,CC,mbedtls/$*.c)$(MBEDTLS_COMPILE) -w -o $@ $<
$(B)/obj/mbedtls/port/host.o: kernel/tls/mbedtls/port/host.c $(B)/obj/mbedtls/flags
	$(call show,CC,$<)mkdir -p $(@D) && $(MBEDTLS_COMPILE) $(WARNINGS) -o $@ $<
mbedtls_objects := $(patsubst %,$(B)/obj/mbedtls/%.o,$(mbedtls_names) port/host)
-include $(mbedtls_objects:.o=.d)
$(mbedtls_lib): $(mbedtls_objects)
	$(Q)mkdir -p $(@D) && rm -f $@ && $(AR) rcsD $@ $^

.PHONY: host
host: $(programs:%=$(B)/bin/%)
