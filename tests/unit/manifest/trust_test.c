/* The rules of trust: thresholds and rotations of roots, news, releases, counters, time.
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

/* One machine and the frames that a server would answer with; each test bends what it is about. */
struct world {
    struct trust trust;
    struct manifest_root root;
    struct manifest_release release;
    struct manifest_timestamp timestamp;
    struct manifest_fresh fresh;
    struct bytes root_frame, release_frame, timestamp_frame, fresh_frame;
    json_t *order;
    uint8_t nonce[16];
    struct trust_news news;
    int64_t time_ms;
};

static void world_trust(struct world *world, const struct trust_state *state)
{
    assert_status(MANIFEST_OK, trust_start(&world->trust, world->root_frame.data,
                                           world->root_frame.len, state, NULL, 0));
    strcpy(world->trust.channel, "main");
    strcpy(world->trust.target, "x86_64");
    strcpy(world->trust.machine, FIXTURE_MACHINE);
    strcpy(world->trust.boot_id, FIXTURE_BOOT_ID);
}

/* Signs release, timestamp and fresh anew. */
static void world_sign(struct world *world)
{
    bytes_free(&world->release_frame);
    bytes_free(&world->timestamp_frame);
    bytes_free(&world->fresh_frame);
    world->release_frame = fixture_release_frame(&world->release, SIGNED_BY(2));
    struct manifest_timestamp kept = world->timestamp;
    fixture_timestamp(kept.counter, world->release.version, &world->release_frame,
                      &world->timestamp);
    memcpy(world->timestamp.channel, kept.channel, sizeof kept.channel);
    world->timestamp.expires_ms = kept.expires_ms;
    memcpy(world->timestamp.orders_root, kept.orders_root, MANIFEST_HASH_LEN);
    world->timestamp_frame = fixture_timestamp_frame(&world->timestamp, SIGNED_BY(3));
    int64_t time_ms = world->fresh.time_ms;
    fixture_fresh(&world->timestamp_frame, 0x42, &world->fresh);
    world->fresh.time_ms = time_ms;
    world->fresh_frame = fixture_fresh_frame(&world->fresh, SIGNED_BY(3));
}

static void world_init(struct world *world)
{
    memset(world, 0, sizeof *world);
    fixture_root(1, &world->root);
    world->root_frame = fixture_root_frame(&world->root, SIGNED_BY(1));
    fixture_release(5, 9, &world->release);
    world->timestamp.counter = 10;
    strcpy(world->timestamp.channel, "main");
    world->timestamp.expires_ms = FIXTURE_NOW + FIXTURE_HOUR;
    manifest_orders_empty_root(world->timestamp.orders_root);
    world->fresh.time_ms = FIXTURE_NOW;
    world->order = fixture_no_orders();
    memset(world->nonce, 0x42, sizeof world->nonce);
    world_sign(world);
    world_trust(world, NULL);
}

static void world_fini(struct world *world)
{
    bytes_free(&world->root_frame);
    bytes_free(&world->release_frame);
    bytes_free(&world->timestamp_frame);
    bytes_free(&world->fresh_frame);
    json_decref(world->order);
}

static enum manifest_status check_news(struct world *world)
{
    return trust_check_news(&world->trust, world->timestamp_frame.data,
                            world->timestamp_frame.len, world->fresh_frame.data,
                            world->fresh_frame.len, world->order, world->nonce,
                            1000000000, &world->news, &world->time_ms);
}

static enum manifest_status take_news(struct world *world)
{
    enum manifest_status status = check_news(world);
    if (status == MANIFEST_OK)
        trust_take_news(&world->trust, &world->news);
    return status;
}

static enum manifest_status check_release(struct world *world)
{
    struct manifest_release release;
    enum manifest_status status =
        trust_check_release(&world->trust, &world->news, world->release_frame.data,
                            world->release_frame.len, 1000000000, &release);
    if (status == MANIFEST_OK) {
        trust_take_release(&world->trust, &release, world->news.release_hash);
        manifest_release_fini(&release);
    }
    return status;
}

