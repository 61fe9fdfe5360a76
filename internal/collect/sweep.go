package collect

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// Kept keeps finished comparisons, so that the next one need only look at what has changed since. It
// is derived: it may be dropped at any time, and it is no evidence.
type Kept interface {
	// Load gives the JSON that was stored under a name; false when there is none that can be trusted.
	Load(name string) ([]byte, bool)
	// Store keeps JSON as of a tree size, which stands in its field "size".
	Store(name string, size int64, run []byte) error
}

const (
	keepFrom   = 1_000  // records from which keeping a comparison pays
	mostKept   = 10_000 // differences that are kept one by one
	mostNewer  = 50_000 // changed records that are worth looking at one by one
	mostSingly = 1_000  // names that are worth looking up one by one in a field without an index
	mostListed = 3      // differences that a sentence names
)

// sweep looks at every record of a register, and for what it names in others.
type sweep struct {
	s       *register.Schema
	fields  []string
	look    func(values []any) seen
	say     func(v seen) string // what a record names, for a message; only called for differences
	lookups []lookup
	absent  bool // a record that names nothing is a difference
	persons bool
	defined any // what the sweep was made from: another definition is another sweep
}

// lookup is a field of a register whose known values are looked through.
type lookup struct {
	s      *register.Schema
	by     string
	where  where
	fields []string // by first, then those of where
}

// seen is what a record says by itself.
type seen struct {
	counts bool     // it is to be looked at
	differ string   // it is wrong by itself, in words
	blank  bool     // it does not say what it names or is made of
	names  []string // of each lookup what it names; empty where it names nothing
}

// settled is the outcome of a sweep as of a tree size.
type settled struct {
	Size   int64             `json:"size"`
	Looked int64             `json:"looked"` // records that count
	Blank  int64             `json:"blank"`  // of them, those that do not say
	Differ int64             `json:"differ"` // of them, those that were not found or are wrong
	Left   map[string]string `json:"left"`   // key -> words, of every difference; the first ones when there are too many
}

func (o *settled) take(key string, v seen, found bool, w *sweep) {
	if !v.counts {
		return
	}
	o.Looked++
	words := v.differ
	switch {
	case v.differ != "":
	case v.blank:
		o.Blank++
		if !w.absent {
			return
		}
		words = w.say(v)
	case found:
		return
	default:
		words = w.say(v)
	}
	o.Differ++
	o.Left[key] = words
	if len(o.Left) > 2*mostKept { // only the first ones are ever named
		for _, k := range slices.Sorted(maps.Keys(o.Left))[mostKept:] {
			delete(o.Left, k)
		}
	}
}

// drop takes a record off again.
func (o *settled) drop(key string, v seen) {
	if !v.counts {
		return
	}
	o.Looked--
	if v.differ == "" && v.blank {
		o.Blank--
	}
	if _, ok := o.Left[key]; ok {
		o.Differ--
		delete(o.Left, key)
	}
}

// run looks at every record or, where an earlier run was kept, at those that may have changed.
func (c *Checker) run(ctx context.Context, q Request, w *sweep) (*settled, error) {
	name := ""
	if c.Kept != nil {
		b, err := json.Marshal([]any{q.Org, w.defined, w.s, w.layouts(), q.Period})
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(b)
		name = "check-" + hex.EncodeToString(sum[:16])
		var old settled
		if b, ok := c.Kept.Load(name); ok && json.Unmarshal(b, &old) == nil && old.Size <= q.Size && old.Left != nil {
			switch done, changed, err := c.amend(ctx, q, w, &old); {
			case err != nil:
				return nil, err
			case done && changed:
				return &old, c.keep(name, q, &old)
			case done:
				return &old, nil
			}
		}
	}
	out, err := c.everything(ctx, q, w, mostNewer)
	if errors.Is(err, errMany) {
		out, err = c.everything(ctx, q, w, -1)
	}
	if err != nil {
		return nil, fmt.Errorf("look through %s: %w", w.s.Name, err)
	}
	return out, c.keep(name, q, out)
}

// errMany says that the first place to look holds too few of the names to look up the others singly.
var errMany = errors.New("too many names for single lookups")

