# Traffic of a case's own, what of it was lost and where, and the machine's connections to the server.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
load='' counted_before=0 open_before='' open_since=0

# Sets the machine's own counters: frames and bytes received; losses of card and driver in both directions, and of the
# echo's socket.
read_counters() {
    type_command net
    answered -E '^ *udp port 7, [0-9]+ lost$' || fail "$case_name: 'net' does not answer: $(answer)"
    read -r frames bytes rx_lost < <(answer | sed -nE 's/^received ([0-9]+) frames, ([0-9]+) bytes, ([0-9]+) lost$/\1 \2 \3/p')
    read -r tx_lost < <(answer | sed -nE 's/^sent .* bytes, ([0-9]+) lost;.*/\1/p')
    read -r udp_lost < <(answer | sed -nE 's/^ *udp port 7, ([0-9]+) lost$/\1/p')
}

# load_begins MICROSECONDS: a TCP stream and numbered UDP messages, one in so many microseconds, to the machine's echo.
load_begins() {
    read_counters
    counted_before=$((rx_lost + tx_lost + udp_lost))
    "$bin/network-peer" load "$(echo_port m1)" "$1" 1000000 >"$work/load.out" &
    load=$!
}

# Everything has come back, but for the messages that the host dropped (network-peer knows) or for which the machine says that it
# had no room: on a busy host both wait too long for a CPU. What a swap loses nobody has counted.
load_ends() {
    local status=0 sent received doubled dropped
    kill "$load"
    wait "$load" || status=$?
    if [ "$status" != 0 ]; then
        read -r received sent doubled dropped < <(sed -nE 's/^udp: ([0-9]+) of ([0-9]+) messages, ([0-9]+) doubled, ([0-9]+) dropped.*/\1 \2 \3 \4/p' "$work/load.out")
        read_counters
        say "$case_name: the machine counts $((rx_lost + tx_lost + udp_lost - counted_before)) as lost: $rx_lost received, $tx_lost sent, $udp_lost at the echo's socket"
        [ "$status" = 2 ] && [ "$doubled" = 0 ] && [ "$received" -gt 0 ] &&
            [ $((sent - received - dropped)) -le $((rx_lost + tx_lost + udp_lost - counted_before)) ] ||
            fail "$case_name: something was lost: $(cat "$work/load.out")"
    fi
    say "$case_name: $(paste -sd, "$work/load.out")"
}

# The machine's TLS connections to the server, by their ports on this host: the same port, the same connection.
connections() { server_sockets | awk '{ print $3 }' | LC_ALL=C sort; }
server_sockets() { ss -Htn "$@" state established "dport = :$(jq -r .port "$NEURATH_STATE/machines/m1/seed.json")"; }

# From here on connections_last() is asked.
connections_begin() {
    local idle_ms
    open_before=$(connections)
    [ -n "$open_before" ] || fail "$case_name: the client has no connection"
    idle_ms=$(server_sockets -i | grep -o 'lastrcv:[0-9]*' | cut -d: -f2 | sort -n | tail -n 1)
    open_since=$((SECONDS - ${idle_ms:-0} / 1000))
}

# No connection has ended since, but by the server, which ends one on which nothing was said for a minute: as the one for reports,
# when a busy host builds that long. The other one always has a poll under way.
connections_last() {
    local gone
    gone=$(comm -23 <(echo "$open_before") <(connections))
    [ -z "$gone" ] && return
    if [ $((SECONDS - open_since)) -lt 58 ] || [ -z "$(comm -12 <(echo "$open_before") <(connections))" ]; then
        fail "$case_name: a TLS connection did not survive: $gone"
    fi
    say "$case_name: the server has ended an idle connection, after $((SECONDS - open_since)) s"
}
