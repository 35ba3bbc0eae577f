# SPDX-License-Identifier: MIT
sources := kernel/time/trusted_time/trusted_time.c
