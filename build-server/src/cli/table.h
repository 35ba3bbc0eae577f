/* Tables for terminals: columns as wide as needed, cut to the terminal's width.
 * SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { TABLE_COLUMNS_MAX = 12 };

struct table;

/* HEADINGS: COUNT words; a heading that starts with '>' makes its column right-aligned.
 * GIVES a table (table_print ends it). Aborts when memory is out. */
struct table *table_create(const char *const headings[], size_t count);

/* Adds a row of as many cells as there are headings; copies and cleans them. NULL is "-". */
void table_add(struct table *table, const char *const cells[]);

/* Prints the table on stdout and TAKES it. The last column is cut to the terminal's width. With
 * no rows, prints EMPTY instead. */
void table_print(struct table *table, const char *empty);