static void accepts_what_is_right(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    assert_status(MANIFEST_OK, take_news(&world));
    assert_status(MANIFEST_OK, check_release(&world));
    assert_int_equal(5, world.trust.state.release_version);
    assert_int_equal(10, world.trust.state.timestamp_counter);
    assert_int_equal(0, world.trust.state.security_floor);
    trust_take_permanent(&world.trust, 1);
    assert_int_equal(1, world.trust.state.security_floor);
    assert_status(MANIFEST_OK, take_news(&world));
    assert_status(MANIFEST_OK, check_release(&world));
    world_fini(&world);
}

/* Hazard 34. Taken when the threshold does not count good signatures. */
static void refuses_each_document_that_another_key_signed(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    struct bytes good = world.timestamp_frame;
    world.timestamp_frame = fixture_timestamp_frame(&world.timestamp, SIGNED_BY(4));
    assert_status(MANIFEST_BAD_SIGNATURE, check_news(&world));
    bytes_free(&world.timestamp_frame);
    world.timestamp_frame = fixture_timestamp_frame(&world.timestamp, SIGNED_BY(2));
    assert_status(MANIFEST_BAD_SIGNATURE, check_news(&world));
    bytes_free(&world.timestamp_frame);
    world.timestamp_frame = good;
    good = world.fresh_frame;
    world.fresh_frame = fixture_fresh_frame(&world.fresh, SIGNED_BY(1, 2, 4));
    assert_status(MANIFEST_BAD_SIGNATURE, check_news(&world));
    bytes_free(&world.fresh_frame);
    world.fresh_frame = good;
    assert_status(MANIFEST_OK, take_news(&world));
    bytes_free(&world.release_frame);
    world.release_frame = fixture_release_frame(&world.release, SIGNED_BY(3));
    memcpy(world.news.release_hash, (uint8_t[32]){0}, 32);
    assert_status(MANIFEST_WRONG_HASH, check_release(&world));
    world.news.release_length = world.release_frame.len;
    assert_status(MANIFEST_OK,
                  manifest_hash(world.release_frame.data, world.release_frame.len,
                                world.news.release_hash));
    assert_status(MANIFEST_BAD_SIGNATURE, check_release(&world));
    assert_int_equal(0, world.trust.state.release_version);
    world_fini(&world);
}

static void refuses_a_timestamp_served_as_a_release(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    assert_status(MANIFEST_OK, take_news(&world));
    world.news.release_length = world.timestamp_frame.len;
    memcpy(world.news.release_hash, world.news.timestamp_hash, MANIFEST_HASH_LEN);
    bytes_free(&world.release_frame);
    world.release_frame = world.timestamp_frame;
    world.timestamp_frame = (struct bytes){0};
    assert_status(MANIFEST_WRONG_TYPE, check_release(&world));
    world_fini(&world);
}

/* Hazard 34: replayed. Taken without the comparison of counters in timestamp_check(). */
static void refuses_an_older_counter_and_an_equal_one_with_other_bytes(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    assert_status(MANIFEST_OK, take_news(&world));
    world.timestamp.counter = 9;
    world_sign(&world);
    assert_status(MANIFEST_ROLLBACK, check_news(&world));
    world.timestamp.counter = 10;
    world.timestamp.expires_ms += 1;
    world_sign(&world);
    assert_status(MANIFEST_ROLLBACK, check_news(&world));
    struct trust_state kept = world.trust.state;
    world_trust(&world, &kept);
    assert_status(MANIFEST_ROLLBACK, check_news(&world));
    world.timestamp.counter = 11;
    world.release.version = 4;
    world_sign(&world);
    assert_status(MANIFEST_ROLLBACK, check_news(&world));
    world_fini(&world);
}

/* Hazard 34: replayed. Taken without the comparison in trust_check_target(). */
static void refuses_a_release_older_than_one_verified(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    assert_status(MANIFEST_OK, take_news(&world));
    assert_status(MANIFEST_OK, check_release(&world));
    world.trust.state.channel_version = 0;
    world.timestamp.counter = 11;
    world.release.version = 4;
    world_sign(&world);
    assert_status(MANIFEST_OK, take_news(&world));
    assert_status(MANIFEST_ROLLBACK, trust_check_target(&world.trust, &world.news));
    assert_status(MANIFEST_ROLLBACK, check_release(&world));
    world_fini(&world);
}

