package accounts

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
)

const listedColumns = "id, org, person, external, user_name, email, given, family, formatted, display, active, own, created, changed, ended"

func scanListed(r scanner) (access.Listed, error) {
	var x access.Listed
	err := r.Scan(&x.ID, &x.Org, &x.Person, &x.External, &x.UserName, &x.Email, &x.Given, &x.Family, &x.Formatted, &x.Display, &x.Active, &x.Own,
		at{&x.Created}, at{&x.Changed}, maybe{&x.Ended})
	return x, err
}

// The fields of a condition, with their columns; no other text of a condition becomes part of a statement.
var (
	listedFields = map[string]string{"id": "id", "external": "external", "name": "name_key", "email": "email", "display": "display_key",
		"active": "active", "created": "created", "changed": "changed"}
	groupFields = map[string]string{"id": "id", "external": "external", "display": "display_key", "created": "created", "changed": "changed", "member": "member"}
)

// comparisons are statements over a column, written %s, and one value.
var comparisons = map[string]string{"eq": "%s = ?", "ne": "%s <> ?", "gt": "%s > ?", "ge": "%s >= ?", "lt": "%s < ?", "le": "%s <= ?", "co": "instr(%s, ?) > 0"}

// condition writes a condition as SQL with its values apart.
func condition(w access.Where, fields map[string]string) (text string, args []any, err error) {
	switch w.Op {
	case "true":
		return "1", nil, nil
	case "false":
		return "0", nil, nil
	case "not":
		if len(w.Parts) != 1 {
			return "", nil, fault.Refuse("a condition with not has %d parts, expected 1", len(w.Parts))
		}
		text, args, err = condition(w.Parts[0], fields)
		return "NOT (" + text + ")", args, err
	case "and", "or":
		var parts []string
		for _, p := range w.Parts {
			t, a, err := condition(p, fields)
			if err != nil {
				return "", nil, err
			}
			parts, args = append(parts, t), append(args, a...)
		}
		if len(parts) == 0 {
			return "", nil, fault.Refuse("a condition with %s has no parts", w.Op)
		}
		return "(" + strings.Join(parts, " "+strings.ToUpper(w.Op)+" ") + ")", args, nil
	}
	return comparison(w, fields)
}

func comparison(w access.Where, fields map[string]string) (string, []any, error) {
	column, ok := fields[w.Field]
	if !ok {
		return "", nil, fault.Refuse("no field of a directory is named %q", w.Field)
	}
	v := w.Value
	if t, ok := v.(time.Time); ok {
		v = micro(t)
	}
	switch {
	case column == "member" && w.Op == "eq":
		return "EXISTS (SELECT 1 FROM listed_members m WHERE m.grp = listed_groups.id AND m.entry = ?)", []any{v}, nil
	case column == "member":
		return "", nil, fault.Refuse("members are compared by eq only")
	case w.Op == "pr":
		return column + " <> ''", nil, nil
	case w.Op == "sw":
		return "substr(" + column + ", 1, length(?)) = ?", []any{v, v}, nil
	case w.Op == "ew":
		return "(length(" + column + ") >= length(?) AND substr(" + column + ", length(" + column + ") - length(?) + 1) = ?)", []any{v, v, v}, nil
	}
	text, ok := comparisons[w.Op]
	if !ok {
		return "", nil, fault.Refuse("no comparison is named %q", w.Op)
	}
	return fmt.Sprintf(text, column), []any{v}, nil
}

// page reads a page of what a condition holds for, in the order of making, and how many there are in all.
func page[T any](ctx context.Context, db *sql.DB, scan func(scanner) (T, error), table, columns string, fields map[string]string, org id.Org, w *access.Where, start, count int) ([]T, int, error) {
	where, args := " FROM "+table+" WHERE org = ? AND ended IS NULL", []any{org}
	if w != nil {
		text, more, err := condition(*w, fields)
		if err != nil {
			return nil, 0, err
		}
		where, args = where+" AND "+text, append(args, more...)
	}
	var total int
	if err := db.QueryRowContext(ctx, "SELECT count(*)"+where, args...).Scan(&total); err != nil {
		return nil, 0, err
	}
	if count <= 0 || start > total {
		return nil, total, nil
	}
	out, err := list(ctx, db, scan, "SELECT "+columns+where+" ORDER BY nr LIMIT ? OFFSET ?", append(args, count, start-1)...)
	return out, total, err
}

// Listed gives a page of an organization's directory, from the start-th entry (from 1) of those that the condition holds for, and how
// many these are. No condition: all.
func (s *Store) Listed(ctx context.Context, org id.Org, w *access.Where, start, count int) ([]access.Listed, int, error) {
	return page(ctx, s.read, scanListed, "listed", listedColumns, listedFields, org, w, start, count)
}

