package engage

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/id"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/sample"
)

const (
	firmOrg   id.Org = "org_06h09pd5ny5vscaczx7vepxb40"
	clientOrg id.Org = "org_06h09pd5ny5vscaczx7vepxb50"
	eng              = "eng-1"
)

// people of the firm and of the client; who holds which part is set by joining.
var (
	pat   = Who{Email: "pat@firm.example", Person: "p1", Name: "Pat Partner", Roles: []access.Role{access.Partner}, Strong: true}
	quinn = Who{Email: "quinn@firm.example", Person: "p2", Name: "Quinn Quality", Roles: []access.Role{access.Partner}, Strong: true}
	mia   = Who{Email: "mia@firm.example", Person: "p3", Name: "Mia Manager", Roles: []access.Role{access.Practitioner}, Strong: true}
	sam   = Who{Email: "sam@firm.example", Person: "p4", Name: "Sam Staff", Roles: []access.Role{access.Practitioner}, Strong: true}
	root  = Who{Email: "root@firm.example", Person: "p5", Name: "Root", Roles: []access.Role{access.Administrator}, Strong: true}

	lea  = Who{Email: "lea@client.example", Person: "c1", Name: "Lea Lead", Roles: []access.Role{access.Lead}, Strong: true}
	exa  = Who{Email: "exa@client.example", Person: "c2", Name: "Exa Executive", Roles: []access.Role{access.Executive}, Strong: true}
	owen = Who{Email: "owen@client.example", Person: "c3", Name: "Owen Owner", Roles: []access.Role{access.Owner}, Strong: true}
)

func day(s string) civil.Date {
	d, err := civil.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

// pair is a firm and its client, each with a ledger and a key of its own.
type pair struct {
	t      testing.TB
	now    time.Time
	firm   *House
	client *House
	fb, cb *books
	terms  Terms
	seeds  int
}

func newPair(t testing.TB, terms Terms) *pair {
	t.Helper()
	p := &pair{t: t, now: time.Date(2026, 7, 6, 9, 0, 0, 0, time.UTC), terms: terms}
	clock := func() time.Time { p.now = p.now.Add(time.Minute); return p.now }
	still := func() time.Time { return p.now }
	p.fb, p.cb = newBooks(t, firmOrg, still), newBooks(t, clientOrg, still)
	p.firm = &House{Org: firmOrg, Side: Firm, Books: p.fb, Clock: clock}
	p.client = &House{Org: clientOrg, Side: Client, Books: p.cb, Clock: clock}
	return p
}

var (
	typeTwo = Terms{Report: "soc2-type2", System: "Payments", From: day("2025-07-01"), To: day("2026-06-30"), Zone: "America/New_York", Categories: []string{"security"}}
	typeOne = Terms{Report: "soc2-type1", System: "Payments", AsOf: day("2026-06-30"), Zone: "America/New_York", Categories: []string{"security"}}
)

func (p *pair) house(who Who) *House {
	if strings.HasSuffix(who.Email, "@client.example") {
		return p.client
	}
	return p.firm
}

// does does an act and lets all messages cross.
func (p *pair) does(who Who, name string, b any) {
	p.t.Helper()
	if err := p.house(who).Do(context.Background(), who, eng, name, b); err != nil {
		p.t.Fatalf("%s, %s: %v", who.Name, name, err)
	}
	if k, _ := find(name); k.crosses {
		p.cross()
	}
}

// tries does an act that must be refused, with words that say why.
func (p *pair) tries(who Who, name string, b any, want string) {
	p.t.Helper()
	before := len(p.house(who).Books.(*books).list)
	err := p.house(who).Do(context.Background(), who, eng, name, b)
	if !has(err, want) {
		p.t.Fatalf("%s, %s = %v, want a refusal that says %q", who.Name, name, err, want)
	}
	grew := len(p.house(who).Books.(*books).list) - before
	wall := errors.Is(err, fault.Denied) && !errors.Is(err, access.StepUp)
	if wall && grew != 1 || !wall && grew != 0 {
		p.t.Fatalf("%s, %s refused with %v: %d records were added; want one where the wall refuses, else none", who.Name, name, err, grew)
	}
}

// cross delivers what each has for the other. All of it goes each time: what came before changes nothing.
func (p *pair) cross() {
	p.t.Helper()
	for _, way := range []struct {
		from, to *House
		key      string
	}{{p.firm, p.client, p.fb.key}, {p.client, p.firm, p.cb.key}} {
		out, err := way.from.Outbox(context.Background(), eng, 1)
		if errors.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			p.t.Fatal(err)
		}
		if _, err := way.to.Receive(context.Background(), out, way.key); err != nil {
			p.t.Fatalf("Receive by the %s = %v", way.to.Side, err)
		}
	}
}

