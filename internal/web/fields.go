package web

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/report"
)

// field is one member of a record's body as a person reads it.
type field struct {
	Name, Value string
	Empty       bool // the source delivered nothing in it, which differs from not delivering it
}

// fieldsOf lists the members of a body by name. Texts are shown as they are, everything else
// as the JSON that was sealed.
func fieldsOf(body []byte) ([]field, error) {
	if len(body) == 0 {
		return nil, nil
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(body, &m); err != nil {
		return nil, err
	}
	var out []field
	for name, raw := range m {
		f := field{Name: name, Value: string(raw)}
		if bytes.HasPrefix(raw, []byte{'"'}) {
			if err := json.Unmarshal(raw, &f.Value); err != nil {
				return nil, err
			}
		}
		f.Empty = strings.TrimSpace(f.Value) == ""
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b field) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// chartBars are a test's months as the shared chart draws them.
func chartBars(ms []assure.MonthCount) []report.Bar {
	var out []report.Bar
	for _, m := range ms {
		out = append(out, report.Bar{Month: m.Month, Total: m.Population, Deviating: m.Deviating, Undecided: m.Undecided})
	}
	return out
}

// sparkSVG is the same in a table's cell: small, without labels, hidden from readers that do
// not see it, because the control's page has the figures.
func sparkSVG(ms []assure.MonthCount) string {
	if len(ms) == 0 {
		return ""
	}
	top := 1
	for _, m := range ms {
		top = max(top, m.Population)
	}
	var b strings.Builder
	b.WriteString(`<svg class="spark" viewBox="0 0 ` + strconv.Itoa(len(ms)*7-2) + ` 22" aria-hidden="true" focusable="false">`)
	rect := func(class string, x, y, h int) {
		if h > 0 {
			b.WriteString(`<rect class="` + class + `" x="` + strconv.Itoa(x) + `" y="` + strconv.Itoa(y) + `" width="5" height="` + strconv.Itoa(h) + `"/>`)
		}
	}
	scale := func(n int) int {
		if n == 0 {
			return 0
		}
		return max(2, n*22/top)
	}
	for i, m := range ms {
		h, bad := scale(m.Population), scale(m.Deviating)
		und := min(scale(m.Undecided), 22-bad)
		rect("ground", i*7, 21, 1)
		rect("total", i*7, 22-h, h)
		rect("dev", i*7, 22-bad, bad)
		rect("und", i*7, 22-bad-und, und)
	}
	b.WriteString(`</svg>`)
	return b.String()
}
