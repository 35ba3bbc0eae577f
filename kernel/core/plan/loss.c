/* What a swap loses, and who has to agree to it.
 * SPDX-License-Identifier: MIT
 *
 * A swap loses something when a live value has no place in the new version: an object or an array element that is gone, a
 * number that the narrower field does not hold, an enumerator without a name. During the trial none of it is gone: old forms
 * are kept beside the new ones, and the way back takes them from there (commit/transfer.h). With `permanent` it is. The way
 * back loses something where it has to make up what nobody can know: a field of the old form in an element that came since.
 * Both are refused with the code `consent`, until the source says EVOLVE_DROPS(NAME), or an operator names CELL:NAME.
 */
#include <core/plan/private.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool is_consented(const struct plan *plan, const char *cell, const char *key)
{
    size_t len = strlen(cell);
    for (uint32_t i = 0; i < plan->consent_count; i++) {
        const char *name = plan->consent[i];
        if (strncmp(name, cell, len) == 0 && name[len] == ':' &&
            strcmp(name + len + 1, key) == 0)
            return true;
    }
    return false;
}

bool plan_may_lose(const struct plan *plan, const struct plan_cell *cell, const char *key)
{
    return is_consented(plan, cell->name, key) ||
           (cell->fresh && plan_marked(cell->fresh, "drops", key)) ||
           (cell->old && plan_marked(cell->old, "drops", key));
}

void plan_source_name(char out[PLAN_SOURCE_NAME], const char *key)
{
    snprintf(out, PLAN_SOURCE_NAME, "%s", key);
    for (char *c = out; *c; c++)
        if (*c == ':' || *c == '.' || *c == ' ')
            *c = '_';
}

enum status plan_refuse_loss(struct refusal *out, const char *cell, const char *key,
                             const char *format, ...)
{
    char what[sizeof out->text];
    char mark[PLAN_SOURCE_NAME];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    plan_source_name(mark, key);
    return refuse(out, "consent", cell, key, NULL,
                  "%s. To let it go: EVOLVE_DROPS(%s) in the source, or --consent %s:%s",
                  what, mark, cell, key);
}
