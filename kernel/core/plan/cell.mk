cell  := plan
kind  := core
start := none
uses  := libc elf cellinfo cellmem namespace loader heap
