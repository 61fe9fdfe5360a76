package verify

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// finding is one deviating or undecided item.
type finding struct {
	key, verdict, reason, event string
	attributes, records         []string
}

// tally sums findings up while they stream past.
type tally struct {
	rows      [2]int64 // deviations, undecided
	attribute map[string]int64
	digest    hash.Hash // as results print it: reasons left out
	full      hash.Hash // everything
	last      string
	n         int64
}

func newTally() *tally {
	t := &tally{attribute: map[string]int64{}, digest: sha256.New(), full: sha256.New()}
	t.digest.Write([]byte("["))
	return t
}

// add takes the next finding; they must be sorted by the bytes of their keys.
func (t *tally) add(f finding) error {
	if t.n > 0 && f.key <= t.last {
		return fmt.Errorf("finding %q is repeated or out of order", f.key)
	}
	switch f.verdict {
	case "deviation":
		t.rows[0]++
		for _, a := range f.attributes {
			t.attribute[a]++
		}
	case "undecided":
		t.rows[1]++
	default:
		return fmt.Errorf("finding %q has the verdict %q; expected deviation or undecided", f.key, f.verdict)
	}
	var b []byte
	if t.n > 0 {
		b = append(b, ',')
	}
	b = appendTexts(append(b, `{"attributes":`...), f.attributes)
	b = appendText(append(b, `,"key":`...), f.key)
	b = appendText(append(b, `,"verdict":`...), f.verdict)
	b = append(b, '}')
	t.digest.Write(b)
	b = appendText(b, f.reason)
	b = appendText(b, f.event)
	b = appendTexts(b, f.records)
	t.full.Write(b)
	t.last = f.key
	t.n++
	return nil
}

func (t *tally) sum() string {
	t.digest.Write([]byte("]"))
	return hex.EncodeToString(t.digest.Sum(nil))
}

func appendTexts(b []byte, list []string) []byte {
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, s)
	}
	return append(b, ']')
}

// findings reads a list of findings.
func (s stream) findings(t *tally, each func(finding)) error {
	return s.array(func() error {
		var f finding
		err := s.object(func(name string) error {
			switch name {
			case "key":
				return s.text(&f.key)
			case "verdict":
				return s.text(&f.verdict)
			case "attributes":
				return s.texts(&f.attributes)
			case "reason":
				return s.text(&f.reason)
			case "records":
				return s.texts(&f.records)
			case "event_time":
				return s.text(&f.event)
			}
			return fmt.Errorf("a finding has no such member")
		})
		if err != nil {
			return err
		}
		each(f)
		return t.add(f)
	})
}

// result is what results.json says of one test of one version of a control.
type result struct {
	control, test, digest, blocked                        string
	version, population, na, passed, deviating, undecided int64
	attributes                                            map[string]int64
	t                                                     *tally
	full                                                  string
}

// conclusions are the results of a package, without their findings.
type conclusions struct {
	organization string
	size         int64
	root         string
	rows         []result
}

// readResults streams results.json. Every record name that a finding rests on goes to named.
func readResults(s stream, named func(string)) (*conclusions, error) {
	var c conclusions
	err := s.object(func(name string) error {
		switch name {
		case "organization":
			return s.text(&c.organization)
		case "checkpoint":
			return s.object(func(name string) error {
				switch name {
				case "size":
					return s.number(&c.size)
				case "root":
					return s.text(&c.root)
				}
				return s.skip()
			})
		case "controls":
			return s.array(func() error {
				r, err := s.result(named)
				c.rows = append(c.rows, r)
				return err
			})
		}
		return s.skip()
	})
	if err == nil {
		err = s.end()
	}
	return &c, err
}

