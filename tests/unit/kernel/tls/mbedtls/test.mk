# Runs functions of the mbedtls cell's own object over the libc cell's, all names with k_ in front.
# SPDX-License-Identifier: MIT
flags := -fno-pie
links := -no-pie $(B)/tests/cells/mbedtls.o $(B)/tests/cells/libc.o

$(B)/tests/unit/kernel/tls/mbedtls/port_test: $(B)/tests/cells/mbedtls.o $(B)/tests/cells/libc.o
