/* The net cell on a wire where a router advertises IPv6 and nobody answers DHCP. */
/* SPDX-License-Identifier: MIT */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* RFC 8200, 3; RFC 4861, 4.2 to 4.4 and 4.6; RFC 8106, 5.1 (the option that names name servers). */
enum { IP = 14, ICMP = IP + 40, FRAME_MAX = WORLD_FRAME_MAX };
enum { ROUTER_ADVERTISEMENT = 134, SOLICITATION = 135, ADVERTISEMENT = 136 };

static const uint8_t router_mac[6] = {0x52, 0x56, 0, 0, 0, 2};
static const uint8_t router_ip[16] = {0xfe, 0x80, [15] = 2};
static const uint8_t all_nodes_mac[6] = {0x33, 0x33, 0, 0, 0, 1};
static const uint8_t all_nodes_ip[16] = {0xff, 2, [15] = 1};
static const uint8_t card_mac[6] = {0x52, 0x54, 0, 0, 0, 0x10};
static const uint8_t card_ip[16] = {0xfe, 0x80, [8] = 0x50, 0x54, 0,
                                    0xff, 0xfe, 0,          0,    0x10};

static void assert_status(enum status got, enum status wanted)
{
    assert_string_equal(status_name(got), status_name(wanted));
}

/* Puts the heads in front of the message of LEN bytes at ICMP, and the router sends it. */
static void send_icmp(uint8_t *frame, size_t len, const uint8_t *to_mac,
                      const uint8_t *to_ip)
{
    const uint8_t head[8] = {0x60, 0, 0, 0, 0, (uint8_t)len, 58, 255};
    uint32_t sum = (uint32_t)len + 58;
    memcpy(frame, to_mac, 6);
    memcpy(frame + 6, router_mac, 6);
    frame[12] = 0x86;
    frame[13] = 0xdd;
    memcpy(frame + IP, head, sizeof head);
    memcpy(frame + IP + 8, router_ip, 16);
    memcpy(frame + IP + 24, to_ip, 16);
    for (size_t i = IP + 8; i < ICMP + len; i += 2)
        sum += (uint32_t)frame[i] << 8 | frame[i + 1];
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    frame[ICMP + 2] = (uint8_t)(~sum >> 8);
    frame[ICMP + 3] = (uint8_t)~sum;
    world_deliver(frame, ICMP + len);
}

/* The router says that it is there, which addresses machines may make, and, if wanted, who knows names. */
static void advertise(bool name_server)
{
    static const uint8_t message[16] = {ROUTER_ADVERTISEMENT, [4] = 64, [6] = 7};
    static const uint8_t prefix[32] = {3,    4,           64,   0xc0,        [6] = 0xff,
                                       0xff, [10] = 0xff, 0xff, [16] = 0xfe, 0xc0};
    static const uint8_t names[24] = {25, 3, [6] = 7, 0, [8] = 0xfe, 0xc0, [23] = 3};
    uint8_t frame[FRAME_MAX] = {0}, *at = frame + ICMP;
    memcpy(at, message, sizeof message);
    at += sizeof message;
    *at++ = 1; /* its link address */
    *at++ = 1;
    memcpy(at, router_mac, 6);
    at += 6;
    memcpy(at, prefix, sizeof prefix);
    at += sizeof prefix;
    if (name_server) {
        memcpy(at, names, sizeof names);
        at += sizeof names;
    }
    send_icmp(frame, (size_t)(at - frame) - ICMP, all_nodes_mac, all_nodes_ip);
}

/* The router's answer to who asks for its link address by its own: what the local tests do. */
static bool answer_solicitation(const uint8_t *question, size_t len)
{
    uint8_t frame[FRAME_MAX] = {0}, *icmp = frame + ICMP;
    if (len < ICMP + 24 || question[12] != 0x86 || question[IP + 6] != 58 ||
        question[ICMP] != SOLICITATION || memcmp(question + ICMP + 8, router_ip, 16) != 0)
        return false;
    icmp[0] = ADVERTISEMENT;
    icmp[4] = 0xe0;
    memcpy(icmp + 8, router_ip, 16);
    icmp[24] = 2;
    icmp[25] = 1;
    memcpy(icmp + 26, router_mac, 6);
    send_icmp(frame, 32, card_mac, card_ip);
    return true;
}

