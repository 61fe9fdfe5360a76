package scope

import (
	"fmt"
	"regexp"
	"strings"
)

// Piece is a stretch of a comparison: kept, taken away or put in.
type Piece struct {
	Text string
	Gone bool
	Come bool
}

// Difference is one fact of a control that reads otherwise in another version.
type Difference struct {
	Name   string // statement, frequency, test, ...
	Was    string
	Is     string
	Pieces []Piece // word by word; line by line for a test
}

var tokens = regexp.MustCompile(`\s+|[\p{L}\p{N}]+|[^\s\p{L}\p{N}]`)

// mostTokens bounds a comparison: what is longer, after what both begin and end with, is told as one change.
const mostTokens = 2000

// Words compares two texts word by word.
func Words(a, b string) []Piece {
	return pieces(tokens.FindAllString(a, -1), tokens.FindAllString(b, -1))
}

// Lines compares two texts line by line.
func Lines(a, b string) []Piece {
	return pieces(strings.SplitAfter(a, "\n"), strings.SplitAfter(b, "\n"))
}

func pieces(a, b []string) []Piece {
	head, tail := 0, 0
	for head < min(len(a), len(b)) && a[head] == b[head] {
		head++
	}
	for tail < min(len(a), len(b))-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var out []Piece
	add := func(p Piece) {
		if n := len(out); p.Text != "" && n > 0 && out[n-1].Gone == p.Gone && out[n-1].Come == p.Come {
			out[n-1].Text += p.Text
		} else if p.Text != "" {
			out = append(out, p)
		}
	}
	add(Piece{Text: strings.Join(a[:head], "")})
	x, y := a[head:len(a)-tail], b[head:len(b)-tail]
	if len(x) > mostTokens || len(y) > mostTokens {
		add(Piece{Text: strings.Join(x, ""), Gone: true})
		add(Piece{Text: strings.Join(y, ""), Come: true})
	} else {
		common(x, y, add)
	}
	add(Piece{Text: strings.Join(a[len(a)-tail:], "")})
	return out
}

// common walks along the longest common subsequence.
func common(x, y []string, add func(Piece)) {
	far := make([][]int32, len(x)+1)
	for i := range far {
		far[i] = make([]int32, len(y)+1)
	}
	for i := len(x) - 1; i >= 0; i-- {
		for j := len(y) - 1; j >= 0; j-- {
			if x[i] == y[j] {
				far[i][j] = far[i+1][j+1] + 1
			} else {
				far[i][j] = max(far[i+1][j], far[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(x) || j < len(y) {
		switch {
		case i < len(x) && j < len(y) && x[i] == y[j]:
			add(Piece{Text: x[i]})
			i, j = i+1, j+1
		case i < len(x) && (j == len(y) || far[i+1][j] >= far[i][j+1]):
			add(Piece{Text: x[i], Gone: true})
			i++
		default:
			add(Piece{Text: y[j], Come: true})
			j++
		}
	}
}

// Compare lists what reads otherwise in another version of a control, in the order in which a reader asks.
func Compare(a, b Version) []Difference {
	var out []Difference
	add := func(name, was, is string, how func(string, string) []Piece) {
		if was != is {
			out = append(out, Difference{Name: name, Was: was, Is: is, Pieces: how(was, is)})
		}
	}
	list := func(l []string) string { return strings.Join(l, ", ") }
	x, y := a.Control, b.Control
	for _, f := range []struct{ name, was, is string }{
		{"title", x.Title, y.Title}, {"statement", x.Statement, y.Statement}, {"owner", x.Owner, y.Owner},
		{"frequency", string(x.Frequency), string(y.Frequency)}, {"nature", x.Nature, y.Nature}, {"type", x.Type, y.Type},
		{"key control", fmt.Sprint(x.Key), fmt.Sprint(y.Key)}, {"evidence types", list(x.EvidenceTypes), list(y.EvidenceTypes)},
		{"shape", string(x.Shape), string(y.Shape)}, {"unit", x.Unit, y.Unit}, {"source", x.Source, y.Source},
		{"completeness", x.Completeness, y.Completeness}, {"pass rule", x.PassRule, y.PassRule}, {"zero occurrence", x.ZeroOccurrence, y.ZeroOccurrence},
		{"escalation", x.Escalation, y.Escalation}, {"criteria", list(x.Criteria), list(y.Criteria)}, {"supporting", list(x.Supporting), list(y.Supporting)},
		{"ISO/IEC 27001", list(x.ISO27001), list(y.ISO27001)}, {"objectives", list(x.Objectives), list(y.Objectives)}, {"tags", list(x.Tags), list(y.Tags)},
	} {
		add(f.name, f.was, f.is, Words)
	}
	add("test", a.Test, b.Test, Lines)
	return out
}
