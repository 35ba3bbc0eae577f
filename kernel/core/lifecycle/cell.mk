cell  := lifecycle
kind  := core
start := none
uses  := libc cellinfo namespace log
