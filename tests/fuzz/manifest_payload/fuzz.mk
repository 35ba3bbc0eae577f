# SPDX-License-Identifier: MIT
uses := manifest
