package app

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/examine"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/rule"
)

// doubts adds to a request what is known against the records as of its size: clocks of sources that
// were off, and kept pieces of evidence that cannot be read any more.
func (o *office) doubts(ctx context.Context, r *examine.Request) (err error) {
	if r.Clocks, err = o.clocks(ctx, r.Size); err != nil {
		return err
	}
	r.Unreadable, err = o.unreadable(ctx, r.Size)
	return err
}

// clocks says of each register how far the clocks of the sources that delivered it were off, as the
// register clocks holds it; nil where none was measured to be off.
func (o *office) clocks(ctx context.Context, size int64) (map[string]rule.Clock, error) {
	off := map[string]int64{} // microseconds, by source
	err := o.engine.Rows(string(o.org.ID)).All(ctx, o.regs["clocks"], []string{"clock_source", "offset_seconds"}, size, func(_ string, v []any) error {
		source, _ := v[0].(string)
		if n, ok := v[1].(int64); ok && n != 0 {
			off[source] = max(off[source], n*1e6, -n*1e6)
		}
		return nil
	})
	if err != nil || len(off) == 0 {
		return nil, err
	}
	out := map[string]rule.Clock{}
	err = o.each(ctx, record.Pulls, size, func(k record.Known) error {
		var p record.Pull
		if err := json.Unmarshal(k.Body, &p); err != nil {
			return err
		}
		add := func(register string) {
			c, known := out[register]
			if !known {
				c.Source = p.Source
			}
			if c.Source != p.Source {
				c.Source = ""
			}
			c.Off = max(c.Off, off[p.Source])
			out[register] = c
		}
		add(p.Register)
		for child := range p.Children {
			add(child)
		}
		return nil
	})
	return out, err
}

// hash is the name of a file that is kept here.
var hash = regexp.MustCompile("^[0-9a-f]{64}$")

// unreadable lists the evidence that inspections name by its hash, that is kept here, and that
// cannot be read any more: it was altered, or its key is gone. What is kept elsewhere, or was erased for a
// reason on record, is none of it.
func (o *office) unreadable(ctx context.Context, size int64) (map[string]bool, error) {
	out := map[string]bool{}
	seen := map[string]bool{}
	err := o.engine.Rows(string(o.org.ID)).All(ctx, o.regs["inspections"], []string{"evidence"}, size, func(_ string, v []any) error {
		sum, _ := v[0].(string)
		if !hash.MatchString(sum) || seen[sum] {
			return nil
		}
		seen[sum] = true
		err := o.blobs.Verify(ctx, o.org.ID, sum)
		if errors.Is(err, fault.Integrity) {
			out[sum] = true
			return nil
		}
		if errors.Is(err, fault.NotFound) || errors.Is(err, fault.Refused) {
			return nil
		}
		return err
	})
	return out, err
}

// contradictions notes, with each test, how many records that its items come from are said differently by two
// sources: the version that came last counts, and the other one stays beside it (handbook E37).
func (o *office) contradictions(ctx context.Context, size int64, res *assure.Results) error {
	sources := map[string]map[string]bool{}
	err := o.each(ctx, record.Pulls, size, func(k record.Known) error {
		var p record.Pull
		err := json.Unmarshal(k.Body, &p)
		if sources[p.Register] == nil {
			sources[p.Register] = map[string]bool{}
		}
		sources[p.Register][p.Source] = true
		return err
	})
	if err != nil {
		return err
	}
	found := map[string]int{}
	for i := range res.Controls {
		t := &res.Controls[i]
		for _, reg := range t.Registers {
			n, looked := found[reg]
			if !looked && len(sources[reg]) > 1 {
				if n, err = o.contradicted(ctx, reg, size); err != nil {
					return err
				}
			}
			if found[reg] = n; n > 0 {
				said := fmt.Sprintf("%d items say different things", n)
				if n == 1 {
					said = "1 item says different things"
				}
				t.Notes = append(t.Notes, said+" in different sources of "+reg+": the version that came last counts, the earlier one is kept; ask which source is right")
			}
		}
	}
	return nil
}

// contradicted counts the records of a register whose latest version came from another source than the one before it.
func (o *office) contradicted(ctx context.Context, reg string, size int64) (n int, err error) {
	source := func(r string) string { return "json_extract(CAST(" + r + ".bytes AS TEXT), '$.source')" }
	err = o.st.Reader().QueryRowContext(ctx, fmt.Sprintf(`SELECT COUNT(*) FROM %[1]q AS new JOIN %[1]q AS old ON old._org = new._org AND old._key = new._key AND old._version = new._version - 1
		JOIN records AS a ON a.org = new._org AND a.idx = new._idx JOIN records AS b ON b.org = old._org AND b.idx = old._idx
		WHERE new._org = ? AND new._version > 1 AND new._idx < ? AND new._until >= ? AND a.bytes IS NOT NULL AND b.bytes IS NOT NULL AND %[2]s <> %[3]s`,
		o.regs[reg].Table(), source("a"), source("b")), string(o.org.ID), size, size).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("compare the sources of %s: %w", reg, err)
	}
	return n, nil
}