// see gives what a side knows.
func (p *pair) see(h *House) *Engagement {
	p.t.Helper()
	var out *Engagement
	if err := h.See(context.Background(), eng, func(e *Engagement) error { out = e; return nil }); err != nil {
		p.t.Fatal(err)
	}
	return out
}

func (p *pair) inState(s State) {
	p.t.Helper()
	if f, c := p.see(p.firm).State, p.see(p.client).State; f != s || c != s {
		p.t.Fatalf("the firm stands in %s, the client in %s; want %s", f, c, s)
	}
}

// restarted folds both ledgers anew and compares with what stands in memory.
func (p *pair) restarted() {
	p.t.Helper()
	for _, h := range []*House{p.firm, p.client} {
		fresh := &House{Org: h.Org, Side: h.Side, Books: h.Books, Clock: h.Clock}
		if d := cmp.Diff(p.see(h), p.see(fresh), cmp.AllowUnexported(Engagement{}), cmpopts.EquateEmpty()); d != "" {
			p.t.Fatalf("the %s, started again, differs (-running +started again):\n%s", h.Side, d)
		}
	}
}

const letterText = "We will examine the system of the client."

func opening(p *pair) Opening {
	return Opening{Terms: p.terms, Firm: Party{string(firmOrg), "Example CPA", p.fb.key}, Client: Party{Org: string(clientOrg), Name: "Example, Inc."},
		Profile: Profile{Licence: "NY 12345", City: "Albany", Region: "New York"}}
}

func agreement(p *pair) Agreement {
	return Agreement{Letter: TextHash(letterText), Name: "Exa Executive", Title: "Chief Executive Officer", Client: Party{string(clientOrg), "Example, Inc.", p.cb.key},
		Advisers: []string{Digest("adviser@elsewhere.example")}}
}

// accepted takes an engagement until it is accepted.
func (p *pair) accepted() {
	p.t.Helper()
	p.does(pat, "open", opening(p))
	for _, m := range []struct {
		who  Who
		part Part
	}{{pat, Partner}, {quinn, Quality}, {mia, Manager}, {sam, Staff}} {
		p.does(pat, "join", Joining{Email: m.who.Email, Name: m.who.Name, Part: m.part})
		p.does(m.who, "confirm_independence", Confirming{"I am independent of Example, Inc."})
	}
	p.does(pat, "check_conflicts", ConflictCheck{Clear: true, Words: "No other service is given to the client."})
	p.does(pat, "offer_letter", Letter{SHA256: TextHash(letterText), Text: letterText})
	p.does(exa, "agree", agreement(p))
	p.does(pat, "accept", Because{})
}

var matters = []report.Matter{{ID: "CC6.1", Controls: []string{"IAM-01"}}, {ID: "CC8.1", Controls: []string{"CHG-01", "CHG-02"}}}

func plan() Plan {
	return Plan{Strategy: "Test operation by samples and, where the rule can be run again, over the whole population.", Ordinary: 1000, Matters: matters}
}

// keys of a population of a test.
func keysOf(test string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%s/%03d", test, i)
	}
	return out
}

// seed makes up the next secret.
func (p *pair) seed() (raw []byte, commitment string) {
	p.seeds++
	raw = fmt.Appendf(nil, "a secret of the firm, number %d", p.seeds)
	return raw, sample.Commit(raw)
}

