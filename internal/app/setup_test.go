package app

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/collect"
	"github.com/assayhq/assay/internal/scope"
)

// company founds an organization that reports over the year from 1 July 2025, and enters it.
func company(tb testing.TB, zone string) *office {
	tb.Helper()
	o := settled(tb, New(), filepath.Join(tb.TempDir(), "data"), zone)
	tb.Cleanup(func() {
		if err := o.Close(); err != nil {
			tb.Error(err)
		}
	})
	return o
}

// settled is a company that whoever asks for it closes.
func settled(tb testing.TB, a *App, data, zone string) *office {
	tb.Helper()
	z, err := civil.ParseZone(zone)
	if err != nil {
		tb.Fatal(err)
	}
	from, to := civil.NewDate(2025, 7, 1), civil.NewDate(2026, 6, 30)
	p := scope.Program{Name: "Example", Report: "soc2-type2", Zone: z, From: &from, To: &to, Categories: []string{"security"}}
	if _, err := a.found(tb.Context(), data, p, "", &from); err != nil {
		tb.Fatal(err)
	}
	o, err := a.enter(tb.Context(), data, "", false)
	if err != nil {
		tb.Fatal(err)
	}
	return o
}

// give imports lines of JSON.
func give(tb testing.TB, o *office, register string, lines ...string) collect.Summary {
	tb.Helper()
	return stream(tb, o, register, strings.NewReader(strings.Join(lines, "\n")+"\n"))
}

func stream(tb testing.TB, o *office, register string, r io.Reader) collect.Summary {
	tb.Helper()
	i := cli.Import{Register: register, File: register + ".jsonl", Source: "test", Operator: "test", Discard: true}
	s, err := o.take(tb.Context(), i, r, nil, func(int64, int64) {})
	if err != nil {
		tb.Fatalf("import %s: %v", register, err)
	}
	return s
}

// lines generates a file as it is read: line writes the i-th of n.
type lines struct {
	n, i int
	line func(w io.Writer, i int)
	b    bytes.Buffer
}

func (l *lines) Read(p []byte) (int, error) {
	for l.b.Len() < len(p) && l.i < l.n {
		l.line(&l.b, l.i)
		l.b.WriteByte('\n')
		l.i++
	}
	return l.b.Read(p)
}

// staff gives the people p0, p1, ...
func staff(tb testing.TB, o *office, n int) {
	tb.Helper()
	stream(tb, o, "people", &lines{n: n, line: func(w io.Writer, i int) {
		fmt.Fprintf(w, `{"person_id":"p%d","kind":"employee","started_on":"2020-01-01"}`, i)
	}})
}
