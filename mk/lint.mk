# Checks that every change has to pass: layout of files, include arrows, formatting, both compilers' warnings.
# SPDX-License-Identifier: MIT

.PHONY: lint
lint:
	$(Q)mk/lint

# Only files that differ from the last commit: reformatting never shares a commit with behaviour.
.PHONY: format
format:
	$(Q)git diff --name-only HEAD -- '*.c' '*.h' | xargs -r clang-format -i