// everything looks at every record. Names that the first lookup does not know wait for the others,
// unless they are more than a limit; without one all lookups are read first.
func (c *Checker) everything(ctx context.Context, q Request, w *sweep, limit int) (*settled, error) {
	persons, err := c.persons(ctx, q, w.persons)
	if err != nil {
		return nil, err
	}
	at := len(w.lookups) // lookups that are read whole
	if limit > 0 && !w.persons {
		at = min(at, 1)
	}
	sets := make([]map[string]struct{}, len(w.lookups))
	for i, l := range w.lookups[:at] {
		if sets[i], err = c.values(ctx, q, l, persons); err != nil {
			return nil, err
		}
	}
	out := &settled{Size: q.Size, Left: map[string]string{}}
	waiting := map[string]seen{}
	err = c.Rows.All(ctx, q.Org, w.s, w.fields, q.Size, func(key string, values []any) error {
		v := w.look(values)
		found := v.in(sets, persons)
		if !found && v.counts && !v.blank && at < len(sets) {
			if waiting[key] = v; len(waiting) > limit {
				return errMany
			}
			return nil
		}
		out.take(key, v, found, w)
		return nil
	})
	if err != nil || len(waiting) == 0 {
		return out, err
	}
	for i := at; i < len(sets); i++ {
		if sets[i], err = c.present(ctx, q, w.lookups[i], waiting, sets[:i], i); err != nil {
			return nil, err
		}
	}
	for key, v := range waiting {
		out.take(key, v, v.in(sets, persons), w)
	}
	return out, nil
}

func (c *Checker) keep(name string, q Request, o *settled) error {
	if name == "" || o.Looked < cmp.Or(c.Worth, keepFrom) || o.Differ > mostKept || int64(len(o.Left)) != o.Differ {
		return nil
	}
	o.Size = q.Size
	b, err := json.Marshal(o)
	if err != nil {
		return err
	}
	return c.Kept.Store(name, o.Size, b)
}

func (w *sweep) layouts() []any {
	var out []any
	for _, l := range w.lookups {
		out = append(out, l.s)
	}
	return out
}

// in reports whether one of the names is among the known values.
func (v seen) in(sets []map[string]struct{}, persons map[string]string) bool {
	for i, n := range v.names {
		if n == "" {
			continue
		}
		if _, ok := sets[i][resolved(persons, n)]; ok {
			return true
		}
	}
	return len(v.names) == 0 && v.differ == ""
}

func resolved(persons map[string]string, login string) string {
	if p, ok := persons[login]; ok {
		return p
	}
	return login
}

// values reads the known values of a lookup.
func (c *Checker) values(ctx context.Context, q Request, l lookup, persons map[string]string) (map[string]struct{}, error) {
	set := map[string]struct{}{}
	err := c.Rows.All(ctx, q.Org, l.s, l.fields, q.Size, func(_ string, v []any) error {
		if text := textOf(v[0]); text != "" && l.where.matches(l.fields[1:], v[1:]) {
			set[resolved(persons, text)] = struct{}{}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read %s of %s: %w", l.by, l.s.Name, err)
	}
	return set, nil
}

func textOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int64:
		return fmt.Sprint(v)
	}
	return ""
}

// persons resolves logins as known, for a sweep that compares persons.
func (c *Checker) persons(ctx context.Context, q Request, wanted bool) (map[string]string, error) {
	if !wanted || c.Persons == nil {
		return nil, nil
	}
	return once(c, fmt.Sprint("persons ", q.Org, " ", q.Size), func() (map[string]string, error) {
		aliases, people := map[string]string{}, map[string][]string{}
		err := c.pairs(ctx, q, "aliases", "alias", "person_id", func(alias, person string) { aliases[alias] = person })
		if err != nil {
			return nil, err
		}
		err = c.pairs(ctx, q, "people", "person_id", "email", func(person, address string) {
			if list := people[person]; address == "" || slices.Contains(list, address) {
				people[person] = list
			} else {
				people[person] = append(list, address)
			}
		})
		return c.Persons(aliases, people), err
	})
}

func (c *Checker) pairs(ctx context.Context, q Request, name, a, b string, each func(a, b string)) error {
	s := c.Registers(name)
	if s == nil {
		return nil
	}
	return c.Rows.All(ctx, q.Org, s, []string{a, b}, q.Size, func(_ string, v []any) error {
		if text := textOf(v[0]); text != "" {
			each(text, textOf(v[1]))
		}
		return nil
	})
}

