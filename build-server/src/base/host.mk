# libbase: what the service and the command line share.
# SPDX-License-Identifier: MIT
library  := base
packages := jansson
