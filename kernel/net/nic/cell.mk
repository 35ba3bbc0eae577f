cell := nic
kind := driver
start := none
uses := libc heap task spinlock cpu
