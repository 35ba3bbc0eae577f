# The round-robin scheduler with its deque becomes a priority scheduler with a heap and time-slice tokens (thesis 9.1.2), and back.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2317
#
# First the kernel gets one deque for all: it knows no other scheduler, nor has it an interface for one. Three tasks of three
# priorities race each other on one CPU all the time, so some are ready, one runs, others sleep at each swap; the order in
# which they ran is what shows who schedules. A form of the tasks with tokens in it is refused, for they lie on the heap and
# nobody says where all pointers to them are: the heap with the tokens is a cell of its own. What is ready stays on a list
# that the old scheduler finds, so that a version that faults, or loops with interrupts off, is taken back with everybody
# alive. Hazards 13, 21, 23, 24, 31, 32. Seen to fail without plan_check_past(): the form with tokens is not refused.

# Sets what the command says of the last heat: heats, order, turns.
read_race() {
    type_command race
    answered -E '^race: [0-9]+ heats' || fail "$case_name: 'race' does not answer: $(answer)"
    read -r heats order turns < <(answer | sed -nE 's/^race: ([0-9]+) heats, ([a-z]+), ([0-9]+) turns$/\1 \2 \3/p')
}
two_more() { read_race && [ "$heats" -ge $((before + 2)) ]; }
in_turn() { read_race && [ "$turns" -ge 48 ]; }
by_priority() { read_race && [[ $order = hhhh* && $turns -le 36 ]]; } # 3 turns a round, on a slow host more rounds

# Each heat ends only when every racer has run: nobody was forgotten.
all_race() { # in_turn | by_priority
    eventually 20 read_race
    before=$heats
    eventually 20 two_more
    eventually 20 "$1"
    say "$case_name: $order"
}

evolves 01-deque race:add task:text
all_race in_turn
deque=$commit
refused 02-form type 'struct task' heap
comes_back 03-fault fault runqueue
all_race in_turn
comes_back 04-loop fault 'interrupts off'
all_race in_turn
evolves 05-heap runqueue:add task:text
all_race by_priority
goes_to "$deque" 'the deque again'
all_race in_turn
goes_to "$commit" 'the heap again'
all_race by_priority
