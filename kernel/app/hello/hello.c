/* Prints a line each second. The counter goes on when this cell is replaced. */
/* SPDX-License-Identifier: MIT */
#include <app/hello/hello.h>

#include <console/console/console.h>
#include <task/task/task.h>
#include <time/clock/clock.h>

static uint64_t tick;

static struct wait hello_step(void *arg)
{
    uint64_t now = clock_ns();
    (void)arg;
    tick++;
    console_print("hello: tick %lu, up %lu s\n", tick, now / NS_PER_S);
    return wait_until((now / NS_PER_S + 1) * NS_PER_S);
}

enum status hello_start(void)
{
    return task_create("hello", hello_step, NULL, NULL) != NULL ? STATUS_OK : STATUS_FULL;
}
