/* One machine of the lab: its boot archive and its QEMU.
 * SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../http.h"
#include "lab.h"

/* Which release a machine boots. */
enum machine_choice {
    MACHINE_BOOT_DESIRED,   /* asked for: the release that it should run */
    MACHINE_BOOT_PERMANENT, /* it reset by itself: the last one that proved itself */
};

/* Boots MACHINE: asks the server for its seed and the release, writes the boot archive, starts
 * QEMU. Fails with code "not-yet" as long as there is no released image. */
bool machine_boot(const struct lab *lab, struct lab_machine_config *machine,
                  struct http *http, enum machine_choice choice, pid_t *out_pid,
                  int64_t *out_release, struct failure *failure);

/* Paths of the sockets of MACHINE. */
void machine_socket(const struct lab *lab, const char *machine, const char *which,
                    char *out, size_t out_len);
