# Builds, tests and runs Neurath; `make help` lists the goals. The rules are in mk/, one topic a file.
# SPDX-License-Identifier: MIT

MAKEFLAGS += -rR --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

# O=folder builds elsewhere; V=1 shows the commands.
B := $(or $(O),build)
Q := $(if $(V),,@)

include mk/toolchain.mk mk/cells.mk mk/host.mk mk/image.mk mk/tests.mk mk/lint.mk

.PHONY: all deps deps-tests run run-signals run-build clean help
all: host cells image web

deps:
	$(Q)deploy/deps
deps-tests:
	$(Q)deploy/deps --tests

# Takes the lab up and watches it; what it started ends with it. The plug-in lets an interrupted run end with 0.
run: run-signals
	$(Q)$(B)/bin/neurath lab run
run-signals: run-build
	$(if $(filter load,$(.FEATURES)),$(eval load $(B)/mk/signals.so))$(Q):
run-build: deps
	$(Q)$(MAKE) all $(B)/mk/signals.so
$(B)/mk/signals.so: mk/signals.c
	$(Q)mkdir -p $(@D) && $(CC) $(WARNINGS) -D_GNU_SOURCE -shared -fPIC -O2 -o $@ $<

clean:
	rm -rf $(B)

help:
	$(Q)sed -n 's/^    make /make /p' mk/README.md
