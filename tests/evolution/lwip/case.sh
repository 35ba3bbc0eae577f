# lwIP configured otherwise, under open connections.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Hazards 13, 20. A configuration that changes lwIP's control blocks carries them over: those of the server's connection, of a
# stream, of datagrams and of listeners become larger, and what a connection made meanwhile has is filled on the way back. A walk
# that forgets a list comes back by itself. Seen to fail without EVOLVE_POINTS(dhcp_pcb), which holds a pointer to a control block:
# the walk that forgets is refused for that and does not come back, and so are the larger control blocks. What keeps their layout
# is swapped like any text.
set_option() {
    sed -i "/^#define $1 /d" kernel/net/lwip/port/lwipopts.h
    sed -i "s|^#define LWIP_TCP 1|&\n#define $1 $2|" kernel/net/lwip/port/lwipopts.h
}
larger() { set_option LWIP_NETIF_HWADDRHINT 1 && set_option LWIP_TCP_PCB_NUM_EXT_ARGS 2 && set_option LWIP_TCP_KEEPALIVE 0; }
forgetful() { larger && sed -i '/NAME_LIST(walk, tcp_active_pcbs)/d' kernel/net/lwip/walks.c; }
remembers() { git checkout -q HEAD^ kernel/net/lwip/walks.c; }
smaller() {
    git checkout -q "$small" kernel/net/lwip/port/lwipopts.h &&
        set_option TCP_WND '(20 * TCP_MSS)' && set_option TCP_SND_BUF '(16 * TCP_MSS)' && set_option TCP_TMR_INTERVAL 200
}
moved() { [ "$(jq .migrated_objects <<<"$row")" -ge "$1" ] || fail "$case_name: not $1 objects moved: $row"; }

loses_nothing
load_begins "$between_us"
connections_begin
small=$(git -C "$clone" rev-parse HEAD)

push_change 'lwip: a walk forgets a list' forgetful
take_row 'lwip: a walk forgets a list'
result_is reverted
reason_is fault 'struct tcp_pcb' 'leaves out an element'
evolves_by 'lwip: larger control blocks' 'lwip:data net:data' remembers
moved 8 # two interfaces; of TCP the server's connection, the stream, the test's own, a listener; of UDP the echo and DHCP
exec {late_fd}<>"/dev/tcp/127.0.0.1/$(echo_port m1)"
goes_to "$small" 'lwip: back to smaller ones'
moved 9 # and the late one
printf 'late\n' >&"$late_fd" && IFS= read -r -t 10 got <&"$late_fd" && [ "$got" = late ] || fail "$case_name: a connection of the larger form did not survive"
exec {late_fd}>&-

evolves_by 'lwip: smaller windows, a quicker timer' lwip:text smaller

connections_last
load_ends
