package sqlite

import (
	"context"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
)

// CreateLink keeps a link between two organizations.
func (s *Store) CreateLink(ctx context.Context, l record.Link) error {
	if l.Firm == l.Client || l.Org != l.Firm && l.Org != l.Client {
		return fault.Refuse("a link is between two organizations, of which the one whose link it is is one")
	}
	if err := s.acquire(ctx); err != nil {
		return err
	}
	defer s.release()
	if _, err := s.state(l.Org); err != nil {
		return err
	}
	return s.transact(func() error {
		q, err := s.conn.prepare(`INSERT INTO links (org, id, firm, client, kind, checkpoint, scope, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`)
		if err != nil {
			return err
		}
		return q.text(string(l.Org)).text(string(l.ID)).text(string(l.Firm)).text(string(l.Client)).text(l.Kind).
			text(l.Checkpoint).text(l.Scope).int(int64(l.Created)).run()
	})
}

// Links lists the links of an organization, oldest first.
func (s *Store) Links(ctx context.Context, org id.Org) ([]record.Link, error) {
	rows, err := s.reader.QueryContext(ctx, `SELECT id, org, firm, client, kind, checkpoint, scope, created FROM links WHERE org = ? ORDER BY id`, string(org))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []record.Link
	for rows.Next() {
		var l record.Link
		if err := rows.Scan(&l.ID, &l.Org, &l.Firm, &l.Client, &l.Kind, &l.Checkpoint, &l.Scope, &l.Created); err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, rows.Err()
}
