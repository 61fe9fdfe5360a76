package accounts_test

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/store/accounts"
)

// TestProvenFromBefore: a file of the version before is brought up, with what is known of addresses and of tokens whose membership ended.
func TestProvenFromBefore(t *testing.T) {
	t.Parallel()
	path, ctx := filepath.Join(t.TempDir(), "accounts.db"), t.Context()
	clock := func() time.Time { return time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC) }
	s, err := accounts.Open(ctx, path, clock)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for _, q := range []string{
		"DROP TABLE attempts", "DROP INDEX invitations_used_by", "DROP TABLE awaited", "ALTER TABLE people DROP COLUMN proven", "PRAGMA user_version = 4",
		"INSERT INTO people (id, email, name, lang, theme, zone, created) VALUES ('first', 'a', '', '', '', '', 1), ('invited', 'b', '', '', '', '', 2), ('back', 'c', '', '', '', '', 3), ('linked', 'd', '', '', '', '', 4)",
		"INSERT INTO links (hash, kind, person, created, expires, used) VALUES (x'01', 'set-up', '', 1, 2, 1), (x'02', 'recovery', 'back', 1, 2, 1), (x'03', 'recovery', 'linked', 1, 2, 1), (x'04', 'recovery', 'invited', 1, 2, NULL)",
		"INSERT INTO externals (issuer, subject, person, created) VALUES ('i', 's', 'linked', 1)",
		"INSERT INTO memberships (org, person, role, by, granted, ended) VALUES ('o', 'first', 'lead', '', 1, NULL), ('o', 'invited', 'lead', '', 1, 7)",
		"INSERT INTO tokens (id, hash, name, org, person, scopes, created, expires) VALUES ('lives', x'', '', 'o', 'first', '', 1, 9), ('ended', x'', '', 'o', 'invited', '', 1, 9)",
	} {
		if _, err := db.ExecContext(ctx, q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	if s, err = accounts.Open(ctx, path, clock); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	got := map[string]int64{}
	rows, err := db.QueryContext(ctx, "SELECT id, coalesce(proven, 0) FROM people UNION ALL SELECT id, coalesce(revoked, 0) FROM tokens")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var at int64
		if err := rows.Scan(&name, &at); err != nil {
			t.Fatal(err)
		}
		got[name] = at
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	want := map[string]int64{"first": 1, "invited": 0, "back": 3, "linked": 0, "lives": 0, "ended": 7}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("proven and revoked after the migration (-want +got):\n%s", diff)
	}
}
