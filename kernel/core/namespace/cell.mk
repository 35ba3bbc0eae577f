cell  := namespace
kind  := core
start := none
uses  := libc elf cellinfo cellmem heap
