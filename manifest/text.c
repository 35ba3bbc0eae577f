/* Words for status values, hex, times and names.
 * SPDX-License-Identifier: MIT
 */
#include <manifest/manifest.h>

#include <stdio.h>
#include <string.h>

static const struct {
    const char *code;
    const char *text;
} words[] = {
    [MANIFEST_OK] = {"ok", "accepted"},
    [MANIFEST_NO_MEMORY] = {"no_memory", "memory ran out"},
    [MANIFEST_CRYPTO] = {"crypto", "the crypto library failed"},
    [MANIFEST_BAD_FRAME] = {"bad_frame", "the frame is cut, too large or not a frame"},
    [MANIFEST_BAD_JSON] = {"bad_json", "the text is not strict JSON"},
    [MANIFEST_BAD_FIELD] = {"bad_field", "a field is missing or out of range"},
    [MANIFEST_WRONG_TYPE] = {"wrong_type", "the signed type is another one"},
    [MANIFEST_BAD_SIGNATURE] = {"bad_signature",
                                "too few good signatures of the role's keys"},
    [MANIFEST_EXPIRED] = {"expired", "past its expiry by the trusted time"},
    [MANIFEST_NO_TIME] = {"no_time", "the trusted time is not known yet"},
    [MANIFEST_ROLLBACK] = {"rollback", "older than what was trusted before"},
    [MANIFEST_WRONG_VERSION] = {"wrong_version", "not the version that was asked for"},
    [MANIFEST_WRONG_HASH] = {"wrong_hash", "other bytes than those announced"},
    [MANIFEST_WRONG_CHANNEL] = {"wrong_channel", "made for another channel"},
    [MANIFEST_WRONG_FLEET] = {"wrong_fleet", "made for another fleet"},
    [MANIFEST_WRONG_TARGET] = {"wrong_target", "made for another architecture"},
    [MANIFEST_WRONG_MACHINE] = {"wrong_machine", "an order for another machine"},
    [MANIFEST_WRONG_NONCE] = {"wrong_nonce", "answers another question"},
    [MANIFEST_BAD_PROOF] = {"bad_proof", "the order's proof does not lead to the root"},
    [MANIFEST_SECURITY_FLOOR] = {"security_floor",
                                 "its security version is below this machine's floor"},
    [MANIFEST_BAD_SET] = {"bad_set", "the set of cells contradicts itself"},
    [MANIFEST_BAD_STATE] = {"bad_state", "the stored trust state cannot be read"},
};

const char *manifest_status_code(enum manifest_status status)
{
    size_t i = (size_t)status;
    return i < sizeof words / sizeof words[0] ? words[i].code : "unknown";
}

const char *manifest_status_text(enum manifest_status status)
{
    size_t i = (size_t)status;
    return i < sizeof words / sizeof words[0] ? words[i].text : "unknown status";
}

void manifest_hex_write(const uint8_t *bytes, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * len] = 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

bool manifest_hex_read(const char *text, uint8_t *out, size_t len)
{
    if (strlen(text) != 2 * len)
        return false;
    for (size_t i = 0; i < 2 * len; i++)
        if (hex_digit(text[i]) < 0)
            return false;
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
    return true;
}

/* Days since 1970-01-01 of a date in the proleptic Gregorian calendar, and back. Years
 * are counted from March, so that the leap day is a year's last. */
static int64_t days_from_date(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void date_from_days(int64_t days, int64_t *year, int64_t *month, int64_t *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153;
    *day = day_of_year - (153 * shifted + 2) / 5 + 1;
    *month = shifted < 10 ? shifted + 3 : shifted - 9;
    *year = year_of_era + era * 400 + (*month <= 2);
}

static bool read_digits(const char *text, unsigned count, int64_t *out)
{
    int64_t value = 0;
    for (unsigned i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (text[i] - '0');
    }
    *out = value;
    return true;
}

bool manifest_time_read(const char *text, int64_t *out_ms)
{
    static const char shape[] = "....-..-..T..:..:......Z";
    int64_t year, month, day, hour, minute, second, ms;
    if (strlen(text) != MANIFEST_TIME_LEN)
        return false;
    for (unsigned i = 0; i < MANIFEST_TIME_LEN; i++) {
        char want = i == 19 ? '.' : shape[i];
        if ((want != '.' || i == 19) && text[i] != want)
            return false;
    }
    if (!read_digits(text, 4, &year) || !read_digits(text + 5, 2, &month) ||
        !read_digits(text + 8, 2, &day) || !read_digits(text + 11, 2, &hour) ||
        !read_digits(text + 14, 2, &minute) || !read_digits(text + 17, 2, &second) ||
        !read_digits(text + 20, 3, &ms))
        return false;
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 ||
        minute > 59 || second > 59)
        return false;
    int64_t days = days_from_date(year, month, day);
    int64_t y, m, d;
    date_from_days(days, &y, &m, &d);
    if (y != year || m != month || d != day)
        return false;
    *out_ms = (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + ms;
    return true;
}

void manifest_time_write(int64_t ms, char out[MANIFEST_TIME_LEN + 1])
{
    static const int64_t last = 253402300799999; /* 9999-12-31T23:59:59.999Z */
    int64_t year, month, day;
    if (ms < 0)
        ms = 0;
    if (ms > last)
        ms = last;
    date_from_days(ms / 86400000, &year, &month, &day);
    int64_t in_day = ms % 86400000;
    unsigned values[] = {(unsigned)year,
                         (unsigned)month,
                         (unsigned)day,
                         (unsigned)(in_day / 3600000),
                         (unsigned)(in_day / 60000 % 60),
                         (unsigned)(in_day / 1000 % 60),
                         (unsigned)(in_day % 1000)};
    char text[80];
    snprintf(text, sizeof text, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", values[0],
             values[1], values[2], values[3], values[4], values[5], values[6]);
    memcpy(out, text, MANIFEST_TIME_LEN);
    out[MANIFEST_TIME_LEN] = 0;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool manifest_name_valid(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len > MANIFEST_NAME_MAX || !is_word(name[0]))
        return false;
    for (size_t i = 1; i < len; i++)
        if (!is_word(name[i]) && !strchr("_-.", name[i]))
            return false;
    return true;
}
