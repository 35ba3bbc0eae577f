# Checks that every change has to pass: layout of files, include arrows, formatting, both compilers' warnings.
# SPDX-License-Identifier: MIT

.PHONY: lint
lint:
	$(Q)mk/lint
