-- Version 6 of the database: releases that are put together from two others.
-- SPDX-License-Identifier: MIT

-- {base, from, cells: [name]}: a set, which has the cells of release `base` except those that were picked from release `from`,
-- and those that had to change with them. Its `kind` is reissue, with no reissue_of.
ALTER TABLE releases ADD COLUMN parts_json TEXT;

PRAGMA user_version = 6;
