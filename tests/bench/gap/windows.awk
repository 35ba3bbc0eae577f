# Says for each window what a client has seen in it: KIND LENGTH LONGEST-SILENCE LONGEST-TRIP SENT LOST DROPPED, times in microseconds.
# SPDX-License-Identifier: MIT
#
#   awk -v folder=OUT -f tests/bench/gap/windows.awk OUT/windows OUT/messages OUT/answers
#
# `windows` has a line KIND BEGIN END for each, in the order in which they were, none over another; `messages` is what `gap` printed;
# `answers` the times of its answers in order: a silence is the time between two answers, whatever their order was. Each
# silence in a window goes to OUT/silence.KIND too. DROPPED is what the host dropped from a little before the window to a little after.
BEGIN { margin = 100000 }
FILENAME ~ /windows$/ { kind[++windows] = $1; begin[windows] = $2; end[windows] = $3; at = before = 1; next }
FILENAME ~ /messages$/ { # in the order in which they were sent
    while (open < windows && $1 > begin[open + 1] - margin) dropped_before[++open] = last_dropped + 0
    while (over < open && $1 > end[over + 1] + margin) dropped_by[++over] = $3
    last_dropped = $3
    while (at <= windows && $1 > end[at]) at++
    if (at > windows || $1 < begin[at]) next
    sent[at]++
    if (!$2) lost[at]++
    else if ($2 - $1 > trip[at]) trip[at] = $2 - $1
    next
}
{ # a silence belongs to the window in which it ends, or to the one that ended during it
    while (before <= windows && last > end[before]) before++
    if (last && before <= windows && $1 >= begin[before]) {
        print $1 - last >(folder "/silence." kind[before])
        if ($1 - last > most[before]) most[before] = $1 - last
    }
    last = $1
}
END {
    for (w = 1; w <= windows; w++) {
        dropped = (w > over ? last_dropped : dropped_by[w]) - dropped_before[w]
        print kind[w], end[w] - begin[w], most[w] + 0, trip[w] + 0, sent[w] + 0, lost[w] + 0, dropped
    }
}
