/* Signing and building of frames: hosted only, never part of the cell.
 * SPDX-License-Identifier: MIT
 *
 * The texts are strict JSON with sorted keys, so that equal inputs give equal bytes. Secrets are wiped by manifest_secret_wipe().
 */
#ifndef MANIFEST_SIGN_H
#define MANIFEST_SIGN_H

#include <manifest/signature/secret.h>

/* A new key from the system's random source. */
MANIFEST_RESULT enum manifest_status manifest_secret_generate(struct manifest_secret *out);
MANIFEST_RESULT enum manifest_status manifest_secret_load(const uint8_t scalar[32],
                                                          struct manifest_secret *out);
/* Signs a SHA-256 digest; r‖s. */
MANIFEST_RESULT enum manifest_status
manifest_sign_digest(const struct manifest_secret *secret,
                     const uint8_t digest[MANIFEST_HASH_LEN],
                     uint8_t out_signature[MANIFEST_SIGNATURE_LEN]);
/* GIVES a frame with one signature by each of SECRETS (free()). */
MANIFEST_RESULT enum manifest_status
manifest_frame_sign(const char *type, const char *payload, size_t payload_len,
                    const struct manifest_secret *const *secrets, size_t secret_count,
                    uint8_t **out, size_t *out_len);
/* GIVES a copy of a frame with one more signature (policy `approve`, root ceremonies). A second one by the same key
 * replaces the first. */
MANIFEST_RESULT enum manifest_status
manifest_frame_endorse(const uint8_t *frame, size_t len,
                       const struct manifest_secret *secret, uint8_t **out,
                       size_t *out_len);

/* Payload texts; each GIVES a NUL-terminated string (free()). Inputs are checked as a reader would: what these
 * build, the readers accept. */
MANIFEST_RESULT enum manifest_status manifest_root_text(const struct manifest_root *root,
                                                        char **out);
/* Sorts nothing in RELEASE and ignores its `content`: the text carries the id computed from the cells.
 * Of needs_boot, 256 entries of 512 bytes are kept. */
MANIFEST_RESULT enum manifest_status
manifest_release_text(const struct manifest_release *release, char **out);
MANIFEST_RESULT enum manifest_status
manifest_timestamp_text(const struct manifest_timestamp *timestamp, char **out);
MANIFEST_RESULT enum manifest_status
manifest_fresh_text(const struct manifest_fresh *fresh, char **out);

/* Adds KEY to ROOT (once) and to ROLE; threshold is left as it is. */
MANIFEST_RESULT enum manifest_status manifest_root_add(struct manifest_root *root,
                                                       enum manifest_role role,
                                                       const struct manifest_key *key);

/* The tree of orders of one channel. */
struct manifest_orders;
/* Copies ORDERS (any sequence; at most one for each machine, else MANIFEST_BAD_FIELD). GIVES *out (manifest_orders_destroy). */
MANIFEST_RESULT enum manifest_status
manifest_orders_create(const struct manifest_order *orders, size_t count,
                       struct manifest_orders **out);
void manifest_orders_destroy(struct manifest_orders *orders);
void manifest_orders_root(const struct manifest_orders *orders,
                          uint8_t out_root[MANIFEST_HASH_LEN]);
/* GIVES the "order" object of MACHINE's poll answer: presence or absence, with proof (json_decref()). */
MANIFEST_RESULT enum manifest_status
manifest_orders_prove(const struct manifest_orders *orders, const char *machine,
                      json_t **out);

#endif
