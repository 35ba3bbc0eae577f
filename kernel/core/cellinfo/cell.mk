cell  := cellinfo
kind  := core
start := none
uses  := libc elf
