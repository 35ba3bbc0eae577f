/* Messages between the service and its signer: a 32-bit little-endian length and a JSON object.
 * SPDX-License-Identifier: MIT
 *
 * Questions, each answered by one object ({"error": code, "text": …} when refused):
 *   {"op":"hello"}                                     → {"fleet", "roots": [base64], "version", "counter", "time"}
 *   {"op":"release","payload":text,"reissue_of":V|null,"parts":[BASE,OTHER]|null} → {"frame": base64}
 *   {"op":"timestamp","payload":text}                  → {"frame": base64}
 *   {"op":"fresh","nonce","boot_id","timestamp"}       → {"frame": base64}
 *   {"op":"certify","public_key": hex}                 → {"machine", "certificate": PEM} */
#ifndef NEURATH_SIGNER_MESSAGE_H
#define NEURATH_SIGNER_MESSAGE_H

#include "base/json.h"
#include "base/result.h"

#define MESSAGE_MAX (4 * 1024 * 1024)

NODISCARD enum result message_send(int fd, const json_t *message);

/* GIVES *out_message. RESULT_NOT_FOUND: the other side closed. */
NODISCARD enum result message_receive(int fd, json_t **out_message);

#endif
