# Links the cells of bench_micro's image into one static image, for tests/bench/micro.bench: what it costs that they are cells.
# SPDX-License-Identifier: MIT

STATIC := $(B)/tests/bench/static
# The same objects as in the image of cells, before celltool makes cells of them. lifecycle has a stand-in, for it finds hooks in the
# namespace, which is empty.
static_cells := $(filter-out lifecycle,$(cells)) $(call test_image_cells,bench_micro)
STATIC_OBJECTS := $(foreach c,$(static_cells),$(CELL_$c_out).debug.o)

$(STATIC)/starts.h: $(B)/obj/cells/list $(foreach c,$(static_cells),$(CELL_$c_dir)/cell.mk)
	$(Q)mkdir -p $(@D)
	$(Q)printf 'CELL(%s, %s, " %s ")\n' $(foreach c,$(static_cells),'$c' \
	    '$(or $(patsubst early,EARLY,$(filter early,$(CELL_$c_start))),$(patsubst device,DEVICE,$(filter device,$(CELL_$c_start))),$(patsubst service,SERVICE,$(filter service,$(CELL_$c_start))),$(patsubst app,APP,$(filter app,$(CELL_$c_start))),NONE)' \
	    '$(CELL_$c_uses)') >$@
$(STATIC)/%.o: tests/bench/static/%.c $(STATIC)/starts.h $(B)/obj/boot/flags
	$(call show,CC,$<)$(CC) $(WARNINGS) $(STUB_FLAGS) -I$(STATIC) $(CELL_PREFIX) -MMD -MP -c -o $@ $<
-include $(STATIC)/handover.d $(STATIC)/lifecycle.d

# The stub's variables for the image builder give way to those of handover.c.
$(STATIC)/obj/boot/stub.o: $(B)/obj/boot/stub.o
	$(Q)mkdir -p $(@D) && objcopy --weaken-symbol=boot_segments --weaken-symbol=boot_entry --weaken-symbol=boot_placement $< $@
$(STATIC)/neurath.elf: $(STATIC_OBJECTS) $(STATIC)/handover.o $(STATIC)/lifecycle.o $(STATIC)/obj/boot/stub.o $(STUB_OBJECTS) tests/bench/static/static.ld
	$(call show,LINK,$@)$(LD) -nostdlib -static -z noexecstack -z max-page-size=4096 --build-id=none -T tests/bench/static/static.ld -o $@.debug \
	    $(STATIC)/obj/boot/stub.o $(filter-out %/stub.o,$(STUB_OBJECTS)) $(STATIC)/handover.o $(STATIC)/lifecycle.o $(STATIC_OBJECTS) && objcopy --strip-debug $@.debug $@
