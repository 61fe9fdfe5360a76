-- Web hooks: receivers of an organization's events, what waits to be sent to them, and what came of each attempt. A receiver's address may be
-- its secret: it is sealed with the key that signs what it is sent.
CREATE TABLE hooks (
  id TEXT PRIMARY KEY, org TEXT NOT NULL, host TEXT NOT NULL, events TEXT NOT NULL, form TEXT NOT NULL, sealed BLOB NOT NULL, by TEXT NOT NULL,
  added INTEGER NOT NULL, stopped TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE INDEX hooks_org ON hooks(org);
CREATE TABLE hook_outbox (
  nr INTEGER PRIMARY KEY, hook TEXT NOT NULL REFERENCES hooks(id) ON DELETE CASCADE, event TEXT NOT NULL, type TEXT NOT NULL, body BLOB NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0, due INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX hook_outbox_once ON hook_outbox(hook, event);
CREATE INDEX hook_outbox_due ON hook_outbox(hook, due, nr);
CREATE TABLE hook_attempts (
  nr INTEGER PRIMARY KEY, hook TEXT NOT NULL REFERENCES hooks(id) ON DELETE CASCADE, event TEXT NOT NULL, type TEXT NOT NULL, at INTEGER NOT NULL,
  attempt INTEGER NOT NULL, status INTEGER NOT NULL, problem TEXT NOT NULL, next INTEGER
) STRICT;
CREATE INDEX hook_attempts_hook ON hook_attempts(hook, nr);
-- What was told of an organization last, so that the next look at it finds what is new.
CREATE TABLE hook_marks (org TEXT NOT NULL, kind TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (org, kind)) STRICT, WITHOUT ROWID;
