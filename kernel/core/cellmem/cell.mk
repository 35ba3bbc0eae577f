cell  := cellmem
kind  := core
start := none
uses  := libc heap frame paging random
