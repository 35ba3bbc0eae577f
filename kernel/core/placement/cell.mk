cell  := placement
kind  := core
start := none
uses  := libc
