package rule

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"sort"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/register"
)

// Answered is one item as an engine decided it.
type Answered struct {
	Key        string
	At         *int64           // membership: microseconds or days, by the type of the plan's When; nil when unknown
	Verdicts   []assure.Verdict // by Plan.Checks
	InProgress bool
	Facts      *Facts // what it rests on; only for findings
}

// Verdict is the worst of the attributes: deviation, then undecided, then pass.
func (a Answered) Verdict() assure.Verdict {
	worst := assure.NotApplicable
	rank := map[assure.Verdict]int{assure.NotApplicable: 0, assure.Pass: 1, assure.Undecided: 2, assure.Deviation: 3}
	for _, v := range a.Verdicts {
		if rank[v] > rank[worst] {
			worst = v
		}
	}
	return worst
}

// Persons resolves logins, addresses and ids to persons. Every alias row is an arrow from the
// alias to a person_id, which may itself be an alias of another; the person is where the arrows
// end, or the smallest name of a circle. A person_id and an e-mail address that one person alone
// has are aliases without a row. A login that nothing names has no person.
func Persons(aliases map[string]string, people map[string][]string) map[string]string {
	next := map[string]string{}
	owners := map[string]string{}
	shared := map[string]bool{}
	for person, addresses := range people {
		for _, a := range addresses {
			if o, ok := owners[a]; ok && o != person {
				shared[a] = true
			}
			owners[a] = person
		}
	}
	for a, person := range owners {
		if _, isPerson := people[a]; !shared[a] && !isPerson && a != "" {
			next[a] = person
		}
	}
	names := map[string]bool{}
	for person := range people {
		names[person] = true
	}
	for alias, person := range aliases {
		if person == "" || alias == "" {
			continue
		}
		next[alias] = person
		names[alias], names[person] = true, true
	}
	for a := range next {
		names[a] = true
	}
	out := make(map[string]string, len(names))
	for n := range names {
		out[n] = follow(n, next)
	}
	return out
}

func follow(n string, next map[string]string) string {
	seen := map[string]bool{}
	for {
		to, ok := next[n]
		if !ok || to == n {
			return n
		}
		if seen[n] { // a circle: walk it once more and take its smallest name
			best := n
			for m := next[n]; m != n; m = next[m] {
				best = min(best, m)
			}
			return best
		}
		seen[n] = true
		n = to
	}
}