// amend brings a kept outcome up to date, and says whether anything had changed; it is not done
// when too much has.
func (c *Checker) amend(ctx context.Context, q Request, w *sweep, old *settled) (done, changed bool, err error) {
	if old.Size == q.Size {
		return true, false, nil
	}
	if same, err := c.unerased(ctx, q.Org, old.Size); err != nil || !same {
		return false, false, err
	}
	if w.persons {
		for _, reg := range []string{"aliases", "people"} {
			if keys, ok, err := c.since(ctx, q, c.Registers(reg), old.Size); err != nil || !ok || len(keys) > 0 {
				return false, false, err
			}
		}
	}
	keys, ok, err := c.since(ctx, q, w.s, old.Size)
	if err != nil || !ok {
		return false, false, err
	}
	newer := false
	for _, l := range w.lookups {
		changed, ok, err := c.since(ctx, q, l.s, old.Size)
		if err != nil || !ok {
			return false, false, err
		}
		if len(changed) == 0 {
			continue
		}
		newer = true
		if kept, err := c.stillThere(ctx, q, l, changed, old.Size); err != nil || !kept {
			return false, false, err
		}
	}
	if newer { // what was missing may have come
		keys = slices.AppendSeq(keys, maps.Keys(old.Left))
		slices.Sort(keys)
		keys = slices.Compact(keys)
	}
	if len(keys) == 0 {
		return true, false, nil
	}
	return true, true, c.again(ctx, q, w, old, keys)
}

func (c *Checker) since(ctx context.Context, q Request, s *register.Schema, from int64) ([]string, bool, error) {
	if s == nil {
		return nil, true, nil
	}
	type answer struct {
		keys []string
		ok   bool
	}
	a, err := once(c, fmt.Sprint("since ", q.Org, " ", s.Name, " ", from, " ", q.Size), func() (answer, error) {
		keys, ok, err := c.Rows.Since(ctx, q.Org, s, from, q.Size, mostNewer)
		return answer{keys, ok}, err
	})
	return slices.Clone(a.keys), a.ok, err
}

// unerased reports whether no record was erased since a tree size: what one said before is gone then.
func (c *Checker) unerased(ctx context.Context, org id.Org, from int64) (bool, error) {
	last, err := once(c, fmt.Sprint("erased ", org), func() (int64, error) {
		known, err := c.Ledger.System(ctx, org, record.Erasures, register.MaxIndex)
		last := int64(-1)
		for _, k := range known {
			last = max(last, k.Index)
		}
		return last, err
	})
	return last < from, err
}

// stillThere reports whether the changed records of a lookup still have the values that they had.
func (c *Checker) stillThere(ctx context.Context, q Request, l lookup, keys []string, before int64) (bool, error) {
	now := map[string]string{}
	read := func(size int64, each func(key, value string)) error {
		return c.Rows.Of(ctx, q.Org, l.s, l.fields, "", keys, size, func(key string, v []any) error {
			if text := textOf(v[0]); text != "" && l.where.matches(l.fields[1:], v[1:]) {
				each(key, text)
			}
			return nil
		})
	}
	if err := read(q.Size, func(key, value string) { now[key] = value }); err != nil {
		return false, err
	}
	same := true
	err := read(before, func(key, value string) { same = same && now[key] == value })
	return same, err
}

// again takes records off as they were and puts them back as they are.
func (c *Checker) again(ctx context.Context, q Request, w *sweep, o *settled, keys []string) error {
	err := c.Rows.Of(ctx, q.Org, w.s, w.fields, "", keys, o.Size, func(key string, values []any) error {
		o.drop(key, w.look(values))
		return nil
	})
	if err != nil {
		return err
	}
	now := map[string]seen{}
	err = c.Rows.Of(ctx, q.Org, w.s, w.fields, "", keys, q.Size, func(key string, values []any) error {
		now[key] = w.look(values)
		return nil
	})
	if err != nil {
		return err
	}
	persons, err := c.persons(ctx, q, w.persons)
	if err != nil {
		return err
	}
	sets := make([]map[string]struct{}, len(w.lookups))
	for i, l := range w.lookups {
		if w.persons { // a person has many names: few people, all of them are read
			if sets[i], err = c.values(ctx, q, l, persons); err != nil {
				return err
			}
			continue
		}
		if sets[i], err = c.present(ctx, q, l, now, sets[:i], i); err != nil {
			return err
		}
	}
	for key, v := range now {
		o.take(key, v, v.in(sets, persons), w)
	}
	return nil
}

