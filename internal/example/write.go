package example

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strconv"

	"github.com/assayhq/assay/internal/civil"
)

// row is a record in the order of the export's columns; a nil value is a cell or member that
// the source leaves out.
type row []any

// table writes separated values, with a byte order mark where a spreadsheet would.
func table(separator rune, mark bool, columns []string, rows []row) []byte {
	var b bytes.Buffer
	if mark {
		b.WriteString("\ufeff")
	}
	w := csv.NewWriter(&b)
	w.Comma = separator
	w.UseCRLF = mark
	_ = w.Write(columns) // a bytes.Buffer takes everything
	for _, r := range rows {
		cells := make([]string, len(r))
		for i, v := range r {
			cells[i] = cell(v)
		}
		_ = w.Write(cells)
	}
	w.Flush()
	return b.Bytes()
}

func cell(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case int:
		return strconv.Itoa(v)
	case civil.Instant:
		return v.String()
	case civil.Date:
		return v.String()
	}
	panic("example: a cell of no known type")
}

// lines writes one JSON object a line; jsonList writes them as one array.
func lines(columns []string, rows []row) []byte {
	var b bytes.Buffer
	for _, r := range rows {
		object(&b, columns, r)
		b.WriteByte('\n')
	}
	return b.Bytes()
}

func jsonList(columns []string, rows []row) []byte {
	var b bytes.Buffer
	b.WriteString("[\n")
	for i, r := range rows {
		if i > 0 {
			b.WriteString(",\n")
		}
		b.WriteString("  ")
		object(&b, columns, r)
	}
	b.WriteString("\n]\n")
	return b.Bytes()
}

func object(b *bytes.Buffer, columns []string, r row) {
	b.WriteByte('{')
	first := true
	for i, v := range r {
		if v == nil {
			continue
		}
		if !first {
			b.WriteByte(',')
		}
		first = false
		switch x := v.(type) {
		case civil.Instant:
			v = x.String()
		case civil.Date:
			v = x.String()
		}
		b.Write(must(json.Marshal(columns[i])))
		b.WriteByte(':')
		b.Write(must(json.Marshal(v)))
	}
	b.WriteByte('}')
}

// counted is a file whose rows the source's own report counts too, asked for the period.
func (c *company) counted(f File, rows int) File {
	n := int64(rows)
	f.Expect = &n
	f.Params = map[string]string{"from": c.period.From.String(), "to": c.period.To.String()}
	return f
}

// opt leaves a value out when it has not come.
func opt(i civil.Instant) any {
	if i == civil.Never {
		return nil
	}
	return i
}

func optDate(d civil.Date) any {
	if d == civil.MaxDate {
		return nil
	}
	return d
}

func optText(s string) any {
	if s == "" {
		return nil
	}
	return s
}
