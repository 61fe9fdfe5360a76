package collect

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/id"
)

// Traces is the register in which people record the items that they compared by hand.
const Traces = "traces"

// enough is how many items a person compares at the most, whatever the size of the register.
const enough = 25

// The two directions of a comparison by hand.
const (
	source  = "vouched" // A1: from the register to the source
	reality = "traced"  // C4: from reality into the register
)

// trace is one item that a person compared.
type trace struct {
	name, direction, register, item string
	agrees                          *bool
	difference, document            string
	at                              civil.Instant // 0 when the record does not say
}

// traced are the comparisons of one register's items.
type traced struct {
	all         []trace
	have        map[string]bool // the items that are in the register
	lastVouched civil.Instant
}

// traces reads all comparisons that were known.
func (c *Checker) traces(ctx context.Context, org id.Org, size int64) ([]trace, error) {
	if c.Rows == nil || c.Registers == nil || c.Registers(Traces) == nil {
		return nil, nil
	}
	return once(c, fmt.Sprint("traces ", org, " ", size), func() ([]trace, error) {
		var out []trace
		fields := []string{"direction", "register", "item", "agrees", "difference", "source_document", "performed_at"}
		err := c.Rows.All(ctx, org, c.Registers(Traces), fields, size, func(key string, v []any) error {
			t := trace{name: Traces + "/" + key}
			t.direction, _ = v[0].(string)
			t.register, _ = v[1].(string)
			t.item, _ = v[2].(string)
			if n, ok := v[3].(int64); ok {
				yes := n != 0
				t.agrees = &yes
			}
			t.difference, _ = v[4].(string)
			t.document, _ = v[5].(string)
			if at, ok := v[6].(int64); ok {
				t.at = civil.Instant(at)
			}
			out = append(out, t)
			return nil
		})
		slices.SortFunc(out, func(a, b trace) int { return strings.Compare(a.name, b.name) })
		return out, err
	})
}

// traced picks the comparisons of the register under check that were made since the period began.
func (c *Checker) traced(ctx context.Context, q Request, h *history) (*traced, error) {
	out := &traced{have: map[string]bool{}}
	all, err := c.traces(ctx, q.Org, q.Size)
	if err != nil || len(h.all) == 0 {
		return out, err
	}
	items := map[string]bool{}
	for _, t := range all {
		if t.register != q.Schema.Name {
			continue
		}
		if t.direction == source {
			out.lastVouched = max(out.lastVouched, t.at)
		}
		if t.at >= q.Period.Start() {
			out.all = append(out.all, t)
			items[t.item] = true
		}
	}
	if len(items) == 0 {
		return out, nil
	}
	err = c.Rows.Of(ctx, q.Org, q.Schema, nil, "", slices.Sorted(maps.Keys(items)), q.Size, func(key string, _ []any) error {
		out.have[key] = true
		return nil
	})
	return out, err
}

// judge is A1 or, from reality, C4: a person compared enough items, at the most 25, and none
// differs. An item that is in reality and not in the register fails, whatever else was found.
func (t *traced) judge(h *history, direction string) (assure.CheckStatus, string) {
	verb, how := "vouched to the source", "pick items of "+h.register+", compare each with its source"
	if direction == reality {
		verb, how = "traced from reality", "pick items from another source, look for each in "+h.register
	}
	how += " and record it (assay import " + Traces + ")"
	if len(h.all) == 0 {
		return assure.Missing, h.register + " was never pulled"
	}
	var rows int64
	for _, p := range h.all {
		if p.Register == h.register {
			rows += p.New
		}
		rows += p.Children[h.register]
	}
	good := map[string]bool{}
	for _, x := range t.all {
		switch {
		case x.direction != direction:
		case !t.have[x.item] && direction == reality:
			return assure.Failed, fmt.Sprintf("%s: %s was found in reality (%s) and is not in %s: pull again, and look for others", x.name, x.item, orNothing(x.document), h.register)
		case x.agrees != nil && !*x.agrees:
			return assure.Failed, fmt.Sprintf("%s: %s differs from its source: %s", x.name, x.item, orNothing(x.difference))
		case t.have[x.item] && x.agrees != nil:
			good[x.item] = true
		}
	}
	need := min(rows, enough)
	switch {
	case rows == 0:
		return assure.Missing, h.register + " holds no item that could be " + verb
	case int64(len(good)) >= need:
		return assure.Passed, fmt.Sprintf("%d items of %s were %s, and all agree", len(good), h.register, verb)
	case len(good) == 0:
		return assure.Missing, fmt.Sprintf("no item of %s was %s in the period or since: %s", h.register, verb, how)
	}
	return assure.Missing, fmt.Sprintf("%d of %d items of %s were %s, and all agree: %s", len(good), need, h.register, verb, how)
}

func orNothing(s string) string {
	if s == "" {
		return "the record does not say"
	}
	return s
}
