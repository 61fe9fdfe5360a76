package advise_test

import (
	"flag"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/advise"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// book loads the embedded data.
func book(t testing.TB) *advise.Book {
	t.Helper()
	b, err := advise.Load()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// advice answers; a `today` is added where the answers have none. Answers are parted by semicolons or lines.
func advice(t testing.TB, answers string) advise.Advice {
	t.Helper()
	text := strings.ReplaceAll(answers, "; ", "\n")
	if !strings.Contains(text, "today:") {
		text += "\ntoday: 2026-11-26\n"
	}
	b := book(t)
	a, err := b.ParseAnswers("answers.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	out, err := b.Advise(a)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// outline prints the reports with their times: "soc2-type1 now, soc2-type2 next".
func outline(a advise.Advice) string {
	var out []string
	for _, r := range a.Reports {
		out = append(out, r.Report+" "+r.When)
	}
	return strings.Join(out, ", ")
}
