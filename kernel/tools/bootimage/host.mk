# Places cells with the kernel's own loader and writes the boot image and archive.
# SPDX-License-Identifier: MIT
program := bootimage
uses    := core mbedtls
