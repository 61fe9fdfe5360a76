// Package sqlite runs rules over the projection that the SQLite store keeps, through a read-only
// handle that it is given.
package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"golang.org/x/sync/errgroup"

	enginesql "github.com/assayhq/assay/internal/engine/sql"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/rule"
)

// Engine opens sessions.
type Engine struct {
	db      *sql.DB
	schemas func(string) (*register.Schema, bool)
}

// New makes an engine over a handle that may read, and need not write, the store's database.
func New(db *sql.DB, schemas func(string) (*register.Schema, bool)) *Engine {
	return &Engine{db, schemas}
}

// Session runs tests for one organization as of one tree size. It is not for concurrent use.
type Session struct {
	e       *Engine
	org     string
	size    int64
	period  civil.Period
	days    civil.Holidays
	conns   []*sql.Conn
	persons map[string]string
	robots  map[string]bool // persons that are service identities and nothing else
	framed  *bool           // the calendar has been laid out; shared with sessions of earlier sizes
}

// Open starts a session: it resolves persons as known at the size and lays out the calendar for a
// period, whole or part of which tests may then be run for. Workers says how many connections
// large populations may use.
func (e *Engine) Open(ctx context.Context, org string, size int64, p civil.Period, h civil.Holidays, workers int) (*Session, error) {
	s := &Session{e: e, org: org, size: size, period: p, days: h, framed: new(bool)}
	for range workers {
		c, err := e.db.Conn(ctx)
		if err != nil {
			s.Close()
			return nil, fmt.Errorf("open a reading connection: %w", err)
		}
		s.conns = append(s.conns, c)
	}
	if err := s.resolve(ctx); err != nil {
		s.Close()
		return nil, err
	}
	for _, c := range s.conns {
		if err := s.layOut(ctx, c); err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

// Close drops the session's temporary tables and gives its connections back.
func (s *Session) Close() {
	for _, c := range s.conns {
		for _, t := range append(enginesql.FrameNames(), "persons", "want") {
			_, _ = c.ExecContext(context.WithoutCancel(context.Background()), "DROP TABLE IF EXISTS temp."+t)
		}
		for _, q := range []string{"PRAGMA query_only = 1", "PRAGMA cache_size = -4096", "PRAGMA shrink_memory"} { // what a run needs is not kept
			_, _ = c.ExecContext(context.Background(), q)
		}
		_ = c.Close()
	}
	s.conns = nil
}

func (s *Session) resolve(ctx context.Context) error {
	aliases, people := map[string]string{}, map[string][]string{}
	err := s.pairs(ctx, "aliases", "alias", "person_id", func(a, b string) { aliases[a] = b })
	if err != nil {
		return err
	}
	err = s.pairs(ctx, "people", "person_id", "email", func(a, b string) {
		people[a] = append(people[a], b)
	})
	if err != nil {
		return err
	}
	for p, list := range people {
		slices.Sort(list)
		people[p] = slices.Compact(slices.DeleteFunc(list, func(a string) bool { return a == "" }))
	}
	s.persons = rule.Persons(aliases, people)
	robots, others := map[string]bool{}, map[string]bool{}
	err = s.pairs(ctx, "people", "person_id", "kind", func(a, kind string) {
		if kind == "service" {
			robots[s.persons[a]] = true
		} else {
			others[s.persons[a]] = true
		}
	})
	for p := range others {
		delete(robots, p)
	}
	s.robots = robots
	return err
}

// Robots are the persons that are service identities and nothing else, as printed queries name them.
func (s *Session) Robots() map[string]bool { return s.robots }

func (s *Session) pairs(ctx context.Context, reg, a, b string, f func(a, b string)) error {
	schema, ok := s.e.schemas(reg)
	if !ok {
		return fmt.Errorf("the register %s is not declared", reg)
	}
	rows, err := s.conns[0].QueryContext(ctx, fmt.Sprintf(`SELECT %q, %q FROM %q WHERE _org = ? AND _idx < ? AND _until >= ?`, a, b, schema.Table()), s.org, s.size, s.size)
	if err != nil {
		return fmt.Errorf("read %s: %w", reg, err)
	}
	defer rows.Close()
	for rows.Next() {
		var x, y sql.NullString
		if err := rows.Scan(&x, &y); err != nil {
			return fmt.Errorf("read %s: %w", reg, err)
		}
		if x.Valid {
			f(x.String, y.String)
		}
	}
	return rows.Err()
}

// Relations lists what printed queries read besides registers.
func (s *Session) Relations() []assure.Relation {
	return append(enginesql.Frame(s.period, s.days), s.personsRelation())
}

func (s *Session) personsRelation() assure.Relation {
	sorted := func(yield func(string, string) bool) {
		for _, k := range slices.Sorted(maps.Keys(s.persons)) {
			if !yield(k, s.persons[k]) {
				return
			}
		}
	}
	return enginesql.PersonsRelation(sorted)
}

var indexes = []string{
	"CREATE INDEX temp.persons_person ON persons (person, login)",
	"CREATE TEMP TABLE want (k TEXT PRIMARY KEY) WITHOUT ROWID",
}

var frameIndexes = []string{
	"CREATE UNIQUE INDEX temp.calendar_day ON calendar (day)",
	"CREATE INDEX temp.calendar_start ON calendar (starts_at, day)",
	"CREATE INDEX temp.calendar_month ON calendar (month_no, dom)",
	"CREATE INDEX temp.calendar_business ON calendar (business_no)",
}

// frame lays out the calendar on every connection, before the first plan that needs it.
func (s *Session) frame(ctx context.Context, plan *rule.Plan) error {
	if *s.framed || !enginesql.NeedsFrame(plan) {
		return nil
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, c := range s.conns {
		g.Go(func() error { return fill(ctx, c, enginesql.Frame(s.period, s.days), frameIndexes) })
	}
	err := g.Wait()
	*s.framed = err == nil
	return err
}

func fill(ctx context.Context, c *sql.Conn, relations []assure.Relation, indexes []string) error {
	for _, r := range relations {
		if err := create(ctx, c, r); err != nil {
			return fmt.Errorf("lay out %s: %w", r.Name, err)
		}
	}
	for _, q := range indexes {
		if _, err := c.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("prepare a session: %w", err)
		}
	}
	return nil
}

func (s *Session) layOut(ctx context.Context, c *sql.Conn) error {
	setup := []string{"PRAGMA query_only = 0", "PRAGMA temp_store = FILE", "PRAGMA cache_size = -32768"}
	for _, q := range setup {
		if _, err := c.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("prepare a session: %w", err)
		}
	}
	return fill(ctx, c, []assure.Relation{s.personsRelation()}, indexes)
}

// create fills a temporary table, many rows a statement.
func create(ctx context.Context, c *sql.Conn, r assure.Relation) error {
	var cols []string
	for _, col := range r.Columns {
		t := " INTEGER"
		if !col.Integer {
			t = " TEXT"
		}
		cols = append(cols, `"`+col.Name+`"`+t)
	}
	if r.Name == "persons" {
		cols[0] += " PRIMARY KEY"
	}
	tail := ")"
	if r.Name == "persons" {
		tail = ") WITHOUT ROWID"
	}
	if _, err := c.ExecContext(ctx, "CREATE TEMP TABLE "+r.Name+" ("+strings.Join(cols, ", ")+tail); err != nil {
		return err
	}
	const batch = 500
	one := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(r.Columns)), ", ") + ")"
	many, err := c.PrepareContext(ctx, "INSERT INTO temp."+r.Name+" VALUES "+strings.TrimSuffix(strings.Repeat(one+", ", batch), ", "))
	if err != nil {
		return err
	}
	defer many.Close()
	var args []any
	for row, err := range r.Rows {
		if err != nil {
			return err
		}
		if args = append(args, row...); len(args) == batch*len(r.Columns) {
			if _, err := many.ExecContext(ctx, args...); err != nil {
				return err
			}
			args = args[:0]
		}
	}
	if len(args) == 0 {
		return nil
	}
	n := len(args) / len(r.Columns)
	_, err = c.ExecContext(ctx, "INSERT INTO temp."+r.Name+" VALUES "+strings.TrimSuffix(strings.Repeat(one+", ", n), ", "), args...)
	return err
}

