package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/ledger"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// orgBody is what the record of an organization says.
type orgBody struct {
	Created string `json:"created"`
	ID      string `json:"id"`
	Name    string `json:"name"`
	Zone    string `json:"zone"`
}

// CreateOrg adds an organization: its key, its ledger, and the record of it as the first leaf.
func (s *Store) CreateOrg(ctx context.Context, o record.Org) error {
	if _, err := id.ParseOrg(string(o.ID)); err != nil {
		return err
	}
	if _, err := civil.ParseZone(o.Zone); err != nil {
		return err
	}
	signer, err := s.conf.Keys.Signer(o.ID)
	if err != nil {
		return err
	}
	verifier, err := s.conf.Keys.Verifier(o.ID)
	if err != nil {
		return err
	}
	created := civil.InstantOf(s.clock())
	body, err := canonical(orgBody{Created: created.String(), ID: string(o.ID), Name: o.Name, Zone: o.Zone})
	if err != nil {
		return err
	}
	if err := s.acquire(ctx); err != nil {
		return err
	}
	defer s.release()
	for _, other := range []string{"id = ?1", "name = ?2"} {
		q, err := s.conn.prepare("SELECT 1 FROM organizations WHERE " + other + " AND ?1 IS NOT NULL AND ?2 IS NOT NULL")
		if err != nil {
			return err
		}
		found := false
		if err := q.text(string(o.ID)).text(o.Name).rows(func() error { found = true; return nil }); err != nil {
			return err
		}
		if found {
			return fault.Refuse("there is an organization %q already", o.Name).WithHint("choose another name, or work with the one that is there")
		}
	}
	state := &orgState{id: o.ID, tree: &ledger.Tree{}, signer: signer, verifier: verifier, tables: map[string]*table{}}
	err = s.transact(func() error {
		q, err := s.conn.prepare("INSERT INTO organizations (id, name, zone, created) VALUES (?, ?, ?, ?)")
		if err != nil {
			return err
		}
		if err := q.text(string(o.ID)).text(o.Name).text(o.Zone).int(int64(created)).run(); err != nil {
			return err
		}
		b := s.newBatch(state)
		d := record.Draft{Row: &register.Row{Register: record.Organizations, Key: string(o.ID), Body: body}}
		if _, err := b.add([]record.Draft{d}, "", b.next); err != nil {
			return err
		}
		_, err = s.seal(b)
		if err == nil {
			s.orgs[o.ID] = state
		}
		return err
	})
	if err != nil {
		delete(s.orgs, o.ID)
		return s.explain(err)
	}
	return s.anchorNow(context.WithoutCancel(ctx), o.ID)
}

