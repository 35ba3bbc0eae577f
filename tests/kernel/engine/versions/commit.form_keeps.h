/* commit that keeps other words about a park, and does not let the other CPUs go. */
/* SPDX-License-Identifier: MIT */
#include "commit.form.h"
#include "commit.keeps.h"
