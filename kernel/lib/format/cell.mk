# printf-style formatting without floating point.
# SPDX-License-Identifier: MIT
cell := format
kind := library
uses :=
