package rule

import (
	"fmt"
	"slices"

	"github.com/assayhq/assay/internal/civil"
)

// inRow asks whether a joined row is one of the set.
func (j *judge) inRow(r map[string]any, s *Set) tri {
	t := yes
	j.within(r, func() (any, bool) {
		for _, c := range s.chain() {
			if c.Where != nil {
				t = min(t, j.pred(c.Where))
			}
		}
		return nil, false
	})
	return t
}

func (j *judge) pred(x Expr) tri {
	switch x := Bare(x).(type) {
	case *Lit:
		return truth(x.V.(bool))
	case *Field, *First:
		v, ok := j.raw(x)
		if !ok {
			return unknown
		}
		return truth(v == int64(1))
	case *Not:
		return -j.pred(x.X)
	case *Known:
		v, ok := j.raw(x.X)
		return truth((ok && v != "") != x.Missing)
	case *In:
		v, ok := j.raw(x.X)
		if !ok {
			return unknown
		}
		return truth(slices.Contains(x.List, v.(string)))
	case *Owned:
		v, ok := j.raw(x.X)
		if !ok {
			return unknown
		}
		return truth(!x.Human || !j.f.Robots[v.(string)])
	case *Exists:
		t := j.exists(x.Set)
		if x.None {
			return -t
		}
		return t
	case *Either:
		if y := j.chosen(x); y != nil {
			return j.pred(y)
		}
		return unknown
	case *Inspected:
		a := j.answered(x)
		switch {
		case x.NA:
			return truth(a == "not_applicable")
		case a == "yes":
			return yes
		case a == "no":
			return no
		}
		return unknown
	case *Binary:
		switch x.Op {
		case "and":
			return min(j.pred(x.L), j.pred(x.R))
		case "or":
			return max(j.pred(x.L), j.pred(x.R))
		}
		l, ok := j.val(x.L)
		r, ok2 := j.val(x.R)
		if !ok || !ok2 || j.tooClose(x, l, r) {
			return unknown
		}
		return truth(compare(x.Op, l, r))
	}
	panic(fmt.Sprintf("rule: %T is no condition", x))
}

func (j *judge) exists(s *Set) tri {
	t := no
	for _, r := range j.f.Sets[s.Row] {
		t = max(t, j.inRow(r, s))
	}
	if t == no && j.unproven(s) != "" {
		return unknown
	}
	return t
}

func (j *judge) unproven(s *Set) string {
	for _, c := range s.chain() {
		if j.Unproven[c.Row.Schema.Name] {
			return c.Row.Schema.Name
		}
	}
	return ""
}

// tooClose reports whether two times lie so close together that clocks which were off may have
// turned their order around.
func (j *judge) tooClose(x *Binary, l, r any) bool {
	d := j.Doubt(x.L, x.R)
	if d == 0 || x.Op == "=" || x.Op == "<>" {
		return false
	}
	a, b := l.(int64), r.(int64)
	return a != int64(civil.Never) && b != int64(civil.Never) && a-b <= d && b-a <= d
}

func compare(op string, l, r any) bool {
	switch op {
	case "=":
		return l == r
	case "<>":
		return l != r
	}
	a, b := l.(int64), r.(int64)
	switch op {
	case "<":
		return a < b
	case "<=":
		return a <= b
	case ">":
		return a > b
	}
	return a >= b
}
