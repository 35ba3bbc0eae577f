/* Strict incremental parser of HTTP/1.1 responses; portable, no memory of its own. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_NET_HTTP_PARSER_H
#define NEURATH_NET_HTTP_PARSER_H

/* Source: RFC 9112. Feed bytes as they come; the parser never looks back at them. Refused
 * although some servers send it: other versions than 1.1, bare CR or LF, folded lines,
 * blanks before a colon, repeated or unclean lengths, Content-Length together with
 * Transfer-Encoding, other codings than chunked, chunk extensions, a body without a
 * length. Interim answers (1xx except 101) are skipped. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HTTP_PARSER_HEAD_MAX = 16 * 1024, /* bytes of one head, and of all trailers */
    HTTP_PARSER_FIELDS_MAX = 64,      /* fields of one head or trailer */
    HTTP_PARSER_INTERIM_MAX = 4,      /* 1xx answers before the real one */
};

enum http_parse {
    HTTP_PARSE_MORE, /* all that was given is used up; no body bytes in it */
    HTTP_PARSE_HEAD, /* the head is complete: read the fields below */
    HTTP_PARSE_BODY, /* body bytes found */
    HTTP_PARSE_DONE, /* the answer is complete; what is left over belongs to nothing */
    HTTP_PARSE_BAD,  /* refused, see `error`; stays so */
};

struct http_parser {
    /* Valid from HTTP_PARSE_HEAD on. */
    unsigned status;
    bool keep_alive; /* the connection may be used again after HTTP_PARSE_DONE */
    bool has_length; /* `length` is the body's declared length */
    uint64_t length;
    bool has_range; /* Content-Range: bytes first-last/total */
    uint64_t range_first, range_last;
    uint64_t range_total;   /* UINT64_MAX: "*" */
    uint32_t retry_after_s; /* 0: none */
    char content_type[64];  /* lower case, no parameters; "" if none or too long */
    char error[48];         /* words, after HTTP_PARSE_BAD */

    /* Private. */
    uint8_t state, interim, close_said, coded, length_said, range_said;
    unsigned field_count;
    uint64_t left;     /* bytes to come of the body or chunk */
    size_t head_len;   /* bytes in `line` of the current line */
    size_t head_total; /* bytes of the head so far */
    char line[HTTP_PARSER_HEAD_MAX];
};

void http_parser_init(struct http_parser *parser);

/* Parses as far as the next thing worth telling. *out_used bytes of DATA are dealt with;
 * give the rest again. With HTTP_PARSE_BODY, *out_body lends *out_body_len > 0 bytes
 * inside DATA. */
enum http_parse http_parser_feed(struct http_parser *parser, const uint8_t *data,
                                 size_t len, size_t *out_used, const uint8_t **out_body,
                                 size_t *out_body_len);

#endif
