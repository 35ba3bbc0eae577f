/* Columns of a query as JSON. To be included by the files that make rows.
 * SPDX-License-Identifier: MIT */
#ifndef NEURATH_FLEET_COLUMNS_H
#define NEURATH_FLEET_COLUMNS_H

#include "adapt/sqlite/db.h"
#include "base/json.h"

static inline json_t *text_column(struct db_rows *rows, int column)
{
    return json_text_or_null(row_text(rows, column));
}

static inline json_t *integer_column(struct db_rows *rows, int column)
{
    return row_is_null(rows, column) ? json_null()
                                     : json_integer(row_integer(rows, column));
}

#endif
