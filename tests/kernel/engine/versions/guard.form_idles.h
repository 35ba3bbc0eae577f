/* guard that keeps a record of another form, and takes nothing back. */
/* SPDX-License-Identifier: MIT */
#include "guard.form.h"
#include "guard.idles.h"
