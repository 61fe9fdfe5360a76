package engage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
)

// Books are the ledger of one organization as the engagements of it need it.
type Books interface {
	record.Appender
	// Since gives the records of the two registers from a place in the ledger on, in its order, and the size that was looked at.
	Since(ctx context.Context, org id.Org, from int64) ([]record.Known, int64, error)
	// Proven gives a record with its salt and the proof against a signed checkpoint, and the ledger's key.
	Proven(ctx context.Context, org id.Org, index int64) (Message, error)
}

// House is one party's side of all its engagements. It is safe for concurrent use; acts are done one after another.
type House struct {
	Org   id.Org
	Side  Side
	Books Books
	Clock func() time.Time
	// Sent is told, when it is not nil, that something of an engagement may have to cross; it is called while nothing is locked.
	Sent func(ctx context.Context, engagement string)

	mu    sync.Mutex
	seen  int64 // of the ledger
	open  map[string]*Engagement
	where map[string]map[int]int64 // engagement -> own act -> place in the ledger
	done  map[string]bool          // records that were applied when they were made, and not read yet
	mail  map[string]arrived       // the other party's records that came in, by engagement and place
	acts  *register.Schema
	post  *register.Schema
}

// load takes over what was appended since; the caller holds the lock.
func (h *House) load(ctx context.Context) error {
	if h.open == nil {
		var err error
		if h.acts, err = register.Load(Acts+".yaml", ActsSchema); err != nil {
			return err
		}
		if h.post, err = register.Load(Mail+".yaml", MailSchema); err != nil {
			return err
		}
		h.open, h.where, h.done, h.mail = map[string]*Engagement{}, map[string]map[int]int64{}, map[string]bool{}, map[string]arrived{}
	}
	list, size, err := h.Books.Since(ctx, h.Org, h.seen)
	if err != nil {
		return err
	}
	for _, k := range list {
		if err := h.take(k); err != nil {
			h.forget() // half a reading is none
			return err
		}
	}
	h.seen = size
	return nil
}

// take folds one record of the ledger.
func (h *House) take(k record.Known) error {
	var a Act
	var err error
	if k.Register == Mail {
		m, err := h.opened(k)
		if err != nil {
			return err
		}
		a = m.act
		h.mail[place(a)] = m.arrived
	} else if a, err = ActOf(k.Record, h.Side); err != nil {
		return err
	} else {
		a.Received = a.At
	}
	e := h.open[a.Engagement]
	if e == nil {
		if e, err = Fold(h.Side, a.Engagement, nil); err != nil {
			return err
		}
		h.open[a.Engagement], h.where[a.Engagement] = e, map[int]int64{}
	}
	if k.Register == Acts {
		h.where[a.Engagement][a.Seq] = k.Index
	}
	if h.done[k.Key] { // it was applied when it was done
		delete(h.done, k.Key)
		return nil
	}
	err = e.Apply(a)
	if err != nil && a.Side != h.Side && late(err) && e.inOrder(a) == nil {
		e.pass(a, err)
		return nil
	}
	if err != nil {
		return &fault.Error{Kind: fault.Integrity, What: fmt.Sprintf("record #%d, %s in engagement %s, does not follow from those before it: %v", k.Index, a.Kind, a.Engagement, err)}
	}
	return nil
}

// keyOf is the key pinned for the other party. The first message of an engagement brings it: whoever takes that one in has compared it.
func (h *House) keyOf(engagement, first string) string {
	e := h.open[engagement]
	if e == nil {
		return first
	}
	key := e.Client.Key
	if h.Side == Client {
		key = e.Firm.Key
	}
	if key == "" {
		return first
	}
	return key
}

// List names the engagements, the latest first. What there is to know of one, See shows: it changes once nothing holds it still.
func (h *House) List(ctx context.Context) ([]string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.load(ctx); err != nil {
		return nil, err
	}
	out := slices.Sorted(maps.Keys(h.open))
	slices.Reverse(out)
	return out, nil
}

// See shows an engagement to a function while nobody changes it.
func (h *House) See(ctx context.Context, engagement string, fn func(*Engagement) error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.load(ctx); err != nil {
		return err
	}
	e := h.open[engagement]
	if e == nil {
		return fault.NotFound
	}
	return fn(e)
}

// Do makes somebody's act, or refuses it; an attempt that the wall refuses is kept on record, whoever made it. Engagement is the name of a new
// one for the act "open".
func (h *House) Do(ctx context.Context, who Who, engagement, name string, body any) error {
	return h.DoAll(ctx, who, engagement, []Deed{{name, body}})
}

func madeByProgram(name string) bool {
	k, _ := find(name)
	return k.program
}

// isName reports whether a text can name an engagement: addresses, files and messages carry it as it is, and the other party chose it.
func isName(s string) bool {
	if s == "" || len(s) > 64 || s[0] == '.' || s[0] == '-' {
		return false
	}
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") == ""
}

func misnamed(engagement string) error {
	return fault.Refuse("%.80q cannot name an engagement; expected up to 64 letters, digits, hyphens, points and underscores", engagement)
}

