/* Orders in the database, and the Merkle tree made of them.
 * SPDX-License-Identifier: MIT */
#include "fleet/orders.h"

#include "base/clock.h"
#include "base/text.h"

#include <manifest/sign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t next_counter(struct server *server, const char *machine)
{
    db_run(server->db,
           "INSERT INTO order_counters (machine, counter) VALUES (?, 1) ON CONFLICT "
           "(machine) DO "
           "UPDATE SET counter = counter + 1",
           "s", machine);
    return db_integer(server->db, 1,
                      "SELECT counter FROM order_counters WHERE machine = ?", "s",
                      machine);
}

enum result orders_set(struct server *server, const struct order_request *request)
{
    int64_t counter = next_counter(server, request->machine);
    return db_run(
        server->db,
        "INSERT INTO orders (machine, release, intent, counter, since, by_kind, by_name, "
        "note, bad) VALUES (?, nullif(?, 0), ?, ?, ?, ?, ?, ?, nullif(?, 0)) ON CONFLICT "
        "(machine) DO UPDATE SET release = excluded.release, intent = excluded.intent, "
        "counter = excluded.counter, since = excluded.since, by_kind = excluded.by_kind, "
        "by_name = excluded.by_name, note = excluded.note, bad = excluded.bad",
        "sisiisssi", request->machine, request->release, request->intent, counter,
        clock_now_ms(), request->by_kind, request->by_name, request->note, request->bad);
}

enum result orders_clear(struct server *server, const char *machine)
{
    db_run(server->db, "DELETE FROM suspects WHERE scope = ?", "s", machine);
    return db_run(server->db, "DELETE FROM orders WHERE machine = ?", "s", machine);
}

static enum manifest_intent intent_of(const char *word)
{
    if (strcmp(word, "rollback") == 0)
        return MANIFEST_INTENT_ROLLBACK;
    if (strcmp(word, "pin") == 0)
        return MANIFEST_INTENT_PIN;
    if (strcmp(word, "hold") == 0)
        return MANIFEST_INTENT_HOLD;
    return MANIFEST_INTENT_DEPLOY;
}

enum result orders_build(struct server *server, struct problem *problem)
{
    int64_t count = db_integer(server->db, 0, "SELECT count(*) FROM orders", "");
    struct manifest_order *list = calloc((size_t)count + 1, sizeof *list);
    if (list == NULL)
        return RESULT_MEMORY;
    DB_ROWS_OWNED struct db_rows *rows =
        db_query(server->db,
                 "SELECT o.machine, o.intent, o.counter, r.version, r.hash, r.length "
                 "FROM orders o LEFT "
                 "JOIN releases r ON r.version = o.release ORDER BY o.machine",
                 "");
    size_t used = 0;
    while (used < (size_t)count && db_next(rows)) {
        struct manifest_order *order = &list[used++];
        text_copy(order->machine, sizeof order->machine, row_text(rows, 0));
        order->intent = intent_of(row_text(rows, 1));
        order->counter = (uint64_t)row_integer(rows, 2);
        if (order->intent == MANIFEST_INTENT_HOLD || row_is_null(rows, 4))
            continue;
        order->release = (uint64_t)row_integer(rows, 3);
        order->length = (uint64_t)row_integer(rows, 5);
        (void)!text_unhex(row_text(rows, 4), order->hash, MANIFEST_HASH_LEN);
    }
    struct manifest_orders *tree = NULL;
    enum manifest_status status = manifest_orders_create(list, used, &tree);
    free(list);
    if (status != MANIFEST_OK)
        return problem_set(problem, RESULT_FAILED, "orders",
                           "the orders cannot be signed: %s",
                           manifest_status_text(status));
    manifest_orders_destroy(server->orders);
    server->orders = tree;
    return RESULT_OK;
}

json_t *orders_prove(struct server *server, const char *machine)
{
    json_t *order = NULL;
    if (server->orders == NULL ||
        manifest_orders_prove(server->orders, machine, &order) != MANIFEST_OK)
        return NULL;
    return order;
}
