# lwIP's packets, and the queues that they wait in, take another form while they wait.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Hazards 13, 20. Packets lie in segments that were not acknowledged (a stream), in the queues of two addresses that never answer
# (the cell `knock`), and as fragments of two datagrams, of IPv4 and IPv6, whose last ones the wire keeps back until it is
# called: on a list whose links lie in their own bytes. What a datagram held comes out whole after each step. A configuration
# makes packets longer in front of their bytes; what another version of lwIP would do to the queues is done by headers that are found before lwIP's own. A walk that
# forgets the fragments comes back by itself.
option() { sed -i "s|^#define LWIP_TCP 1|&\n#define $1 $2|" kernel/net/lwip/port/lwipopts.h; }
larger() { option LWIP_PBUF_CUSTOM_DATA 'void *owner; u64_t stamp;' && option LWIP_PBUF_REF_T u16_t; }
forgets_fragments() { larger && sed -i '/lwip_name_fragments4(walk)/d' kernel/net/lwip/walks.c; }

# with_field HEADER FIELD INCLUDE...: another field comes behind FIELD of the struct in lwip/HEADER.
with_field() {
    mkdir -p "$(dirname "kernel/net/lwip/port/lwip/$1")"
    { printf '#include <lwip/%s>\n' "${@:3}" && printf '#define %s %s; u64_t since\n#include_next <lwip/%s>\n#undef %s\n' "$2" "$2" "$1" "$2"; } >"kernel/net/lwip/port/lwip/$1"
}
queues() {
    with_field etharp.h next opt.h pbuf.h ip4_addr.h netif.h ip4.h prot/etharp.h &&
        with_field priv/nd6_priv.h p opt.h pbuf.h ip6_addr.h netif.h nd6.h &&
        with_field ip4_frag.h timer opt.h ip.h && with_field ip6_frag.h timer opt.h ip6.h &&
        option QUEUES_SAY_SINCE 1 # so that all is compiled again
}
moved() { [ "$(jq .migrated_objects <<<"$row")" -ge "$1" ] || fail "$case_name: not $1 objects moved: $row"; }

exec {udp_fd}<>"/dev/udp/127.0.0.1/$(echo_port m1)"
seq 1000 | head -c 1200 >"$work/datagram"
whole6=0
# A datagram of which the machine gets the first part.
hold() { dd if="$work/datagram" bs=1200 status=none >&"$udp_fd"; }
came_back() { tr -d '\r' <"$work/console.out" | grep -q " 1472 bytes came back, $whole6 times whole"; }
# The last parts come: what was put together is echoed, behind the message that called; and knock gets what it sent.
released() {
    whole6=$((whole6 + 1))
    seq 1000 | head -c 333 >&"$udp_fd"
    timeout 20 dd bs=2000 count=1 status=none <&"$udp_fd" >"$work/called"
    timeout 20 dd bs=2000 count=1 status=none <&"$udp_fd" | cmp - "$work/datagram" || fail "$case_name: what was put together is not what was sent"
    eventually 20 came_back
}

load_begins "$between_us"
evolves 01-wire
hold
released
hold

comes_back_by 'lwip: a walk forgets fragments' fault 'leaves out' forgets_fragments
evolves_by 'lwip: packets are longer' 'lwip:data net:data' larger
moved 4 # one for each address that does not answer, a fragment of each datagram
released
hold
evolves_by 'lwip: what waits says since when' lwip:data queues
moved 4
released
hold
evolves_by 'lwip: packets and queues as before' 'lwip:data net:data' git revert --no-commit HEAD HEAD~1
moved 8
released

exec {udp_fd}>&-
load_ends
