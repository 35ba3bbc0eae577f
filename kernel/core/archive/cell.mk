cell  := archive
kind  := core
start := none
uses  := libc bootinfo paging
