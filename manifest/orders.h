/* Leaves and nodes of the orders tree, shared by the verifier and the hosted builder.
 * SPDX-License-Identifier: MIT
 */
#ifndef MANIFEST_ORDERS_H
#define MANIFEST_ORDERS_H

#include <manifest/manifest.h>

MANIFEST_RESULT enum manifest_status
manifest_orders_leaf_hash(const char *leaf, size_t len, uint8_t out[MANIFEST_HASH_LEN]);
/* OUT may be LEFT or RIGHT. */
MANIFEST_RESULT enum manifest_status
manifest_orders_node_hash(const uint8_t left[MANIFEST_HASH_LEN],
                          const uint8_t right[MANIFEST_HASH_LEN],
                          uint8_t out[MANIFEST_HASH_LEN]);
MANIFEST_RESULT enum manifest_status
manifest_orders_leaf_read(const char *leaf, size_t len, struct manifest_order *out);

#endif
