# The network over itself (thesis 9.1.3): driver and client mended together, delivered over that driver by that client.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Hazards 20, 25, 30. Under a TCP stream that is compared byte by byte in both directions, a thousand numbered UDP messages
# a second, and the client's own TLS connections. What the host drops for want of a CPU, it counts itself. Then drivers and a
# client that would cut the machine off: each comes back by itself, and brings the next one. Seen to fail when the
# driver begins its ring afresh after a swap, and when the client's probe() finds every network sound.

# Sets bytes_per_frame, as the driver counts them: over a few thousand frames, most of them full.
count_bytes_per_frame() {
    local frames_before bytes_before
    read_counters
    frames_before=$frames bytes_before=$bytes
    enough() { read_counters && [ $((frames - frames_before)) -ge 2000 ]; }
    eventually 20 enough
    bytes_per_frame=$(((bytes - bytes_before) / (frames - frames_before)))
}

evolves 01-faulty client:text e1000:text
loses_nothing
load_begins "$between_us"
count_bytes_per_frame
[ "$bytes_per_frame" = 2048 ] || fail "$case_name: the driver does not have the fault that is to be mended"

read_counters
before="$rx_lost $tx_lost $udp_lost"
connections_begin
evolves 02-mended client:text e1000:text
read_counters
[ "$rx_lost $tx_lost $udp_lost" = "$before" ] || fail "$case_name: frames or messages were lost: $before, then $rx_lost $tx_lost $udp_lost"
connections_last
count_bytes_per_frame
[ "$bytes_per_frame" -lt 1600 ] || fail "$case_name: the driver counts as before"

say "$case_name: the next update, over the same connections"
edit_hello mended
push 'hello: over the mended network'
eventually 20 permanent m1 "$commit"
connections_last

say "$case_name: the server is lost"
kill -9 "$(lab_status .server_pid)"
eventually 20 console_has m1 'no answer from the server'
eventually 20 neurath status
edit_hello again
push 'hello: after the server was lost'
eventually 60 permanent m1 "$commit"

load_ends
read_counters
[ "$rx_lost $tx_lost $udp_lost" = "$before" ] || fail "$case_name: frames or messages were lost: $before, then $rx_lost $tx_lost $udp_lost"

comes_back 03-deaf no_contact # nobody hears the server, and the machine's own network is found dead
comes_back 04-faults fault e1000_receive
# Whoever notices first takes it back: the guard a processor that is stuck (fault), the client on the other one that nothing
# comes any more (no_contact); on a busy host that has been the client.
comes_back 05-loops
jq -e '.reason | (.code == "fault" and (.text | contains("e1000_interrupt") and contains("interrupts off"))) or .code == "no_contact"' <<<"$row" >/dev/null ||
    fail "$case_name: not for a loop: $row"
comes_back 06-waits fault client 'in one step'
comes_back 07-sleeps fault 'task client' 'sleeps in client'
edit_hello alive
push 'hello: they came back by themselves'
eventually 20 permanent m1 "$commit"
