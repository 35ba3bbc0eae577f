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

.PHONY: all deps run clean help
all: host cells image web

deps:
	$(Q)deploy/deps

# Takes the lab up and watches it; what it started ends with it.
run: deps
	$(Q)$(MAKE) all
	$(Q)exec deploy/lab/run

clean:
	rm -rf $(B)

help:
	$(Q)sed -n 's/^    make /make /p' mk/README.md
