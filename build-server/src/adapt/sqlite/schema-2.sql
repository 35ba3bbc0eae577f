-- Version 2 of the database: what a release means for each version that machines run; boot images that are tried again.
-- SPDX-License-Identifier: MIT

-- One per content that machines ran when the release was made, the newest first:
-- [{release, commit, machines, names, cells, refusals}]. changed_json and refusals_json are the first one's.
ALTER TABLE releases ADD COLUMN ways_json TEXT NOT NULL DEFAULT '[]';

-- image = 2: the last try failed; the next one is due at image_due.
ALTER TABLE releases ADD COLUMN image_tries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE releases ADD COLUMN image_due INTEGER NOT NULL DEFAULT 0;

PRAGMA user_version = 2;
