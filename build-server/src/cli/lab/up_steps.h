/* Steps of `lab up` that deal with git and the first release.
 * SPDX-License-Identifier: MIT */
#pragma once

#include "up.h"

/* Says a line of progress, unless the answer is to be JSON. */
[[gnu::format(printf, 2, 3)]] void up_say(const struct up *up, const char *format, ...);

/* A short rest in a waiting loop; false with a failure once a signal has arrived. */
bool up_rest(struct failure *failure);

/* Fills an empty repository with the history of the lab's tree. */
bool up_repository(struct up *up, struct failure *failure);

/* Makes the working clone, with an identity to commit as and the lab's folder in its settings. */
bool up_clone(struct up *up, struct failure *failure);

/* Waits until a release and its boot image are there. */
bool up_wait_release(struct up *up, struct failure *failure);
