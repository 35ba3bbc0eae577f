/* The keys of one server: made once, then read; only the signer process calls this.
 * SPDX-License-Identifier: MIT
 *
 * Files in keys/ (folder 0700, files 0600): root.key, release.key, timestamp.key (one line of 64
 * hexadecimal digits after comment lines), ca.key (PEM). Public results, in the state folder:
 * roots/<N> (frames), ca.pem, tls/server.key and tls/server.pem for the machine listener. */
#ifndef NEURATH_SIGNER_KEYS_H
#define NEURATH_SIGNER_KEYS_H

#include "base/result.h"

#include <manifest/sign.h>
#include <stdbool.h>

struct signer_keys {
    struct manifest_secret secrets[MANIFEST_ROLE_COUNT];
    struct manifest_root root; /* the newest */
    char *ca_key;
    char *ca_certificate;
};

/* Reads the keys below STATE, making what is missing on a first start. LAB only labels new files.
 * A half-made set (a crash on the first start) is completed. */
NODISCARD enum result signer_keys_load(const char *state, bool lab,
                                       struct signer_keys *out_keys,
                                       struct problem *problem);
void signer_keys_fini(struct signer_keys *keys);

/* DNS name of the machine listener. */
#define SIGNER_SERVER_NAME "neurath-lab"

#endif
