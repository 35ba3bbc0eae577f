cell := echo
kind := app
start := app
uses := net heap task spinlock log
