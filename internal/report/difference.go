package report

import (
	"strings"
	"unicode"
)

// Op says what became of a piece of text.
type Op string

// The ops.
const (
	Same    Op = "same"
	Added   Op = "added"
	Removed Op = "removed"
	Changed Op = "changed"
)

// Piece is a run of words that stayed, came or went. Those that stayed and went make the text as it was, those that stayed and came the
// text as it is.
type Piece struct {
	Op   Op
	Text string
}

// mostAligned bounds the table by which two texts are aligned, in entries: what is longer is compared by what begins and ends alike.
const mostAligned = 1 << 20

// Words compares two texts word by word.
func Words(was, is string) []Piece {
	a, b := tokens(was), tokens(is)
	var out []Piece
	add := func(op Op, words ...string) {
		if len(words) == 0 {
			return
		}
		text := strings.Join(words, "")
		if n := len(out); n > 0 && out[n-1].Op == op {
			out[n-1].Text += text
			return
		}
		out = append(out, Piece{op, text})
	}
	for _, s := range align(a, b) {
		if s.a < s.aEnd && s.b < s.bEnd && s.same {
			add(Same, a[s.a:s.aEnd]...)
			continue
		}
		add(Removed, a[s.a:s.aEnd]...)
		add(Added, b[s.b:s.bEnd]...)
	}
	return out
}

// tokens cuts a text into words, each with the white space behind it, so that joined they are the text.
func tokens(s string) []string {
	var out []string
	begin, space := 0, false
	for i, c := range s {
		if now := unicode.IsSpace(c); now {
			space = true
		} else if space {
			out = append(out, s[begin:i])
			begin, space = i, false
		}
	}
	if begin < len(s) {
		out = append(out, s[begin:])
	}
	return out
}

// stretch is a part of two lists: alike, or what stands in one in the place of what stands in the other.
type stretch struct {
	a, aEnd, b, bEnd int
	same             bool
}

// align finds the longest common subsequence of two lists and gives their stretches in order.
func align(a, b []string) []stretch {
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var out []stretch
	put := func(s stretch) {
		if s.a < s.aEnd || s.b < s.bEnd {
			out = append(out, s)
		}
	}
	put(stretch{0, head, 0, head, true})
	for _, s := range longest(a[head:len(a)-tail], b[head:len(b)-tail]) {
		put(stretch{s.a + head, s.aEnd + head, s.b + head, s.bEnd + head, s.same})
	}
	put(stretch{len(a) - tail, len(a), len(b) - tail, len(b), true})
	return out
}

// longest does so for lists that neither begin nor end alike.
func longest(a, b []string) []stretch {
	n, m := len(a), len(b)
	if n == 0 || m == 0 || (n+1)*(m+1) > mostAligned {
		return []stretch{{0, n, 0, m, false}}
	}
	length := make([]int32, (n+1)*(m+1)) // of the longest common subsequence of what begins here
	at := func(i, j int) *int32 { return &length[i*(m+1)+j] }
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			if a[i] == b[j] {
				*at(i, j) = *at(i+1, j+1) + 1
			} else {
				*at(i, j) = max(*at(i+1, j), *at(i, j+1))
			}
		}
	}
	var out []stretch
	i, j := 0, 0
	for i < n || j < m {
		s := stretch{i, i, j, j, i < n && j < m && a[i] == b[j]}
		for i < n && j < m && s.same && a[i] == b[j] {
			i, j = i+1, j+1
		}
		for !s.same && (i < n || j < m) && (i == n || j == m || a[i] != b[j]) {
			if j == m || i < n && *at(i+1, j) >= *at(i, j+1) {
				i++
			} else {
				j++
			}
		}
		s.aEnd, s.bEnd = i, j
		out = append(out, s)
	}
	return out
}

// alike reports whether enough words stayed for two passages to be one that was changed.
func alike(pieces []Piece) bool {
	stayed, all := 0, 0
	for _, p := range pieces {
		n := len(strings.Fields(p.Text))
		all += n
		if p.Op == Same {
			stayed += n
		}
	}
	return 3*stayed >= all
}

// sequence puts two lists of names into one order: that of the second, each name of the first alone behind what stood before it.
func sequence(was, is []string) []string {
	in := map[string]bool{}
	for _, x := range is {
		in[x] = true
	}
	var out []string // what stood before all that is in both
	behind := map[string][]string{}
	begun, last := false, ""
	for _, x := range was {
		switch {
		case in[x]:
			begun, last = true, x
		case begun:
			behind[last] = append(behind[last], x)
		default:
			out = append(out, x)
		}
	}
	for _, x := range is {
		out = append(append(out, x), behind[x]...)
	}
	return out
}
