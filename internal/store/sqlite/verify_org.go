package sqlite

import (
	"path/filepath"
	"slices"
	"time"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/record"
)

// orgRow is the row of an organization, and whether the record of its founding was met.
type orgRow struct {
	there      bool
	name, zone string
	created    civil.Instant
	founded    bool
}

// readOrg reads the row of the organization, and names those that the database lost.
func (v *verifier) readOrg() error {
	q, err := v.c.prepare("SELECT name, zone, created FROM organizations WHERE id = ?")
	if err != nil {
		return err
	}
	err = q.text(string(v.o.id)).rows(func() error {
		v.org = orgRow{there: true, name: q.colText(0), zone: q.colText(1), created: civil.Instant(q.colInt(2))}
		return nil
	})
	if err != nil {
		return err
	}
	if v.o.verifier == nil {
		v.defect(record.BadSeal, -1, "", "the signing key of the organization is missing: no checkpoint could be checked")
	}
	for _, org := range v.s.lost {
		v.defect(record.Deleted, -1, record.Name(record.Organizations, string(org), 1), "the row of the organization was deleted or renumbered: its ledger is here, or its checkpoint is kept outside")
	}
	return nil
}

// owes notes the checkpoint that must follow a record: one of these is the last of its transaction,
// and each transaction ends with a checkpoint. The first record is also held against the row of the
// organization.
func (v *verifier) owes(index int64, r record.Record) {
	switch r.Register {
	case record.Organizations:
		if index == 0 {
			v.founding(r)
		}
	case record.Pulls, record.Packages, record.Erasures:
	default:
		return
	}
	v.owed = r.Name()
}

func (v *verifier) founding(r record.Record) {
	v.org.founded = true
	var b orgBody
	if err := unmarshal(r.Body, &b); err != nil {
		return // the leaf will not match
	}
	if b.ID != string(v.o.id) || r.Key != b.ID {
		v.defect(record.Altered, 0, r.Name(), "the first record is of the organization %s, the row of %s", b.ID, v.o.id)
	}
	if !v.org.there {
		return // it is among the lost
	}
	if b.Created == "" && v.org.created <= r.Received && r.Received-v.org.created < civil.Instant(time.Minute/time.Microsecond) {
		b.Created = v.org.created.String() // founded before the record said when: it was received right after
	}
	for _, c := range []struct{ what, row, sealed string }{
		{"name", v.org.name, b.Name}, {"zone", v.org.zone, b.Zone}, {"founding", v.org.created.String(), b.Created},
	} {
		if c.row != c.sealed {
			v.defect(record.Altered, 0, r.Name(), "the organization's %s is %q in its row, and was sealed as %q", c.what, c.row, c.sealed)
		}
	}
}

// founded reports an organization without the record of its founding.
func (v *verifier) founded() {
	if !v.org.founded && !slices.ContainsFunc(v.out.Defects, func(d record.Defect) bool { return d.Index == 0 }) {
		v.defect(record.Deleted, 0, record.Name(record.Organizations, string(v.o.id), 1), "the ledger does not start with the record of the organization's founding")
	}
}

// outsideThere reports what should be kept outside the database and is not. A checkpoint is kept
// there with the founding, and again after each transaction; so only a ledger whose founding was cut
// short may have none.
func (v *verifier) outsideThere() {
	if v.o.verifier == nil || v.anchorBad {
		return // told already
	}
	folder := v.s.anchor.folder(v.o.id)
	switch {
	case v.anchor.Size == 0 && v.out.Size > 1:
		v.defect(record.RolledBack, -1, "", "the checkpoint kept outside the database is missing: expected %s; without it nobody can tell whether records were cut off the end", filepath.Join(folder, "checkpoint"))
	case v.anchor.Size > 0 && v.anchor.Size <= v.last.Size && v.outside.Size() < v.anchor.Size:
		if now, err := v.s.anchor.checkpoint(v.o.id, v.o.verifier); err == nil && now.Size != v.anchor.Size {
			return // it grew meanwhile, and narrower tiles went
		}
		v.defect(record.Tile, -1, "", "the tree kept outside the database is not whole: expected the leaves of %d records in %s", v.anchor.Size, filepath.Join(folder, "tile", "0"))
	}
}
