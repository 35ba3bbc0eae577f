-- Version 3 of the database: what a swap did besides changing text, and which release a machine came from.
-- SPDX-License-Identifier: MIT

-- Those of drain_ns, waited_count, waited, migrated_objects, migrated_bytes, retained_bytes, revertible that were reported.
ALTER TABLE history ADD COLUMN effects_json TEXT NOT NULL DEFAULT '{}';
ALTER TABLE history ADD COLUMN from_release INTEGER;

PRAGMA user_version = 3;
