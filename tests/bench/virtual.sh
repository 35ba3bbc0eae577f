# Boots kernel images under QEMU's virtual clock, in which an instruction takes a nanosecond, whatever the host does.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
#
# With several processors an interval counts the instructions of all of them. Two runs in a row must give the same figures, byte for
# byte; the log beside them, with its times, does not count. On a busy host about one boot in twenty differs, by a millisecond
# in which nothing is measured or, with several processors, by some instructions (cause not found); then there is a third
# and a fourth, and `runs` tells.
clock=(-icount "shift=0,sleep=off" -rtc "base=2024-01-01T00:00:00,clock=vm" -seed 1)
runs=0

# boot_once FOLDER CPUS OUT [qemu arguments]: what the machine of FOLDER says goes to file OUT. MEMORY=MiB (256).
# Single-threaded, as the virtual clock wants it.
boot_once() {
    timeout "${BOOT_LIMIT:-300}" qemu-system-x86_64 -accel tcg,thread=single "${clock[@]}" -machine pc -cpu max -smp "$2" -m "${MEMORY:-256}" \
        -bios qboot.rom -nodefaults -display none -no-reboot -serial stdio -device isa-debug-exit,iobase=0xf4,iosize=4 \
        -kernel "$1/neurath.elf" -initrd "$1/archive.cpio" "${@:4}" </dev/null >"$3" 2>&1
    [ $? = 33 ] || { tail -n 40 "$3"; echo "$1 with $2 processors did not pass"; exit 1; }
}

figures_of() { grep -avE '^\[|^hello: ' "$1" | sed 's/ ([0-9]* ms)//'; }

# boot_twice FOLDER CPUS OUT [qemu arguments]: until two runs in a row agree.
boot_twice() {
    boot_once "$1" "$2" "$3.next" "${@:4}"
    for runs in 2 3 4; do
        mv "$3.next" "$3"
        boot_once "$1" "$2" "$3.next" "${@:4}"
        if cmp -s <(figures_of "$3") <(figures_of "$3.next"); then return; fi
    done
    echo "no two runs of $1 with $2 processors agree"
    exit 1
}
