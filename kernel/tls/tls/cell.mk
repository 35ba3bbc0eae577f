cell := tls
kind := library
start := service
uses := libc mbedtls net heap task spinlock cpu clock random log format
