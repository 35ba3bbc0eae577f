# SPDX-License-Identifier: MIT
uses     := server
packages := sqlite3
