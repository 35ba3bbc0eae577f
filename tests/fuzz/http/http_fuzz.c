/* Feeds the response parser any bytes in any pieces: it must agree with itself whatever the pieces are. */
/* SPDX-License-Identifier: MIT */
#include <net/http/parser.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct outcome {
    enum http_parse result;
    uint64_t body_len, body_sum;
    unsigned status;
};

static void check(bool holds)
{
    if (!holds)
        abort();
}

static struct outcome parse(const uint8_t *data, size_t len, size_t step)
{
    static struct http_parser parser;
    struct outcome outcome = {0};
    size_t given = 0;
    http_parser_init(&parser);
    for (;;) {
        const uint8_t *body;
        size_t used, body_len, piece = len - given < step ? len - given : step;
        outcome.result =
            http_parser_feed(&parser, data + given, piece, &used, &body, &body_len);
        check(used <= piece);
        given += used;
        if (outcome.result == HTTP_PARSE_BODY) {
            check(body_len > 0 && body >= data && body + body_len <= data + len);
            for (size_t i = 0; i < body_len; i++)
                outcome.body_sum = outcome.body_sum * 31 + body[i];
            outcome.body_len += body_len;
            continue;
        }
        if (outcome.result == HTTP_PARSE_HEAD ||
            (outcome.result == HTTP_PARSE_MORE && given < len))
            continue;
        outcome.status = parser.status;
        check(outcome.result != HTTP_PARSE_BAD || parser.error[0] != 0);
        return outcome;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct outcome whole = parse(data, len, len > 0 ? len : 1),
                   bytes = parse(data, len, 1);
    check(memcmp(&whole.body_sum, &bytes.body_sum, sizeof whole.body_sum) == 0);
    check(whole.result == bytes.result && whole.status == bytes.status &&
          whole.body_len == bytes.body_len);
    return 0;
}