// overwritten notes the findings whose severity a later version lowered without saying what it was first: their
// deadlines were counted from the lower one (handbook E48).
func (o *office) overwritten(ctx context.Context, size int64, res *assure.Results) error {
	at := slices.IndexFunc(res.Controls, func(t assure.TestResult) bool { return slices.Contains(t.Registers, "vulnerabilities") })
	if at < 0 {
		return nil
	}
	rank := func(row string) string {
		return "CASE " + row + ".severity WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2 WHEN 'low' THEN 3 END"
	}
	rows, err := o.st.Reader().QueryContext(ctx, fmt.Sprintf(`SELECT new._key FROM %[1]q AS new WHERE new._org = ? AND new._version > 1 AND new._idx < ? AND new._until >= ?
		AND COALESCE(new.first_severity, '') = '' AND EXISTS (SELECT 1 FROM %[1]q AS old WHERE old._org = new._org AND old._key = new._key
			AND old._version < new._version AND %[2]s < %[3]s) ORDER BY new._key`,
		o.regs["vulnerabilities"].Table(), rank("old"), rank("new")), string(o.org.ID), size, size)
	if err != nil {
		return fmt.Errorf("compare severities: %w", err)
	}
	keys, err := texts(rows)
	if err != nil || len(keys) == 0 {
		return err
	}
	note := fmt.Sprintf("the severity of %s was lowered by a later version that does not say what it was first (first_severity): its deadline was counted from the lower one",
		few(keys))
	for i := at; i < len(res.Controls); i++ {
		if t := &res.Controls[i]; slices.Contains(t.Registers, "vulnerabilities") {
			t.Notes = append(t.Notes, note)
		}
	}
	return nil
}

// restated notes, with each test of a state or a roster, the records of which an earlier version denied what the latest
// one affirms: a test reads the latest, and how long it was otherwise no interval shows.
func (o *office) restated(ctx context.Context, size int64, res *assure.Results) error {
	found := map[string][]string{} // by register and field
	for i := range res.Controls {
		t := &res.Controls[i]
		at := slices.IndexFunc(o.units, func(u examine.Unit) bool { return u.Test == t.Test && u.Version == t.Version })
		if at < 0 || t.Shape != assure.State && t.Shape != assure.Roster {
			continue
		}
		for _, f := range affirmed(o.units[at].Plan) {
			reg := f.Row.Schema.Name
			keys, looked := found[reg+"."+f.Name]
			if !looked {
				var err error
				if keys, err = o.denied(ctx, reg, f.Name, size); err != nil {
					return err
				}
				found[reg+"."+f.Name] = keys
			}
			if len(keys) > 0 {
				t.Notes = append(t.Notes, fmt.Sprintf("an earlier version of %s in %s says no of %s, and the latest one yes: only the latest is tested; see how long it was otherwise",
					few(keys), reg, strings.ReplaceAll(f.Name, "_", " ")))
			}
		}
	}
	return nil
}

// affirmed lists the yes/no fields of the items' own records that attributes ask about.
func affirmed(p *rule.Plan) []*rule.Field {
	var out []*rule.Field
	for _, c := range p.Checks {
		rule.WalkExpr(c.Cond, func(x rule.Expr) {
			f, ok := x.(*rule.Field)
			if ok && f.T == rule.Bool && f.Row == p.Sources[0] && f.Row.Kind == rule.FromRegister &&
				!slices.ContainsFunc(out, func(o *rule.Field) bool { return o.Name == f.Name }) {
				out = append(out, f)
			}
		})
	}
	return out
}

// denied lists the records whose latest version says yes where an earlier one said no.
func (o *office) denied(ctx context.Context, reg, field string, size int64) ([]string, error) {
	rows, err := o.st.Reader().QueryContext(ctx, fmt.Sprintf(`SELECT new._key FROM %[1]q AS new WHERE new._org = ? AND new._version > 1 AND new._idx < ? AND new._until >= ?
		AND new.%[2]q = 1 AND EXISTS (SELECT 1 FROM %[1]q AS old WHERE old._org = new._org AND old._key = new._key AND old._version < new._version AND old.%[2]q = 0)
		ORDER BY new._key`, o.regs[reg].Table(), field), string(o.org.ID), size, size)
	if err != nil {
		return nil, fmt.Errorf("compare versions of %s: %w", reg, err)
	}
	return texts(rows)
}

// texts reads a column of texts to its end.
func texts(rows *sql.Rows) ([]string, error) {
	defer rows.Close()
	var out []string
	for rows.Next() {
		var k string
		if err := rows.Scan(&k); err != nil {
			return nil, fmt.Errorf("compare versions: %w", err)
		}
		out = append(out, k)
	}
	return out, rows.Err()
}

// few names the first five of some keys, and says how many there are more.
func few(keys []string) string {
	said := strings.Join(keys[:min(len(keys), 5)], ", ")
	if len(keys) > 5 {
		said = fmt.Sprintf("%s and %d more", said, len(keys)-5)
	}
	return said
}
