# libplanner: what a plan says as JSON; the service and the command line share it.
# SPDX-License-Identifier: MIT
library  := planner
sources  := describe.c
uses     := core base
packages := jansson
