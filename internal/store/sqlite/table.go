package sqlite

import (
	"fmt"
	"strings"

	"github.com/assayhq/assay/internal/register"
)

// table is the projection of one register: its meta columns and one column per field. A system
// register has one too, without fields, for its keys and versions.
type table struct {
	register string
	name     string
	fields   []register.Field
	lookups  [][]string
	project  Project
	inserts  []insert // the widest first; the last takes one row

	latest, versions, update string
}

// insert is a statement that takes so many rows at once.
type insert struct {
	rows int
	sql  string
}

// metaColumns in the order of every INSERT.
var metaColumns = []string{
	register.ColOrg, register.ColIndex, register.ColKey, register.ColVersion, register.ColUntil, register.ColEvent, register.ColRecorded,
	register.ColReceived, register.ColPull, register.ColSource, register.ColErased, register.ColBody,
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func newTable(s *register.Schema, project Project) *table {
	t := &table{register: s.Name, name: s.Table(), fields: s.Fields, lookups: s.Indexes(), project: project}
	q := quote(t.name)
	// The rows of one INSERT share the statement's start and end. The number of parameters of a
	// statement is limited.
	width := len(metaColumns) + len(t.fields)
	for _, n := range []int{20, 5, 1} {
		if n == 1 || n*width < 30_000 {
			t.inserts = append(t.inserts, insert{n, t.printInsert(n)})
		}
	}
	const columns = "_version, _idx, _body, rowid"
	t.latest = "SELECT " + columns + " FROM " + q + " WHERE _org = ? AND _key = ? ORDER BY _version DESC LIMIT 1"
	t.versions = "SELECT " + columns + " FROM " + q + " WHERE _org = ? AND _key = ? ORDER BY _version"
	t.update = "UPDATE " + q + " SET _until = ? WHERE rowid = ?"
	return t
}

// printInsert prints an INSERT of n rows; organization and received time are the same for all. It
// needs no undo journal of its own (OR ROLLBACK): a fault ends the transaction anyway.
func (t *table) printInsert(n int) string {
	var names []string
	names = append(names, metaColumns...)
	for _, f := range t.fields {
		names = append(names, quote(f.Name))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "INSERT OR ROLLBACK INTO %s (%s) VALUES ", quote(t.name), strings.Join(names, ", "))
	p := 2
	next := func() string { p++; return fmt.Sprintf("?%d", p) }
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		// idx, key, version, until, event, recorded; received; pull, source; not erased; body
		fmt.Fprintf(&b, "(?1, %s, %s, %s, %s, %s, %s, ?2, %s, %s, 0, %s", next(), next(), next(), next(), next(), next(), next(), next(), next())
		for range t.fields {
			b.WriteString(", " + next())
		}
		b.WriteString(")")
	}
	return b.String()
}

// widest picks the statement for the next of so many rows.
func widest(inserts []insert, rows int) insert {
	for _, i := range inserts {
		if i.rows <= rows {
			return i
		}
	}
	return inserts[len(inserts)-1]
}

func (t *table) index(fields ...string) string {
	var columns []string
	for _, f := range fields {
		columns = append(columns, quote(f))
	}
	return fmt.Sprintf("CREATE INDEX IF NOT EXISTS %s ON %s (_org, %s) WHERE %s IS NOT NULL;\n",
		quote(t.name+"_"+strings.Join(fields, "_")), quote(t.name), strings.Join(columns, ", "), columns[0])
}

// create prints the statements that make the table.
func (t *table) create() string {
	var b strings.Builder
	fmt.Fprintf(&b, `CREATE TABLE IF NOT EXISTS %s (
    _org TEXT NOT NULL, _idx INTEGER NOT NULL, _key TEXT NOT NULL, _version INTEGER NOT NULL, _until INTEGER NOT NULL,
    _event INTEGER, _recorded INTEGER, _received INTEGER NOT NULL, _pull TEXT NOT NULL, _source TEXT NOT NULL,
    _erased INTEGER NOT NULL, _body BLOB`, quote(t.name))
	for _, f := range t.fields {
		kind := "INTEGER"
		if f.Type == register.Text {
			kind = "TEXT"
		}
		fmt.Fprintf(&b, ",\n    %s %s", quote(f.Name), kind)
	}
	b.WriteString(",\n    UNIQUE (_org, _key, _version)\n);\n")
	// What cannot be without another record is looked up from there: the reviews of a change, the
	// accounts of a system. Each further index would slow down every import.
	for _, l := range t.lookups {
		b.WriteString(t.index(l...))
	}
	return b.String()
}

// systemPrefix marks the registers that Assay itself writes.
const systemPrefix = "assay."

func isSystem(register string) bool { return strings.HasPrefix(register, systemPrefix) }

func systemTable(name string) *table {
	return newTable(&register.Schema{Name: name}, func([]byte) ([]any, error) { return nil, nil })
}
