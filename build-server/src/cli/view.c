/* Short forms of the API's rows.
 * SPDX-License-Identifier: MIT */
#include "view.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

const char *view_text(const json_t *row, const char *field, const char *other)
{
    const char *text = json_string_value(json_object_get(row, field));

    return text != NULL ? text : other;
}

json_int_t view_number(const json_t *row, const char *field, json_int_t other)
{
    const json_t *value = json_object_get(row, field);

    return json_is_number(value) ? (json_int_t)json_number_value(value) : other;
}

json_int_t view_release(const json_t *row)
{
    return view_number(row, "release", view_number(row, "id", 0));
}

const char *view_commit(const json_t *row, const char *field, char *out, size_t out_len)
{
    snprintf(out, out_len, "%.10s", view_text(row, field, "-"));
    return out;
}

const char *view_machine(const json_t *row)
{
    const char *name = view_text(row, "machine_name", NULL);

    if (name == NULL || name[0] == '\0') {
        name = view_text(row, "name", NULL);
    }
    if (name == NULL || name[0] == '\0') {
        name = view_text(row, "machine", view_text(row, "id", "?"));
    }
    return name;
}

const char *view_cells(const json_t *cells, size_t most, char *out, size_t out_len)
{
    size_t used = 0;
    size_t count = json_array_size(cells);

    snprintf(out, out_len, "nothing to swap");
    for (size_t i = 0; i < count && i < most && used < out_len; i++) {
        const json_t *cell = json_array_get(cells, i);
        used += (size_t)snprintf(out + used, out_len - used, "%s%s %s", i ? ", " : "",
                                 view_text(cell, "name", "?"),
                                 view_text(cell, "class", "changed"));
    }
    if (count > most && used < out_len) {
        snprintf(out + used, out_len - used, " and %zu more", count - most);
    }
    return out;
}

/* Appends one more name to the bracket at the end of a reason. */
static size_t add_name(const json_t *reason, const char *field, const char *word,
                       size_t used, bool first, char *out, size_t out_len)
{
    const char *value = view_text(reason, field, NULL);

    if (value == NULL || used >= out_len) {
        return used;
    }
    return used + (size_t)snprintf(out + used, out_len - used, "%s%s %s",
                                   first ? " (" : ", ", word, value);
}

const char *view_reason(const json_t *reason, char *out, size_t out_len)
{
    size_t used = 0;
    size_t before = 0;

    out[0] = '\0';
    if (json_is_string(reason)) {
        snprintf(out, out_len, "%s", json_string_value(reason));
    }
    if (!json_is_object(reason)) {
        return out;
    }
    used = (size_t)snprintf(out, out_len, "%s: %s", view_text(reason, "code", "unknown"),
                            view_text(reason, "text", "no text"));
    before = used;
    used = add_name(reason, "cell", "cell", used, true, out, out_len);
    used = add_name(reason, "symbol", "symbol", used, used == before, out, out_len);
    used = add_name(reason, "dependent", "needed by", used, used == before, out, out_len);
    if (used > before && used < out_len) {
        snprintf(out + used, out_len - used, ")");
    }
    return out;
}

void view_waited_for(const json_t *row, char *out, size_t out_len)
{
    const json_t *names = json_object_get(row, "waited");
    long long count = (long long)view_number(row, "waited_count", 0);
    size_t used = 0;

    out[0] = '\0';
    if (count > 0) {
        used = (size_t)snprintf(out, out_len, " for %lld task%s", count,
                                count == 1 ? "" : "s");
    }
    for (size_t i = 0; i < json_array_size(names) && used < out_len; i++) {
        const char *name = json_string_value(json_array_get(names, i));
        used += (size_t)snprintf(out + used, out_len - used, "%s%s", i == 0 ? " (" : ", ",
                                 name != NULL ? name : "?");
    }
    if (json_array_size(names) > 0 && used < out_len) {
        snprintf(out + used, out_len - used, ")");
    }
}

const char *view_effects(const json_t *row, char *out, size_t out_len)
{
    json_int_t drain = view_number(row, "drain_ns", 0);
    json_int_t migrated = view_number(row, "migrated_objects", 0);
    json_int_t draining = view_number(row, "draining_objects", 0);
    char time[32], tasks[400];
    size_t used = 0;

    out[0] = '\0';
    if (json_is_true(json_object_get(row, "boot"))) {
        used = (size_t)snprintf(out, out_len, "by a boot");
    }
    if (drain > 0 || view_number(row, "waited_count", 0) > 0) {
        text_format_nanoseconds((double)drain, time, sizeof(time));
        view_waited_for(row, tasks, sizeof(tasks));
        used = (size_t)snprintf(out, out_len, "waited %s%s", time, tasks);
    }
    if (migrated > 0 && used < out_len) {
        used += (size_t)snprintf(
            out + used, out_len - used, "%smigrated %lld object%s (%lld bytes)",
            used > 0 ? ", " : "", (long long)migrated, migrated == 1 ? "" : "s",
            (long long)view_number(row, "migrated_bytes", 0));
    }
    if (draining > 0 && used < out_len) {
        used += (size_t)snprintf(
            out + used, out_len - used, "%s%lld object%s left to the lineage that drains",
            used > 0 ? ", " : "", (long long)draining, draining == 1 ? "" : "s");
    }
    if (json_is_false(json_object_get(row, "revertible")) && used < out_len) {
        snprintf(out + used, out_len - used, "%scannot be reverted by itself",
                 used > 0 ? ", " : "");
    }
    return out;
}

double view_stage_total(const json_t *stage_ms, bool with_trial)
{
    double total = 0;
    const char *name = NULL;
    json_t *value = NULL;

    json_object_foreach((json_t *)stage_ms, name, value)
    {
        if (with_trial || strcmp(name, "trial") != 0) {
            total += json_number_value(value);
        }
    }
    return total;
}

void view_print(const char *format, ...)
{
    va_list arguments;
    char *text = NULL;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) >= 0) {
        text_clean(text);
        fputs(text, stdout);
        free(text);
    }
    va_end(arguments);
}

void view_json(const json_t *value, bool line)
{
    json_dumpf(value, stdout,
               JSON_ENSURE_ASCII | JSON_ENCODE_ANY |
                   (line ? JSON_COMPACT : JSON_INDENT(2)));
    putchar('\n');
    fflush(stdout);
}

void view_state(const char *word)
{
    static const struct {
        const char *words;
        const char *code;
    } colours[] = {
        {" running permanent built ", "32"},
        {" reverted failed refused lost blocked silent unreproduced ", "31"},
        {" trial updating behind held inconclusive queued building enrolling ", "33"},
    };
    const char *code = NULL;
    char sought[40];

    snprintf(sought, sizeof(sought), " %.30s ", word);
    for (size_t i = 0; i < sizeof(colours) / sizeof(colours[0]) && text_colours(); i++) {
        code = strstr(colours[i].words, sought) != NULL ? colours[i].code : code;
    }
    if (code != NULL) {
        printf("\033[%sm", code);
    }
    view_print("%s", word);
    if (code != NULL) {
        fputs("\033[0m", stdout);
    }
}
