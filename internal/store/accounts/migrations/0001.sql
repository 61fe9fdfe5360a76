-- Times are microseconds since 1970, UTC. Secrets are kept as hashes or sealed.
CREATE TABLE people (
  id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL, lang TEXT NOT NULL, theme TEXT NOT NULL, zone TEXT NOT NULL,
  created INTEGER NOT NULL, disabled INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE passwords (person TEXT PRIMARY KEY REFERENCES people(id), hash TEXT NOT NULL, changed INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE totp (person TEXT PRIMARY KEY REFERENCES people(id), sealed BLOB NOT NULL, step INTEGER NOT NULL, since INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE codes (person TEXT NOT NULL REFERENCES people(id), hash BLOB NOT NULL, made INTEGER NOT NULL, used INTEGER, PRIMARY KEY (person, hash)) STRICT, WITHOUT ROWID;
CREATE TABLE passkeys (
  id BLOB PRIMARY KEY, person TEXT NOT NULL REFERENCES people(id), name TEXT NOT NULL, public_key BLOB NOT NULL, sign_count INTEGER NOT NULL,
  flags INTEGER NOT NULL, transports TEXT NOT NULL, aaguid BLOB NOT NULL, created INTEGER NOT NULL, used INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX passkeys_person ON passkeys(person);
CREATE TABLE externals (issuer TEXT NOT NULL, subject TEXT NOT NULL, person TEXT NOT NULL REFERENCES people(id), created INTEGER NOT NULL, PRIMARY KEY (issuer, subject)) STRICT, WITHOUT ROWID;
CREATE INDEX externals_person ON externals(person);
CREATE TABLE sessions (
  hash BLOB PRIMARY KEY, id TEXT NOT NULL UNIQUE, person TEXT NOT NULL REFERENCES people(id), created INTEGER NOT NULL, seen INTEGER NOT NULL,
  expires INTEGER NOT NULL, strong INTEGER, method TEXT NOT NULL, agent TEXT NOT NULL, address TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_person ON sessions(person);
CREATE TABLE tokens (
  id TEXT PRIMARY KEY, hash BLOB NOT NULL, name TEXT NOT NULL, org TEXT NOT NULL, person TEXT NOT NULL REFERENCES people(id), scopes TEXT NOT NULL,
  created INTEGER NOT NULL, expires INTEGER NOT NULL, used INTEGER, revoked INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_person ON tokens(person);
CREATE TABLE memberships (
  org TEXT NOT NULL, person TEXT NOT NULL REFERENCES people(id), role TEXT NOT NULL, by TEXT NOT NULL, granted INTEGER NOT NULL,
  ended INTEGER, ended_by TEXT NOT NULL DEFAULT '', nr INTEGER PRIMARY KEY
) STRICT;
CREATE UNIQUE INDEX memberships_in_force ON memberships(person, org, role) WHERE ended IS NULL;
CREATE INDEX memberships_org ON memberships(org);
CREATE TRIGGER memberships_kept BEFORE DELETE ON memberships BEGIN SELECT RAISE(ABORT, 'the history of memberships is kept'); END;
CREATE TRIGGER memberships_ended_once BEFORE UPDATE ON memberships
WHEN old.ended IS NOT NULL OR new.org <> old.org OR new.person <> old.person OR new.role <> old.role OR new.by <> old.by OR new.granted <> old.granted
BEGIN SELECT RAISE(ABORT, 'a membership can only be ended, once'); END;
CREATE TABLE invitations (
  id TEXT PRIMARY KEY, hash BLOB NOT NULL UNIQUE, org TEXT NOT NULL, email TEXT NOT NULL, roles TEXT NOT NULL, by TEXT NOT NULL,
  created INTEGER NOT NULL, expires INTEGER NOT NULL, used INTEGER, used_by TEXT NOT NULL DEFAULT '', revoked INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX invitations_org ON invitations(org);
CREATE TABLE links (hash BLOB PRIMARY KEY, kind TEXT NOT NULL, person TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER NOT NULL, used INTEGER) STRICT, WITHOUT ROWID;
CREATE TABLE pending (hash BLOB PRIMARY KEY, kind TEXT NOT NULL, person TEXT NOT NULL, data BLOB NOT NULL, expires INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX pending_expires ON pending(expires);
CREATE TABLE failures (key TEXT PRIMARY KEY, count INTEGER NOT NULL, last INTEGER NOT NULL) STRICT, WITHOUT ROWID;
