-- The service's database, version 1. Applied to an empty file; schema-N.sql then leads from version N-1 to N, as in an
-- older database. `pragma user_version` is the version. A step that has been released is never changed.
-- SPDX-License-Identifier: MIT
-- Times are milliseconds since 1970 UTC. Objects, contents and commits are hexadecimal text.
-- Columns that end in _json hold JSON that this service wrote.

CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- What is known about a commit; kept when the repository forgets it.
CREATE TABLE commits (
    id TEXT PRIMARY KEY,
    subject TEXT NOT NULL,
    author TEXT NOT NULL,
    time INTEGER NOT NULL
) STRICT;

-- Last seen head of each branch, and how far its reflog has been read.
CREATE TABLE branches (
    name TEXT PRIMARY KEY,
    head TEXT
) STRICT;

-- One push of one commit to the watched branch. State invariants: pipeline/pipeline.c.
CREATE TABLE builds (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    commit_id TEXT NOT NULL,
    branch TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN
        ('queued', 'building', 'built', 'failed', 'superseded', 'unreproduced')),
    step TEXT,
    by_kind TEXT NOT NULL,
    by_name TEXT NOT NULL,
    created INTEGER NOT NULL,
    started INTEGER,
    finished INTEGER,
    release INTEGER REFERENCES releases (version),
    reason_code TEXT,
    reason_text TEXT
) STRICT;
CREATE INDEX builds_by_state ON builds (state);
CREATE INDEX builds_by_commit ON builds (commit_id);

-- A set of cells; id = manifest content id.
CREATE TABLE contents (
    id TEXT PRIMARY KEY,
    stub TEXT NOT NULL,
    created INTEGER NOT NULL
) STRICT;

