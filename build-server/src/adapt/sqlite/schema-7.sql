-- Version 7 of the database: which boots a machine has had, to notice two machines that use one key.
-- SPDX-License-Identifier: MIT

-- The newest boot ids before the present one, oldest first.
ALTER TABLE machines ADD COLUMN boots_json TEXT NOT NULL DEFAULT '[]';

PRAGMA user_version = 7;
