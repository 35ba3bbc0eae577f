cell  := unwind
kind  := core
start := none
uses  := libc namespace entry cellmem
