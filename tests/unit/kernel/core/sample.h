// The image with a .cell section that describes it: a small, valid cell.
// SPDX-License-Identifier: MIT
#ifndef TEST_CORE_SAMPLE_H
#define TEST_CORE_SAMPLE_H

#include "image.h"

#include <tools/celltool/info.h>

// A cell "sample" with a function, an object, types and no imports; end with image_fini().
void sample_init(struct image *image);
// The cell "sample" with the functions, objects and types of PARTS instead; end with image_fini().
void sample_encode(struct image *image, const struct cell_info *parts);

#endif
