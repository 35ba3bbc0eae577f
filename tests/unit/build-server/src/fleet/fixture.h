/* A server with a database and nothing else, for tests of the fleet's rules.
 * SPDX-License-Identifier: MIT */
#ifndef TEST_FLEET_FIXTURE_H
#define TEST_FLEET_FIXTURE_H

#include "server.h"

#define M1 "1111111111111111"
#define M2 "2222222222222222"
#define BOOT_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define BOOT_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

struct fixture {
    struct server server;
    char folder[64];
    char content[8][65]; /* content[i] differs from content[0] in the object of cell `c<i>` */
};

/* For cmocka: *state becomes a struct fixture with machines M1 and M2, contents 0..7 (content 0: cells c1..c7 of
 * version `0`), and releases 1..8 of them; the channel offers release 1. */
int fixture_set_up(void **state);
int fixture_tear_down(void **state);

/* The machine polls. */
void fixture_poll(struct fixture *fixture, const char *machine, const char *boot_id,
                  int content, const char *said);

/* The channel offers RELEASE. */
void fixture_offer(struct fixture *fixture, int64_t release);

/* An attempt's report from release FROM to TO; REASON is a code or NULL. */
enum result fixture_report(struct fixture *fixture, const char *machine,
                           const char *boot_id, int64_t sequence, int64_t attempt,
                           int64_t from, int64_t to, const char *result,
                           const char *reason);

/* One value as text, in a static buffer. */
const char *fixture_value(struct fixture *fixture, const char *sql);

#endif
