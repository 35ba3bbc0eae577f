# Links the boot stub, makes boot images from cells, and copies the dashboard's files to where the server finds them.
# SPDX-License-Identifier: MIT

# ---- the boot stub: a few KB of code that hands over to the placed cells ----
stub_flags :=
stub_ldflags :=
-include kernel/boot/boot.mk
STUB_SOURCES := $(sort $(wildcard kernel/boot/*.c kernel/boot/*.S))
STUB_OBJECTS := $(addprefix $(B)/obj/boot/,$(addsuffix .o,$(basename $(notdir $(STUB_SOURCES)))))
STUB_FLAGS := $(CELL_FLAGS) $(stub_flags) -I. -Ikernel $(CELL_HEADERS)
$(eval $(call keep_stamp,$(B)/obj/boot/flags,$(CC_ID) $$(STUB_FLAGS) : $$(stub_ldflags) : $(STUB_OBJECTS)))

$(B)/obj/boot/%.o: kernel/boot/%.c $(B)/obj/boot/flags
	$(call show,CC,$<)mkdir -p $(@D) && $(CC) $(WARNINGS) $(STUB_FLAGS) $(CELL_PREFIX) -MMD -MP -c -o $@ $<
$(B)/obj/boot/%.o: kernel/boot/%.S $(B)/obj/boot/flags
	$(call show,AS,$<)mkdir -p $(@D) && $(CC) $(STUB_FLAGS) $(CELL_PREFIX) -MMD -MP -c -o $@ $<
-include $(STUB_OBJECTS:.o=.d)

# Debug information stays beside the stub; the stub itself is what releases name by its digest.
$(B)/boot/stub.debug.elf: $(STUB_OBJECTS) kernel/boot/stub.ld $(B)/obj/boot/flags
	$(call show,LINK,boot stub)mkdir -p $(@D) && $(LD) -nostdlib -static -z noexecstack --build-id=none $(stub_ldflags) \
	    -T kernel/boot/stub.ld -o $@ $(STUB_OBJECTS)
$(B)/boot/stub.elf: $(B)/boot/stub.debug.elf
	$(Q)objcopy --strip-debug --remove-section=.comment $< $@.new && { cmp -s $@.new $@ || cp $@.new $@; rm -f $@.new; touch $@; }

# ---- images: the stub and the placed cells (neurath.elf), and every object as the boot archive ----
# $(call image_rules,FOLDER,OBJECTS,VARIANTS)
define image_rules
$(eval $(call keep_stamp,$1/cells,$2))
$1/neurath.elf $1/archive.cpio &: $(B)/bin/bootimage $(B)/boot/stub.elf $1/cells $2 $3
	$(call show,IMAGE,$1/neurath.elf)$(B)/bin/bootimage --stub $(B)/boot/stub.elf --out $1/neurath.elf --archive $1/archive.cpio \
	    $(foreach v,$3,--add variants/$(notdir $v)=$v) $2
endef
$(eval $(call image_rules,$(B)/boot,$(cell_objects)))

# A kernel test boots all cells of the product and its own; cells that several tests share are listed by `uses`.
test_image_cells = $(sort $1 $(foreach u,$(CELL_$1_uses),$(filter $u,$(test_cells))))
$(foreach c,$(test_cells),$(eval $(call image_rules,$(B)/$(CELL_$c_dir),\
    $(cell_objects) $(foreach t,$(call test_image_cells,$c),$(CELL_$t_out).o),\
    $(foreach t,$(call test_image_cells,$c),$(foreach v,$(CELL_$t_variants),$(call variant_out,$t,$v)))\
    $(foreach v,$(CELL_$c_versions),$(call version_out,$v)))))
test_images := $(foreach c,$(test_cells),$(B)/$(CELL_$c_dir)/neurath.elf)

# ---- the dashboard: static files, copied as they are; compressed ones beside them for browsers that take them ----
WEB_FILES := $(shell test -d web-ui && find web-ui -type f ! -name '*.md' ! -name package.json ! -path '*/node_modules/*' ! -name '.*')
$(eval $(call keep_stamp,$(B)/obj/web/files,$(WEB_FILES)))
$(B)/web/.complete: $(WEB_FILES) $(B)/obj/web/files
	$(call show,WEB,$(B)/web)rm -rf $(B)/web && mkdir -p $(B)/web && { test ! -d web-ui || \
	    for f in $(WEB_FILES); do mkdir -p "$(B)/web/$$(dirname "$${f#web-ui/}")" && cp "$$f" "$(B)/web/$${f#web-ui/}" && \
	        gzip -9nk "$(B)/web/$${f#web-ui/}"; done; } && touch $@

.PHONY: image web
image: $(B)/boot/neurath.elf
web: $(B)/web/.complete

# What a commit that changes a type would be told.
.PHONY: evolvable
evolvable: cells $(B)/bin/evolvable
	$(Q)$(B)/bin/evolvable $(cell_objects)