/* Hazard 34. Taken without the comparison of channels in timestamp_check(). */
static void refuses_what_was_made_for_others(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    strcpy(world.trust.channel, "canary");
    assert_status(MANIFEST_WRONG_CHANNEL, check_news(&world));
    strcpy(world.trust.channel, "main");
    assert_status(MANIFEST_OK, take_news(&world));
    strcpy(world.trust.target, "riscv64");
    assert_status(MANIFEST_WRONG_TARGET, check_release(&world));
    strcpy(world.trust.target, "x86_64");
    world.news.release = 6;
    assert_status(MANIFEST_WRONG_VERSION, check_release(&world));
    world_fini(&world);
}

/* Hazard 34: replayed. Taken without the comparison of nonces. */
static void refuses_a_fresh_that_answers_another_question(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.nonce[3] ^= 1;
    assert_status(MANIFEST_WRONG_NONCE, check_news(&world));
    assert_int_equal(0, world.time_ms);
    world.nonce[3] ^= 1;
    world.trust.boot_id[0] = 'f';
    assert_status(MANIFEST_WRONG_NONCE, check_news(&world));
    strcpy(world.trust.boot_id, FIXTURE_BOOT_ID);
    bytes_free(&world.fresh_frame);
    world.fresh.timestamp_hash[0] ^= 1;
    world.fresh_frame = fixture_fresh_frame(&world.fresh, SIGNED_BY(3));
    assert_status(MANIFEST_WRONG_HASH, check_news(&world));
    world_fini(&world);
}

static void expiry_stops_news_and_still_gives_time(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.fresh.time_ms = FIXTURE_NOW + FIXTURE_HOUR;
    world_sign(&world);
    assert_status(MANIFEST_EXPIRED, check_news(&world));
    assert_true(world.time_ms == FIXTURE_NOW + FIXTURE_HOUR);
    world.timestamp.expires_ms = FIXTURE_NOW + 3 * FIXTURE_HOUR;
    world_sign(&world);
    assert_status(MANIFEST_EXPIRED, check_news(&world)); /* the root is over too */
    world.trust.root.expires_ms = FIXTURE_NOW + 3 * FIXTURE_HOUR;
    assert_status(MANIFEST_OK, take_news(&world));
    assert_status(MANIFEST_EXPIRED, check_release(&world));
    world_fini(&world);
}

static void without_trusted_time_no_release_is_accepted(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    assert_status(MANIFEST_OK, check_news(&world));
    assert_status(MANIFEST_NO_TIME, check_release(&world));
    world_fini(&world);
}

static void a_clock_that_runs_back_does_not_revive_what_expired(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.trust.state.time_floor_ms = FIXTURE_NOW + 2 * FIXTURE_HOUR;
    assert_status(MANIFEST_EXPIRED, check_news(&world));
    assert_true(world.time_ms == FIXTURE_NOW + 2 * FIXTURE_HOUR);
    world_fini(&world);
}

static void a_release_below_the_security_floor_is_refused_and_one_on_it_is_not(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    assert_status(MANIFEST_OK, take_news(&world));
    world.trust.state.security_floor = 2;
    assert_status(MANIFEST_SECURITY_FLOOR, check_release(&world));
    world.trust.state.security_floor = 1;
    assert_status(MANIFEST_OK, check_release(&world));
    world_fini(&world);
}

/* --- Orders ---------------------------------------------------------------------------------------------------- */

static void world_order(struct world *world, enum manifest_intent intent,
                        uint64_t counter, uint64_t release)
{
    struct manifest_order order = {.machine = FIXTURE_MACHINE,
                                   .intent = intent,
                                   .counter = counter,
                                   .release = release,
                                   .length = world->release_frame.len};
    struct manifest_orders *orders;
    memcpy(order.hash, world->timestamp.release_hash, MANIFEST_HASH_LEN);
    assert_status(MANIFEST_OK, manifest_orders_create(&order, 1, &orders));
    manifest_orders_root(orders, world->timestamp.orders_root);
    json_decref(world->order);
    assert_status(MANIFEST_OK,
                  manifest_orders_prove(orders, FIXTURE_MACHINE, &world->order));
    manifest_orders_destroy(orders);
    world->timestamp.counter++;
    world_sign(world);
}

