-- Organizations, their ledgers and the links between two of them. The organization stands in
-- every key and every foreign key; only a link names two.

CREATE TABLE organizations (
    id      TEXT PRIMARY KEY,
    name    TEXT NOT NULL UNIQUE,
    zone    TEXT NOT NULL,
    created INTEGER NOT NULL
) WITHOUT ROWID;

-- One row per leaf, in the order of the ledger. The commitment is what the leaf holds; it
-- follows from salt and bytes, which an erasure takes away.
--
-- Foreign keys are deferred here: an immediate one makes SQLite keep an undo journal for
-- every INSERT of several rows.
CREATE TABLE records (
    org        TEXT NOT NULL REFERENCES organizations (id) DEFERRABLE INITIALLY DEFERRED,
    idx        INTEGER NOT NULL,
    received   INTEGER NOT NULL,
    salt       BLOB,
    bytes      BLOB,
    commitment BLOB NOT NULL,
    PRIMARY KEY (org, idx)
);

-- The tree above the leaves, in tiles of 256 hashes (C2SP tlog-tiles) from level 1 on; the last
-- tile of a level may be shorter. The tiles of level 0 are the commitments of the records.
CREATE TABLE tiles (
    org    TEXT NOT NULL REFERENCES organizations (id) DEFERRABLE INITIALLY DEFERRED,
    level  INTEGER NOT NULL,
    n      INTEGER NOT NULL,
    hashes BLOB NOT NULL,
    PRIMARY KEY (org, level, n)
);

-- One signed checkpoint per transaction.
CREATE TABLE checkpoints (
    org  TEXT NOT NULL REFERENCES organizations (id) DEFERRABLE INITIALLY DEFERRED,
    size INTEGER NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (org, size)
) WITHOUT ROWID;

-- The other party of a link may live in another installation, so only the organization whose
-- link it is has a foreign key.
CREATE TABLE links (
    org        TEXT NOT NULL REFERENCES organizations (id),
    id         TEXT NOT NULL,
    firm       TEXT NOT NULL,
    client     TEXT NOT NULL,
    kind       TEXT NOT NULL,
    checkpoint TEXT NOT NULL,
    scope      TEXT NOT NULL,
    created    INTEGER NOT NULL,
    PRIMARY KEY (org, id),
    CHECK (org IN (firm, client) AND firm <> client)
) WITHOUT ROWID;

-- Which table holds the projection of a register: one per layout of columns.
CREATE TABLE projections (
    org      TEXT NOT NULL REFERENCES organizations (id),
    register TEXT NOT NULL,
    name     TEXT NOT NULL,
    PRIMARY KEY (org, register)
) WITHOUT ROWID;
