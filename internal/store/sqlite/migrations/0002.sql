-- What somebody outside says of a signed checkpoint: a time stamp (RFC 3161) or the cosignature
-- of a witness (C2SP tlog-cosignature). The note is the checkpoint as it was shown to them.
CREATE TABLE attestations (
    org    TEXT NOT NULL,
    size   INTEGER NOT NULL,
    kind   TEXT NOT NULL,
    by     TEXT NOT NULL,
    at     INTEGER NOT NULL,
    note   TEXT NOT NULL,
    proof  BLOB NOT NULL,
    PRIMARY KEY (org, size, kind, by),
    FOREIGN KEY (org, size) REFERENCES checkpoints (org, size)
) WITHOUT ROWID;
