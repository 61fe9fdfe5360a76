package register

import (
	"strconv"
	"strings"

	"github.com/assayhq/assay/internal/fault"
)

// path names a value of a source row: a.b.c, list[0].x for one element, list[].x for the list
// of a field of all of them. In a child, $parent., $item and $index start a path.
type path struct {
	text  string
	base  base
	steps []step
}

type base uint8

const (
	ofRow base = iota // the row; in a child, the element
	ofParent
	ofItem
	ofIndex
)

type step struct {
	name string
	at   int // element of a list; with name empty
	all  bool
}

func parsePath(s string, child bool) (path, error) {
	p := path{text: s}
	if n := len(s); n > 2 && s[0] == '"' && s[n-1] == '"' { // a name that is no path, such as "Closed [UTC]"
		p.steps = []step{{name: s[1 : n-1]}}
		return p, nil
	}
	rest := s
	if strings.HasPrefix(s, "$") {
		if !child {
			return p, fault.Refuse("%q: $parent, $item and $index exist only in children", s)
		}
		head, tail, _ := strings.Cut(s, ".")
		switch head {
		case "$parent":
			p.base = ofParent
		case "$item":
			p.base = ofItem
		case "$index":
			p.base = ofIndex
		default:
			return p, fault.Refuse("%q is unknown; expected $parent.NAME, $item or $index", s)
		}
		if rest = tail; (p.base == ofParent) != (rest != "") {
			return p, fault.Refuse("%q: write $parent.NAME, $item or $index", s)
		}
		if rest == "" {
			return p, nil
		}
	}
	for part := range strings.SplitSeq(rest, ".") {
		name, index, bracket := strings.Cut(part, "[")
		if name == "" {
			return p, fault.Refuse("%q is no path; expected names joined with dots", s)
		}
		p.steps = append(p.steps, step{name: name})
		for bracket {
			inner, after, ok := strings.Cut(index, "]")
			st := step{all: inner == ""}
			if !st.all {
				n, err := strconv.Atoi(inner)
				if err != nil || n < 0 {
					ok = false
				}
				st.at = n
			}
			if !ok {
				return p, fault.Refuse("%q is no path; expected [0], [1], ... or [] after a list", s)
			}
			p.steps = append(p.steps, st)
			if after == "" {
				break
			}
			if index, ok = strings.CutPrefix(after, "["); !ok {
				return p, fault.Refuse("%q is no path; expected a dot after ]", s)
			}
		}
	}
	return p, nil
}

// root is the member of the source row that the path reads, or "".
func (p path) root() string {
	if p.base == ofItem || p.base == ofIndex || len(p.steps) == 0 {
		return ""
	}
	return p.steps[0].name
}

// scope is what paths are read from.
type scope struct {
	row    []Member // of a child: the element's members
	parent []Member
	item   Value
	index  int
}

func (p path) read(s *scope) Value {
	switch p.base {
	case ofIndex:
		return Value{Kind: Number, Text: strconv.Itoa(s.index)}
	case ofItem:
		return s.item
	case ofParent:
		return p.from(s.parent)
	}
	return p.from(s.row)
}

// from reads the path. A name that holds dots or brackets itself, as the columns of an export
// may, is found under its whole name first.
func (p path) from(ms []Member) Value {
	if len(p.steps) == 1 {
		return get(ms, p.steps[0].name)
	}
	whole := strings.TrimPrefix(p.text, "$parent.")
	if v := get(ms, whole); v.Kind != Absent {
		return v
	}
	return walk(get(ms, p.steps[0].name), p.steps[1:])
}

func walk(v Value, steps []step) Value {
	for i, st := range steps {
		switch {
		case st.all:
			if v.Kind != List {
				return Value{}
			}
			out := Value{Kind: List, List: make([]Value, 0, len(v.List))}
			for _, e := range v.List {
				if w := walk(e, steps[i+1:]); w.known() {
					out.List = append(out.List, w)
				}
			}
			return out
		case st.name == "":
			if v.Kind != List || st.at >= len(v.List) {
				return Value{}
			}
			v = v.List[st.at]
		default:
			v = v.Get(st.name)
		}
	}
	return v
}
