// Plans a swap from a valid cell to a changed one: loader and planner must refuse or plan, never step outside.
// SPDX-License-Identifier: MIT
#include <core/hosted/hosted.h>

#include "../../unit/kernel/core/patch.h"
#include "../../unit/kernel/core/sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct image old, changed;
    struct hosted_plan plan;

    sample_init(&old);
    sample_init(&changed);
    patch_image(&changed, data, len);
    const struct hosted_object from = {"sample", old.bytes, old.len};
    const struct hosted_object to = {"sample", changed.bytes, changed.len};
    check(hosted_plan(&from, 1, &to, 1, &plan) == STATUS_OK);
    for (uint32_t i = 0; i < plan.report.refusal_count && i < PLAN_MAX_REFUSALS; i++)
        check(plan.report.refusals[i].code[0] && plan.report.refusals[i].text[0]);
    hosted_plan_fini(&plan);
    // And as the first cell that runs.
    if (hosted_plan(&to, 1, &from, 1, &plan) == STATUS_OK)
        hosted_plan_fini(&plan);
    image_fini(&old);
    image_fini(&changed);
    return 0;
}
