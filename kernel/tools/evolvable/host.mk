# Says of each type of each cell whether its form could change while the system runs.
# SPDX-License-Identifier: MIT
program := evolvable
uses    := core
