# Echo on TCP and UDP port 7: shows from outside that connections live on.
# SPDX-License-Identifier: MIT
cell  := echo
kind  := app
start := app
uses  := libc net heap task log
