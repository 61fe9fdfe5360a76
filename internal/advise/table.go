package advise

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/assayhq/assay/internal/fault"
)

// Table is a table for people: comparison, history, fees, durations. Every row has as many cells as there are columns.
type Table struct {
	ID      string     `yaml:"id" json:"id"`
	Title   string     `yaml:"title" json:"title"`
	Columns []string   `yaml:"columns" json:"columns"`
	Rows    [][]string `yaml:"rows" json:"rows"`
	Sources []string   `yaml:"sources" json:"sources"`
}

func (b *Book) loadTables(fsys fs.FS) error {
	names, err := fs.Glob(fsys, "tables/*.yaml")
	if err != nil {
		return err
	}
	for _, name := range names {
		var t Table
		if err := decode(fsys, name, &t); err != nil {
			return err
		}
		if t.ID == "" || t.Title == "" || len(t.Rows) == 0 || len(t.Sources) == 0 {
			return fault.At(name, 0, t.ID, "a table has an id, a title, rows and sources")
		}
		for _, r := range t.Rows {
			if len(r) != len(t.Columns) {
				return fault.At(name, 0, t.ID, "row %q has %d cells; the table has %d columns", r[0], len(r), len(t.Columns))
			}
		}
		for _, s := range t.Sources {
			if err := b.cited(name, s); err != nil {
				return err
			}
		}
		b.tables = append(b.tables, t)
	}
	b.tables = append(b.tables, b.feeTable(), b.durationTable())
	return nil
}

// Tables lists the comparison tables, who asks for what, the history of standards, the fees and the durations.
// The slices belong to the book: read them only.
func (b *Book) Tables() []Table { return b.tables }

func (b *Book) feeTable() Table {
	t := Table{ID: "costs", Title: "Audit fees as published", Columns: []string{"Report", "Country", "Fee", "Basis", "Source", "As of", "Note"}}
	for _, f := range b.fees {
		t.Rows = append(t.Rows, []string{Title(f.Report), f.Country, span(f.Low, f.High, f.Currency), f.Basis, f.Source, f.AsOf.String(), f.Note})
		t.Sources = append(t.Sources, f.Source)
	}
	return t
}

func (b *Book) durationTable() Table {
	t := Table{ID: "timelines", Title: "How long it takes", Columns: []string{"Step", "Takes", "Meaning", "Source", "As of"}}
	for _, d := range b.durations {
		t.Rows = append(t.Rows, []string{d.Step, d.String(), d.Says, d.Source, d.AsOf.String()})
		t.Sources = append(t.Sources, strings.Split(d.Source, ",")...)
	}
	return t
}

func span(low, high int64, currency string) string {
	return fmt.Sprintf("%s to %s", FormatAmount(low, currency), FormatAmount(high, currency))
}

// Text writes the table for a terminal of 100 columns. Cells are wrapped; no cell is cut.
func (t Table) Text(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "%s\n\n", t.Title)
	widths := t.widths()
	rule, airy := make([]string, len(widths)), false
	for i, n := range widths {
		rule[i] = strings.Repeat("-", n)
		airy = airy || slices.ContainsFunc(t.Rows, func(r []string) bool { return len(wrap(r[i], n)) > 1 })
	}
	for i, row := range append([][]string{t.Columns, rule}, t.Rows...) {
		cells, height := make([][]string, len(row)), 1
		for j, cell := range row {
			cells[j] = wrap(cell, widths[j])
			height = max(height, len(cells[j]))
		}
		if i > 2 && airy {
			fmt.Fprintln(out)
		}
		for k := range height {
			line := ""
			for j := range row {
				text := ""
				if k < len(cells[j]) {
					text = cells[j][k]
				}
				line += text + strings.Repeat(" ", max(0, widths[j]-utf8.RuneCountInString(text))) + "  "
			}
			fmt.Fprintln(out, strings.TrimRight(line, " "))
		}
	}
	fmt.Fprintln(out)
	page{out}.say("Sources: ", strings.Join(t.Sources, ", "))
	return out.Flush()
}

// widths shares the columns of the terminal: each column gets its longest word, and what is left goes one by
// one to the column that is short of most.
func (t Table) widths() []int {
	widths, full := make([]int, len(t.Columns)), make([]int, len(t.Columns))
	left := width - 2*(len(t.Columns)-1)
	for _, row := range append([][]string{t.Columns}, t.Rows...) {
		for j, cell := range row {
			full[j] = max(full[j], utf8.RuneCountInString(cell))
			for _, word := range strings.Fields(cell) {
				widths[j] = max(widths[j], utf8.RuneCountInString(word))
			}
		}
	}
	for _, n := range widths {
		left -= n
	}
	for ; left > 0; left-- {
		best := 0
		for j := range widths {
			if full[j]*widths[best] > full[best]*widths[j] { // the fullest column for its width
				best = j
			}
		}
		if widths[best] >= full[best] {
			break
		}
		widths[best]++
	}
	return widths
}

func wrap(text string, n int) []string {
	var out []string
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= n:
			line += " " + word
		default:
			out, line = append(out, line), word
		}
	}
	return append(out, line)
}
