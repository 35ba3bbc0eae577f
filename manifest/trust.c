/* What a machine trusts: roots, news, releases.
 * SPDX-License-Identifier: MIT
 *
 * Invariants:
 *  1 root_version never falls, and each root was signed by its predecessor.
 *  2 While no key leaves the timestamp role: timestamp_counter, channel_version, order_counter and time_floor_ms never
 *    fall, and one counter stands for one content.
 *  3 While no key leaves the release role: release_version never falls, and one version stands for one content.
 *  4 security_floor never falls, whatever happens to keys, and rises on `permanent` only.
 *  5 Nothing is accepted without trusted time, or past an expiry; what runs is never touched by that.
 */
#include <manifest/trust.h>

#include <manifest/signature/crypto.h>

#include <lib/base/memory.h>
#include <string.h>

static enum manifest_status root_digest(const uint8_t *bytes, size_t len,
                                        uint8_t out[MANIFEST_HASH_LEN])
{
    struct manifest_frame frame;
    enum manifest_status status = manifest_frame_decode(bytes, len, &frame);
    if (status != MANIFEST_OK)
        return status;
    return manifest_signed_digest(frame.type, frame.type_len, frame.payload,
                                  frame.payload_len, out);
}

/* A role that lost a key starts anew: this is how a fleet recovers from a stolen key that counted ahead. */
static void counters_reset(struct trust *trust, const struct manifest_root *next)
{
    struct trust_state *state = &trust->state;
    if (manifest_role_rotated(&trust->root, next, MANIFEST_ROLE_TIMESTAMP)) {
        state->timestamp_counter = 0;
        memset(state->timestamp_hash, 0, sizeof state->timestamp_hash);
        state->channel_version = 0;
        state->order_counter = 0;
        memset(state->order_hash, 0, sizeof state->order_hash);
        state->time_floor_ms = 0;
        trust->time_known = false;
    }
    if (manifest_role_rotated(&trust->root, next, MANIFEST_ROLE_RELEASE)) {
        state->channel_version = 0;
        state->release_version = 0;
        memset(state->release_hash, 0, sizeof state->release_hash);
    }
}

enum manifest_status trust_add_root(struct trust *trust, const uint8_t *bytes, size_t len)
{
    struct trust_state *state = &trust->state;
    uint8_t digest[MANIFEST_HASH_LEN];
    struct manifest_root *next = memory_new(struct manifest_root);
    if (!next)
        return MANIFEST_NO_MEMORY;
    enum manifest_status status = manifest_root_open(bytes, len, &trust->root, next);
    if (status == MANIFEST_OK)
        status = root_digest(bytes, len, digest);
    if (status == MANIFEST_OK && next->version == state->root_version &&
        memcmp(digest, state->root_hash, sizeof digest) != 0)
        status = MANIFEST_ROLLBACK;
    if (status == MANIFEST_OK) {
        if (next->version > state->root_version) {
            counters_reset(trust, next);
            state->root_version = next->version;
            memcpy(state->root_hash, digest, sizeof digest);
        }
        trust->root = *next;
    }
    free(next);
    return status;
}

static enum manifest_status first_root(struct trust *trust, const uint8_t *bytes,
                                       size_t len)
{
    struct trust_state *state = &trust->state;
    uint8_t digest[MANIFEST_HASH_LEN];
    enum manifest_status status = manifest_root_open(bytes, len, NULL, &trust->root);
    if (status == MANIFEST_OK)
        status = root_digest(bytes, len, digest);
    if (status != MANIFEST_OK)
        return status;
    if (trust->root.version == state->root_version &&
        memcmp(digest, state->root_hash, sizeof digest) != 0)
        return MANIFEST_ROLLBACK;
    if (trust->root.version > state->root_version) {
        state->root_version = trust->root.version;
        memcpy(state->root_hash, digest, sizeof digest);
    }
    return MANIFEST_OK;
}

/* Uses the root that was kept with the state, which is newer than those at hand. */
static enum manifest_status saved_root_take(struct trust *trust, const uint8_t *bytes,
                                            size_t len)
{
    uint8_t digest[MANIFEST_HASH_LEN];
    struct manifest_root *saved = memory_new(struct manifest_root);
    if (!saved)
        return MANIFEST_NO_MEMORY;
    enum manifest_status status = manifest_root_open(bytes, len, NULL, saved);
    if (status == MANIFEST_OK)
        status = root_digest(bytes, len, digest);
    if (status == MANIFEST_OK &&
        memcmp(saved->fleet, trust->root.fleet, sizeof saved->fleet))
        status = MANIFEST_WRONG_FLEET;
    if (status == MANIFEST_OK && (saved->version != trust->state.root_version ||
                                  memcmp(digest, trust->state.root_hash, sizeof digest)))
        status = MANIFEST_ROLLBACK;
    if (status == MANIFEST_OK)
        trust->root = *saved;
    free(saved);
    return status;
}