func frozenOf(test string, keys []string, commitment string) Frozen {
	pop, err := sample.Freeze(keys)
	if err != nil {
		panic(err)
	}
	return Frozen{Control: test, Test: test, Hash: pop.Hash(), Count: pop.Len(), From: typeTwo.From, To: typeTwo.To, Zone: typeTwo.Zone, KnownAt: "2026-07-05T04:00:00Z",
		Size: 100, Root: TextHash("root"), Rule: TextHash("rule"), Commitment: commitment}
}

// drawnFrom draws a sample as the firm does.
func drawnFrom(test string, keys []string, raw []byte, n int) Sample {
	pop, err := sample.Freeze(keys)
	if err != nil {
		panic(err)
	}
	d, err := sample.Draw(pop, sample.Commit(raw), raw, n)
	if err != nil {
		panic(err)
	}
	s := Sample{ID: "sample-" + test, Control: test, Test: test, Purpose: "operation", Method: string(d.Method), Size: d.Size, Basis: "daily, low risk", Population: d.Population, Count: d.N,
		Commitment: d.Commitment, Seed: hex.EncodeToString(raw)}
	for _, x := range d.Items {
		s.Items = append(s.Items, SampledItem{Key: x.Key})
	}
	return s
}

// sampled takes a control from the commitment to the marks: the items named in deviating deviate.
func (p *pair) sampled(control string, deviating int) Sample {
	p.t.Helper()
	raw, c := p.seed()
	p.does(sam, "commit_seed", Seed{Control: control, Test: control, Commitment: c})
	p.does(sam, "keep_seed", Keeping{c, hex.EncodeToString(raw)})
	keys := keysOf(control, 60)
	p.does(lea, "freeze", frozenOf(control, keys, c))
	s := drawnFrom(control, keys, raw, 10)
	p.does(sam, "draw", s)
	p.checked(control)
	p.does(sam, "procedures", Procedures{Control: control, Test: control, Extent: report.Sampled, Procedures: []report.Procedure{
		{Kind: report.Inquiry, Text: "Asked the owner how it works."}, {Kind: report.Inspection, Text: "Inspected the record of each item."}}})
	var ticks []Tick
	for i, x := range s.Items {
		m := Mark{Result: "pass"}
		if i < deviating {
			m = Mark{Result: "deviation", Note: "nobody approved it"}
		}
		ticks = append(ticks, Tick{x.Key, "A", m}, Tick{x.Key, "B", Mark{Result: "pass"}})
	}
	p.does(sam, "tick", Ticks{control, control, ticks})
	p.does(sam, "release_sample", s)
	return s
}

func (p *pair) checked(control string) {
	p.t.Helper()
	n := 60
	p.does(sam, "check_population", PopulationCheck{Control: control, Test: control, Check: "C2", Source: "audit log of the cloud", Count: &n, Passed: true, Words: "Both count 60."})
	p.does(sam, "check_population", PopulationCheck{Control: control, Test: control, Check: "A1", Passed: true, Words: "Five items vouched to the source."})
}

func (p *pair) assessed(control string) {
	p.t.Helper()
	p.does(sam, "assess", Assessment{Control: control, Design: report.Effective, Implemented: true, Words: "It meets the criterion, as each change is approved by another person.", Walkthrough: "Followed one item from request to release."})
}

func (p *pair) signedOff(control string) {
	p.t.Helper()
	p.does(sam, "prepare", Of{control})
	p.does(mia, "review", Of{control})
}

