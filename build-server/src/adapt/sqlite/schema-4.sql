-- Version 4 of the database: an operator's intent to reboot a machine.
-- SPDX-License-Identifier: MIT

-- {by, note, since} from the order until the machine comes up with another boot id.
ALTER TABLE machines ADD COLUMN reboot_json TEXT;

PRAGMA user_version = 4;
