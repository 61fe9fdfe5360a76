package app

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/gauge"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/sample"
)

// examBench is a firm and a client, each in an installation of its own with a ledger and a key of its own.
type examBench struct {
	t            *testing.T
	now          time.Time
	firm, client *engage.House
	office       map[*engage.House]*office
	keys         map[*engage.House]string
	sent         map[*engage.House]int // the next act that may have to cross
	terms        engage.Terms
	seeds        int
}

const examined = "eng-1"

var (
	atFirm = func(name string, r access.Role) engage.Who {
		return engage.Who{Email: name + "@firm.example", Person: name, Name: name, Roles: []access.Role{r}, Strong: true}
	}
	atClient = func(name string, r access.Role) engage.Who {
		return engage.Who{Email: name + "@client.example", Person: name, Name: name, Roles: []access.Role{r}, Strong: true}
	}
	aPartner  = atFirm("pat", access.Partner)
	aQuality  = atFirm("quinn", access.Partner)
	aManager  = atFirm("mia", access.Practitioner)
	anOwner   = atClient("owen", access.Owner)
	aLead     = atClient("lea", access.Lead)
	aDirector = atClient("exa", access.Executive)
)

func onDay(s string) civil.Date {
	d, err := civil.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func yearOf() engage.Terms {
	return engage.Terms{Report: "soc2-type2", System: "Payments", From: onDay("2025-07-01"), To: onDay("2026-06-30"), Zone: "America/New_York", Categories: []string{"security"}}
}

// house opens the engagements of an office.
func (b *examBench) house(o *office, side engage.Side) *engage.House {
	b.t.Helper()
	key, err := verifierKey(o.data, nil, o.org.ID)
	if err != nil {
		b.t.Fatal(err)
	}
	h := &engage.House{Org: o.org.ID, Side: side, Books: &actBooks{o}, Clock: func() time.Time { b.now = b.now.Add(time.Second); return b.now }}
	b.keys[h], b.office[h] = key, o
	return h
}

// begun are the data folders of a firm and a client whose engagement is in fieldwork, made once for each kind of report.
var begun = struct {
	sync.Mutex
	dirs map[string]string
}{dirs: map[string]string{}}

// underExamination opens a copy of them.
func underExamination(t *testing.T, terms engage.Terms) *examBench {
	t.Helper()
	t.Parallel()
	begun.Lock()
	from := begun.dirs[terms.Report]
	if from == "" {
		from = beginExamination(t, terms)
		begun.dirs[terms.Report] = from
	}
	begun.Unlock()
	data := t.TempDir()
	if err := os.CopyFS(data, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	b := newExamBench(t, terms, data)
	for _, h := range []*engage.House{b.firm, b.client} {
		b.sees(h, func(e *engage.Engagement) { b.sent[h] = e.Next(h.Side) })
	}
	return b
}

func newExamBench(t *testing.T, terms engage.Terms, data string) *examBench {
	t.Helper()
	b := &examBench{t: t, office: map[*engage.House]*office{}, now: time.Date(2026, 7, 6, 9, 0, 0, 0, time.UTC), keys: map[*engage.House]string{}, sent: map[*engage.House]int{}, terms: terms}
	b.firm = b.house(enterAt(t, filepath.Join(data, "firm"), usual.now).office, engage.Firm)
	b.client = b.house(enterAt(t, filepath.Join(data, "client"), usual.now).office, engage.Client)
	return b
}

// beginExamination takes an engagement to fieldwork and gives the folder of both parties.
func beginExamination(t *testing.T, terms engage.Terms) string {
	t.Helper()
	from, err := founded(usual)
	if err != nil {
		t.Fatal(err)
	}
	another := usual // a firm that was founded by itself is another organization with another key, and serves all these tests
	another.from = "2026-04-01"
	ofFirm, err := founded(another)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.MkdirTemp(templates.dir, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(data, "client"), os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(data, "firm"), os.DirFS(ofFirm)); err != nil {
		t.Fatal(err)
	}
	t.Run("beginning", func(t *testing.T) { newExamBench(t, terms, data).begin() }) // closes both when it ends
	return data
}

func (b *examBench) begin() {
	b.t.Helper()
	b.does(aPartner, "open", engage.Opening{Terms: b.terms, Firm: engage.Party{Org: string(b.firm.Org), Name: "Example CPA", Key: b.keys[b.firm]},
		Client: engage.Party{Org: string(b.client.Org), Name: "Example, Inc."}, Profile: engage.Profile{Licence: "NY 1", City: "Albany", Region: "New York"}})
	for _, m := range []struct {
		who  engage.Who
		part engage.Part
	}{{aPartner, engage.Partner}, {aQuality, engage.Quality}, {aManager, engage.Manager}} {
		b.does(aPartner, "join", engage.Joining{Email: m.who.Email, Name: m.who.Name, Part: m.part})
		b.does(m.who, "confirm_independence", engage.Confirming{Statement: "I am independent."})
	}
	b.does(aPartner, "check_conflicts", engage.ConflictCheck{Clear: true, Words: "Nothing else is done for the client."})
	b.does(aPartner, "offer_letter", engage.Letter{SHA256: engage.TextHash("letter"), Text: "letter"})
	b.does(aDirector, "agree", engage.Agreement{Letter: engage.TextHash("letter"), Name: "E", Title: "CEO", Client: engage.Party{Org: string(b.client.Org), Name: "Example, Inc.", Key: b.keys[b.client]},
		Advisers: []string{engage.Digest("ada@firm.example")}})
	b.does(aPartner, "accept", engage.Because{})
	b.does(aManager, "plan", engage.Plan{Strategy: "By samples.", Ordinary: 500, Matters: []report.Matter{{ID: "CC6.1", Controls: []string{"IAM-01"}}, {ID: "CC8.1", Controls: []string{"CHG-01"}}}})
	b.does(aManager, "begin_fieldwork", engage.Because{})
}

func (b *examBench) side(who engage.Who) *engage.House {
	if strings.HasSuffix(who.Email, "@client.example") {
		return b.client
	}
	return b.firm
}

// does does an act, and takes what crosses over to the other installation.
func (b *examBench) does(who engage.Who, name string, body any) {
	b.t.Helper()
	h := b.side(who)
	if err := h.Do(b.t.Context(), who, examined, name, body); err != nil {
		b.t.Fatalf("%s, %s: %v", who.Name, name, err)
	}
	to := b.client
	if h == b.client {
		to = b.firm
	}
	out, err := h.Outbox(b.t.Context(), examined, b.sent[h])
	if err != nil {
		b.t.Fatal(err)
	}
	b.sees(h, func(e *engage.Engagement) { b.sent[h] = e.Next(h.Side) })
	if _, err := to.Receive(b.t.Context(), out, b.keys[h]); err != nil {
		b.t.Fatal(err)
	}
}

// tries does what must be refused.
func (b *examBench) tries(who engage.Who, name string, body any, want string) {
	b.t.Helper()
	err := b.side(who).Do(b.t.Context(), who, examined, name, body)
	if err == nil || !strings.Contains(err.Error(), want) {
		b.t.Errorf("%s, %s = %v, want a refusal that says %q", who.Name, name, err, want)
	}
}

// sees shows the engagement as a side knows it.
func (b *examBench) sees(h *engage.House, fn func(e *engage.Engagement)) {
	b.t.Helper()
	if err := h.See(b.t.Context(), examined, func(e *engage.Engagement) error { fn(e); return nil }); err != nil {
		b.t.Fatal(err)
	}
}

// frozen commits to a seed, freezes a list as the client does, and draws n of it.
func (b *examBench) frozen(control string, keys []string, n int, change func(*engage.Frozen)) engage.Sample {
	b.t.Helper()
	b.seeds++
	seed := fmt.Appendf(nil, "a secret seed, number %d", b.seeds)
	c := sample.Commit(seed)
	b.does(aManager, "commit_seed", engage.Seed{Control: control, Test: control, Commitment: c})
	pop, err := sample.Freeze(keys)
	if err != nil {
		b.t.Fatal(err)
	}
	f := engage.Frozen{Control: control, Test: control, Hash: pop.Hash(), Count: pop.Len(), From: b.terms.From, To: b.terms.To, Zone: b.terms.Zone, KnownAt: "2026-07-05T12:00:00Z", Commitment: c}
	if change != nil {
		change(&f)
	}
	b.does(aLead, "freeze", f)
	d, err := sample.Draw(pop, c, seed, n)
	if err != nil {
		b.t.Fatal(err)
	}
	s := engage.Sample{ID: fmt.Sprint("sample-", b.seeds), Control: control, Test: control, Purpose: "operation", Method: string(d.Method), Size: n, Basis: "daily, low risk", Population: d.Population, Count: d.N,
		Commitment: c, Seed: hex.EncodeToString(seed)}
	var marks []engage.Tick
	for _, x := range d.Items {
		s.Items = append(s.Items, engage.SampledItem{Key: x.Key})
		marks = append(marks, engage.Tick{Item: x.Key, Attribute: "A", Mark: engage.Mark{Result: "pass"}})
	}
	b.does(aManager, "draw", s)
	b.does(aManager, "procedures", engage.Procedures{Control: control, Test: control, Extent: report.Sampled, Procedures: []report.Procedure{{Kind: report.Inspection, Text: "Inspected each item."}}})
	b.does(aManager, "tick", engage.Ticks{Control: control, Test: control, Marks: marks})
	count := pop.Len()
	b.does(aManager, "check_population", engage.PopulationCheck{Control: control, Test: control, Check: "C2", Source: "audit log", Count: &count, Passed: true, Words: "Both count the same."})
	b.does(aManager, "check_population", engage.PopulationCheck{Control: control, Test: control, Check: "A1", Passed: true, Words: "Vouched to the source."})
	return s
}

// deviated raises a deviation of the first n items of a sample and takes it until it is decided.
func (b *examBench) deviated(s engage.Sample, n int, analysed bool) {
	b.t.Helper()
	var items []string
	for _, x := range s.Items[:n] {
		items = append(items, x.Key)
	}
	b.does(aManager, "raise", engage.Deviation{ID: "d-" + s.Control, Control: s.Control, Test: s.Test, Items: items, What: "Nobody approved it."})
	b.does(anOwner, "respond", engage.Response{Deviation: "d-" + s.Control, Position: "agree", Text: "We agree."})
	if analysed {
		b.does(aManager, "analyse", engage.Analysis{Deviation: "d-" + s.Control, Cause: "human_error", Spread: "isolated", Cluster: "none", Impact: "none"})
	}
	b.does(aManager, "resolve", engage.Resolution{Deviation: "d-" + s.Control, Outcome: "deviation", Reason: "The record shows it."})
}

func (b *examBench) assessed(controls ...string) {
	b.t.Helper()
	for _, c := range controls {
		b.does(aManager, "assess", engage.Assessment{Control: c, Design: report.Effective, Implemented: true, Words: "It meets the criterion.", Walkthrough: "One item was followed."})
	}
}

func keysUpTo(prefix string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%s-%03d", prefix, i)
	}
	return out
}

func concluded(control string, op report.Conclusion, tested, deviating int) report.ControlConclusion {
	return report.ControlConclusion{Control: control, Design: report.Effective, Operation: op, Tested: tested, Deviating: deviating, Reason: "As the paper says."}
}

func achievedOn(id string) report.MatterConclusion {
	return report.MatterConclusion{ID: id, Element: report.Operation, Conclusion: report.Achieved, Reasons: []string{"The compensating control reaches the same risk."}}
}

// TestE23CompensatingNamedAfterwards: a control that is named against a deviation counts only if it was in force then, stands in the
// description and was tested itself.
func TestE23CompensatingNamedAfterwards(t *testing.T) {
	b := underExamination(t, yearOf())
	b.assessed("CHG-01", "IAM-01")
	s := b.frozen("CHG-01", keysUpTo("c", 60), 10, nil)
	b.deviated(s, 3, true)
	against := func(c report.Compensating) engage.Compensation {
		c.Control = "IAM-01"
		return engage.Compensation{Deviation: "d-CHG-01", Compensating: c}
	}
	b.does(aManager, "conclude_control", concluded("CHG-01", report.NotEffective, 10, 3))
	b.tries(aManager, "conclude_matter", achievedOn("CC8.1"), "nothing achieves it")
	b.tries(aManager, "compensate", against(report.Compensating{Tested: true, InForce: true, Described: true}), "a compensating control is tested itself")
	b.frozen("IAM-01", keysUpTo("g", 60), 10, nil)
	b.does(aManager, "conclude_control", concluded("IAM-01", report.Effective, 10, 0))
	for _, c := range []report.Compensating{{Tested: true, Described: true}, {Tested: true, InForce: true}, {InForce: true, Described: true}} {
		b.does(aManager, "compensate", against(c))
		b.does(aManager, "conclude_control", concluded("CHG-01", report.NotEffective, 10, 3))
		b.tries(aManager, "conclude_matter", achievedOn("CC8.1"), "nothing achieves it")
	}
	b.sees(b.firm, func(e *engage.Engagement) {
		reasons := strings.Join(e.Suggest("CHG-01", 10, 3).Reasons, "\n")
		for _, want := range []string{"not in force when the deviations happened", "does not stand in the description", "was not tested itself"} {
			if !contains(reasons, want) {
				t.Errorf("the reasons %q do not say %q", reasons, want)
			}
		}
	})
	b.does(aManager, "compensate", against(report.Compensating{Tested: true, InForce: true, Described: true}))
	b.does(aManager, "conclude_control", concluded("CHG-01", report.NotEffective, 10, 3))
	b.does(aManager, "conclude_matter", achievedOn("CC8.1"))
	b.sees(b.firm, func(e *engage.Engagement) {
		if len(e.Standing("CHG-01")) != 1 || e.Controls["CHG-01"].Operation != report.NotEffective {
			t.Error("the compensating control erased the deviation, or made the control effective")
		}
	})
}

// TestE24CompensatingForAPart: a compensating control that covers a part of the systems lifts that part only.
func TestE24CompensatingForAPart(t *testing.T) {
	b := underExamination(t, yearOf())
	b.assessed("CHG-01", "IAM-01")
	s := b.frozen("CHG-01", keysUpTo("c", 60), 10, nil)
	b.frozen("IAM-01", keysUpTo("g", 60), 10, nil)
	b.does(aManager, "conclude_control", concluded("IAM-01", report.Effective, 10, 0))
	b.deviated(s, 3, true)
	b.does(aManager, "compensate", engage.Compensation{Deviation: "d-CHG-01", Compensating: report.Compensating{Control: "IAM-01", Tested: true, InForce: true, Described: true, FallsShort: "It covers production, and one of the three is in staging."}})
	b.does(aManager, "conclude_control", concluded("CHG-01", report.NotEffective, 10, 3))
	b.tries(aManager, "conclude_matter", achievedOn("CC8.1"), "nothing achieves it")
	b.sees(b.firm, func(e *engage.Engagement) {
		if got := strings.Join(e.Suggest("CHG-01", 10, 3).Reasons, "\n"); !contains(got, "lifts only a part") {
			t.Errorf("the reasons %q do not say that a part stays", got)
		}
	})
}

// TestE56LongerPeriod: the period grows by two months. What deviated stays, the new months are frozen and drawn from, and what management
// signed over the shorter period is void.
func TestE56LongerPeriod(t *testing.T) {
	b := underExamination(t, yearOf())
	b.assessed("CHG-01")
	s := b.frozen("CHG-01", keysUpTo("c", 60), 10, nil)
	b.deviated(s, 1, true)
	longer := yearOf()
	longer.To = onDay("2026-08-31")
	b.now = b.now.AddDate(0, 2, 0)
	b.does(aPartner, "change_terms", engage.Terming{Terms: longer, Reason: "The client asks for it."})
	for _, h := range []*engage.House{b.firm, b.client} {
		b.sees(h, func(e *engage.Engagement) {
			if len(e.Standing("CHG-01")) != 1 || len(e.Frozen) != 1 || e.Terms.To != longer.To || e.Asserted != nil {
				t.Errorf("the %s: %d deviations, %d populations, to %s", h.Side, len(e.Standing("CHG-01")), len(e.Frozen), e.Terms.To)
			}
		})
	}
	b.tries(aManager, "conclude_control", concluded("CHG-01", report.Effective, 20, 1), "before the period had ended")
	b.does(aManager, "rely", engage.Reliance{Control: "CHG-01", Doubt: "early:CHG-01@1", Reason: "The months that came are a population of their own."})
	b.tries(aManager, "conclude_control", concluded("CHG-01", report.Effective, 20, 1), "1 July 2026 to 31 August 2026")
	b.frozen("CHG-01", keysUpTo("d", 20), 4, func(f *engage.Frozen) {
		f.From, f.To, f.KnownAt = onDay("2026-07-01"), longer.To, "2026-09-02T12:00:00Z"
	})
	b.does(aManager, "conclude_control", concluded("CHG-01", report.Effective, 14, 1))
	b.sees(b.firm, func(e *engage.Engagement) {
		if f, _ := e.FrozenOf("CHG-01"); f.Version != 2 || len(e.Samples) != 2 || len(e.Changes) != 1 {
			t.Errorf("version %d, %d samples, %d changes; want 2, 2, 1", f.Version, len(e.Samples), len(e.Changes))
		}
	})
}

// TestE57ShorterPeriod: a period is not shortened after a failure by one person, nor without a reason, and never after issue.
func TestE57ShorterPeriod(t *testing.T) {
	b := underExamination(t, yearOf())
	s := b.frozen("CHG-01", keysUpTo("c", 60), 10, nil)
	b.deviated(s, 1, true)
	shorter := yearOf()
	shorter.To = onDay("2026-03-31")
	change := engage.Terming{Terms: shorter, Reason: "The system was replaced on 1 April."}
	b.tries(aPartner, "change_terms", engage.Terming{Terms: shorter}, "expected words")
	b.tries(aPartner, "change_terms", change, "consent of the quality reviewer")
	b.tries(aDirector, "change_terms", change, "the client cannot")
	b.does(aQuality, "consent_terms", change)
	b.does(aPartner, "change_terms", change)
	b.sees(b.firm, func(e *engage.Engagement) {
		if len(e.Standing("CHG-01")) != 1 || !contains(strings.Join(e.Undecided(), "\n"), "deviations stand, and no exception discloses them") {
			t.Error("the deviation went away with the months")
		}
		if len(e.Refused) != 1 { // the one that the wall refused
			t.Errorf("%d attempts are on record, want the one without consent", len(e.Refused))
		}
	})
}

// TestE59FoundAfterIssue: what is learnt after the report was issued is assessed by its own procedure; nothing of the issued report is edited.
func TestE59FoundAfterIssue(t *testing.T) {
	terms := yearOf()
	terms.Report, terms.AsOf, terms.From, terms.To = "soc2-type1", terms.To, 0, 0
	b := underExamination(t, terms)
	b.issues()
	before := func() (r engage.IssuedReport) {
		b.sees(b.client, func(e *engage.Engagement) { r = e.Reports[0] })
		return r
	}
	was := before()
	for name, body := range map[string]any{"raise": engage.Deviation{ID: "d"}, "tick": engage.Ticks{}, "conclude_control": concluded("CHG-01", report.NotEffective, 1, 1), "disclose": report.Exception{}} {
		b.tries(aManager, name, body, "nothing of the work changes any more")
	}
	b.tries(aManager, "discover", engage.Discovery{Fact: "x", Effect: "none", Reason: "x"}, "not for the manager")
	b.does(aPartner, "discover", engage.Discovery{Fact: "A leaver kept access until May.", Effect: "notify", Reason: "It existed at the date; users are told by a letter."})
	b.tries(aPartner, "revise", engage.IssuedReport{Revision: 1, Reason: "x", Files: map[string]string{"pdf": engage.TextHash("p")}, Fingerprint: engage.TextHash("f")}, "no fact discovered")
	if now := before(); now.Fingerprint != was.Fingerprint || now.Opinion != was.Opinion || now.Files["pdf"] != was.Files["pdf"] {
		t.Errorf("the issued report was %+v and is %+v", was, now)
	}
	b.sees(b.client, func(e *engage.Engagement) {
		if e.State != engage.Issued || len(e.Discovered) != 1 {
			t.Errorf("the client sees %s with %d facts discovered; want issued, and the fact", e.State, len(e.Discovered))
		}
	})
}

// issues takes a Type 1 to its issue.
func (b *examBench) issues() {
	b.t.Helper()
	for _, c := range []string{"CHG-01", "IAM-01"} {
		b.assessed(c)
		b.does(aManager, "prepare", engage.Of{Control: c})
		b.does(aPartner, "review", engage.Of{Control: c})
		b.does(aManager, "conclude_control", report.ControlConclusion{Control: c, Design: report.Effective, Reason: "As the paper says."})
	}
	b.does(aManager, "wrap_up", engage.Because{})
	b.does(aManager, "conclude_matter", report.MatterConclusion{ID: "DC 5", Element: report.TheDescription, Conclusion: report.Achieved, Reasons: []string{"Read."}})
	for _, el := range []report.Element{report.TheDescription, report.Design} {
		b.does(aPartner, "conclude_element", report.ElementOpinion{Element: el, Opinion: report.Unqualified})
	}
	b.does(aPartner, "begin_review", engage.Because{})
	text, print := engage.TextHash("text"), engage.TextHash("print")
	b.does(aManager, "release_draft", engage.ReleasedDraft{Fingerprint: print, File: text})
	b.does(aDirector, "assert", engage.Assertion{Text: "text", SHA256: text, Name: "E", Title: "CEO", On: onDay("2026-07-06")})
	b.does(aDirector, "represent", engage.Representation{Text: "text", SHA256: text, Name: "E", Title: "CEO", Dated: onDay("2026-07-06")})
	b.does(aPartner, "sign_partner", engage.Sign{Fingerprint: print, On: onDay("2026-07-06")})
	b.does(aQuality, "sign_quality", engage.Sign{Fingerprint: print, On: onDay("2026-07-06")})
	b.does(aPartner, "issue", engage.IssuedReport{Report: "soc2-type1", Date: onDay("2026-07-06"), Fingerprint: print, Opinion: report.Unqualified, Files: map[string]string{"pdf": text}})
}

// TestE60TwoRoles: who helped to make what is examined takes no part in examining it, however they come in.
func TestE60TwoRoles(t *testing.T) {
	b := underExamination(t, yearOf())
	b.tries(aPartner, "join", engage.Joining{Email: "ADA@firm.example", Name: "Ada", Part: engage.Staff}, "nobody examines what they helped to make")
	b.tries(aPartner, "join", engage.Joining{Email: "tom@firm.example", Name: "Tom", Part: engage.Staff, Ties: []string{"owns CHG-01 at the client"}}, "owns CHG-01")
	b.tries(aPartner, "join", engage.Joining{Email: aPartner.Email, Name: "Pat", Part: engage.Quality}, "member already")
	both := anOwner // the client's owner, who also has a role at the firm
	both.Roles = append(slices.Clone(both.Roles), access.Partner, access.Practitioner, access.Administrator)
	b.tries(both, "tick", engage.Ticks{}, "the client cannot")
	if err := b.firm.Do(t.Context(), both, examined, "tick", engage.Ticks{}); !errors.Is(err, fault.Denied) {
		t.Errorf("the client's owner ticks in the firm's house: %v, want denied", err)
	}
	// Reviewer and preparer are two.
	b.assessed("IAM-01")
	b.does(aManager, "prepare", engage.Of{Control: "IAM-01"})
	b.tries(aManager, "review", engage.Of{Control: "IAM-01"}, "another person reviews it")
	b.sees(b.firm, func(e *engage.Engagement) {
		if len(e.Refused) != 4 {
			t.Errorf("%d attempts are on record at the firm, want 4", len(e.Refused))
		}
	})
}

// TestE72OutsideOfThePopulation: an item that the auditor found in the world and not in the list is a failure of completeness, whatever the
// items in the list say.
func TestE72OutsideOfThePopulation(t *testing.T) {
	b := underExamination(t, yearOf())
	b.assessed("CHG-01")
	b.frozen("CHG-01", keysUpTo("c", 60), 10, nil)
	out := engage.Trace{Control: "CHG-01", Test: "CHG-01", Item: "deploy-7", Source: "log of the cloud", Words: "A deployment of 3 May that is in no list."}
	b.does(aManager, "trace", out)
	b.tries(aManager, "conclude_control", concluded("CHG-01", report.Effective, 10, 0), "it is not complete")
	b.frozen("CHG-01", append(keysUpTo("c", 60), "deploy-7"), 10, func(f *engage.Frozen) { f.KnownAt = "2026-07-06T12:00:00Z" })
	b.tries(aManager, "conclude_control", concluded("CHG-01", report.Effective, 20, 0), "it is not complete")
	out.Found, out.Words = true, "It is in version 2."
	b.does(aManager, "trace", out)
	b.does(aManager, "conclude_control", concluded("CHG-01", report.Effective, 20, 0))
}

// TestE73NeverOperated: a Type 1 concludes on a control that had no occasion to operate yet, where design and implementation are shown; one
// that is only announced is not implemented.
func TestE73NeverOperated(t *testing.T) {
	terms := yearOf()
	terms.Report, terms.AsOf, terms.From, terms.To = "soc2-type1", terms.To, 0, 0
	b := underExamination(t, terms)
	annual := engage.Assessment{Control: "IAM-01", Design: report.Effective, Words: "An annual review by somebody independent.", Walkthrough: "The procedure is approved; the first review is due in December."}
	design := report.ControlConclusion{Control: "IAM-01", Design: report.Effective, Reason: "Designed and set up; not due yet."}
	b.does(aManager, "assess", annual)
	b.tries(aManager, "conclude_control", design, "not implemented")
	annual.Implemented, annual.Walkthrough = true, "Followed the set-up: calendar, owner, template and access; the first review is due in December."
	b.does(aManager, "assess", annual)
	b.does(aManager, "conclude_control", design)
	operated := design
	operated.Operation = report.Effective
	b.tries(aManager, "conclude_control", operated, "concludes nothing on operation")
	b.sees(b.firm, func(e *engage.Engagement) {
		if p := e.Proposals(); len(p) != 2 {
			t.Errorf("a Type 1 has %d elements, want 2", len(p))
		}
	})
}

// theSystem is what management says of a system with several vendors, one product that came in October, and what changed.
const theSystem = `name: Ledgerline
services:
  - {name: Payments, text: Moves money.}
subservice:
  - {name: Near Cloud, services: Hosting, method: carve_out, monitoring: [VEN-02], report: SOC 2 Type 2, report_period_end: 2026-03-29, opinion: unqualified, csocs: [{text: Guards its data centres., criteria: [CC6.4]}]}
  - {name: Bridged Cloud, services: Hosting, method: carve_out, monitoring: [VEN-02], report: SOC 2 Type 2, report_period_end: 2026-03-29, bridged_to: 2026-06-29, opinion: unqualified, csocs: [{text: Guards its data centres., criteria: [CC6.4]}]}
  - {name: Old Cloud, services: Hosting, method: carve_out, monitoring: [VEN-02], report: SOC 2 Type 2, report_period_end: 2025-06-29, opinion: unqualified, csocs: [{text: Guards its data centres., criteria: [CC6.4]}]}
  - {name: Qualified Cloud, services: Hosting, method: carve_out, monitoring: [VEN-02], report: SOC 2 Type 2, report_period_end: 2026-06-30, opinion: qualified, csocs: [{text: Removes access in time., criteria: [CC6.2]}]}
  - {name: Judged Cloud, services: Hosting, method: carve_out, monitoring: [VEN-02], report: SOC 2 Type 2, report_period_end: 2026-06-30, opinion: qualified, effect_judged_on: 2026-07-01, csocs: [{text: Removes access in time., criteria: [CC6.2]}]}
  - {name: Partner GmbH, services: Support, method: inclusive, monitoring: [VEN-02]}
changes:
  - {on: 2025-10-01, text: The product Invoices went live.}
  - {on: 2026-09-01, text: The product Payroll went live.}
`

// theStage is an organization with that system and vendors on record, its gaps and its report: all are made once.
var theStage = struct {
	sync.Mutex
	data, report string
	gaps         []gauge.Gap
}{}
