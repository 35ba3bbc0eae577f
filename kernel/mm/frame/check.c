/* What the pool of frames says of itself in a trial. */
/* SPDX-License-Identifier: MIT */
#include <mm/frame/frame.h>

#include <lib/base/evolve.h>

enum { RUN = 4 };

EVOLVE_CHECK(frames)
{
    uint64_t one;
    uint64_t run;
    const char *wrong = NULL;
    if (frame_take(&one) != STATUS_OK)
        return NULL;
    if (frame_take_run(RUN, 0, &run) == STATUS_OK) {
        if ((run & (RUN * PAGE_SIZE - 1)) != 0)
            wrong = "a run of frames is not aligned";
        if (one + PAGE_SIZE > run && one < run + RUN * PAGE_SIZE)
            wrong = "a frame was given out twice";
        frame_put_run(run, RUN);
    }
    if ((one & PAGE_MASK) != 0)
        wrong = "a frame is not aligned";
    frame_put(one);
    return wrong ? wrong : frame_check() ? NULL : "the counters and the map do not agree";
}
