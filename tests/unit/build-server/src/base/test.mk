# SPDX-License-Identifier: MIT
uses := base