// ListedOf gives the entries with these identifiers, as far as the organization's directory has them.
func (s *Store) ListedOf(ctx context.Context, org id.Org, ids []string) ([]access.Listed, error) {
	var out []access.Listed
	for part := range slices.Chunk(ids, 500) {
		more, err := list(ctx, s.read, scanListed, "SELECT "+listedColumns+" FROM listed WHERE org = ? AND ended IS NULL AND id IN ("+marks(part)+") ORDER BY nr", append([]any{org}, anys(part)...)...)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}

func marks(list []string) string { return strings.TrimSuffix(strings.Repeat("?,", len(list)), ",") }

func anys(list []string) []any {
	out := make([]any, len(list))
	for i, x := range list {
		out[i] = x
	}
	return out
}

// SaveListed keeps an entry, new or changed. One that ends leaves its groups. A user name, person or external identifier that another
// entry has is refused.
func (s *Store) SaveListed(ctx context.Context, x access.Listed) error {
	return s.tx(ctx, func(t *sql.Tx) error {
		err := exec(ctx, t, `INSERT INTO listed (id, org, person, external, user_name, name_key, email, given, family, formatted, display, display_key, active, own, created, changed, ended)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET org = excluded.org, person = excluded.person, external = excluded.external, user_name = excluded.user_name, name_key = excluded.name_key,
			email = excluded.email, given = excluded.given, family = excluded.family, formatted = excluded.formatted, display = excluded.display, display_key = excluded.display_key,
			active = excluded.active, own = excluded.own, changed = excluded.changed, ended = excluded.ended`,
			x.ID, x.Org, x.Person, x.External, x.UserName, strings.ToLower(x.UserName), x.Email, x.Given, x.Family, x.Formatted, x.Display, strings.ToLower(x.Display),
			x.Active, x.Own, micro(x.Created), micro(x.Changed), microOf(x.Ended))
		if err != nil {
			return taken(err, "the directory lists this user name, address or external identifier already")
		}
		if x.Ended != nil {
			return exec(ctx, t, "DELETE FROM listed_members WHERE entry = ?", x.ID)
		}
		return nil
	})
}

// ListedElsewhere reports whether another organization's directory lists the person.
func (s *Store) ListedElsewhere(ctx context.Context, org id.Org, person id.Person) (bool, error) {
	var any bool
	err := s.read.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM listed WHERE person = ? AND org <> ? AND ended IS NULL)", person, org).Scan(&any)
	return any, err
}

const groupColumns = "id, org, display, external, created, changed, ended"

func scanGroup(r scanner) (access.ListedGroup, error) {
	var g access.ListedGroup
	return g, r.Scan(&g.ID, &g.Org, &g.Name, &g.External, at{&g.Created}, at{&g.Changed}, maybe{&g.Ended})
}

// ListedGroups gives a page of the groups of an organization's directory, without their members.
func (s *Store) ListedGroups(ctx context.Context, org id.Org, w *access.Where, start, count int) ([]access.ListedGroup, int, error) {
	return page(ctx, s.read, scanGroup, "listed_groups", groupColumns, groupFields, org, w, start, count)
}

// ListedGroup finds a group with its members, or fault.NotFound.
func (s *Store) ListedGroup(ctx context.Context, org id.Org, group string) (access.ListedGroup, error) {
	g, err := scanGroup(s.read.QueryRowContext(ctx, "SELECT "+groupColumns+" FROM listed_groups WHERE org = ? AND id = ? AND ended IS NULL", org, group))
	if err != nil {
		return g, missing(err)
	}
	g.Members, err = list(ctx, s.read, func(r scanner) (string, error) {
		var x string
		return x, r.Scan(&x)
	}, "SELECT entry FROM listed_members WHERE grp = ? ORDER BY entry", group)
	return g, err
}

// SaveListedGroup keeps a group, new or changed, with exactly these members, all of them entries of the same directory. One that ends
// has none.
func (s *Store) SaveListedGroup(ctx context.Context, g access.ListedGroup) error {
	return s.tx(ctx, func(t *sql.Tx) error {
		err := exec(ctx, t, `INSERT INTO listed_groups (id, org, display, display_key, external, created, changed, ended) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET display = excluded.display, display_key = excluded.display_key, external = excluded.external, changed = excluded.changed, ended = excluded.ended`,
			g.ID, g.Org, g.Name, strings.ToLower(g.Name), g.External, micro(g.Created), micro(g.Changed), microOf(g.Ended))
		if err != nil {
			return taken(err, "the directory has a group of this name already")
		}
		if err := exec(ctx, t, "DELETE FROM listed_members WHERE grp = ?", g.ID); err != nil || g.Ended != nil {
			return err
		}
		for _, m := range g.Members {
			if err := one(ctx, t, "INSERT INTO listed_members (grp, entry) SELECT ?, id FROM listed WHERE id = ? AND org = ? AND ended IS NULL", g.ID, m, g.Org); err != nil {
				return err
			}
		}
		return nil
	})
}

// GroupsOfListed gives, by entry, the groups in which each of the entries is, without members, by name.
func (s *Store) GroupsOfListed(ctx context.Context, org id.Org, entries []string) (map[string][]access.ListedGroup, error) {
	out := map[string][]access.ListedGroup{}
	for part := range slices.Chunk(entries, 500) {
		_, err := list(ctx, s.read, func(r scanner) (struct{}, error) {
			var entry string
			var g access.ListedGroup
			err := r.Scan(&entry, &g.ID, &g.Org, &g.Name, &g.External, at{&g.Created}, at{&g.Changed}, maybe{&g.Ended})
			out[entry] = append(out[entry], g)
			return struct{}{}, err
		}, "SELECT m.entry, g.id, g.org, g.display, g.external, g.created, g.changed, g.ended FROM listed_members m JOIN listed_groups g ON g.id = m.grp "+
			"WHERE g.org = ? AND g.ended IS NULL AND m.entry IN ("+marks(part)+") ORDER BY g.display_key", append([]any{org}, anys(part)...)...)
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
