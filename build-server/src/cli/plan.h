/* How the cells of a plan are shown: by `plan`, `deploy --dry-run` and `check`.
 * SPDX-License-Identifier: MIT */
#pragma once

#include <jansson.h>

/* One line for each cell that says more than its class: which functions, why it changes with others; and one for each
 * object whose form changes. */
void plan_print_cells(const json_t *cells);
