/* Strict incremental parser of HTTP/1.1 responses: lines are gathered one by one and
 * judged when complete. SPDX-License-Identifier: MIT
 *
 * States: STATUS, FIELD (lines of the head) -> BODY | CHUNK_SIZE -> CHUNK -> CHUNK_END ->
 * CHUNK_SIZE .. -> TRAILER
 * -> DONE; BAD from anywhere. HTTP_PARSE_HEAD is reported once, by end_of_head(). */
#include "parser.h"

#include <string.h>

enum { STATUS_LINE, FIELD, BODY, CHUNK_SIZE, CHUNK, CHUNK_END, TRAILER, DONE, BAD };

static enum http_parse refuse(struct http_parser *parser, const char *why)
{
    parser->state = BAD;
    strncpy(parser->error, why, sizeof parser->error - 1);
    return HTTP_PARSE_BAD;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool equals_ignoring_case(const char *text, size_t len, const char *word)
{
    size_t i = 0;
    for (; i < len && word[i] != 0; i++)
        if (lower(text[i]) != word[i])
            return false;
    return i == len && word[i] == 0;
}

/* RFC 9110 token characters. */
static bool is_token(char c)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        return true;
    return c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

static bool is_text(char c)
{
    return c == '\t' || (unsigned char)c >= 0x20;
}

/* 1 to 18 decimal digits at *AT; moves *AT behind them. */
static bool number(const char *text, size_t len, size_t *at, uint64_t *out)
{
    uint64_t value = 0;
    size_t i = *at;
    for (; i < len && text[i] >= '0' && text[i] <= '9'; i++) {
        if (i - *at == 18)
            return false;
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    if (i == *at)
        return false;
    *at = i;
    *out = value;
    return true;
}

static bool whole_number(const char *text, size_t len, uint64_t *out)
{
    size_t at = 0;
    return number(text, len, &at, out) && at == len;
}

/* "bytes 5-9/100" or a total of "*". That of a 416 has no range: says nothing that we use. */
static bool content_range(struct http_parser *parser, const char *text, size_t len)
{
    uint64_t first, last, total = UINT64_MAX;
    size_t at = 6;
    if (len < 7 || !equals_ignoring_case(text, 6, "bytes "))
        return false;
    if (text[at] == '*')
        return true;
    if (!number(text, len, &at, &first) || at == len || text[at++] != '-' ||
        !number(text, len, &at, &last) || at == len || text[at++] != '/')
        return false;
    if (len - at == 1 && text[at] == '*')
        at = len;
    else if (!number(text, len, &at, &total))
        return false;
    if (at != len || last < first || total <= last)
        return false;
    parser->has_range = true;
    parser->range_first = first;
    parser->range_last = last;
    parser->range_total = total;
    return true;
}

static void content_type(struct http_parser *parser, const char *text, size_t len)
{
    size_t n = 0;
    while (n < len && text[n] != ';' && text[n] != ' ' && text[n] != '\t')
        n++;
    if (n >= sizeof parser->content_type)
        n = 0;
    for (size_t i = 0; i < n; i++)
        parser->content_type[i] = lower(text[i]);
    parser->content_type[n] = 0;
}

/* A comma-separated list that contains WORD. */
static bool list_has(const char *text, size_t len, const char *word)
{
    size_t start = 0;
    for (size_t i = 0; i <= len; i++) {
        if (i < len && text[i] != ',')
            continue;
        size_t end = i;
        while (start < end && (text[start] == ' ' || text[start] == '\t'))
            start++;
        while (end > start && (text[end - 1] == ' ' || text[end - 1] == '\t'))
            end--;
        if (equals_ignoring_case(text + start, end - start, word))
            return true;
        start = i + 1;
    }
    return false;
}

/* Length and coding decide where the answer ends: any doubt is refused. */
static const char *framing_field(struct http_parser *parser, const char *name,
                                 size_t name_len, const char *value, size_t len)
{
    if (equals_ignoring_case(name, name_len, "content-length")) {
        if (parser->length_said++ || !whole_number(value, len, &parser->length))
            return "unclean Content-Length";
        parser->has_length = true;
    } else if (equals_ignoring_case(name, name_len, "transfer-encoding")) {
        if (parser->coded++ || !equals_ignoring_case(value, len, "chunked"))
            return "unknown Transfer-Encoding";
    } else if (equals_ignoring_case(name, name_len, "content-encoding")) {
        if (!equals_ignoring_case(value, len, "identity"))
            return "Content-Encoding was not asked for";
    } else if (equals_ignoring_case(name, name_len, "connection")) {
        if (list_has(value, len, "close"))
            parser->close_said = 1;
    }
    return NULL;
}

static const char *head_field(struct http_parser *parser, const char *name,
                              size_t name_len, const char *value, size_t len)
{
    uint64_t seconds;
    if (equals_ignoring_case(name, name_len, "content-range")) {
        if (parser->range_said++ || !content_range(parser, value, len))
            return "unclean Content-Range";
    } else if (equals_ignoring_case(name, name_len, "content-type")) {
        content_type(parser, value, len);
    } else if (equals_ignoring_case(name, name_len, "retry-after")) {
        if (whole_number(value, len, &seconds))
            parser->retry_after_s = seconds > 86400 ? 86400 : (uint32_t)seconds;
    }
    return framing_field(parser, name, name_len, value, len);
}

/* Checks "name: value" and hands it on; TRAILER fields are checked and forgotten. */
static const char *field_line(struct http_parser *parser, size_t len)
{
    const char *line = parser->line;
    size_t name_len = 0;
    if (++parser->field_count > HTTP_PARSER_FIELDS_MAX)
        return "too many fields";
    while (name_len < len && is_token(line[name_len]))
        name_len++;
    if (name_len == 0 || name_len == len || line[name_len] != ':')
        return "unclean field name";
    size_t start = name_len + 1, end = len;
    for (size_t i = start; i < end; i++)
        if (!is_text(line[i]) || line[i] == 0x7f)
            return "control character in a field";
    while (start < end && (line[start] == ' ' || line[start] == '\t'))
        start++;
    while (end > start && (line[end - 1] == ' ' || line[end - 1] == '\t'))
        end--;
    if (parser->state == TRAILER)
        return NULL;
    return head_field(parser, line, name_len, line + start, end - start);
}

static const char *status_line(struct http_parser *parser, size_t len)
{
    const char *line = parser->line;
    if (len < 12 || memcmp(line, "HTTP/1.1 ", 9) != 0)
        return "not an HTTP/1.1 answer";
    unsigned status = 0;
    for (size_t i = 9; i < 12; i++) {
        if (line[i] < '0' || line[i] > '9')
            return "unclean status";
        status = status * 10 + (unsigned)(line[i] - '0');
    }
    if (status < 100 || status > 599 || status == 101 || (len > 12 && line[12] != ' '))
        return "unclean status";
    for (size_t i = 12; i < len; i++)
        if (!is_text(line[i]) || line[i] == 0x7f)
            return "control character in the status line";
    parser->status = status;
    return NULL;
}

static void start_head(struct http_parser *parser)
{
    unsigned interim = parser->interim;
    memset(parser, 0, offsetof(struct http_parser, line));
    parser->interim = (uint8_t)interim;
    parser->state = STATUS_LINE;
}

static enum http_parse end_of_head(struct http_parser *parser)
{
    if (parser->status < 200) {
        if (++parser->interim > HTTP_PARSER_INTERIM_MAX)
            return refuse(parser, "too many interim answers");
        start_head(parser);
        return HTTP_PARSE_MORE;
    }
    if (parser->coded && parser->has_length)
        return refuse(parser, "both Content-Length and Transfer-Encoding");
    parser->keep_alive = !parser->close_said;
    parser->head_total = 0;
    parser->field_count = 0;
    if (parser->status == 204 || parser->status == 304) {
        parser->has_length = true;
        parser->length = 0;
        parser->state = DONE;
    } else if (parser->coded) {
        parser->state = CHUNK_SIZE;
    } else if (parser->has_length) {
        parser->left = parser->length;
        parser->state = parser->left > 0 ? BODY : DONE;
    } else {
        return refuse(parser, "a body without a length");
    }
    return HTTP_PARSE_HEAD;
}

/* "1a2b" of a chunk's first line. */
static const char *chunk_size(struct http_parser *parser, size_t len)
{
    uint64_t size = 0;
    if (len == 0 || len > 15)
        return "unclean chunk size";
    for (size_t i = 0; i < len; i++) {
        char c = lower(parser->line[i]);
        if (c >= '0' && c <= '9')
            size = size * 16 + (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            size = size * 16 + (uint64_t)(c - 'a' + 10);
        else
            return "unclean chunk size";
    }
    parser->left = size;
    parser->state = size > 0 ? CHUNK : TRAILER;
    parser->head_total = 0;
    return NULL;
}

/* A complete line of LEN bytes is in parser->line. */
static enum http_parse end_of_line(struct http_parser *parser, size_t len)
{
    const char *why = NULL;
    switch (parser->state) {
    case STATUS_LINE:
        why = status_line(parser, len);
        if (why == NULL)
            parser->state = FIELD;
        break;
    case FIELD:
        if (len == 0)
            return end_of_head(parser);
        why = field_line(parser, len);
        break;
    case TRAILER:
        if (len == 0)
            parser->state = DONE;
        else
            why = field_line(parser, len);
        break;
    case CHUNK_SIZE: why = chunk_size(parser, len); break;
    default: /* CHUNK_END */
        if (len != 0)
            why = "a chunk longer than its size";
        parser->state = CHUNK_SIZE;
        break;
    }
    return why == NULL ? HTTP_PARSE_MORE : refuse(parser, why);
}

static enum http_parse line_byte(struct http_parser *parser, char c)
{
    if (++parser->head_total > HTTP_PARSER_HEAD_MAX)
        return refuse(parser, "head too long");
    size_t len = parser->head_len;
    bool after_return = len > 0 && parser->line[len - 1] == '\r';
    if (c == '\n') {
        if (!after_return)
            return refuse(parser, "a bare line feed");
        parser->head_len = 0;
        return end_of_line(parser, len - 1);
    }
    if (after_return)
        return refuse(parser, "a bare carriage return");
    parser->line[parser->head_len++] = c;
    return HTTP_PARSE_MORE;
}

static enum http_parse body_bytes(struct http_parser *parser, const uint8_t *data,
                                  size_t len, size_t *out_used, const uint8_t **out_body,
                                  size_t *out_body_len)
{
    size_t n = parser->left < len ? (size_t)parser->left : len;
    parser->left -= n;
    if (parser->left == 0)
        parser->state = parser->state == BODY ? DONE : CHUNK_END;
    *out_used += n;
    *out_body = data;
    *out_body_len = n;
    return HTTP_PARSE_BODY;
}

void http_parser_init(struct http_parser *parser)
{
    parser->interim = 0;
    start_head(parser);
}

enum http_parse http_parser_feed(struct http_parser *parser, const uint8_t *data,
                                 size_t len, size_t *out_used, const uint8_t **out_body,
                                 size_t *out_body_len)
{
    *out_used = 0;
    *out_body = NULL;
    *out_body_len = 0;
    for (;;) {
        if (parser->state == BAD)
            return HTTP_PARSE_BAD;
        if (parser->state == DONE)
            return HTTP_PARSE_DONE;
        if (*out_used == len)
            return HTTP_PARSE_MORE;
        if (parser->state == BODY || parser->state == CHUNK)
            return body_bytes(parser, data + *out_used, len - *out_used, out_used,
                              out_body, out_body_len);
        enum http_parse result = line_byte(parser, (char)data[(*out_used)++]);
        if (result != HTTP_PARSE_MORE)
            return result;
    }
}