CREATE TABLE content_cells (
    content TEXT NOT NULL REFERENCES contents (id),
    name TEXT NOT NULL,
    object TEXT NOT NULL,
    length INTEGER NOT NULL,
    abi TEXT NOT NULL,
    kind TEXT NOT NULL,
    uses_json TEXT NOT NULL,
    PRIMARY KEY (content, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX content_cells_by_object ON content_cells (object);

-- allocated: V is taken and its content is complete in objects/. signed: the signer gave the frame and
-- it is stored in releases/. published: announced by a timestamp, or ready to be ordered.
CREATE TABLE releases (
    version INTEGER PRIMARY KEY AUTOINCREMENT,
    state TEXT NOT NULL CHECK (state IN ('allocated', 'signed', 'published')),
    kind TEXT NOT NULL CHECK (kind IN ('build', 'reissue')),
    channel TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    content TEXT NOT NULL REFERENCES contents (id),
    build INTEGER REFERENCES builds (id),
    reissue_of INTEGER REFERENCES releases (version),
    trigger_kind TEXT NOT NULL CHECK (trigger_kind IN ('push', 'rollback', 'manual')),
    by_kind TEXT NOT NULL,
    by_name TEXT NOT NULL,
    note TEXT,
    for_channel INTEGER NOT NULL CHECK (for_channel IN (0, 1)),
    held_back INTEGER NOT NULL DEFAULT 0 CHECK (held_back IN (0, 1)),
    shipped INTEGER,
    before INTEGER REFERENCES releases (version),
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    security INTEGER NOT NULL,
    payload TEXT,
    hash TEXT,
    length INTEGER,
    changed_json TEXT NOT NULL DEFAULT '[]',
    refusals_json TEXT NOT NULL DEFAULT '[]',
    needs_boot_json TEXT NOT NULL DEFAULT '[]',
    provenance_json TEXT NOT NULL DEFAULT '{}',
    image INTEGER NOT NULL DEFAULT 0 CHECK (image IN (0, 1, 2))
) STRICT;
CREATE INDEX releases_by_commit ON releases (commit_id);
CREATE INDEX releases_by_content ON releases (content);

-- One row: what the channel offers, and the hold on it.
CREATE TABLE channel (
    name TEXT PRIMARY KEY,
    release INTEGER REFERENCES releases (version),
    hold_since INTEGER,
    hold_kind TEXT,
    hold_name TEXT,
    hold_note TEXT,
    hold_bad INTEGER REFERENCES releases (version)
) STRICT;

-- The newest timestamp. counter rises with every signing.
CREATE TABLE timestamps (
    channel TEXT PRIMARY KEY,
    counter INTEGER NOT NULL,
    release INTEGER NOT NULL REFERENCES releases (version),
    time INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    orders_root TEXT NOT NULL,
    intent TEXT NOT NULL,
    frame BLOB
) STRICT;

CREATE TABLE machines (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    public_key TEXT NOT NULL UNIQUE,
    enrolled INTEGER NOT NULL,
    channel TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('enrolling', 'running', 'updating', 'trial', 'behind',
        'blocked', 'held', 'reverted', 'silent')),
    reason_json TEXT,
    said_state TEXT,
    said_reason TEXT,
    boot_id TEXT,
    release INTEGER,
    commit_id TEXT,
    content TEXT,
    stub TEXT,
    uptime_ms INTEGER NOT NULL DEFAULT 0,
    swaps INTEGER NOT NULL DEFAULT 0,
    last_contact INTEGER,
    last_pause INTEGER,
    highest INTEGER NOT NULL DEFAULT 0,
    blob TEXT,
    attempt_deadline INTEGER,
    flags_json TEXT NOT NULL DEFAULT '[]'
) STRICT;
CREATE INDEX machines_by_name ON machines (name);

CREATE TABLE tags (
    machine TEXT NOT NULL REFERENCES machines (id),
    tag TEXT NOT NULL,
    PRIMARY KEY (machine, tag)
) STRICT, WITHOUT ROWID;

-- A deviation of one machine from its channel. order_counter lives on in order_counters after the end.
CREATE TABLE orders (
    machine TEXT PRIMARY KEY REFERENCES machines (id),
    release INTEGER REFERENCES releases (version),
    intent TEXT NOT NULL CHECK (intent IN ('deploy', 'rollback', 'pin', 'hold')),
    counter INTEGER NOT NULL,
    since INTEGER NOT NULL,
    by_kind TEXT NOT NULL,
    by_name TEXT NOT NULL,
    note TEXT,
    bad INTEGER REFERENCES releases (version)
) STRICT;

CREATE TABLE order_counters (
    machine TEXT PRIMARY KEY,
    counter INTEGER NOT NULL
) STRICT;

-- Objects that a hold keeps away: scope '' = the channel, else a machine id.
CREATE TABLE suspects (
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    object TEXT NOT NULL,
    PRIMARY KEY (scope, name, object)
) STRICT, WITHOUT ROWID;

-- Content that failed on a machine; not offered as its goal again until told.
CREATE TABLE quarantine (
    machine TEXT NOT NULL REFERENCES machines (id),
    content TEXT NOT NULL,
    since INTEGER NOT NULL,
    result TEXT NOT NULL,
    reason_json TEXT,
    PRIMARY KEY (machine, content)
) STRICT, WITHOUT ROWID;

-- One swap attempt on one machine, for ever.
CREATE TABLE history (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    machine TEXT NOT NULL REFERENCES machines (id),
    time INTEGER NOT NULL,
    finished INTEGER,
    release INTEGER,
    from_commit TEXT,
    to_commit TEXT,
    from_content TEXT,
    to_content TEXT,
    trigger_kind TEXT NOT NULL CHECK (trigger_kind IN
        ('push', 'rollback', 'manual', 'revert', 'catchup')),
    by_kind TEXT NOT NULL,
    by_name TEXT NOT NULL,
    note TEXT,
    result TEXT NOT NULL CHECK (result IN ('running', 'trial', 'permanent', 'reverted',
        'inconclusive', 'refused', 'failed', 'lost')),
    pause_ns INTEGER,
    stage_json TEXT NOT NULL DEFAULT '{}',
    bytes INTEGER NOT NULL DEFAULT 0,
    reason_json TEXT,
    cause INTEGER REFERENCES history (id),
    boot_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    deadline INTEGER
) STRICT;
CREATE UNIQUE INDEX history_by_attempt ON history (machine, boot_id, attempt, ifnull(cause, 0));
CREATE INDEX history_by_machine ON history (machine, id);
CREATE INDEX history_by_release ON history (release);
CREATE INDEX history_open ON history (deadline) WHERE deadline IS NOT NULL;

CREATE TABLE history_cells (
    history INTEGER NOT NULL REFERENCES history (id),
    name TEXT NOT NULL,
    old TEXT,
    new TEXT,
    class TEXT NOT NULL,
    PRIMARY KEY (history, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX history_cells_by_name ON history_cells (name, history);

-- Which reports have been stored: each is stored exactly once.
CREATE TABLE reports (
    machine TEXT NOT NULL REFERENCES machines (id),
    boot_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    time INTEGER NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (machine, boot_id, sequence)
) STRICT, WITHOUT ROWID;

-- Log lines and faults that machines reported; trimmed to the newest per machine.
CREATE TABLE machine_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    machine TEXT NOT NULL REFERENCES machines (id),
    time INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX machine_log_by_machine ON machine_log (machine, id);

-- Questions and wishes that travel with a poll's answer (plan, retry, reboot).
CREATE TABLE commands (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    machine TEXT NOT NULL REFERENCES machines (id),
    kind TEXT NOT NULL,
    body_json TEXT NOT NULL,
    boot_id TEXT,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'done', 'expired')),
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    answer_json TEXT
) STRICT;
CREATE INDEX commands_waiting ON commands (machine) WHERE state IN ('waiting', 'sent');

-- Who did what through the API.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time INTEGER NOT NULL,
    by_name TEXT NOT NULL,
    action TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;

-- Browser sessions: only the hash of the cookie is kept.
CREATE TABLE sessions (
    hash TEXT PRIMARY KEY,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT;

PRAGMA user_version = 1;