static void an_order_goes_before_the_channel(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world_order(&world, MANIFEST_INTENT_ROLLBACK, 3, 77);
    assert_status(MANIFEST_OK, take_news(&world));
    assert_int_equal(77, world.news.release);
    assert_true(world.news.rollback);
    world_order(&world, MANIFEST_INTENT_ROLLBACK, 3, 78);
    assert_status(MANIFEST_ROLLBACK, check_news(&world));
    world_order(&world, MANIFEST_INTENT_DEPLOY, 2, 77);
    assert_status(MANIFEST_ROLLBACK, check_news(&world));
    world_order(&world, MANIFEST_INTENT_HOLD, 4, 0);
    assert_status(MANIFEST_OK, take_news(&world));
    assert_int_equal(0, world.news.release);
    json_decref(world.order);
    world.order = fixture_no_orders();
    world.timestamp.counter++;
    world_sign(&world);
    assert_status(MANIFEST_BAD_PROOF, check_news(&world));
    world_fini(&world);
}

/* --- Roots ------------------------------------------------------------------------------------------------------ */

static enum manifest_status add_root(struct world *world, const struct manifest_root *root,
                                     const unsigned *signers)
{
    struct bytes frame = fixture_root_frame(root, signers);
    enum manifest_status status = trust_add_root(&world->trust, frame.data, frame.len);
    bytes_free(&frame);
    return status;
}

/* A root whose root role is KEYS with THRESHOLD. */
static void root_with(uint64_t version, const unsigned *keys, unsigned threshold,
                      struct manifest_root *out)
{
    fixture_root(version, out);
    out->roles[MANIFEST_ROLE_ROOT].key_count = 0;
    for (unsigned i = 0; keys[i]; i++)
        assert_status(MANIFEST_OK, manifest_root_add(out, MANIFEST_ROLE_ROOT,
                                                     &fixture_secret(keys[i])->key));
    out->roles[MANIFEST_ROLE_ROOT].threshold = (uint8_t)threshold;
}

