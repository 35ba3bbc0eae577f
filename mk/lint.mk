# Checks that every change has to pass: mk/lint looks at the text, clang parses all C with its own warnings.
# SPDX-License-Identifier: MIT

.PHONY: lint lint-clang format
lint: lint-clang
	$(Q)mk/lint

# Only files that differ from the last commit: reformatting never shares a commit with behaviour.
format:
	$(Q){ git diff --name-only --diff-filter=d HEAD -- '*.c' '*.h'; git ls-files -o --exclude-standard -- '*.c' '*.h'; } | xargs -r clang-format -i

ifneq ($(filter lint lint-clang,$(MAKECMDGOALS)),)
# gcc's flags that clang does not know say how code is generated; here nothing is.
CLANG_CHECK := $(CLANG) -fsyntax-only -Wno-unused-command-line-argument -Wno-ignored-optimization-argument \
    -Wno-unknown-warning-option -Wno-gnu-folding-constant
GCC_ONLY := -fno-ipa-icf -fno-tree-loop-distribute-patterns
# Includes a third-party source that declares floating-point functions; clang refuses those without the registers.
GCC_READS := kernel/lib/libc/format.c
clang_checked :=

# $(call clang_check,SOURCE,FLAGS,PACKAGES): checked again when the source, a header or the flags change.
define clang_check
clang_checked += $(B)/obj/lint/$1.ok
$(B)/obj/lint/$1.ok: $1
	$(call show,CLANG,$1)mkdir -p $$(@D) && $(CLANG_CHECK) $2 $(if $3,$$$$(pkg-config --cflags $3)) -MMD -MP -MF $$(@:.ok=.d) -MT $$@ $1 && touch $$@
-include $(B)/obj/lint/$1.d
endef
$(foreach c,$(cells) $(test_cells),$(foreach s,$(filter-out $(GCC_READS),$(filter %.c,$(addprefix $(CELL_$c_dir)/,$(call cell_sources,$c)))),\
    $(eval $(call clang_check,$s,$(WARNINGS) $(filter-out $(GCC_ONLY),$(CELL_$c_all_flags))))))
$(foreach h,$(programs) $(libraries),$(foreach s,$(filter-out $(patsubst $(B)/obj/lint/%.ok,%,$(clang_checked)),$(call host_sources,$h)),\
    $(eval $(call clang_check,$s,$(FLAGS_plain_$h),$(call used_packages,$h $(HOST_$h_uses),$(HOST_$h_packages))))))
lint-clang: $(clang_checked)
endif
