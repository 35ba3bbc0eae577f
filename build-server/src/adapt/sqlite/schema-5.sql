-- Version 5 of the database: the boot stub belongs to the release.
-- SPDX-License-Identifier: MIT

-- Two releases may have the same cells and other boot stubs; contents is keyed by the cells alone.
ALTER TABLE releases ADD COLUMN stub TEXT NOT NULL DEFAULT '';
UPDATE releases SET stub = ifnull((SELECT k.stub FROM contents k WHERE k.id = releases.content), '');
ALTER TABLE contents DROP COLUMN stub;

PRAGMA user_version = 5;
