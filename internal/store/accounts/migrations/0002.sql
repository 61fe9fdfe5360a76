-- What directories (SCIM) say of people and groups, per organization. Nothing is deleted: what is gone has an end. Keys are in
-- lower case.
CREATE TABLE listed (
  nr INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, org TEXT NOT NULL, person TEXT NOT NULL REFERENCES people(id), external TEXT NOT NULL,
  user_name TEXT NOT NULL, name_key TEXT NOT NULL, email TEXT NOT NULL, given TEXT NOT NULL, family TEXT NOT NULL, formatted TEXT NOT NULL,
  display TEXT NOT NULL, display_key TEXT NOT NULL, active INTEGER NOT NULL, own INTEGER NOT NULL, created INTEGER NOT NULL,
  changed INTEGER NOT NULL, ended INTEGER
) STRICT;
CREATE UNIQUE INDEX listed_name ON listed(org, name_key) WHERE ended IS NULL;
CREATE UNIQUE INDEX listed_person ON listed(org, person) WHERE ended IS NULL;
CREATE UNIQUE INDEX listed_external ON listed(org, external) WHERE ended IS NULL AND external <> '';
CREATE INDEX listed_email ON listed(org, email) WHERE ended IS NULL;
CREATE INDEX listed_of ON listed(person);
CREATE TRIGGER listed_kept BEFORE DELETE ON listed BEGIN SELECT RAISE(ABORT, 'what a directory said is kept'); END;
CREATE TRIGGER listed_same BEFORE UPDATE ON listed
WHEN old.ended IS NOT NULL OR new.id <> old.id OR new.org <> old.org OR new.person <> old.person OR new.email <> old.email OR new.own <> old.own
BEGIN SELECT RAISE(ABORT, 'an entry stays the same person''s'); END;
CREATE TABLE listed_groups (
  nr INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, org TEXT NOT NULL, display TEXT NOT NULL, display_key TEXT NOT NULL, external TEXT NOT NULL,
  created INTEGER NOT NULL, changed INTEGER NOT NULL, ended INTEGER
) STRICT;
CREATE UNIQUE INDEX listed_groups_name ON listed_groups(org, display_key) WHERE ended IS NULL;
CREATE TABLE listed_members (grp TEXT NOT NULL, entry TEXT NOT NULL REFERENCES listed(id), PRIMARY KEY (grp, entry)) STRICT, WITHOUT ROWID;
CREATE INDEX listed_members_entry ON listed_members(entry);
