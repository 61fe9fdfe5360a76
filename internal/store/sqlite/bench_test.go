package sqlite

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// The benchmarks compare with a plain application on the same machine in the same run: it
// inserts the same bytes (the canonical records) into a table with a unique key and a body,
// with a prepared statement, through the same SQLite, with WAL and synchronous=FULL, a
// transaction per thousand rows. Both sides alternate, so that a slow moment of the machine
// meets both. Assay's side is an import as it happens: one pull, one transaction, with the
// pull's record, the checkpoint and its copy outside the database.

var benchSchema = &register.Schema{Name: "changes", Key: []string{"change_id"}, Fields: []register.Field{
	{Name: "change_id", Type: register.Text}, {Name: "repository", Type: register.Text}, {Name: "system", Type: register.Text, Ref: "systems"},
	{Name: "environment", Type: register.Text}, {Name: "author", Type: register.Text}, {Name: "last_committer", Type: register.Text},
	{Name: "merged_by", Type: register.Text}, {Name: "head_commit", Type: register.Text}, {Name: "merged_at", Type: register.Instant},
	{Name: "deployed_at", Type: register.Instant}, {Name: "ci_status", Type: register.Text}, {Name: "ticket", Type: register.Text},
	{Name: "emergency", Type: register.Bool}, {Name: "incident_id", Type: register.Text, Ref: "incidents"}, {Name: "title", Type: register.Text},
}}

func benchDrafts(n int, key func(int) string) []record.Draft {
	out := make([]record.Draft, n)
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range out {
		k := key(i)
		at := civil.InstantOf(start.Add(time.Duration(i) * 37 * time.Second))
		commit := fmt.Sprintf("%x", sha256.Sum256([]byte(k)))[:40]
		body := fmt.Sprintf(`{"author":"dev%d@example.com","change_id":%q,"ci_status":"passed","deployed_at":%q,"emergency":false,"environment":"production","head_commit":%q,"last_committer":"dev%d@example.com","merged_at":%q,"merged_by":"dev%d@example.com","repository":"payments","system":"payments-api","ticket":"PAY-%d","title":"Change number %d of the payments service"}`,
			i%40, k, at, commit, i%40, at, i%31, i, i)
		out[i] = record.Draft{Source: "github", Row: &register.Row{
			Register: "changes", Key: k, Event: &at, Body: []byte(body), Line: i + 1,
			Columns: []any{k, "payments", "payments-api", "production", fmt.Sprintf("dev%d@example.com", i%40), fmt.Sprintf("dev%d@example.com", i%40),
				fmt.Sprintf("dev%d@example.com", i%31), commit, int64(at), int64(at), "passed", fmt.Sprintf("PAY-%d", i), int64(0), nil, fmt.Sprintf("Change number %d of the payments service", i)},
		}}
	}
	return out
}

func sequential(i int) string { return fmt.Sprintf("change-%07d", i) }
func scattered(i int) string {
	return fmt.Sprintf("%x", sha256.Sum256(fmt.Append(nil, i)))[:16]
}

type benchStore struct {
	*Store
	org id.Org
}

