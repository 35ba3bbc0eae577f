# lwIP configured otherwise, under open connections.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Hazards 13, 20. What keeps the layout of lwIP's objects is swapped like any text. What changes it is refused, because the
# machine has connections in the form that they have: its author is told the type that wants to be carried over.
set_option() {
    sed -i "/^#define $1 /d" kernel/net/lwip/port/lwipopts.h
    sed -i "s|^#define LWIP_TCP 1|&\n#define $1 $2|" kernel/net/lwip/port/lwipopts.h
}
smaller() { set_option TCP_WND '(20 * TCP_MSS)' && set_option TCP_SND_BUF '(16 * TCP_MSS)' && set_option TCP_TMR_INTERVAL 200; }
no_stamps() { set_option LWIP_TCP_TIMESTAMPS 0; }

"$bin/network-peer" load "$(echo_port m1)" 1000 1000000 >"$work/load.out" &
load=$!
open_before=$(connections)
evolves_by 'lwip: smaller windows, a quicker timer' lwip:text smaller

push_change 'lwip: no timestamps' no_stamps
take_row 'lwip: no timestamps'
result_is refused
reason_is type 'struct tcp_pcb' 'the running'
grep -q '^remote: .*cannot be swapped live: lwip: struct tcp_pcb' "$work/push.out" || fail "$case_name: git push does not say it: $(cat "$work/push.out")"
git -C "$clone" revert --no-edit HEAD >/dev/null

kill "$load"
wait "$load" || fail "$case_name: something was lost: $(cat "$work/load.out")"
[ -z "$(comm -23 <(echo "$open_before") <(connections))" ] || fail "$case_name: a connection to the server did not survive"
say "$case_name: $(paste -sd, "$work/load.out")"
