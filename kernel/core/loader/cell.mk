cell  := loader
kind  := core
start := none
uses  := libc elf cellinfo cellmem namespace heap