enum manifest_status trust_start(struct trust *trust, const uint8_t *roots,
                                 size_t roots_len, const struct trust_state *state,
                                 const uint8_t *saved_root, size_t saved_root_len)
{
    size_t frame_len;
    memset(trust, 0, sizeof *trust);
    if (state)
        trust->state = *state;
    for (size_t at = 0; at < roots_len || at == 0; at += frame_len) {
        enum manifest_status status =
            manifest_frame_length(roots + at, roots_len - at, &frame_len);
        if (status == MANIFEST_OK)
            status = at == 0 ? first_root(trust, roots, frame_len)
                             : trust_add_root(trust, roots + at, frame_len);
        if (status != MANIFEST_OK)
            return status;
    }
    if (trust->root.version >= trust->state.root_version)
        return MANIFEST_OK;
    return saved_root ? saved_root_take(trust, saved_root, saved_root_len)
                      : MANIFEST_ROLLBACK;
}

bool trust_time(const struct trust *trust, uint64_t now_ns, int64_t *out_ms)
{
    if (!trust->time_known)
        return false;
    *out_ms = trust->time_ms + (int64_t)((now_ns - trust->time_ns) / 1000000);
    return true;
}

void trust_take_time(struct trust *trust, int64_t time_ms, uint64_t now_ns)
{
    if (time_ms < trust->state.time_floor_ms)
        time_ms = trust->state.time_floor_ms;
    trust->state.time_floor_ms = time_ms;
    trust->time_ms = time_ms;
    trust->time_ns = now_ns;
    trust->time_known = true;
}

static enum manifest_status fresh_check(const struct trust *trust, const uint8_t *bytes,
                                        size_t len, const uint8_t nonce[16],
                                        const uint8_t timestamp_hash[MANIFEST_HASH_LEN],
                                        int64_t *out_time_ms)
{
    struct manifest_fresh fresh;
    enum manifest_status status = manifest_fresh_open(bytes, len, &trust->root, &fresh);
    if (status != MANIFEST_OK)
        return status;
    if (memcmp(fresh.nonce, nonce, sizeof fresh.nonce) != 0 ||
        strcmp(fresh.boot_id, trust->boot_id) != 0)
        return MANIFEST_WRONG_NONCE;
    if (memcmp(fresh.timestamp_hash, timestamp_hash, MANIFEST_HASH_LEN) != 0)
        return MANIFEST_WRONG_HASH;
    *out_time_ms = fresh.time_ms > trust->state.time_floor_ms ? fresh.time_ms
                                                              : trust->state.time_floor_ms;
    return MANIFEST_OK;
}

static enum manifest_status timestamp_check(const struct trust *trust,
                                            const struct trust_news *news)
{
    const struct manifest_timestamp *timestamp = &news->timestamp;
    const struct trust_state *state = &trust->state;
    if (news->time_ms >= trust->root.expires_ms)
        return MANIFEST_EXPIRED;
    if (strcmp(timestamp->channel, trust->channel) != 0)
        return MANIFEST_WRONG_CHANNEL;
    if (timestamp->counter < state->timestamp_counter ||
        timestamp->release < state->channel_version)
        return MANIFEST_ROLLBACK;
    if (timestamp->counter == state->timestamp_counter &&
        memcmp(news->timestamp_hash, state->timestamp_hash, MANIFEST_HASH_LEN) != 0)
        return MANIFEST_ROLLBACK;
    return news->time_ms >= timestamp->expires_ms ? MANIFEST_EXPIRED : MANIFEST_OK;
}

static enum manifest_status order_digest(const struct manifest_order *order,
                                         uint8_t out[MANIFEST_HASH_LEN])
{
    const struct crypto_piece pieces[] = {
        {order->machine, sizeof order->machine},
        {&order->intent, sizeof order->intent},
        {&order->release, sizeof order->release},
        {order->hash, sizeof order->hash},
    };
    return manifest_crypto_hash_pieces(pieces, sizeof pieces / sizeof pieces[0], out);
}

static enum manifest_status order_check(const struct trust *trust, const json_t *proof,
                                        struct trust_news *news)
{
    const struct trust_state *state = &trust->state;
    enum manifest_status status =
        manifest_order_open(proof, trust->machine, news->timestamp.orders_root,
                            &news->has_order, &news->order);
    if (status != MANIFEST_OK || !news->has_order)
        return status;
    status = order_digest(&news->order, news->order_hash);
    if (status != MANIFEST_OK)
        return status;
    if (news->order.counter < state->order_counter ||
        (news->order.counter == state->order_counter &&
         memcmp(news->order_hash, state->order_hash, MANIFEST_HASH_LEN) != 0))
        return MANIFEST_ROLLBACK;
    return MANIFEST_OK;
}