// Digest is the SHA-256, in lower-case hex, of the findings without their reasons: the RFC 8785
// form of [{"attributes":[...],"key":...,"verdict":...}], by key. Two engines that agree on it
// agree on every deviating and undecided item.
func Digest(findings []assure.Finding) (string, error) {
	type bare struct {
		Attributes []string       `json:"attributes"`
		Key        string         `json:"key"`
		Verdict    assure.Verdict `json:"verdict"`
	}
	list := make([]bare, 0, len(findings))
	for _, f := range findings {
		list = append(list, bare{f.Attributes, f.Key, f.Verdict})
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Key < list[j].Key })
	b, err := json.Marshal(list)
	if err != nil {
		return "", fmt.Errorf("digest of findings: %w", err)
	}
	if b, err = register.Canonical(b); err != nil {
		return "", fmt.Errorf("digest of findings: %w", err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

// Touch says which items a row of a register may give another answer: a new row and, where Passing is
// set, one whose time of that name has passed since.
type Touch struct {
	Register string
	Field    string // names the item by its key; "" for the items' own register
	Passing  string // a time of the row: only its passing touches, not the row's being new
	Named    string // a field of the items' own register that names the row by its key
	Any      bool   // no field names the item: the row may touch every item
}

// Touches lists how new records, and time, can change the answers of items of one register, besides that items
// fall due; false when that cannot be told, so that every item must be looked at again.
func (p *Plan) Touches() ([]Touch, bool) {
	if !p.Keyed() || p.During != nil || looksUp(p.Due) {
		return nil, false
	}
	src := p.Sources[0]
	t := toucher{src: src, list: []Touch{{Register: src.Schema.Name}}, sets: map[*Row]*Set{}}
	p.Walk(func(x Expr) {
		if s := setOf(x); s != nil {
			for _, c := range s.Chain() {
				t.sets[c.Row] = c
				t.add(c.Row, "")
			}
		}
	})
	asked, told := 0, 0
	if p.Open != nil { // an item is open from when that has come
		asked++
		told += t.passing(p.Open.From)
	}
	p.Walk(func(x Expr) {
		switch x := x.(type) {
		case *KnownAt:
			asked++
		case *Binary:
			_, left := Bare(x.L).(*KnownAt)
			_, right := Bare(x.R).(*KnownAt)
			switch {
			case x.Arithmetic() || left == right:
			case left:
				told += t.passing(x.R)
			case right:
				told += t.passing(x.L)
			}
		}
	})
	return t.list, asked == told
}

// looksUp reports whether an expression asks anything of other records.
func looksUp(x Expr) bool {
	found := false
	WalkExpr(x, func(x Expr) { found = found || setOf(x) != nil })
	return found
}

type toucher struct {
	src  *Row
	list []Touch
	sets map[*Row]*Set
}

// add notes that the rows of a set, or a time of them, may touch items.
func (t *toucher) add(r *Row, passing string) {
	n := Touch{Register: r.Schema.Name, Passing: passing}
	if r != t.src {
		n.Field = keyedBy(t.sets[r], t.src)
		if n.Field == "" {
			n.Named = namedBy(t.sets[r], t.src)
		}
		n.Any = n.Field == "" && n.Named == ""
	}
	if !slices.Contains(t.list, n) {
		t.list = append(t.list, n)
	}
}

// passing notes a time that is compared with the present one, and answers 1 where it is a field of a row.
func (t *toucher) passing(x Expr) int {
	f, ok := Bare(x).(*Field)
	if !ok || f.T != Instant || f.Row != t.src && t.sets[f.Row] == nil {
		return 0
	}
	t.add(f.Row, f.Name)
	return 1
}

// Keyed reports whether items are called by the keys of their records.
func (p *Plan) Keyed() bool {
	if len(p.Sources) != 1 || p.Sources[0].Kind != FromRegister || len(p.Key) != 1 {
		return false
	}
	f, ok := p.Key[0].(*Field)
	src := p.Sources[0]
	return ok && f.T == Text && f.Row == src && len(src.Schema.Key) == 1 && f.Name == src.Schema.Key[0]
}

// keyedBy returns the field by which a set's rows name the item, or "".
func keyedBy(s *Set, src *Row) string {
	if s == nil {
		return ""
	}
	if s.Control != "" { // the inspection names the item by its key
		return itemField
	}
	if s.Of != nil || len(s.On) != 1 {
		return ""
	}
	b, ok := s.On[0].(*Binary)
	if !ok || b.Op != "=" {
		return ""
	}
	own, ok1 := b.L.(*Field)
	key, ok2 := b.R.(*Field)
	if !ok1 || !ok2 || own.Row != s.Row || key.Row != src || src.Schema == nil || key.Name != src.Schema.Key[0] {
		return ""
	}
	return own.Name
}

// namedBy returns the field by which the item names a set's rows, or "".
func namedBy(s *Set, src *Row) string {
	if s == nil || s.Of != nil || len(s.On) != 1 || len(s.Row.Schema.Key) != 1 {
		return ""
	}
	b, ok := s.On[0].(*Binary)
	if !ok || b.Op != "=" {
		return ""
	}
	key, ok1 := b.L.(*Field)
	own, ok2 := b.R.(*Field)
	if !ok1 || !ok2 || key.Row != s.Row || key.Name != s.Row.Schema.Key[0] || own.Row != src || own.T != Text {
		return ""
	}
	return own.Name
}

// SortAnswered orders items by the bytes of their keys.
func SortAnswered(a []Answered) {
	sort.Slice(a, func(i, j int) bool { return a[i].Key < a[j].Key })
}