/* Lets MS pass; gives how often the router was asked for its link address. */
static unsigned run(unsigned ms, bool answers)
{
    uint8_t frame[FRAME_MAX];
    unsigned asked = 0;
    for (unsigned i = 0; i < ms; i++) {
        size_t len;
        world_run(1);
        while ((len = world_take_sent(frame, sizeof frame)) > 0)
            asked += answers ? answer_solicitation(frame, len)
                             : len > ICMP && frame[ICMP] == SOLICITATION;
    }
    return asked;
}

static void start(void)
{
    world_start();
    world_set_link(true);
    run(3000, true);
}

static void configured(void)
{
    struct net_status status;
    start();
    advertise(true);
    run(3000, true);
    net_status(&status);
    assert_true(status.configured);
}

/* First: nobody has advertised yet. Seen to fail when any address was good enough for any host. */
static void waits_for_an_address_of_the_host_s_reach(void **state)
{
    (void)state;
    struct net_status status;
    struct conn *far_off, *near, *old;
    start();
    net_status(&status);
    assert_string_equal(status.address6.text, "FE80::5054:FF:FE00:10");
    assert_false(status.configured);
    assert_status(conn_open("fec0::2", 443, NULL, &far_off), STATUS_OK);
    assert_status(conn_open("fe80::2%en1", 443, NULL, &near), STATUS_OK);
    assert_status(conn_open("10.0.2.2", 443, NULL, &old), STATUS_OK);
    run(1000, true);
    assert_int_equal(conn_state(far_off), CONN_RESOLVING);
    assert_int_equal(conn_state(near), CONN_CONNECTING);
    advertise(false);
    run(3000, true);
    assert_int_equal(conn_state(far_off), CONN_CONNECTING);
    assert_int_equal(conn_state(old), CONN_RESOLVING); /* DHCP may yet answer */
    assert_string_equal(conn_error(old), "");
    conn_close(far_off);
    conn_close(near);
    conn_close(old);
    run(10, true);
}

/* Seen to fail when only the first address woke who waited, and when lwIP was to take no name servers. */
static void takes_address_and_name_server_from_a_router(void **state)
{
    (void)state;
    struct net_status status;
    struct conn *conn;
    start();
    advertise(false);
    run(3000, true);
    assert_status(conn_open("updates.example", 443, NULL, &conn), STATUS_OK);
    run(3000, true);
    assert_int_equal(conn_state(conn), CONN_RESOLVING); /* nobody knows names yet */
    advertise(true);
    run(20000, true); /* the name server does not answer */
    assert_string_equal(conn_error(conn), "the host's name could not be resolved");
    conn_close(conn);
    net_status(&status);
    assert_true(status.configured && status.lease_ns > 0);
    assert_string_equal(status.address.text, "");
    assert_string_equal(status.address6.text, "FEC0::5054:FF:FE00:10");
    assert_string_equal(status.gateway6.text, "FE80::2");
    assert_string_equal(status.dns.text, "FEC0::3");
}

/* Seen to fail when nobody asked the router. */
static void knows_whether_the_router_answers(void **state)
{
    (void)state;
    struct net_local_tests tests;
    configured();
    for (unsigned i = 0; i < 3; i++) {
        (void)net_local_tests(&tests);
        run(1000, true);
    }
    assert_true(net_local_tests(&tests));
    for (unsigned i = 0; i < 7; i++) {
        (void)net_local_tests(&tests);
        run(1000, false);
    }
    assert_false(net_local_tests(&tests));
    assert_true(tests.link && tests.address && !tests.gateway && !tests.reception);
    run(2000, true);
    assert_true(net_local_tests(&tests));
}

static void is_silent_towards_the_router_when_nobody_asks(void **state)
{
    (void)state;
    configured();
    run(10000, true);
    assert_int_equal(run(10000, true), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_for_an_address_of_the_host_s_reach),
        cmocka_unit_test(takes_address_and_name_server_from_a_router),
        cmocka_unit_test(knows_whether_the_router_answers),
        cmocka_unit_test(is_silent_towards_the_router_when_nobody_asks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
