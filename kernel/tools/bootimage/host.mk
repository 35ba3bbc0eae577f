# Places cells with the kernel's own loader and writes the boot image and archive.
program := bootimage
uses    := core mbedtls
