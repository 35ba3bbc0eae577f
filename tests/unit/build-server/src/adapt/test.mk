# SPDX-License-Identifier: MIT
uses     := server
