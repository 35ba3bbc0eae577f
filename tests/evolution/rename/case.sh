# A subsystem's files get other names.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2317
#
# Its folder, a file, and every include of it change, and nothing is to be swapped: an object says nothing of where its source
# lies. Only if files of one cell come in another order, its functions do too: then they are moved, and not one has changed.
# Two that go wrong: includes are forgotten, and nothing is released; a cell itself gets another name, which nobody could tell
# from a cell that goes and another one that comes, so its state would be lost: refused, until it says whose the state was.
# Hazard 18. Seen to fail when plan_check_removal() asks nobody (the counter begins
# again), and when keys_separate() puts the name of the file before each static, not only before those that share one.
area() { # OLD NEW
    git mv "kernel/$1" "kernel/$2"
    git grep -lE "[<\"]$1/" -- '*.c' '*.h' '*.S' | xargs sed -i "s|\([<\"]\)$1/|\1$2/|"
}
file() { git mv "kernel/bus/pci/$1" "kernel/bus/pci/$2"; }

unchanged_by 'kernel: the area bus is called devices' area bus devices
unchanged_by 'kernel: it is called bus again' area devices bus
forgotten() { git mv kernel/bus kernel/devices; }
unbuilt_by 'kernel: the area bus is called devices, and nobody was told' 'bus/' forgotten
unchanged_by 'pci: assign.c is called bars.c' file assign.c bars.c
evolves_by 'pci: bars.c is called resources.c, and comes after pci.c' pci:text file bars.c resources.c
evolves_by 'pci: the files have their names again' pci:text file resources.c assign.c

called() { # OLD NEW
    git mv "kernel/app/$1" "kernel/app/$2"
    git mv "kernel/app/$2/$1.c" "kernel/app/$2/$2.c"
    git mv "kernel/app/$2/$1.h" "kernel/app/$2/$2.h"
    sed -i "s/\b$1\b/$2/g; s/\b$1_/$2_/g" "kernel/app/$2/"*
}
refused_by 'hello: it is called ahoy' consent 'EVOLVE_TAKES(hello, tick) in ahoy' called hello ahoy
