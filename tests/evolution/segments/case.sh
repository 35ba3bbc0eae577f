# lwIP's segments, timers and lease take another form while there are some.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Hazards 13, 20. A connection whose peer does not read keeps its send buffer full, so there are segments that were not sent; a
# stream beside it has some that were, and waits for their acknowledgement. Sums that are made when data are copied come with
# fields that old segments have to be given, and with lwIP's own comparison, which faults for each packet whose sum is wrong. Each
# timer points to its row of a constant table, whose rows become longer too. A walk that forgets a queue comes back by itself. Seen to fail (lwIP faults) when the fill of a segment makes no sums.
option() { sed -i "s|^#define LWIP_TCP 1|&\n#define $1 $2|" kernel/net/lwip/port/lwipopts.h; }
sums() {
    option LWIP_CHECKSUM_ON_COPY 1 && option TCP_CHECKSUM_ON_COPY_SANITY_CHECK 1 &&
        option 'TCP_CHECKSUM_ON_COPY_SANITY_CHECK_FAIL(text)' 'lwip_port_broken("a wrong sum")'
}
forgets_unsent() { sums && sed -i '/NAME_LIST(walk, pcb->unsent)/d' kernel/net/lwip/walks.c; }
names() { option LWIP_DEBUG_TIMERNAMES 1 && option LWIP_DHCP_BOOTP_FILE 1; }
moved() { [ "$(jq .migrated_objects <<<"$row")" -ge "$1" ] || fail "$case_name: not $1 objects moved: $row"; }

lines=4000000 # 30,888,896 bytes
arrived=0
# What the host still holds of both directions no longer changes, while the machine answers others. (Of this connection: the
# stream beside it always has something under way on a busy host.)
held() { ss -Htne state established "dport = :$(echo_port m1)" | grep "ino:$full_inode " | awk '$2 > 0 { print $1, $2 }'; }
# The next $1 bytes are what was sent.
reads() {
    timeout 60 head -c "$1" <&"$full_fd" | cmp - <(seq $lines | tail -c +$((arrived + 1)) | head -c "$1") || fail "$case_name: what was queued is not what arrives"
    arrived=$((arrived + $1))
}
is_full() {
    local before
    before=$(held)
    [ -n "$before" ] && sleep 0.3 && echo_works && echo_works && [ "$before" = "$(held)" ]
}

exec {full_fd}<>"/dev/tcp/127.0.0.1/$(echo_port m1)"
full_inode=$(readlink "/proc/$BASHPID/fd/$full_fd" | tr -dc 0-9)
seq $lines >&"$full_fd" &
writer=$!
eventually 60 is_full
kill -0 "$writer" || fail "$case_name: the machine has taken everything"
load_begins "$between_us"

comes_back_by 'lwip: a walk forgets what was not sent' fault 'leaves out' forgets_unsent
evolves_by 'lwip: sums are made when data are copied' 'lwip:data' sums
moved 16 # segments
reads 16000000
eventually 60 is_full
evolves_by 'lwip: timers have names, the lease has a file' 'lwip:data net:data' names
moved 5
evolves_by 'lwip: back to what was' 'lwip:data net:data' git revert --no-commit HEAD HEAD~1
moved 21

reads 14888896
wait "$writer" || fail "$case_name: not all could be sent"
exec {full_fd}>&-
load_ends
