cell := http
kind := library
start := none
uses := libc net tls heap task spinlock format
