/* What the clock says of itself in a trial: it goes forward, and as fast as the HPET. */
/* SPDX-License-Identifier: MIT */
#include <time/clock/clock.h>

#include <lib/base/evolve.h>
#include <time/hpet/hpet.h>

enum {
    SPAN_NS = 200000,
    SLACK = 4
}; /* a quarter: the HPET of a virtual machine is not exact */

/* The HPET at some moment between two readings of the clock. */
struct reading {
    uint64_t before;
    uint64_t hpet;
    uint64_t after;
};

static struct reading read(void)
{
    struct reading r = {.before = clock_ns()};
    r.hpet = hpet_present() ? hpet_counter() : 0;
    r.after = clock_ns();
    return r;
}

EVOLVE_CHECK(rate)
{
    struct reading begin = read();
    clock_delay_ns(SPAN_NS);
    struct reading end = read();
    uint64_t least = end.before - begin.after;
    uint64_t most = end.after - begin.before;
    if (begin.after < begin.before || end.before < begin.after || end.after < end.before)
        return "time goes back";
    if (!hpet_present())
        return NULL;
    uint64_t hpet_ns = (end.hpet - begin.hpet) * hpet_period_fs() / 1000000;
    return hpet_ns + hpet_ns / SLACK >= least && hpet_ns - hpet_ns / SLACK <= most
               ? NULL
               : "the clock does not go as fast as the HPET";
}