// Register streams the rows of a register as known, for export: its fields, then its key,
// version, whether it was erased, and its index in the ledger.
func (s *Session) Register(ctx context.Context, name string) (assure.Relation, error) {
	schema, ok := s.e.schemas(name)
	if !ok {
		return assure.Relation{}, fmt.Errorf("the register %s is not declared", name)
	}
	r := assure.Relation{Name: name, Lookups: schema.Indexes()}
	if len(schema.Key) == 1 { // which the store finds by its own column
		r.Lookups = append(r.Lookups, schema.Key)
	}
	var cols []string
	for _, f := range schema.Fields {
		r.Columns = append(r.Columns, assure.Column{Name: f.Name, Integer: f.Type != register.Text})
		cols = append(cols, `"`+f.Name+`"`)
	}
	r.Columns = append(r.Columns, assure.Column{Name: "_key"}, assure.Column{Name: "_version", Integer: true},
		assure.Column{Name: "_erased", Integer: true}, assure.Column{Name: "_idx", Integer: true})
	q := fmt.Sprintf(`SELECT %s, _key, _version, _erased, _idx FROM %q WHERE _org = ? AND _idx < ? AND _until >= ? ORDER BY _key`, strings.Join(cols, ", "), schema.Table())
	r.Rows = s.stream(ctx, q, len(r.Columns))
	return r, nil
}

func (s *Session) stream(ctx context.Context, query string, width int) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		rows, err := s.conns[0].QueryContext(ctx, query, s.org, s.size, s.size)
		if err != nil {
			yield(nil, err)
			return
		}
		defer rows.Close()
		row, dest := make([]any, width), make([]any, width)
		for i := range row {
			dest[i] = &row[i]
		}
		for rows.Next() {
			if err := rows.Scan(dest...); err != nil {
				yield(nil, err)
				return
			}
			if !yield(row, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, err)
		}
	}
}

// Column hands every known value of one field of a register to each; erased records are left out.
func (e *Engine) Column(ctx context.Context, org string, s *register.Schema, field string, size int64, each func(any) error) error {
	if _, ok := s.Field(field); !ok {
		return fmt.Errorf("the register %s has no field %s", s.Name, field)
	}
	rows, err := e.db.QueryContext(ctx, fmt.Sprintf(`SELECT %q FROM %q WHERE _org = ? AND _idx < ? AND _until >= ? AND COALESCE(_erased, 0) = 0`, field, s.Table()), org, size, size)
	if err != nil {
		return fmt.Errorf("read %s of %s: %w", field, s.Name, err)
	}
	defer rows.Close()
	for rows.Next() {
		var v any
		if err := rows.Scan(&v); err != nil {
			return fmt.Errorf("read %s of %s: %w", field, s.Name, err)
		}
		if err := each(v); err != nil {
			return err
		}
	}
	return rows.Err()
}