// present looks up those names of a few records that no earlier lookup has found.
func (c *Checker) present(ctx context.Context, q Request, l lookup, now map[string]seen, earlier []map[string]struct{}, i int) (map[string]struct{}, error) {
	wanted := map[string]bool{}
	for _, v := range now {
		if v.counts && v.names[i] != "" && !(seen{names: v.names[:i]}).found(earlier) {
			wanted[v.names[i]] = true
		}
	}
	field := l.by
	if f, _ := l.s.Field(l.by); len(l.s.Key) == 1 && l.s.Key[0] == l.by && f.Type == register.Text {
		field = "" // the key itself, which has an index
	} else if len(wanted) > mostSingly {
		return c.values(ctx, q, l, nil)
	}
	set := map[string]struct{}{}
	err := c.Rows.Of(ctx, q.Org, l.s, l.fields, field, slices.Sorted(maps.Keys(wanted)), q.Size, func(_ string, v []any) error {
		if l.where.matches(l.fields[1:], v[1:]) {
			set[textOf(v[0])] = struct{}{}
		}
		return nil
	})
	return set, err
}

func (v seen) found(sets []map[string]struct{}) bool {
	return len(v.names) > 0 && v.in(sets, nil)
}

// when says which records of a register belong to a period.
type when int

const (
	touching  when = iota // whose interval touches it or whose event lies in it
	beginning             // whose event lies in it
	ever
)

func whenOf(always, began bool) when {
	switch {
	case always:
		return ever
	case began:
		return beginning
	}
	return touching
}

// inPeriod makes the question whether a record belongs to the period, of the fields that it names. A
// record that does not say when it was belongs to every period.
func inPeriod(s *register.Schema, period civil.Period, w when) (fields []string, belongs func(values []any) bool) {
	if w == ever {
		return nil, func([]any) bool { return true }
	}
	before := func(name string, v any, end bool) (earlier, known bool) {
		n, ok := v.(int64)
		if !ok {
			return false, false
		}
		if f, _ := s.Field(name); f.Type == register.Date {
			if end {
				return civil.Date(n) < period.From, true
			}
			return civil.Date(n) <= period.To, true
		}
		if end {
			return civil.Instant(n) < period.Start(), true
		}
		return civil.Instant(n) < period.End(), true
	}
	if len(s.Interval) == 2 && w == touching {
		return s.Interval, func(v []any) bool {
			began, known := before(s.Interval[0], v[0], false)
			if known && !began {
				return false
			}
			over, known := before(s.Interval[1], v[1], true)
			return !known || !over
		}
	}
	return s.Event, func(v []any) bool {
		for i, name := range s.Event {
			began, known := before(name, v[i], false)
			if !known {
				continue
			}
			over, _ := before(name, v[i], true)
			return began && !over
		}
		return true
	}
}

// listing names the first differences and how many there are more.
func (o *settled) listing(s *register.Schema) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(o.Left)) {
		if len(out) == mostListed {
			break
		}
		out = append(out, s.Name+"/"+k+" "+o.Left[k])
	}
	text := strings.Join(out, "; ")
	if more := o.Differ - int64(len(out)); more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return text
}

// outcomes are the comparisons of a register.
type outcomes struct {
	checks  []assure.Check
	waiting map[string]string // of each check, the comparisons for which a register is missing
}

// join adds the comparisons of one check. What the check says by itself comes first; when that is
// nothing, it stands with what is waited for, and only where no comparison decided.
func (o outcomes) join(name string, own assure.CheckStatus, detail string, add func(name string, s assure.CheckStatus, detail string)) {
	decided := slices.ContainsFunc(o.checks, func(c assure.Check) bool { return c.Check == name && c.Status != assure.Missing })
	waiting := o.waiting[name]
	switch {
	case own == assure.Missing && decided:
	case own == assure.Missing && waiting != "":
		add(name, own, detail+"; "+waiting)
		waiting = ""
	case own != "":
		add(name, own, detail)
	}
	for _, c := range o.checks {
		if c.Check == name {
			add(name, c.Status, c.Detail)
		}
	}
	if waiting != "" {
		add(name, assure.Missing, waiting)
	}
}
