cell  := elf
kind  := core
start := none
uses  := libc
