package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/gauge"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/operate"
	"github.com/assayhq/assay/internal/publish"
	"github.com/assayhq/assay/internal/record"
	"github.com/assayhq/assay/internal/register"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/web"
)

var _ web.Assertions = (*assertions)(nil)

// answers are management's answers to deviations, as a ledger of the size holds them.
func (o *office) answers(ctx context.Context, size int64) (map[report.ItemRef]report.Answer, error) {
	out := map[report.ItemRef]report.Answer{}
	err := o.rows(ctx, "deviation_answers", size, []string{"test", "item", "cause", "response", "extent"}, func(_ string, get func(string) any) error {
		out[report.ItemRef{Test: textOf(get("test")), Item: textOf(get("item"))}] = report.Answer{Cause: textOf(get("cause")), Text: textOf(get("response")), Extent: textOf(get("extent"))}
		return nil
	})
	return out, err
}

// signatures are those on record, the latest first. Only what was signed here counts: a record of another source is nobody's signature.
func (o *office) signatures(ctx context.Context) ([]publish.Signature, error) {
	var out []publish.Signature
	err := o.made(ctx, publish.Signatures, "signed_at", func(k record.Known) error {
		var s publish.Signature
		if err := json.Unmarshal(k.Body, &s); err != nil {
			return fmt.Errorf("read %s: %w", k.Name(), err)
		}
		s.Version, s.Index = k.Version, k.Index
		out = append(out, s)
		return nil
	})
	return out, err
}

// made reads the latest version of each record that acts of people made, the latest first.
func (o *office) made(ctx context.Context, name, by string, each func(record.Known) error) error {
	return o.listed(ctx, name, operate.Source, record.Query{Sort: by, Desc: true}, each)
}

// signed are the signatures as a draft of the facts prints them.
func (o *office) signed(ctx context.Context, kind report.Kind, f report.Facts) ([]report.Signature, error) {
	list, err := o.signatures(ctx)
	if err != nil || !slices.ContainsFunc(list, func(s publish.Signature) bool { return s.State == publish.Signed && s.Report == string(kind) }) {
		return nil, err
	}
	a := publish.Assertion{Kind: kind, Signatures: list}
	if a.Assertion, err = report.AssertionOf(kind, f); errors.Is(err, fault.Refused) {
		return nil, nil // a kind without an assertion has none that is signed
	}
	if err != nil {
		return nil, err
	}
	if a.Draft, err = report.Fingerprint(kind, f); err != nil {
		return nil, err
	}
	return a.Signed(), nil
}

// keep makes the draft of a record that an act of a person in the application writes.
func (o *office) keep(ctx context.Context, name string, version int, by access.Visitor, body any) (record.Draft, error) {
	return o.sealable(ctx, name, operate.Source, version, body, register.Member{Name: operate.EnteredBy, Value: register.Value{Kind: register.String, Text: by.Email}})
}

// assertions puts management's assertion before whoever signs it.
type assertions struct {
	p    *pages
	desk *operate.Desk // who is one person
	one  sync.Mutex    // acts are made one after another

	mu sync.Mutex // over what follows
	of *assure.Results
	a  publish.Assertion
}

func (p *pages) assertions() *assertions {
	return &assertions{p: p, desk: &operate.Desk{Records: p.o.st, Books: p.o.st, Schemas: deskSchemas{p.o}, Clock: p.o.app.Clock, Random: p.o.app.Random}}
}

// Assertion gives the assertion of the report that the organization prepares, as it stands now.
func (x *assertions) Assertion(ctx context.Context) (publish.Assertion, error) {
	o := x.p.o
	a, err := x.drawn(ctx)
	if err != nil {
		return a, err
	}
	a.Today = o.program.Zone.DateOf(civil.InstantOf(o.app.Clock()))
	if a.Signatures, err = o.signatures(ctx); err != nil {
		return a, err
	}
	ready, err := x.p.gauge.Ready(ctx)
	if err != nil {
		return a, err
	}
	for _, c := range ready.Criteria {
		if c.Status != gauge.Red {
			continue
		}
		if a.NotReady++; a.NotReady == 1 {
			a.NotReadySay = c.ID + " " + c.Title
		}
	}
	return a, nil
}

