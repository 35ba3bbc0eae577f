-- Version 8 of the database: what a machine may leave in it is limited; these find the oldest, and who points to it.
-- SPDX-License-Identifier: MIT

CREATE INDEX reports_by_time ON reports (machine, time);
CREATE INDEX history_by_cause ON history (cause);

PRAGMA user_version = 8;
