/* Formatting of text, integers and pointers. */
/* SPDX-License-Identifier: MIT */
#include <lib/format/format.h>

struct sink {
    char *out;
    size_t capacity;
    size_t len; /* of the whole text, written or not */
};

struct directive {
    bool left, zero, has_precision;
    int width;
    int precision;
    int size; /* of the integer in bytes */
    char conversion;
};

static void put(struct sink *sink, char c)
{
    if (sink->len + 1 < sink->capacity)
        sink->out[sink->len] = c;
    sink->len++;
}

static void put_many(struct sink *sink, char c, int count)
{
    for (; count > 0; count--)
        put(sink, c);
}

static void put_text(struct sink *sink, const struct directive *d, const char *text)
{
    int len = 0;
    if (text == NULL)
        text = "(null)";
    while ((!d->has_precision || len < d->precision) && text[len] != 0)
        len++;
    if (!d->left)
        put_many(sink, ' ', d->width - len);
    for (int i = 0; i < len; i++)
        put(sink, text[i]);
    if (d->left)
        put_many(sink, ' ', d->width - len);
}

static void put_number(struct sink *sink, const struct directive *d, uint64_t value,
                       unsigned base, const char *prefix)
{
    char digits[24];
    int count = 0, prefix_len = 0, zeros;
    bool upper = d->conversion == 'X';
    do {
        unsigned digit = (unsigned)(value % base);
        digits[count++] =
            (char)(digit < 10 ? '0' + digit : (upper ? 'A' : 'a') + digit - 10);
        value /= base;
    } while (value != 0);
    while (prefix[prefix_len] != 0)
        prefix_len++;
    zeros = d->has_precision      ? d->precision - count
            : d->zero && !d->left ? d->width - count - prefix_len
                                  : 0;
    if (zeros < 0)
        zeros = 0;
    if (!d->left)
        put_many(sink, ' ', d->width - count - prefix_len - zeros);
    for (int i = 0; i < prefix_len; i++)
        put(sink, prefix[i]);
    put_many(sink, '0', zeros);
    for (int i = count; i > 0; i--)
        put(sink, digits[i - 1]);
    if (d->left)
        put_many(sink, ' ', d->width - count - prefix_len - zeros);
}

static const char *parse_number(const char *format, int *out)
{
    int value = 0;
    while (*format >= '0' && *format <= '9' && value < 10000)
        value = value * 10 + (*format++ - '0');
    *out = value;
    return format;
}

static const char *parse_size(const char *format, int *out)
{
    *out = 4;
    for (;; format++) {
        if (*format == 'l' || *format == 'z' || *format == 't' || *format == 'j')
            *out = 8;
        else if (*format == 'h')
            *out = *out == 2 ? 1 : 2;
        else
            return format;
    }
}

static int64_t narrow_signed(uint64_t value, int size)
{
    int shift = 64 - 8 * size;
    return (int64_t)(value << shift) >> shift;
}

static uint64_t narrow_unsigned(uint64_t value, int size)
{
    int shift = 64 - 8 * size;
    return value << shift >> shift;
}

/* A va_list that functions can share: as a parameter it would be an array or a pointer. */
struct arguments {
    va_list list;
};

/* What stands behind a '%'; gives where the text goes on. */
static const char *parse_directive(const char *format, struct directive *d,
                                   struct arguments *a)
{
    for (; *format == '-' || *format == '0'; format++) {
        d->left = d->left || *format == '-';
        d->zero = d->zero || *format == '0';
    }
    if (*format == '*') {
        d->width = va_arg(a->list, int);
        format++;
    } else {
        format = parse_number(format, &d->width);
    }
    if (*format == '.') {
        d->has_precision = true;
        if (format[1] == '*') {
            d->precision = va_arg(a->list, int);
            format += 2;
        } else {
            format = parse_number(format + 1, &d->precision);
        }
    }
    format = parse_size(format, &d->size);
    d->conversion = *format;
    return *format == 0 ? format : format + 1;
}

static void put_signed(struct sink *sink, const struct directive *d, struct arguments *a)
{
    uint64_t raw = d->size == 8 ? (uint64_t)va_arg(a->list, int64_t)
                                : (uint64_t)va_arg(a->list, int);
    int64_t value = narrow_signed(raw, d->size);
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    put_number(sink, d, magnitude, 10, value < 0 ? "-" : "");
}

static void put_unsigned(struct sink *sink, const struct directive *d, struct arguments *a)
{
    uint64_t value = d->size == 8 ? va_arg(a->list, uint64_t)
                                  : narrow_unsigned(va_arg(a->list, unsigned), d->size);
    put_number(sink, d, value, d->conversion == 'u' ? 10 : 16, "");
}

static void put_directive(struct sink *sink, struct directive *d, struct arguments *a)
{
    char single[2] = {0, 0};
    switch (d->conversion) {
    case 'd':
    case 'i': put_signed(sink, d, a); return;
    case 'u':
    case 'x':
    case 'X': put_unsigned(sink, d, a); return;
    case 'p': put_number(sink, d, (uint64_t)va_arg(a->list, void *), 16, "0x"); return;
    case 'c':
        single[0] = (char)va_arg(a->list, int);
        d->has_precision = false;
        put_text(sink, d, single);
        return;
    case 's': put_text(sink, d, va_arg(a->list, const char *)); return;
    case 0: return;
    default: put(sink, d->conversion);
    }
}

size_t format_text_list(char *out, size_t capacity, const char *format, va_list list)
{
    struct sink sink = {out, capacity, 0};
    struct arguments arguments;
    va_copy(arguments.list, list);
    while (*format != 0) {
        struct directive d = {0};
        if (*format != '%') {
            put(&sink, *format++);
            continue;
        }
        format = parse_directive(format + 1, &d, &arguments);
        put_directive(&sink, &d, &arguments);
    }
    va_end(arguments.list);
    if (capacity > 0)
        out[sink.len < capacity ? sink.len : capacity - 1] = 0;
    return sink.len;
}

size_t format_text(char *out, size_t capacity, const char *format, ...)
{
    size_t len;
    va_list arguments;
    va_start(arguments, format);
    len = format_text_list(out, capacity, format, arguments);
    va_end(arguments);
    return len;
}
