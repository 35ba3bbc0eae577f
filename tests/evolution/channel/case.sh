# Channels become asynchronous while tasks exchange numbered messages over them (thesis 9.1.1), and synchronous again.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2317
#
# Nine tasks on three channels, at each step some blocked in send and some in receive; no message is ever lost or doubled. The
# channels lie on the heap and nobody has a list of them, so a new form of theirs is refused. Therefore two steps: first the
# cell knows of rings beside the channels, together with its users, for a signature changes: who is blocked inside is drained.
# Then senders no longer wait. So a rollback, and the guard's when a version faults or loops, keeps what lies in the buffers; one
# to where nobody would look there is refused. Hazards 12, 13, 17, 23, 29, 31, 32. Seen to fail when
# couple_functions() sees no difference, and a longer message is refused for who sends one, not for its type, without
# HEAP_HOLDS() in channel_new(). `neurath plan` says who would be waited for before it happens.

# Sets what the command says: sending, receiving (tasks that are blocked), ahead (messages), received.
read_post() {
    type_command post
    answered -E '^post: [0-9]+ lost' || fail "$case_name: 'post' does not answer: $(answer)"
    read -r sending receiving ahead received < <(answer |
        sed -nE 's/^post: ([0-9]+) in send, ([0-9]+) in receive, at most ([0-9]+) ahead, ([0-9]+) received$/\1 \2 \3 \4/p')
}
blocked_in_both() { read_post && [ "$sending" -ge 2 ] && [ "$receiving" -ge 1 ]; }
in_step() { read_post && [ "$ahead" -le 2 ]; }
run_ahead() { read_post && [ "$ahead" -ge 12 ]; }
more() { read_post && [ "$received" -ge $((before + 200)) ]; }

# While the machine is not listening, the server plans without it, and cannot know. Class and coupling are the machine's own word too.
plan_names_them() {
    neurath plan --to "$known" --machine m1 >"$work/plan.out"
    grep -q '(planned by the machine)' "$work/plan.out" &&
        grep -Eq '^  channel  signature  functions: [0-9]+ changed.*; tasks inside are waited for; changes together with post$' "$work/plan.out" &&
        grep -Eq '^  post  text  functions: .*; changes together with channel$' "$work/plan.out" &&
        grep -E '^  would wait for [0-9]+ tasks \(.*post (send|receive).*\), as it is now$' "$work/plan.out"
}

# They go on, and every message arrived once.
all_arrive() {
    eventually 20 read_post
    before=$received
    eventually 20 more
    answers post 'post: 0 lost, 0 doubled'
    eventually 20 blocked_in_both
}

evolves 01-add post:add
added=$commit
all_arrive
in_step || fail "$case_name: a rendezvous lets senders run ahead by $ahead"
refused 02-form type 'struct channel' heap
refused 02-longer type 'struct letter' heap
neurath hold m1 >/dev/null
push_patch 03-know
known=$commit
eventually 20 blocked_in_both
eventually 20 plan_names_them
neurath unhold m1 >/dev/null
evolved 03-know channel:signature post:text
jq -e '.waited | index("post send") and index("post receive")' <<<"$row" >/dev/null ||
    fail "$case_name: nobody was waited for in send and in receive: $row"
all_arrive
in_step || fail "$case_name: senders run ahead by $ahead"
comes_back 04-fault fault
all_arrive
comes_back 05-loop fault 'in one step'
all_arrive
evolves 06-use channel:text
eventually 20 run_ahead
all_arrive
refuses_to_go_to "$added" consent 'no annexes any more'
goes_to "$known" 'synchronous again'
eventually 20 in_step
all_arrive
goes_to "$commit" 'asynchronous again'
eventually 20 run_ahead
all_arrive
