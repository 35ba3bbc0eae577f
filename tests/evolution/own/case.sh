# The network driver, its card's object, and the client change the form of their own state, under their own traffic.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Hazards 4, 13, 25, 30. While a TCP stream is compared in both directions, UDP messages are numbered, and the client's TLS
# connections carry the update itself: fields come in the middle of struct e1000_state, nic and client, indexes of the rings
# become wider, elements of two lists of the client's grow. A rollback takes all of it back, and then it comes again. Nothing is
# lost, no connection ends, the next update arrives. A driver whose walk leaves out the pointer to its own state comes
# back by itself. Seen to fail without EVOLVE_WALKS of e1000_state, nic and client, each: refused, `type`; and without
# event_walk(), interrupt_walk(), and each name in net/walks.c: `held`.

# What card, driver and the echo's socket have lost so far.
losses() {
    type_command net
    answered -E '^ *udp port 7, [0-9]+ lost$' || fail "$case_name: 'net' does not answer: $(answer)"
    answer | sed -nE 's/^(received|sent) .* ([0-9]+) lost.*/\2/p; s/^ *udp port 7, ([0-9]+) lost$/\1/p' | paste -sd ' '
}
ring_is_counted() { type_command net && answered -E '^ring     gone round [1-9][0-9]* times'; }

edit_hello small
push 'hello: before the forms change'
take_row before
small=$commit
lost_before=$(losses)
connections_begin
loses_nothing
load_begins "$between_us"

own_cells=(client:data e1000:data net:data nic:data)
evolves 01-fields "${own_cells[@]}"
eventually 10 ring_is_counted
goes_to "$small" back
is_of "${own_cells[@]}"
goes_to "$commit" forth
is_of "${own_cells[@]}"
eventually 10 ring_is_counted
comes_back 02-forgets fault e1000_state 'leaves out the pointer'

edit_hello counted
push 'hello: over the network with other forms'
eventually 20 permanent m1 "$commit"
connections_last
[ "$(losses)" = "$lost_before" ] || fail "$case_name: something was lost: $lost_before, then $(losses)"
load_ends