func (s stream) result(named func(string)) (result, error) {
	r := result{attributes: map[string]int64{}, t: newTally()}
	err := s.object(func(name string) error {
		switch name {
		case "id":
			return s.text(&r.control)
		case "test":
			return s.text(&r.test)
		case "digest":
			return s.text(&r.digest)
		case "blocked":
			return s.text(&r.blocked)
		case "version":
			return s.number(&r.version)
		case "population":
			return s.number(&r.population)
		case "not_applicable":
			return s.number(&r.na)
		case "passed":
			return s.number(&r.passed)
		case "deviating":
			return s.number(&r.deviating)
		case "undecided":
			return s.number(&r.undecided)
		case "attributes":
			return s.attributes(r.attributes)
		case "findings":
			return s.findings(r.t, func(f finding) {
				for _, n := range f.records {
					named(n)
				}
			})
		}
		return s.skip()
	})
	r.full = string(r.t.full.Sum(nil))
	return r, err
}

func (s stream) attributes(to map[string]int64) error {
	return s.array(func() error {
		id, n := "", int64(0)
		err := s.object(func(name string) error {
			switch name {
			case "id":
				return s.text(&id)
			case "deviations":
				return s.number(&n)
			}
			return s.skip()
		})
		to[id] = n
		return err
	})
}

// faults says what a row states that its own findings do not bear out.
func (r result) faults() []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if r.passed < 0 || r.deviating < 0 || r.undecided < 0 || r.na < 0 || r.passed+r.deviating+r.undecided+r.na != r.population {
		say("passed %d + deviating %d + undecided %d + not applicable %d is not the population of %d", r.passed, r.deviating, r.undecided, r.na, r.population)
	}
	if r.t.rows[0] != r.deviating || r.t.rows[1] != r.undecided {
		say("it counts %d deviating and %d undecided items, but lists %d and %d", r.deviating, r.undecided, r.t.rows[0], r.t.rows[1])
	}
	for id, n := range r.t.attribute {
		if have, ok := r.attributes[id]; !ok || have != n {
			say("attribute %s deviates in %d findings, but is counted %d times", id, n, have)
		}
	}
	for id, n := range r.attributes {
		if n != r.t.attribute[id] && r.t.attribute[id] == 0 {
			say("attribute %s is counted %d times, but deviates in no finding", id, n)
		}
	}
	if sum := r.t.sum(); r.digest != sum && !(r.blocked != "" && r.digest == "") {
		say("its digest is %.12s..., that of its findings %.12s...", r.digest, sum)
	}
	return out
}

// readFindings reads findings/<control>.json and compares it with the rows of results.json.
func readFindings(s stream, control string, rows []result) error {
	i := 0
	err := s.array(func() error {
		if i >= len(rows) {
			return fmt.Errorf("it lists a test that results.json does not")
		}
		want, t := rows[i], newTally()
		var got result
		i++
		err := s.object(func(name string) error {
			switch name {
			case "control":
				return s.text(&got.control)
			case "version":
				return s.number(&got.version)
			case "test":
				return s.text(&got.test)
			case "digest":
				return s.text(&got.digest)
			case "findings":
				return s.findings(t, func(finding) {})
			}
			return fmt.Errorf("it has no such member")
		})
		if err == nil && (got.control != control || got.version != want.version || got.test != want.test || got.digest != want.digest || string(t.full.Sum(nil)) != want.full) {
			err = fmt.Errorf("test %s, version %d: not what results.json says", want.test, want.version)
		}
		return err
	})
	if err == nil && i != len(rows) {
		err = fmt.Errorf("it lists %d of the %d tests of results.json", i, len(rows))
	}
	if err == nil {
		err = s.end()
	}
	return err
}

// splitName cuts register/key@version; the key may hold both signs.
func splitName(s string) (register, key, version string, ok bool) {
	register, rest, ok := strings.Cut(s, "/")
	at := strings.LastIndexByte(rest, '@')
	if !ok || at < 1 || register == "" {
		return "", "", "", false
	}
	key, version = rest[:at], rest[at+1:]
	n, err := strconv.Atoi(version)
	return register, key, version, err == nil && n > 0 && strconv.Itoa(n) == version
}

// rootText is a root as results print it.
func rootText(h tlog.Hash) string { return hex.EncodeToString(h[:]) }
