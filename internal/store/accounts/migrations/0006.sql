-- Unsafe requests of programs under their idempotency keys, with what was answered. Without a status one is under way, or its process ended.
CREATE TABLE attempts (
  scope TEXT NOT NULL, key TEXT NOT NULL, head BLOB NOT NULL, run TEXT NOT NULL, at INTEGER NOT NULL,
  status INTEGER, header BLOB, body BLOB, sum BLOB,
  PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempts_at ON attempts(at);
