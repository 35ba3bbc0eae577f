/* Ports: what is found is free, below those of outgoing connections, and not free while somebody listens.
 * SPDX-License-Identifier: MIT */
#include "base/port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void lies_below_the_ports_of_outgoing_connections(void **state)
{
    (void)state;
    unsigned lowest = 0;
    FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%u", &lowest), 1);
    fclose(file);
    for (int i = 0; i < 50; i++) {
        unsigned port = port_find_free();
        assert_in_range(port, 1024, lowest > 10000 ? lowest - 1 : 32767);
    }
}

static void is_free_until_somebody_listens(void **state)
{
    (void)state;
    unsigned port = port_find_free();
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_false(port_is_free(port));
    close(fd);
    assert_true(port_is_free(port));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lies_below_the_ports_of_outgoing_connections),
        cmocka_unit_test(is_free_until_somebody_listens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
