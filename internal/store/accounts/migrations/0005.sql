-- Whether somebody showed that they read the mail of the address, and since when. Before this column it is known of whoever set the
-- installation up, and of whoever came back by the operator's link and has no identity at a provider from before.
ALTER TABLE people ADD COLUMN proven INTEGER;
UPDATE people SET proven = created WHERE id = (SELECT id FROM people ORDER BY created, id LIMIT 1)
  AND EXISTS (SELECT 1 FROM links WHERE kind = 'set-up' AND used IS NOT NULL);
UPDATE people SET proven = created WHERE NOT EXISTS (SELECT 1 FROM externals x WHERE x.person = people.id)
  AND EXISTS (SELECT 1 FROM links l WHERE l.kind = 'recovery' AND l.person = people.id AND l.used IS NOT NULL);
-- Roles that a directory gave to somebody of whom nothing shows yet that they are whom the directory means.
CREATE TABLE awaited (
  org TEXT NOT NULL, person TEXT NOT NULL REFERENCES people(id), role TEXT NOT NULL, by TEXT NOT NULL, since INTEGER NOT NULL,
  PRIMARY KEY (org, person, role)
) STRICT, WITHOUT ROWID;
CREATE INDEX awaited_person ON awaited(person);
CREATE INDEX invitations_used_by ON invitations(used_by);
-- Tokens end with the membership, and do not come back with the next one.
UPDATE tokens SET revoked = coalesce((SELECT max(m.ended) FROM memberships m WHERE m.org = tokens.org AND m.person = tokens.person), created)
WHERE revoked IS NULL AND NOT EXISTS (SELECT 1 FROM memberships m WHERE m.org = tokens.org AND m.person = tokens.person AND m.ended IS NULL);
