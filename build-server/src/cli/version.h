/* The version of the command; the server tells its own.
 * SPDX-License-Identifier: MIT */
#pragma once

#define NEURATH_VERSION "0.1.0"
