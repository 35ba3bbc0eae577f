# A static gets another name, leaves its file for the function that uses it, and comes back (EVOLVE_RENAMED).
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2317
#
# Each time the counter goes on. Without the mark nobody could tell a new name from a new object, so the push is refused, and the
# mark named. Hazards 7, 17. Seen to fail, at the way back, when only the version that comes is asked for marks.
called() { sed -i "s/^static uint64_t tick;/static uint64_t $1;/; s/^    tick++;/    $1++;/; s/\", tick,/\", $1,/" "$hello"; }
marked() {
    called steps
    sed -i 's/^static uint64_t steps;/&\nEVOLVE_RENAMED(tick, steps);/; s/^#include <console/#include <lib\/base\/evolve.h>\n&/' "$hello"
}
inside() {
    sed -i '/^static uint64_t steps;/d; s/^EVOLVE_RENAMED.*/EVOLVE_RENAMED(tick, hello_step__steps);\nEVOLVE_RENAMED(steps, hello_step__steps);/' "$hello"
    sed -i 's/^    uint64_t now = clock_ns();/    static uint64_t steps;\n&/' "$hello"
}

edit_hello named
push 'hello: before its counter has another name'
eventually 20 permanent m1 "$(git -C "$clone" rev-parse HEAD)"
named=$(git -C "$clone" rev-parse HEAD)
refused_by 'hello: tick is called steps' consent 'EVOLVE_RENAMED(tick, steps)' called steps
evolves_by 'hello: tick is called steps, and said to be' hello:text marked
evolves_by 'hello: steps belongs to the step' hello:text inside
inside=$commit
goes_to "$named" 'tick again'
goes_to "$inside" 'steps again, versions skipped'