// Deed is an act to be done.
type Deed struct {
	Kind string
	Body any
}

// DoAll makes acts that belong together: all or none.
func (h *House) DoAll(ctx context.Context, who Who, engagement string, deeds []Deed) error {
	err := h.doAll(ctx, who, engagement, deeds)
	if err == nil && h.Sent != nil && slices.ContainsFunc(deeds, func(d Deed) bool { k, _ := find(d.Kind); return k.crosses }) {
		h.Sent(ctx, engagement)
	}
	return err
}

func (h *House) doAll(ctx context.Context, who Who, engagement string, deeds []Deed) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.load(ctx); err != nil {
		return err
	}
	if len(deeds) == 0 || slices.ContainsFunc(deeds, func(d Deed) bool { return madeByProgram(d.Kind) }) {
		return fault.Refuse("nothing is to be done, or what only the program puts on record")
	}
	e := h.open[engagement]
	if e == nil {
		if deeds[0].Kind != "open" || h.Side != Firm {
			return fault.NotFound
		}
		if !isName(engagement) {
			return misnamed(engagement)
		}
		e, _ = Fold(h.Side, engagement, nil)
	}
	name, err := h.try(ctx, who, e, deeds)
	if !errors.Is(err, fault.Denied) || errors.Is(err, access.StepUp) {
		return err
	}
	if load := h.load(ctx); load != nil || h.open[engagement] == nil {
		return errors.Join(err, load)
	}
	_, kept := h.try(ctx, who, h.open[engagement], []Deed{{tried, Refusal{Kind: name, Why: err.Error()}}})
	return errors.Join(err, kept)
}

// try checks the acts one after another, each after those before it, and appends them together. It names the one that is refused.
func (h *House) try(ctx context.Context, who Who, e *Engagement, deeds []Deed) (string, error) {
	now := civil.InstantOf(h.Clock())
	var drafts []record.Draft
	for i, d := range deeds {
		row, err := h.deed(e, who, d, now)
		if err != nil {
			if i > 0 {
				h.forget() // what the first ones changed is read again
			}
			return d.Kind, err
		}
		drafts = append(drafts, record.Draft{Row: row, Source: Source})
	}
	return "", h.keep(ctx, e, drafts)
}

// mostCrossing is how long the body of an act may be that crosses. The other party keeps the message within a record of its own, where each
// quotation mark is escaped three times over; a message that it could not keep would hold up all after it.
const mostCrossing = 2 << 20

// deed applies one act.
func (h *House) deed(e *Engagement, who Who, d Deed, now civil.Instant) (*register.Row, error) {
	if !madeByProgram(d.Kind) {
		if err := e.May(h.Side, who, d.Kind); err != nil {
			return nil, err
		}
	}
	b, err := json.Marshal(d.Body)
	if err != nil {
		return nil, err
	}
	if k, _ := find(d.Kind); k.crosses && len(b) > mostCrossing {
		return nil, fault.Refuse("%s says more than can cross to the other party: it is longer than %d MiB", words(d.Kind), mostCrossing>>20).WithHint("do it in parts")
	}
	a := Act{Engagement: e.ID, Seq: e.next[h.Side], After: e.sent[h.Side], Side: h.Side, Kind: d.Kind, Edition: edition, Body: b, By: strings.ToLower(who.Email), Person: who.Person, Name: who.Name, At: now, Received: now}
	row, err := h.row(a)
	if err != nil {
		return nil, err
	}
	return row, e.Apply(a)
}

// keep appends what was applied. Where that fails all is read again, so that nothing stands in memory alone.
func (h *House) keep(ctx context.Context, e *Engagement, drafts []record.Draft) error {
	if _, err := h.Books.Append(ctx, h.Org, "", drafts); err != nil {
		h.forget()
		return err
	}
	if h.open[e.ID] == nil {
		h.open[e.ID], h.where[e.ID] = e, map[int]int64{}
	}
	for _, d := range drafts {
		h.done[d.Row.Key] = true
	}
	return h.load(ctx)
}

func (h *House) forget() { h.open, h.seen = nil, 0 }

// Source is how records of engagements name where they come from: acts of people in the application.
const Source = "people"

func (h *House) row(a Act) (*register.Row, error) {
	b, err := json.Marshal(actBody{a.Engagement, a.Seq, a.After, a.Kind, a.Edition, string(a.Body), a.By, a.Person, a.Name, a.At.String()})
	if err != nil {
		return nil, err
	}
	return rowOf(h.acts, b)
}

// rowOf makes version 1 of a record: the store refuses another body under it, so that of two acts for one place the first stands.
func rowOf(s *register.Schema, body []byte) (*register.Row, error) {
	v, err := register.ParseJSON(s.Name, 0, body)
	if err != nil {
		return nil, err
	}
	row, err := register.Convert(s, "", register.Input{Fields: v.Members})
	if err != nil {
		return nil, err
	}
	row.Version = 1
	return row, nil
}