// deviates takes deviations of the first n items of a sample until they are ready.
func (p *pair) deviates(s Sample, n int, cause, spread string) {
	p.t.Helper()
	var items []string
	for _, x := range s.Items[:n] {
		items = append(items, x.Key)
	}
	id := "dev-" + s.Control
	p.does(sam, "raise", Deviation{ID: id, Control: s.Control, Test: s.Test, Items: items, Attributes: []string{"A"}, What: "The items were not approved."})
	p.does(owen, "respond", Response{Deviation: id, Position: "agree", Text: "We agree.", Plan: "We enforce it in the tool."})
	p.does(sam, "analyse", Analysis{Deviation: id, Cause: cause, Spread: spread, Cluster: "By person, system and month: none.", Impact: "No harm came of it."})
	p.does(mia, "resolve", Resolution{Deviation: id, Outcome: "deviation", Reason: "The record shows it."})
	p.does(mia, "disclose", report.Exception{ID: "exc-" + s.Control, Control: s.Control, Test: s.Test, Text: fmt.Sprintf("%d of %d items were not approved.", n, len(s.Items)), Cause: cause, Spread: spread,
		Deviating: n, Tested: len(s.Items)})
}

func (p *pair) concludes(control string, op report.Conclusion, deviating int) {
	p.t.Helper()
	c := report.ControlConclusion{Control: control, Design: report.Effective, Operation: op, Tested: 10, Deviating: deviating, Reason: "As the work paper says."}
	if !p.terms.TypeTwo() {
		c.Operation, c.Tested = "", 0
	}
	p.does(mia, "conclude_control", c)
}

func (p *pair) described(c report.Conclusion, pervasive bool) {
	p.t.Helper()
	p.does(mia, "conclude_matter", report.MatterConclusion{ID: "DC 5", Element: report.TheDescription, Conclusion: c, Pervasive: pervasive, Reasons: []string{"Read against the criteria of the description."}})
}

// opines decides every element as the facts ask.
func (p *pair) opines() {
	p.t.Helper()
	for _, x := range p.see(p.firm).Proposals() {
		o := report.ElementOpinion{Element: x.Element, Opinion: x.Opinion}
		if x.Opinion.Modified() {
			o.Basis = x.Reasons
		}
		p.does(pat, "conclude_element", o)
	}
}

const reportDate = "2026-07-06"

var fingerprint = TextHash("the text that was read")

func (p *pair) asserts() {
	p.t.Helper()
	p.does(mia, "release_draft", ReleasedDraft{Fingerprint: fingerprint, File: TextHash("file"), Title: "Draft"})
	p.does(exa, "assert", Assertion{Text: "We assert.", SHA256: TextHash("We assert."), Name: "Exa Executive", Title: "CEO", On: day(reportDate)})
}

func (p *pair) represents() {
	p.t.Helper()
	p.does(exa, "represent", Representation{Text: "We represent.", SHA256: TextHash("We represent."), Name: "Exa Executive", Title: "CEO", Dated: day(reportDate)})
}

func (p *pair) signs() {
	p.t.Helper()
	zone, err := civil.ParseZone(p.terms.Zone)
	if err != nil {
		p.t.Fatal(err)
	}
	today := zone.DateOf(civil.InstantOf(p.now))
	p.does(pat, "sign_partner", Sign{Fingerprint: fingerprint, On: today})
	p.does(quinn, "sign_quality", Sign{Fingerprint: fingerprint, On: today})
}

func issue(o report.Opinion) IssuedReport {
	return IssuedReport{Report: "soc2-type2", Title: "SOC 2 Type 2", Date: day(reportDate), Fingerprint: fingerprint, Opinion: o, Files: map[string]string{"pdf": TextHash("pdf"), "docx": TextHash("docx")}}
}

// fieldwork takes an accepted engagement until the controls are tested and signed off: of CHG-01 so many of ten items deviate.
func (p *pair) fieldwork(deviating int) (s Sample) {
	p.t.Helper()
	p.does(mia, "plan", plan())
	p.does(mia, "begin_fieldwork", Because{})
	for _, c := range []string{"IAM-01", "CHG-01", "CHG-02"} {
		p.assessed(c)
		if !p.terms.TypeTwo() {
			p.signedOff(c)
			continue
		}
		n := 0
		if c == "CHG-01" {
			n = deviating
		}
		x := p.sampled(c, n)
		if c == "CHG-01" {
			s = x
		}
		if n == 0 {
			p.signedOff(c)
		}
	}
	return s
}