// Orgs lists the organizations, by name.
func (s *Store) Orgs(ctx context.Context) ([]record.Org, error) {
	rows, err := s.reader.QueryContext(ctx, "SELECT id, name, zone, created FROM organizations ORDER BY name")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []record.Org
	for rows.Next() {
		var o record.Org
		if err := rows.Scan(&o.ID, &o.Name, &o.Zone, &o.Created); err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, rows.Err()
}

// loadOrgs reads the state of every ledger and holds it against the checkpoint outside.
func (s *Store) loadOrgs(ctx context.Context) error {
	orgs, err := s.Orgs(ctx)
	if err != nil {
		return err
	}
	var all []id.Org
	for _, o := range orgs {
		all = append(all, o.ID)
	}
	if s.lost, err = s.findLost(ctx, all); err != nil {
		return err
	}
	for i, org := range append(slices.Clone(s.lost), all...) {
		state, err := s.loadOrg(ctx, org)
		if i < len(s.lost) {
			err = s.differs(org, nil, "the database does not know this organization, although it holds records of it or its checkpoint is kept outside")
		}
		if err != nil {
			if !s.conf.Inspect || !errors.Is(err, fault.Integrity) && !errors.Is(err, fault.NotFound) {
				return err
			}
			state.fault = err
		}
		s.orgs[org] = state
	}
	return nil
}

// Lost lists the organizations that the database does not know, although it holds a ledger of
// theirs, or their checkpoint is kept outside. There are none unless somebody changed it.
func (s *Store) Lost() []id.Org { return slices.Clone(s.lost) }

func (s *Store) findLost(ctx context.Context, known []id.Org) ([]id.Org, error) {
	found, err := s.anchor.orgs()
	if err != nil {
		return nil, err
	}
	// Not over all records: their primary key starts with the organization, so each is found by a jump.
	rows, err := s.reader.QueryContext(ctx, `SELECT org FROM checkpoints UNION SELECT org FROM projections
		UNION SELECT org FROM (WITH RECURSIVE o(org) AS (SELECT min(org) FROM records UNION ALL SELECT (SELECT min(org) FROM records WHERE org > o.org) FROM o WHERE o.org IS NOT NULL)
			SELECT org FROM o WHERE org IS NOT NULL)`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var org id.Org
		if err := rows.Scan(&org); err != nil {
			return nil, err
		}
		found = append(found, org)
	}
	slices.Sort(found)
	return slices.DeleteFunc(slices.Compact(found), func(o id.Org) bool { return slices.Contains(known, o) }), rows.Err()
}

const restoredHint = "the database was put back to an earlier state or replaced: restore the newest copy; assay verify shows what differs. " +
	"Nothing is signed until then, because two histories under one key would prove nothing"

// loadOrg reads the right edge of the tree. With an error it answers what is known.
func (s *Store) loadOrg(ctx context.Context, org id.Org) (*orgState, error) {
	o := &orgState{id: org, tree: &ledger.Tree{}, tables: map[string]*table{}}
	var err error
	if o.verifier, err = s.conf.Keys.Verifier(org); err != nil {
		return o, err
	}
	if o.signer, err = s.conf.Keys.Signer(org); err != nil {
		return o, err
	}
	if err := s.loadTree(ctx, o); err != nil {
		return o, err
	}
	return o, s.compareAnchor(ctx, o)
}

// differs is the fault of a ledger that must not be signed.
func (s *Store) differs(org id.Org, err error, format string, args ...any) error {
	return &fault.Error{Kind: fault.Integrity, File: s.conf.Dir, What: string(org) + ": " + fmt.Sprintf(format, args...), Err: err, Hint: restoredHint}
}

func (s *Store) loadTree(ctx context.Context, o *orgState) error {
	last, err := s.Checkpoint(ctx, o.id)
	if errors.Is(err, fault.NotFound) {
		return s.differs(o.id, nil, "the ledger has no checkpoint, and each has one from its founding on")
	}
	if err != nil {
		return err
	}
	if o.tree, err = ledger.TreeAt(last.Size, s.tiles(ctx, o.id)); err != nil {
		o.tree = &ledger.Tree{}
		return s.differs(o.id, err, "the tree of the ledger cannot be read")
	}
	records, received, err := s.lastRecord(ctx, o.id)
	if err != nil {
		return err
	}
	o.received = received
	if _, err := ledger.OpenCheckpoint(last.Note, o.verifier); err != nil {
		return s.differs(o.id, err, "the last checkpoint of the ledger is not valid")
	}
	if records != last.Size || o.tree.Root() != last.Root {
		return s.differs(o.id, nil, "the ledger holds %d records and is not what its last checkpoint of %d records covers", records, last.Size)
	}
	return nil
}

// compareAnchor asks whether the ledger continues the checkpoint kept outside the database.
func (s *Store) compareAnchor(ctx context.Context, o *orgState) error {
	size := o.tree.Size()
	out, err := s.anchor.checkpoint(o.id, o.verifier)
	if err != nil {
		return err
	}
	s.anchored[o.id] = out.Size
	if out.Size > size {
		return s.differs(o.id, nil, "the database is older than the checkpoint kept outside it: %d records, %d there", size, out.Size)
	}
	if out.Size == 0 {
		return nil
	}
	root, err := s.rootAt(ctx, o.id, out.Size)
	if err != nil {
		return s.differs(o.id, err, "the tree of the ledger cannot be read")
	}
	if root != out.Root {
		return s.differs(o.id, nil, "the database holds another history than the checkpoint of %d records kept outside it", out.Size)
	}
	return nil
}