static void walks_roots_only_when_old_and_new_keys_signed(void **state)
{
    (void)state;
    static const struct {
        unsigned old_keys[6], old_threshold, new_keys[6], new_threshold, signers[8];
        enum manifest_status expected;
    } cases[] = {
        {{1}, 1, {1}, 1, {1}, MANIFEST_OK},
        {{1}, 1, {4}, 1, {1, 4}, MANIFEST_OK},
        {{1}, 1, {4}, 1, {4}, MANIFEST_BAD_SIGNATURE},
        {{1}, 1, {4}, 1, {1}, MANIFEST_BAD_SIGNATURE},
        {{1, 4, 5, 6, 7}, 3, {8, 4, 5, 6, 7}, 3, {4, 5, 6}, MANIFEST_OK},
        {{1, 4, 5, 6, 7}, 3, {8, 4, 5, 6, 7}, 3, {1, 4, 8}, MANIFEST_BAD_SIGNATURE},
        {{1, 4, 5, 6, 7}, 3, {8, 9, 10, 11, 12}, 3, {1, 4, 5, 8, 9, 10}, MANIFEST_OK},
        {{1, 4, 5, 6, 7}, 3, {8, 9, 10, 11, 12}, 3, {1, 4, 8, 9, 10}, MANIFEST_BAD_SIGNATURE},
        {{1, 4, 5, 6, 7}, 1, {1, 4, 5, 6, 7}, 3, {1, 4, 5}, MANIFEST_OK},
        {{1, 4, 5, 6, 7}, 1, {1, 4, 5, 6, 7}, 3, {1, 4}, MANIFEST_BAD_SIGNATURE},
        {{1, 4, 5, 6, 7}, 3, {1, 4, 5, 6, 7}, 1, {1, 4, 5}, MANIFEST_OK},
        {{1, 4, 5, 6, 7}, 3, {1, 4, 5, 6, 7}, 1, {1}, MANIFEST_BAD_SIGNATURE},
        {{1}, 1, {1}, 1, {1, 9, 10}, MANIFEST_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct manifest_root old_root, new_root;
        struct trust trust;
        root_with(1, cases[i].old_keys, cases[i].old_threshold, &old_root);
        root_with(2, cases[i].new_keys, cases[i].new_threshold, &new_root);
        struct bytes first = fixture_root_frame(&old_root, cases[i].old_keys);
        struct bytes second = fixture_root_frame(&new_root, cases[i].signers);
        assert_status(MANIFEST_OK,
                      trust_start(&trust, first.data, first.len, NULL, NULL, 0));
        assert_status(cases[i].expected, trust_add_root(&trust, second.data, second.len));
        assert_int_equal(cases[i].expected == MANIFEST_OK ? 2 : 1, trust.root.version);
        assert_int_equal(trust.root.version, trust.state.root_version);
        bytes_free(&first);
        bytes_free(&second);
    }
}

static void refuses_a_root_that_skips_or_is_of_another_fleet(void **state)
{
    (void)state;
    struct world world;
    struct manifest_root root;
    world_init(&world);
    fixture_root(3, &root);
    assert_status(MANIFEST_WRONG_VERSION, add_root(&world, &root, SIGNED_BY(1)));
    fixture_root(1, &root);
    assert_status(MANIFEST_ROLLBACK, add_root(&world, &root, SIGNED_BY(1)));
    fixture_root(2, &root);
    root.fleet[0] = 'f';
    assert_status(MANIFEST_WRONG_FLEET, add_root(&world, &root, SIGNED_BY(1)));
    assert_int_equal(1, world.trust.root.version);
    world_fini(&world);
}

static void counts_a_key_once_and_ignores_a_bad_signature_beside_a_good_one(void **state)
{
    (void)state;
    struct world world;
    struct manifest_frame frame;
    world_init(&world);
    world.trust.root.roles[MANIFEST_ROLE_TIMESTAMP].threshold = 2;
    bytes_free(&world.timestamp_frame);
    world.timestamp_frame = fixture_timestamp_frame(&world.timestamp, SIGNED_BY(3, 3, 3));
    assert_status(MANIFEST_BAD_SIGNATURE, check_news(&world));
    world.trust.root.roles[MANIFEST_ROLE_TIMESTAMP].threshold = 1;
    assert_status(MANIFEST_OK, manifest_frame_decode(world.timestamp_frame.data,
                                                     world.timestamp_frame.len, &frame));
    ((uint8_t *)frame.signatures)[40] ^= 1;
    assert_status(MANIFEST_OK, manifest_frame_decode(world.timestamp_frame.data,
                                                     world.timestamp_frame.len, &frame));
    assert_status(MANIFEST_OK, manifest_frame_verify(&frame, &world.trust.root,
                                                     MANIFEST_ROLE_TIMESTAMP));
    world_fini(&world);
}

static void keys_rotated_by_the_root_end_an_attackers_head_start(void **state)
{
    (void)state;
    struct world world;
    struct manifest_root root;
    world_init(&world);
    world.timestamp.counter = 9007199254740991;
    world.release.version = 9007199254740991;
    world_sign(&world);
    assert_status(MANIFEST_OK, take_news(&world));
    assert_status(MANIFEST_OK, check_release(&world));
    trust_take_permanent(&world.trust, 1);
    fixture_root(2, &root);
    root.roles[MANIFEST_ROLE_TIMESTAMP].key_count = 0;
    root.roles[MANIFEST_ROLE_RELEASE].key_count = 0;
    assert_status(MANIFEST_OK, manifest_root_add(&root, MANIFEST_ROLE_TIMESTAMP,
                                                 &fixture_secret(5)->key));
    assert_status(MANIFEST_OK, manifest_root_add(&root, MANIFEST_ROLE_RELEASE,
                                                 &fixture_secret(6)->key));
    assert_status(MANIFEST_OK, add_root(&world, &root, SIGNED_BY(1)));
    assert_int_equal(0, world.trust.state.timestamp_counter);
    assert_int_equal(0, world.trust.state.release_version);
    assert_int_equal(1, world.trust.state.security_floor);
    assert_false(world.trust.time_known);
    world.timestamp.counter = 1;
    world.release.version = 6;
    world_sign(&world);
    assert_status(MANIFEST_BAD_SIGNATURE, check_news(&world)); /* the stolen key is out */
    world_fini(&world);
}

static void a_key_added_resets_nothing(void **state)
{
    (void)state;
    struct world world;
    struct manifest_root root;
    world_init(&world);
    assert_status(MANIFEST_OK, take_news(&world));
    fixture_root(2, &root);
    assert_status(MANIFEST_OK, manifest_root_add(&root, MANIFEST_ROLE_TIMESTAMP,
                                                 &fixture_secret(5)->key));
    assert_status(MANIFEST_OK, add_root(&world, &root, SIGNED_BY(1)));
    assert_int_equal(10, world.trust.state.timestamp_counter);
    world_fini(&world);
}

static void a_restart_with_older_roots_uses_the_saved_one_or_refuses(void **state)
{
    (void)state;
    struct world world;
    struct manifest_root root;
    struct trust trust;
    uint8_t stored[TRUST_STATE_LEN];
    struct trust_state kept;
    world_init(&world);
    fixture_root(2, &root);
    struct bytes second = fixture_root_frame(&root, SIGNED_BY(1));
    assert_status(MANIFEST_OK, trust_add_root(&world.trust, second.data, second.len));
    assert_status(MANIFEST_OK, trust_state_write(&world.trust.state, stored));
    assert_status(MANIFEST_OK, trust_state_read(stored, sizeof stored, &kept));
    assert_memory_equal(&kept, &world.trust.state, sizeof kept);
    assert_status(MANIFEST_ROLLBACK, trust_start(&trust, world.root_frame.data,
                                                 world.root_frame.len, &kept, NULL, 0));
    assert_status(MANIFEST_ROLLBACK,
                  trust_start(&trust, world.root_frame.data, world.root_frame.len, &kept,
                              world.root_frame.data, world.root_frame.len));
    assert_status(MANIFEST_OK,
                  trust_start(&trust, world.root_frame.data, world.root_frame.len, &kept,
                              second.data, second.len));
    assert_int_equal(2, trust.root.version);
    bytes_free(&second);
    world_fini(&world);
}

static void a_damaged_state_is_refused_at_every_byte(void **state)
{
    (void)state;
    struct trust_state in = {.root_version = 3, .security_floor = 8}, out;
    uint8_t stored[TRUST_STATE_LEN];
    assert_status(MANIFEST_OK, trust_state_write(&in, stored));
    for (size_t i = 0; i < sizeof stored; i++) {
        stored[i] ^= 0x10;
        assert_status(MANIFEST_BAD_STATE, trust_state_read(stored, sizeof stored, &out));
        stored[i] ^= 0x10;
    }
    for (size_t len = 0; len < sizeof stored; len++)
        assert_status(MANIFEST_BAD_STATE, trust_state_read(stored, len, &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_what_is_right),
        cmocka_unit_test(refuses_each_document_that_another_key_signed),
        cmocka_unit_test(refuses_a_timestamp_served_as_a_release),
        cmocka_unit_test(refuses_an_older_counter_and_an_equal_one_with_other_bytes),
        cmocka_unit_test(refuses_a_release_older_than_one_verified),
        cmocka_unit_test(refuses_what_was_made_for_others),
        cmocka_unit_test(refuses_a_fresh_that_answers_another_question),
        cmocka_unit_test(expiry_stops_news_and_still_gives_time),
        cmocka_unit_test(without_trusted_time_no_release_is_accepted),
        cmocka_unit_test(a_clock_that_runs_back_does_not_revive_what_expired),
        cmocka_unit_test(
            a_release_below_the_security_floor_is_refused_and_one_on_it_is_not),
        cmocka_unit_test(an_order_goes_before_the_channel),
        cmocka_unit_test(walks_roots_only_when_old_and_new_keys_signed),
        cmocka_unit_test(refuses_a_root_that_skips_or_is_of_another_fleet),
        cmocka_unit_test(counts_a_key_once_and_ignores_a_bad_signature_beside_a_good_one),
        cmocka_unit_test(keys_rotated_by_the_root_end_an_attackers_head_start),
        cmocka_unit_test(a_key_added_resets_nothing),
        cmocka_unit_test(a_restart_with_older_roots_uses_the_saved_one_or_refuses),
        cmocka_unit_test(a_damaged_state_is_refused_at_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
