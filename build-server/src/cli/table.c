/* Collects rows, then prints them in aligned columns.
 * SPDX-License-Identifier: MIT */
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

struct table {
    size_t count;
    size_t rows;
    size_t space; /* rows that CELLS has room for */
    bool right[TABLE_COLUMNS_MAX];
    unsigned width[TABLE_COLUMNS_MAX];
    char **cells; /* row by row; row 0 is the headings */
};

static void *must(void *memory)
{
    if (memory == NULL) {
        abort();
    }
    return memory;
}

struct table *table_create(const char *const headings[], size_t count)
{
    struct table *table = must(calloc(1, sizeof(*table)));
    const char *words[TABLE_COLUMNS_MAX];

    table->count = count;
    for (size_t i = 0; i < count; i++) {
        table->right[i] = headings[i][0] == '>';
        words[i] = headings[i] + table->right[i];
    }
    table_add(table, words);
    return table;
}

void table_add(struct table *table, const char *const cells[])
{
    if (table->rows == table->space) {
        table->space = table->space ? table->space * 2 : 32;
        table->cells = must(
            realloc(table->cells, table->space * table->count * sizeof(table->cells[0])));
    }
    for (size_t i = 0; i < table->count; i++) {
        const char *cell = cells[i] != NULL && cells[i][0] != '\0' ? cells[i] : "-";
        char *copy = must(strdup(cell));
        unsigned columns = 0;
        text_clean_line(copy);
        columns = text_columns(copy);
        if (columns > table->width[i]) {
            table->width[i] = columns;
        }
        table->cells[table->rows * table->count + i] = copy;
    }
    table->rows++;
}

/* Makes room for the last column: it gets what the terminal leaves, at least 12 columns. */
static void fit(struct table *table)
{
    unsigned terminal = text_terminal_columns();
    unsigned used = 0;
    size_t last = table->count - 1;

    if (terminal == 0) {
        return;
    }
    for (size_t i = 0; i < last; i++) {
        used += table->width[i] + 2;
    }
    if (used + table->width[last] > terminal) {
        table->width[last] = terminal > used + 12 ? terminal - used : 12;
    }
}

static void print_row(const struct table *table, char **cells)
{
    for (size_t i = 0; i < table->count; i++) {
        unsigned gap = 0;
        text_cut(cells[i], table->width[i]);
        gap = table->width[i] - text_columns(cells[i]);
        if (table->right[i]) {
            printf("%*s", (int)gap, "");
        }
        fputs(cells[i], stdout);
        if (i + 1 < table->count) {
            printf("%*s", (int)(2 + (table->right[i] ? 0 : gap)), "");
        }
    }
    putchar('\n');
}

void table_print(struct table *table, const char *empty)
{
    bool colours = text_colours();

    if (table->rows == 1) {
        puts(empty);
    } else {
        fit(table);
        for (size_t row = 0; row < table->rows; row++) {
            if (row == 0 && colours) {
                fputs("\033[1m", stdout);
            }
            print_row(table, table->cells + row * table->count);
            if (row == 0 && colours) {
                fputs("\033[0m", stdout);
            }
        }
    }
    for (size_t i = 0; i < table->rows * table->count; i++) {
        free(table->cells[i]);
    }
    free(table->cells);
    free(table);
}