// drawn is the assertion with what it rests on. It is drawn once for a run of the tests.
func (x *assertions) drawn(ctx context.Context) (publish.Assertion, error) {
	o := x.p.o
	res, err := x.p.Tests(ctx)
	if err != nil {
		return publish.Assertion{}, err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.of == res {
		return x.a, nil
	}
	kind := o.program.Report
	if err := drafted(kind); err != nil {
		return publish.Assertion{}, err
	}
	f, err := o.facts(ctx, kind, *res)
	if err != nil {
		return publish.Assertion{}, err
	}
	a := publish.Assertion{Kind: report.Kind(kind), When: f.When, Checkpoint: res.Checkpoint, KnownAt: res.KnownAt, Unanchored: res.Unanchored, From: report.SignedFrom(f.When)}
	if a.Assertion, err = report.AssertionOf(a.Kind, f); err != nil {
		return a, err
	}
	if a.Draft, err = report.Fingerprint(a.Kind, f); err != nil {
		return a, err
	}
	r, err := report.Build(a.Kind, f)
	if err != nil {
		return a, err
	}
	a.Report, a.Holds, a.Modifies = r.Title, report.Holds(r.Open), report.Modifies(r.Open)
	x.of, x.a = res, a
	return a, nil
}

// Barred refuses somebody who prepared a change that another approved of the program that the assertion speaks of, under whichever
// address: who signs for management approves what others prepared. Of texts that need no second person it is not known who wrote them.
func (x *assertions) Barred(ctx context.Context, by access.Visitor) error {
	const object = "the program that the assertion speaks of"
	var history []access.Done
	seen := map[string]bool{}
	add := func(p scope.Proposal) error {
		for _, who := range []string{p.PreparedPerson, p.PreparedBy, p.EnteredBy} {
			if who == "" || seen[who] {
				continue
			}
			seen[who] = true
			same := who == string(by.Person)
			if strings.Contains(who, "@") {
				var err error
				if same, err = x.desk.SamePerson(ctx, x.p.o.org.ID, who, by.Email); err != nil {
					return err
				}
			}
			if same {
				who = by.Email
			}
			history = append(history, access.Done{Duty: access.Prepare, Object: object, Person: strings.ToLower(who)})
		}
		return nil
	}
	err := x.p.o.made(ctx, scope.Proposals, "prepared_at", func(k record.Known) error {
		p, err := proposal(k)
		if err != nil || p.State != scope.Approved {
			return err
		}
		all, err := x.p.o.st.History(ctx, x.p.o.org.ID, scope.Proposals, k.Key)
		if err != nil {
			return err
		}
		for _, v := range all[:len(all)-1] { // the last one is the decision, which is somebody else's
			was, err := proposal(v)
			if err == nil {
				err = add(was)
			}
			if err != nil {
				return err
			}
		}
		p.EnteredBy = ""
		return add(p)
	})
	if err != nil {
		return err
	}
	return access.Conflict(access.Done{Duty: access.Approve, Object: object, Person: strings.ToLower(by.Email)}, history)
}

// Sign makes a signature, keeps the draft that it is over, and ends those that were over something else: all or nothing.
func (x *assertions) Sign(ctx context.Context, by access.Visitor, s publish.Signing) (publish.Signature, error) {
	x.one.Lock()
	defer x.one.Unlock()
	o := x.p.o
	a, err := x.Assertion(ctx)
	if err != nil {
		return publish.Signature{}, err
	}
	if s.Barred = x.Barred(ctx, by); s.Barred != nil && !errors.Is(s.Barred, fault.Denied) {
		return publish.Signature{}, s.Barred
	}
	s.By, s.Person, s.Account, s.Zone, s.Now = by.Email, string(by.Person), by.Name, o.program.Zone, civil.InstantOf(o.app.Clock())
	if s.ID, err = id.New("signature", o.app.Clock(), o.app.Random); err != nil {
		return publish.Signature{}, err
	}
	if _, err := a.Sign(s); err != nil {
		return publish.Signature{}, err
	}
	kept, draft, err := (&shelf{p: x.p}).put(ctx, by, string(a.Kind), "Signed by "+by.Name)
	if err != nil {
		return publish.Signature{}, err
	}
	if kept.Hash != a.Draft {
		return publish.Signature{}, &fault.Error{Kind: fault.Busy, What: "the draft changed in this moment", Hint: "read it as it stands now, and sign that"}
	}
	s.KeptAs = kept.ID
	signature, err := a.Sign(s)
	if err != nil {
		return signature, err
	}
	drafts := []record.Draft{draft}
	for _, e := range append(a.Ends(by.Email, s.Now), signature) {
		d, err := o.keep(ctx, publish.Signatures, e.Version, by, e)
		if err != nil {
			return signature, err
		}
		drafts = append(drafts, d)
	}
	_, err = o.st.Append(ctx, o.org.ID, "", drafts)
	return signature, err
}

// Withdraw ends a signature in force. Version is the one that the page was drawn from; a later one refuses.
func (x *assertions) Withdraw(ctx context.Context, by access.Visitor, key string, version int, why string) error {
	x.one.Lock()
	defer x.one.Unlock()
	o := x.p.o
	list, err := o.signatures(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(s publish.Signature) bool { return s.ID == key })
	switch {
	case i < 0:
		return fault.NotFound
	case list[i].Version != version:
		return &fault.Error{Kind: fault.Busy, What: "the signature was withdrawn or replaced meanwhile", Hint: "look at how it stands now"}
	}
	e, err := list[i].End(publish.Withdrawn, by.Email, why, civil.InstantOf(o.app.Clock()))
	if err != nil {
		return err
	}
	d, err := o.keep(ctx, publish.Signatures, e.Version, by, e)
	if err != nil {
		return err
	}
	_, err = o.st.Append(ctx, o.org.ID, "", []record.Draft{d})
	return err
}