func newBenchStore(b *testing.B) benchStore {
	dir := b.TempDir()
	s, err := Open(b.Context(), Config{Dir: dir, Clock: time.Now, Random: rand.Reader, Keys: NewKeys(filepath.Join(dir, "keys"), rand.Reader)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	org, err := id.NewOrg(time.Now(), rand.Reader)
	if err == nil {
		err = s.CreateOrg(b.Context(), record.Org{ID: org, Name: "Bench", Zone: "UTC"})
	}
	if err == nil {
		err = s.Ensure(b.Context(), org, benchSchema, nil)
	}
	if err != nil {
		b.Fatal(err)
	}
	return benchStore{s, org}
}

func (s benchStore) importAll(b *testing.B, drafts []record.Draft) time.Duration {
	start := time.Now()
	p, err := id.NewPull(start, rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	w, err := s.OpenPull(b.Context(), s.org, p)
	if err != nil {
		b.Fatal(err)
	}
	for len(drafts) > 0 {
		n := min(len(drafts), 500)
		if _, err := w.Add(b.Context(), drafts[:n]); err != nil {
			b.Fatal(err)
		}
		drafts = drafts[n:]
	}
	if _, err := w.Commit(b.Context(), record.Pull{Register: "changes"}); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}

// plainRows inserts rows as an application without a ledger does.
func plainRows(b *testing.B, drafts []record.Draft, batch int) time.Duration {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(b.TempDir(), "plain.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("CREATE TABLE rows (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, body BLOB NOT NULL)"); err != nil {
		b.Fatal(err)
	}
	bodies := make([][]byte, len(drafts))
	for i, d := range drafts {
		r := record.Record{Register: d.Row.Register, Key: d.Row.Key, Version: 1, Source: d.Source, Pull: "pull_06h09pd5ny5vscaczx7vepxb40", Event: d.Row.Event, Received: *d.Row.Event, Body: d.Row.Body}
		bodies[i] = r.Append(nil)
	}
	start := time.Now()
	for i := 0; i < len(drafts); i += batch {
		tx, err := db.Begin()
		if err != nil {
			b.Fatal(err)
		}
		st, err := tx.Prepare("INSERT INTO rows (key, body) VALUES (?, ?)")
		if err != nil {
			b.Fatal(err)
		}
		for j := i; j < min(i+batch, len(drafts)); j++ {
			if _, err := st.Exec(drafts[j].Row.Key, bodies[j]); err != nil {
				b.Fatal(err)
			}
		}
		if err := tx.Commit(); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(start)
}

// BenchmarkImport reports how many records a second an import writes, as a ratio to the rows
// a second of the plain application; the house asks for 0.8.
func BenchmarkImport(b *testing.B) {
	const rows = 100_000
	for _, c := range []struct {
		name string
		key  func(int) string
	}{{"keys in order", sequential}, {"scattered keys", scattered}} {
		b.Run(c.name, func(b *testing.B) {
			drafts := benchDrafts(rows, c.key)
			var plain, ours time.Duration
			for b.Loop() {
				plain += plainRows(b, drafts, 1000)
				s := newBenchStore(b)
				ours += s.importAll(b, drafts)
				s.Close()
			}
			n := float64(rows * b.N)
			b.ReportMetric(n/plain.Seconds(), "plain-rows/s")
			b.ReportMetric(n/ours.Seconds(), "records/s")
			b.ReportMetric(plain.Seconds()/ours.Seconds(), "ratio")
		})
	}
}

// BenchmarkPulls imports the same in pulls of 1,000, each sealed and kept outside by itself.
func BenchmarkPulls(b *testing.B) {
	const rows = 20_000
	drafts := benchDrafts(rows, sequential)
	var plain, ours time.Duration
	for b.Loop() {
		plain += plainRows(b, drafts, 1000)
		s := newBenchStore(b)
		for i := 0; i < rows; i += 1000 {
			ours += s.importAll(b, drafts[i:i+1000])
		}
		s.Close()
	}
	b.ReportMetric(plain.Seconds()/ours.Seconds(), "ratio")
}

// BenchmarkAppend reports the rate of 64 concurrent writers of one record each, as a ratio to
// one writer alone (a transaction each; the house asks for 2) and to batches of 1,000 (0.6).
// All three write to the same store, which has run for a while: a new write-ahead log that
// still grows would slow down the first. Keys come in order of time on all sides.
func BenchmarkAppend(b *testing.B) {
	const writers, alone, each, batch = 64, 60, 100, 1000
	s := newBenchStore(b)
	s.importAll(b, benchDrafts(20_000, func(i int) string { return fmt.Sprintf("before-%07d", i) }))
	var one, grouped, batched time.Duration
	groups, round := 0, 0
	for b.Loop() {
		round++
		drafts := benchDrafts(alone+writers*each+10*batch, func(i int) string { return fmt.Sprintf("round-%04d-%07d", round, i) })
		start := time.Now()
		for i := range alone {
			appendOne(b, s, drafts[i:i+1])
		}
		one += time.Since(start)

		drafts = drafts[alone:]
		before := s.checkpoints(b)
		start = time.Now()
		var all sync.WaitGroup
		var next atomic.Int64
		for range writers {
			all.Go(func() {
				for range each {
					i := next.Add(1) - 1
					appendOne(b, s, drafts[i:i+1])
				}
			})
		}
		all.Wait()
		grouped += time.Since(start)
		groups += s.checkpoints(b) - before

		drafts = drafts[writers*each:]
		start = time.Now()
		for i := 0; i < len(drafts); i += batch {
			appendOne(b, s, drafts[i:i+batch])
		}
		batched += time.Since(start)
	}
	n := float64(b.N)
	a, g, t := n*alone/one.Seconds(), n*writers*each/grouped.Seconds(), n*10*batch/batched.Seconds()
	b.ReportMetric(a, "alone/s")
	b.ReportMetric(g, "grouped/s")
	b.ReportMetric(t, "batched/s")
	b.ReportMetric(n*writers*each/float64(groups), "records/group")
	b.ReportMetric(g/a, "x-alone")
	b.ReportMetric(g/t, "x-batched")
}

func (s benchStore) checkpoints(b *testing.B) int {
	c, err := s.Checkpoints(b.Context(), s.org)
	if err != nil {
		b.Fatal(err)
	}
	return len(c)
}

func appendOne(b *testing.B, s benchStore, drafts []record.Draft) {
	if _, err := s.Append(context.Background(), s.org, "", drafts); err != nil {
		b.Error(err)
	}
}
