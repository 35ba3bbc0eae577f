# Builds unit tests and fuzz targets, and hands all tests to tests/run.
# SPDX-License-Identifier: MIT

# These walk the tests folder, so they are read only when a goal needs them: `make cells` is in the way of every push.
ifneq ($(filter test tests soak fuzz bench all lint $(B)/tests/%,$(or $(MAKECMDGOALS),all)),)

test_fields := sources uses packages links flags

# ---- unit tests: every *_test.c below tests/unit is one program; its folder's test.mk says what it needs ----
UNIT_FILES := $(sort $(shell test -d tests/unit && find tests/unit -name test.mk))
unit_tests :=

# $(call read_tests,test.mk): a field may be given for one test alone, as sources_NAME_test. Tests that say nothing of
# their own share the objects of their folder's sources.
define read_tests
$(foreach f,$(test_fields),$f :=$n)
include $1
$(foreach t,$(sort $(wildcard $(dir $1)*_test.c)),$(call read_test,$(t:.c=),$(notdir $(t:.c=))))
$(foreach f,$(test_fields),TEST_$(dir $1)shared_$f := $$(strip $$($f))$n)
endef
define read_test
unit_tests += $1
SHARED_$1 := $$(if $$(strip $$(sources_$2)$$(uses_$2)$$(packages_$2)$$(flags_$2)),,$(dir $1)shared)
$(foreach f,$(test_fields),TEST_$1_$f := $$(strip $$(or $$($f_$2),$$($f)))$nundefine $f_$2$n)
endef
$(foreach f,$(UNIT_FILES),$(eval $(call read_tests,$f)))

# $(call test_objects,COMPONENT,SOURCES,FIELDS-OF)
test_objects = $(call objects_rules,san,$1,$2,$(TEST_$3_uses),$(TEST_$3_packages) cmocka,$(TEST_$3_flags))
test_sources = $(call in_tree,$(patsubst %/,%,$(dir $1)),$(TEST_$1_sources))

define unit_rules
$(call test_objects,$1,$1.c $(if $(SHARED_$1),,$(call test_sources,$1)),$1)
OBJECTS_san_$1 += $$(OBJECTS_san_$(SHARED_$1))
$(B)/$1: $$(OBJECTS_san_$1) $(call archives,san,$(TEST_$1_uses)) $(B)/obj/san/$1/flags
	$(call show,LINK,$1)mkdir -p $$(@D) && $(call link,san,$1,$(TEST_$1_uses),$(TEST_$1_packages) cmocka,$(TEST_$1_links))
endef
$(foreach s,$(sort $(foreach t,$(unit_tests),$(SHARED_$t))),$(eval $(call test_objects,$s,$(call test_sources,$s),$s)))
$(foreach t,$(unit_tests),$(eval $(call unit_rules,$t)))

# Cells' own objects for host tests, linked below 2 GiB (-no-pie); k_ in front of all names keeps the host's apart.
$(B)/tests/cells/%.o: $(B)/cells/%.debug.o
	$(Q)mkdir -p $(@D) && objcopy --prefix-symbols=k_ $< $@

# ---- fuzz targets: tests/fuzz/NAME/fuzz.mk ----
FUZZ_FILES := $(sort $(wildcard tests/fuzz/*/fuzz.mk))
fuzz_targets := $(patsubst %/fuzz.mk,%,$(FUZZ_FILES))
define read_fuzz
$(foreach f,$(test_fields),$f :=$n)
include $1/fuzz.mk
$(foreach f,$(test_fields),TEST_$1_$f := $$(strip $$($f))$n)
endef
$(foreach t,$(fuzz_targets),$(eval $(call read_fuzz,$t)))
define fuzz_rules
$(call objects_rules,fuzz,$1,$(sort $(wildcard $1/*.c) $(call in_tree,$1,$(TEST_$1_sources))),$(TEST_$1_uses),$(TEST_$1_packages),$(TEST_$1_flags))
$(B)/$1: $$(OBJECTS_fuzz_$1) $(call archives,fuzz,$(TEST_$1_uses)) $(B)/obj/fuzz/$1/flags
	$(call show,LINK,$1)mkdir -p $$(@D) && $(call link,fuzz,$1,$(TEST_$1_uses),$(TEST_$1_packages),$(TEST_$1_links))
endef
$(foreach t,$(fuzz_targets),$(eval $(call fuzz_rules,$t)))

# ---- what a run of some tests needs built: T=PATH narrows it ----
T := $(patsubst %/,%,$(T))
unit_wanted := $(if $T,$(foreach t,$(unit_tests),$(if $(filter $T $T/%,$t.c $t),$t)),$(unit_tests))
fuzz_wanted := $(if $T,$(filter $T $T/%,$(fuzz_targets)) $(if $(filter tests tests/fuzz,$T),$(fuzz_targets)),$(fuzz_targets))
only_host_tests := $(and $T,$(filter tests/unit tests/unit/% tests/fuzz tests/fuzz/%,$T))
tests_need := $(sort $(unit_wanted:%=$(B)/%) $(fuzz_wanted:%=$(B)/%) $(if $(only_host_tests),,all $(test_images)))

.PHONY: test tests soak fuzz bench
test: deps-tests
	$(Q)$(MAKE) -k tests T='$T'; BUILT=$$? B=$(B) tests/run $T
tests: $(tests_need)

# Five rounds of the system tests; any failure ends it.
soak: deps-tests
	$(Q)$(MAKE) tests
	$(Q)for i in $$(seq $(or $(ROUNDS),5)); do echo "round $$i"; B=$(B) tests/run tests/system || exit 1; done

include mk/bench.mk

fuzz: $(fuzz_targets:%=$(B)/%)
	$(Q)B=$(B) FUZZ_SECONDS=$(or $(FUZZ_SECONDS),60) tests/run tests/fuzz

bench: deps
	$(Q)$(MAKE) all
	$(Q)mkdir -p $(B)/bench
	$(Q)+failed=; for b in $(sort $(wildcard tests/bench/*.bench)); do BUILD=$(B) $$b || failed="$$failed $$b"; done; \
	    BUILD=$(B) tests/bench/merge || exit 1; [ -z "$$failed" ] || { echo "failed:$$failed"; exit 1; }
endif
