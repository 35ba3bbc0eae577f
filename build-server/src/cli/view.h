/* How rows of the API are shown: short forms shared by listings, details and the live log.
 * SPDX-License-Identifier: MIT
 *
 * Readers of the API take every field as possibly missing or null. Texts that are returned are
 * not cleaned yet; who prints them does that (table_add() and view_print() do). */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* The field as text; OTHER when missing or null. Lives as long as ROW. */
const char *view_text(const json_t *row, const char *field, const char *other);

/* The field as a whole number; OTHER when missing or null. */
json_int_t view_number(const json_t *row, const char *field, json_int_t other);

/* The version V of a release row: its `release`, or its `id`. */
json_int_t view_release(const json_t *row);

/* The first ten digits of the commit in FIELD, or "-". OUT: 12 bytes or more. */
const char *view_commit(const json_t *row, const char *field, char *out, size_t out_len);

/* The machine's name, or its id: of a machine row, or of a row about a machine. */
const char *view_machine(const json_t *row);

/* "hello text, e1000 text, net add" of a row's cells; at most MOST of them by name. */
const char *view_cells(const json_t *cells, size_t most, char *out, size_t out_len);

/* "code: text (cell hello, symbol x, needed by y)" of a reason or refusal; "" for null. */
const char *view_reason(const json_t *reason, char *out, size_t out_len);

/* " for 2 tasks (echo, net)" of a row that says who is waited for; "" when it is nobody. */
void view_waited_for(const json_t *row, char *out, size_t out_len);

/* "waited 1.5 ms for 1 task (echo), migrated 3 objects (96 bytes)" of a swap that did more than change text; "" when it
 * did not, or its machine does not tell. */
const char *view_effects(const json_t *row, char *out, size_t out_len);

/* Sum of the stages, or of those up to the moment the new code ran (without the trial). */
double view_stage_total(const json_t *stage_ms, bool with_trial);

/* Prints TEXT cleaned, as printf. */
[[gnu::format(printf, 1, 2)]] void view_print(const char *format, ...);

/* Prints VALUE as JSON on stdout, readable or (LINE) on one line. Only ASCII is written, so no
 * text in it can act on a terminal. */
void view_json(const json_t *value, bool line);

/* Prints WORD, a state or result, in its colour where colours are wanted. */
void view_state(const char *word);
