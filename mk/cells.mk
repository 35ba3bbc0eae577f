# Compiles each folder that has a cell.mk to one object file, build/cells/NAME.o, and lists them in build/cells/index.
# SPDX-License-Identifier: MIT

CELL_FILES := $(wildcard kernel/*/*/cell.mk manifest/cell.mk manifest/*/cell.mk evolution-client/cell.mk tests/kernel/*/cell.mk tests/bench/*/cell.mk)

# What makes objects of two builds fit together; recorded in every cell's ABI hash.
CELL_ABI := -ffreestanding -fno-pic -fno-pie -mcmodel=kernel -mno-red-zone -mgeneral-regs-only -fno-common \
    -fno-stack-protector -fcf-protection=none -fno-strict-aliasing

# Each of the rest has its reason in design.md or facts: sections for the loader; no jump tables (no text address in
# data); no folding of equal constants or functions (identity); no deletion of null checks (nonnull); exact unwind tables.
CELL_FLAGS := -std=gnu2x -O2 -g $(CELL_ABI) -ffunction-sections -fdata-sections -fasynchronous-unwind-tables \
    -fno-jump-tables -fno-ipa-icf -fno-delete-null-pointer-checks -fno-merge-constants -Werror=date-time

CELL_HEADERS := -nostdinc -isystem /usr/include/x86_64-linux-musl -isystem $(GCC_INCLUDE)
CELL_PREFIX  := -ffile-prefix-map=$(CURDIR)=/k
# Each C source leaves its parse trees beside its object, SOURCE.trees: only there is a folded static of a function told from an
# automatic variable. $(call trees_of,FOLDER,SOURCES) lists them.
CELL_TREES    = -fdump-tree-original=$$(@D)/$$(<F).trees
trees_of      = $(addprefix $1/,$(addsuffix .trees,$(filter %.c,$2)))

cells :=
test_cells :=

# First pass: read every cell.mk into CELL_<name>_<field>.
cell_fields := kind start closure lineage uses flags sources third_party third_party_sources third_party_flags public_flags variants versions
define read_cell
cell :=
$(foreach f,$(cell_fields),$f :=$n)
include $1
cell := $$(strip $$(cell))
ifeq ($$(cell),)
$$(error $1 names no cell)
endif
ifdef CELL_$$(cell)_dir
$$(error $1: cell $$(cell) is also in $$(CELL_$$(cell)_dir))
endif
CELL_$$(cell)_dir := $(patsubst %/cell.mk,%,$1)
$(foreach f,$(cell_fields),CELL_$$(cell)_$f := $$(strip $$($f))$n)
$$(if $$(filter test,$$(strip $$(kind))),test_cells,cells) += $$(cell)
endef
define n


endef
$(foreach f,$(CELL_FILES),$(eval $(call read_cell,$f)))
cells := $(sort $(cells))
test_cells := $(sort $(test_cells))

# Own sources of a cell, relative to its folder: as listed, else all of it; patterns allowed.
cell_sources = $(patsubst $(CELL_$1_dir)/%,%,$(foreach s,$(or $(CELL_$1_sources),*.c *.S),\
    $(if $(findstring *,$s),$(sort $(wildcard $(CELL_$1_dir)/$s)),$(CELL_$1_dir)/$s)))
cell_output = $(B)/$(if $(filter test,$(CELL_$1_kind)),test-cells,cells)

# Second pass: the rules. Third-party sources keep their own warnings; their headers come in as system headers.
define cell_rules
CELL_$1_work := $(B)/obj/cells/$1
CELL_$1_out := $(call cell_output,$1)/$1
CELL_$1_tree := $(if $(CELL_$1_third_party),$(call tree_of,$(CELL_$1_third_party)))
CELL_$1_objects := $(addprefix $(B)/obj/cells/$1/own/,$(addsuffix .o,$(basename $(call cell_sources,$1)))) \
    $(addprefix $(B)/obj/cells/$1/third-party/,$(addsuffix .o,$(basename $(CELL_$1_third_party_sources))))
CELL_$1_trees := $(call trees_of,$(B)/obj/cells/$1/own,$(call cell_sources,$1)) \
    $(call trees_of,$(B)/obj/cells/$1/third-party,$(CELL_$1_third_party_sources))
CELL_$1_all_flags := $(CELL_FLAGS) $(CELL_$1_flags) $(CELL_$1_public_flags) \
    $(foreach u,$(CELL_$1_uses),$(CELL_$u_public_flags)) -I. -Ikernel $(CELL_HEADERS)
$(call keep_stamp,$(B)/obj/cells/$1/flags,$(CC_ID) trees $$(CELL_$1_all_flags) : $(CELL_$1_third_party_flags) : $$(CELL_$1_tree) : $$(CELL_$1_objects))

$(B)/obj/cells/$1/own/%.o: $(CELL_$1_dir)/%.c $(B)/obj/cells/$1/flags
	$(call show,CC,$$<)mkdir -p $$(@D) && $(CC) $(WARNINGS) $$(CELL_$1_all_flags) $(CELL_PREFIX) $(CELL_TREES) -MD -MP -c -o $$@ $$<
$(B)/obj/cells/$1/own/%.o: $(CELL_$1_dir)/%.S $(B)/obj/cells/$1/flags
	$(call show,AS,$$<)mkdir -p $$(@D) && $(CC) $$(CELL_$1_all_flags) $(CELL_PREFIX) -MD -MP -c -o $$@ $$<
$(if $(CELL_$1_third_party),$(call cell_third_party_rules,$1))
$$(CELL_$1_out).debug.o: $$(CELL_$1_objects) $(B)/obj/cells/$1/flags
	$(Q)mkdir -p $$(@D) && $(LD) -r --unique -z noexecstack -o $$@ $$(CELL_$1_objects)

# The index line is written with the object; the grouped target keeps the two together.
$$(CELL_$1_out).o $(B)/obj/cells/$1/index &: $$(CELL_$1_out).debug.o $(B)/bin/celltool $(CELL_$1_dir)/cell.mk
	$(call show,CELL,$1)$(B)/bin/celltool write --name $1 --kind $(CELL_$1_kind) --start $(or $(CELL_$1_start),none) \
	    --uses "$(CELL_$1_uses)" $(if $(CELL_$1_closure),--closure) $(if $(CELL_$1_lineage),--lineage $(CELL_$1_lineage)) --abi-flags "gcc-$(GCC_MAJOR) $(strip $(CELL_ABI))" \
	    --trees "$$(CELL_$1_trees)" \
	    --index $(B)/obj/cells/$1/index $$< $$(CELL_$1_out).o
-include $$(CELL_$1_objects:.o=.d)
endef

define cell_third_party_rules
$(B)/obj/cells/$1/third-party/%.o: $$(CELL_$1_tree)/%.c $(B)/obj/cells/$1/flags $$(CELL_$1_tree)/.complete
	$(call show,CC,$(CELL_$1_third_party)/$$*.c)mkdir -p $$(@D) && $(CC) $(CELL_$1_third_party_flags) $$(CELL_$1_all_flags) -w \
	    $(CELL_PREFIX) -ffile-prefix-map=$$(CELL_$1_tree)=/k/$(CELL_$1_third_party) $(CELL_TREES) -MD -MP -c -o $$@ $$<
$(B)/obj/cells/$1/third-party/%.o: $$(CELL_$1_tree)/%.s $(B)/obj/cells/$1/flags $$(CELL_$1_tree)/.complete
	$(call show,AS,$(CELL_$1_third_party)/$$*.s)mkdir -p $$(@D) && $(CC) $$(CELL_$1_all_flags) $(CELL_PREFIX) \
	    -ffile-prefix-map=$$(CELL_$1_tree)=/k/$(CELL_$1_third_party) -c -o $$@ $$<
$$(CELL_$1_tree)/.complete:
	@echo "$(CELL_$1_third_party) is not unpacked: run deploy/deps" >&2; exit 1
endef

# $(call show,WORD,TEXT): the beginning of a recipe line; says what it does unless V=1 shows the command itself.
show = $(if $(V),,@printf '  %-6s %s\n' $1 $2; )

$(foreach c,$(cells) $(test_cells),$(eval $(call cell_rules,$c)))

# A dependency file also names the source itself. If a cell's folder gets another name, that source is gone, and its object is
# made anew; without these rules make would stop.
kernel/%.c kernel/%.S: ;
manifest/%.c evolution-client/%.c tests/kernel/%.c tests/bench/%.c: ;

# A test cell may name variants: other versions of itself, compiled with -DVARIANT_NAME, which its image's archive holds
# as variants/CELL.NAME.o, for swaps.
variant_out = $(B)/test-cells/variants/$1.$2.o
define variant_rules
VARIANT_$1_$2_objects := $(addprefix $(B)/obj/variants/$1/$2/,$(addsuffix .o,$(basename $(call cell_sources,$1))))
$(B)/obj/variants/$1/$2/%.o: $(CELL_$1_dir)/%.c $(B)/obj/cells/$1/flags
	$(call show,CC,$$<:$2)mkdir -p $$(@D) && $(CC) $(WARNINGS) $$(CELL_$1_all_flags) -DVARIANT_$2 $(CELL_PREFIX) $(CELL_TREES) -MD -MP -c -o $$@ $$<
$(call variant_out,$1,$2): $$(VARIANT_$1_$2_objects) $(B)/bin/celltool $(CELL_$1_dir)/cell.mk
	$(call show,CELL,$1.$2)mkdir -p $$(@D) && $(LD) -r --unique -z noexecstack -o $(B)/obj/variants/$1/$2.debug.o $$(VARIANT_$1_$2_objects) && \
	    $(B)/bin/celltool write --name $1 --kind $(CELL_$1_kind) --start $(or $(CELL_$1_start),none) \
	    --uses "$(CELL_$1_uses)" $(if $(CELL_$1_lineage),--lineage $(CELL_$1_lineage)) --abi-flags "gcc-$(GCC_MAJOR) $(strip $(CELL_ABI))" \
	    --trees "$(call trees_of,$(B)/obj/variants/$1/$2,$(call cell_sources,$1))" $(B)/obj/variants/$1/$2.debug.o $$@
-include $$(VARIANT_$1_$2_objects:.o=.d)
endef
$(foreach c,$(test_cells),$(foreach v,$(CELL_$c_variants),$(eval $(call variant_rules,$c,$v))))

# A test cell may name other versions of the product's cells, as CELL.NAME: CELL's own sources, compiled with the test's
# versions/CELL.NAME.h in front of each; its image's archive holds them as variants/CELL.NAME.o.
version_cell = $(firstword $(subst ., ,$1))
version_out = $(B)/test-cells/variants/$1.o
define version_object
$(B)/obj/versions/$2/$(basename $3).o: $(CELL_$(call version_cell,$2)_dir)/$3 $(CELL_$1_dir)/versions/$2.h $(B)/obj/cells/$(call version_cell,$2)/flags
	$(call show,CC,$$<:$2)mkdir -p $$(@D) && $(CC) $(if $(filter %.c,$3),$(WARNINGS)) $$(CELL_$(call version_cell,$2)_all_flags) \
	    -include $(CELL_$1_dir)/versions/$2.h $(CELL_PREFIX) $(CELL_TREES) -MD -MP -c -o $$@ $$<

endef
define version_rules
VERSION_$2_objects := $(addprefix $(B)/obj/versions/$2/,$(addsuffix .o,$(basename $(call cell_sources,$(call version_cell,$2)))))
$(foreach s,$(call cell_sources,$(call version_cell,$2)),$(call version_object,$1,$2,$s))
$(call version_out,$2): $$(VERSION_$2_objects) $(B)/bin/celltool $(CELL_$(call version_cell,$2)_dir)/cell.mk
	$(call show,CELL,$2)mkdir -p $$(@D) && $(LD) -r --unique -z noexecstack -o $(B)/obj/versions/$2/all.debug.o $$(VERSION_$2_objects) && \
	    $(B)/bin/celltool write --name $(call version_cell,$2) --kind $(CELL_$(call version_cell,$2)_kind) --start $(or $(CELL_$(call version_cell,$2)_start),none) \
	    --uses "$(CELL_$(call version_cell,$2)_uses)" $(if $(CELL_$(call version_cell,$2)_closure),--closure --unchecked) \
	    $(if $(CELL_$(call version_cell,$2)_lineage),--lineage $(CELL_$(call version_cell,$2)_lineage)) \
	    --abi-flags "gcc-$(GCC_MAJOR) $(strip $(CELL_ABI))" \
	    --trees "$(call trees_of,$(B)/obj/versions/$2,$(call cell_sources,$(call version_cell,$2)))" $(B)/obj/versions/$2/all.debug.o $$@
-include $$(VERSION_$2_objects:.o=.d)
endef
$(foreach c,$(test_cells),$(foreach v,$(CELL_$c_versions),$(eval $(call version_rules,$c,$v))))

cell_objects      := $(foreach c,$(cells),$(CELL_$c_out).o)
test_cell_objects := $(foreach c,$(test_cells),$(CELL_$c_out).o)

# The index is the list of cells; objects of cells that left the tree are removed with it.
$(eval $(call keep_stamp,$(B)/obj/cells/list,$(cells)))
$(B)/cells/index: $(foreach c,$(cells),$(B)/obj/cells/$c/index) $(B)/obj/cells/list
	$(Q)mkdir -p $(@D)
	$(Q)cat $(filter %/index,$^) /dev/null | LC_ALL=C sort >$@.new && mv $@.new $@
	$(Q)for f in $(B)/cells/*.o; do c=$${f##*/}; c=$${c%.o}; c=$${c%.debug}; case " $(cells) " in *" $$c "*) ;; *) rm -f "$$f";; esac; done

.PHONY: cells test-cells
cells: $(cell_objects) $(B)/cells/index $(B)/boot/stub.elf
test-cells: $(test_cell_objects)
