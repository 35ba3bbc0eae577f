/* A program of the smallest kind: its task says that it has run, and ends. */
/* SPDX-License-Identifier: MIT */
#include <task/task/task.h>

struct wait fresh_000_step(void *arg);

static uint64_t greetings = 41;
static const char words[] = "Hello, World!";

struct wait fresh_000_step(void *arg)
{
    uint64_t *ran = arg;
    greetings++;
    __atomic_add_fetch(ran, greetings == 42 && words[0] == 'H', __ATOMIC_SEQ_CST);
    return wait_done();
}
