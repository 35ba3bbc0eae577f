cell := net
kind := service
start := service
uses := libc nic lwip heap task spinlock cpu clock log console shell format
