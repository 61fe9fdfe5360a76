package publish

import (
	"errors"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/fault"
)

// TestOpenResultsBounded: results of few bytes that would become far more in memory are refused before they are read, with the reason.
func TestOpenResultsBounded(t *testing.T) {
	t.Parallel()
	m := newMemory(t)
	entries := entriesOf(t, packed(t, m, 3))
	for _, c := range []struct{ text, want string }{
		{`{"controls":[` + strings.Repeat(`{},`, mostResults) + `{}]}`, "results; at most"},
		{`{"controls":[` + strings.Repeat(`null,`, mostResults) + `null]}`, "results; at most"},
		{`{"controls":[{"findings":[` + strings.Repeat(`{},`, mostObjects) + `{}]}]}`, "objects; at most"},
	} {
		entries["results.json"] = []byte(c.text)
		if _, err := openBytes(t, zipped(t, entries), m.vkey); !errors.Is(err, fault.Integrity) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Open(results %.40s...) = %v, want a refusal that says %q", c.text, err, c.want)
		}
	}
}

func TestCounted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text       string
		all, outer int
	}{
		{``, 0, 0}, {`{}`, 1, 0}, {`{"a":[{"n":"{{null"},null,{"b":[{}]}]}`, 5, 3}, {`{"a\"{":["\\",{}]}`, 2, 1}, {`}}}}{`, 1, 0}, {`"`, 0, 0}, {`"\`, 0, 0},
	} {
		if all, outer := counted([]byte(c.text)); all != c.all || outer != c.outer {
			t.Errorf("counted(%s) = %d, %d, want %d, %d", c.text, all, outer, c.all, c.outer)
		}
	}
}