/* What the machine is to run: its order's release, else the channel's. */
static void target_choose(struct trust_news *news)
{
    const struct manifest_timestamp *timestamp = &news->timestamp;
    bool order = news->has_order;
    news->release = order ? news->order.release : timestamp->release;
    news->release_length = order ? news->order.length : timestamp->release_length;
    memcpy(news->release_hash, order ? news->order.hash : timestamp->release_hash,
           MANIFEST_HASH_LEN);
    news->rollback =
        order ? news->order.intent == MANIFEST_INTENT_ROLLBACK : timestamp->rollback;
}

enum manifest_status trust_check_news(const struct trust *trust, const uint8_t *timestamp,
                                      size_t timestamp_len, const uint8_t *fresh,
                                      size_t fresh_len, const json_t *order,
                                      const uint8_t nonce[16], uint64_t now_ns,
                                      struct trust_news *out, int64_t *out_time_ms)
{
    struct trust_news news = {.time_ns = now_ns};
    enum manifest_status status =
        manifest_timestamp_open(timestamp, timestamp_len, &trust->root, &news.timestamp);
    if (status == MANIFEST_OK)
        status = manifest_hash(timestamp, timestamp_len, news.timestamp_hash);
    if (status == MANIFEST_OK)
        status = fresh_check(trust, fresh, fresh_len, nonce, news.timestamp_hash,
                             &news.time_ms);
    if (status != MANIFEST_OK)
        return status;
    *out_time_ms = news.time_ms;
    status = timestamp_check(trust, &news);
    if (status == MANIFEST_OK)
        status = order_check(trust, order, &news);
    if (status != MANIFEST_OK)
        return status;
    target_choose(&news);
    *out = news;
    return MANIFEST_OK;
}

void trust_take_news(struct trust *trust, const struct trust_news *news)
{
    struct trust_state *state = &trust->state;
    trust_take_time(trust, news->time_ms, news->time_ns);
    state->timestamp_counter = news->timestamp.counter;
    memcpy(state->timestamp_hash, news->timestamp_hash, MANIFEST_HASH_LEN);
    state->channel_version = news->timestamp.release;
    if (news->has_order) {
        state->order_counter = news->order.counter;
        memcpy(state->order_hash, news->order_hash, MANIFEST_HASH_LEN);
    }
}

enum manifest_status trust_check_target(const struct trust *trust,
                                        const struct trust_news *news)
{
    const struct trust_state *state = &trust->state;
    if (news->release < state->release_version)
        return MANIFEST_ROLLBACK;
    if (news->release == state->release_version &&
        memcmp(news->release_hash, state->release_hash, MANIFEST_HASH_LEN) != 0)
        return MANIFEST_ROLLBACK;
    return MANIFEST_OK;
}

static enum manifest_status release_check(const struct trust *trust,
                                          const struct trust_news *news, int64_t now_ms,
                                          const struct manifest_release *release)
{
    if (release->version != news->release)
        return MANIFEST_WRONG_VERSION;
    if (strcmp(release->channel, trust->channel) != 0)
        return MANIFEST_WRONG_CHANNEL;
    if (strcmp(release->target, trust->target) != 0)
        return MANIFEST_WRONG_TARGET;
    if (release->security < trust->state.security_floor)
        return MANIFEST_SECURITY_FLOOR;
    if (now_ms >= release->expires_ms || now_ms >= trust->root.expires_ms)
        return MANIFEST_EXPIRED;
    return trust_check_target(trust, news);
}

enum manifest_status trust_check_release(const struct trust *trust,
                                         const struct trust_news *news,
                                         const uint8_t *bytes, size_t len,
                                         uint64_t now_ns, struct manifest_release *out)
{
    uint8_t hash[MANIFEST_HASH_LEN];
    struct manifest_release release;
    int64_t now_ms;
    if (!trust_time(trust, now_ns, &now_ms))
        return MANIFEST_NO_TIME;
    enum manifest_status status = manifest_hash(bytes, len, hash);
    if (status != MANIFEST_OK)
        return status;
    if (len != news->release_length || memcmp(hash, news->release_hash, sizeof hash) != 0)
        return MANIFEST_WRONG_HASH;
    status = manifest_release_open(bytes, len, &trust->root, &release);
    if (status != MANIFEST_OK)
        return status;
    status = release_check(trust, news, now_ms, &release);
    if (status != MANIFEST_OK)
        manifest_release_fini(&release);
    else
        *out = release;
    return status;
}

void trust_take_release(struct trust *trust, const struct manifest_release *release,
                        const uint8_t hash[MANIFEST_HASH_LEN])
{
    trust->state.release_version = release->version;
    memcpy(trust->state.release_hash, hash, MANIFEST_HASH_LEN);
}

void trust_take_permanent(struct trust *trust, uint64_t security)
{
    if (security > trust->state.security_floor)
        trust->state.security_floor = security;
}
