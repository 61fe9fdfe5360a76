package operate

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog/registers"
	"github.com/assayhq/assay/internal/catalog/tests"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/engine/enginetest"
	engine "github.com/assayhq/assay/internal/engine/sqlite"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/rule"
)

// answersOf runs the library's tests of a control over the store: every item that is in the period, with its verdict.
func answersOf(t *testing.T, s *shop, control, from, to string) []string {
	t.Helper()
	all, err := registers.Load()
	if err != nil {
		t.Fatal(err)
	}
	schemas := enginetest.Schemas(all)
	list, err := tests.Load(schemas)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"people", "aliases", policies, policyVersions, policyReviews, acknowledgements} {
		if err := s.Schemas.Ensure(t.Context(), s.a.Org, all[name]); err != nil {
			t.Fatal(err)
		}
	}
	size, err := s.store.Size(t.Context(), s.a.Org)
	if err != nil {
		t.Fatal(err)
	}
	period := civil.Period{From: day(t, from), To: day(t, to), Zone: s.a.Zone}
	e, err := engine.New(s.store.Reader(), schemas.Schema).Open(t.Context(), string(s.a.Org), size, period, civil.Holidays{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	var out []string
	for _, x := range list {
		if x.Control != control {
			continue
		}
		err := e.Run(t.Context(), x.Plan, rule.World{Period: period, KnownAt: s.Now()}, nil, true, func(a rule.Answered) error {
			if !a.InProgress && a.Verdict() != assure.NotApplicable {
				out = append(out, x.ID+" "+a.Key+" "+string(a.Verdict()))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(out)
	return out
}

func handbook(t *testing.T) (*shop, *Policies) {
	t.Helper()
	s := setup(t)
	s.pull(t, "people", `{"person_id":"p1","email":"ada@example.com","kind":"employee","started_on":"2026-11-20"}`, `{"person_id":"p2","email":"bob@example.com","kind":"employee","started_on":"2026-11-20"}`,
		`{"person_id":"p3","email":"gone@example.com","started_on":"2020-01-01","ended_on":"2026-11-25"}`, `{"person_id":"p4","email":"bot@example.com","kind":"service"}`,
		`{"person_id":"p5","email":"soon@example.com","started_on":"2026-12-01"}`, `{"person_id":"p1","employment_id":"e2","email":"ada@example.com","started_on":"2026-11-20"}`)
	s.pull(t, "aliases", `{"alias":"a.admin@example.com","person_id":"p1"}`)
	return s, &Policies{Desk: s.Desk, Size: s.store}
}

func propose(t *testing.T, s *shop, p *Policies, version, text string, material bool) string {
	t.Helper()
	key, err := p.Propose(t.Context(), s.a, PolicyDraft{Policy: "code-of-conduct", Title: "Code of conduct", Version: version, Text: text, Owner: "ada@example.com", Approver: "bob@example.com", Material: material})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestPolicyApprovedByAnother(t *testing.T) {
	t.Parallel()
	s, p := handbook(t)
	key := propose(t, s, p, "1.0", "# Be kind", false)
	bob := s.as("bob@example.com")
	for _, who := range []string{"ada@example.com", "a.admin@example.com"} {
		if err := p.Decide(t.Context(), s.as(who), key, 1, true); !errors.Is(err, fault.Denied) || !strings.Contains(err.Error(), "prepared yourself") {
			t.Errorf("Decide(%s approves what they prepared) = %v, want denied", who, err)
		}
	}
	// Who edited any version of it prepared it.
	if _, err := p.Propose(t.Context(), bob, PolicyDraft{Proposal: key, Drawn: 1, Policy: "code-of-conduct", Title: "Code of conduct", Version: "1.0", Text: "# Be very kind"}); err != nil {
		t.Fatal(err)
	}
	if err := p.Decide(t.Context(), s.as("cat@example.com"), key, 1, true); !errors.Is(err, fault.Refused) {
		t.Errorf("Decide(a version that was changed meanwhile) = %v, want a refusal", err)
	}
	if err := p.Decide(t.Context(), bob, key, 2, true); !errors.Is(err, fault.Denied) {
		t.Errorf("Decide(who edited it) = %v, want denied", err)
	}
	if err := p.Decide(t.Context(), s.as("cat@example.com"), key, 2, true); err != nil {
		t.Fatal(err)
	}
	if err := p.Decide(t.Context(), s.as("cat@example.com"), key, 3, true); !errors.Is(err, fault.Refused) {
		t.Errorf("Decide(twice) = %v, want a refusal", err)
	}
	x, list, err := p.Policy(t.Context(), s.a.Org, "code-of-conduct")
	if err != nil || x.Version != "1.0" || x.Text != "# Be very kind" || x.ApprovedBy != "cat@example.com" || !x.InForce(day(t, "2026-11-26")) || x.Next.String() != "2027-11-26" || len(list) != 1 || !list[0].Material {
		t.Errorf("Policy = %+v, %+v, %v, want the approved text in force", x, list, err)
	}
}

func TestPolicyRefuses(t *testing.T) {
	t.Parallel()
	s, p := handbook(t)
	if err := p.Decide(t.Context(), s.as("bob@example.com"), propose(t, s, p, "1.0", "a", true), 1, true); err != nil {
		t.Fatal(err)
	}
	good := PolicyDraft{Policy: "code-of-conduct", Title: "Code", Version: "2.0", Text: "b"}
	for _, c := range []struct {
		name, want string
		change     func(*PolicyDraft)
	}{
		{"no text", "text: missing", func(d *PolicyDraft) { d.Text = " \n" }},
		{"a changed text under the version in force", "another text", func(d *PolicyDraft) { d.Version = "1.0" }},
		{"an id that is none", "expected small letters", func(d *PolicyDraft) { d.Policy = "<b>/.." }},
		{"a text of more than a megabyte", "longer than a megabyte", func(d *PolicyDraft) { d.Text = strings.Repeat("x", 1<<20+1) }},
		{"a proposal that is no more", "prepare a new one", func(d *PolicyDraft) { d.Proposal = "policy-proposal_none" }},
	} {
		d := good
		c.change(&d)
		if _, err := p.Propose(t.Context(), s.a, d); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Propose(%s) = %v, want %q", c.name, err, c.want)
		}
	}
	if _, err := p.Propose(t.Context(), s.a, good); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Propose(t.Context(), s.a, good); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), "proposed already") {
		t.Errorf("Propose(a second one) = %v, want a refusal", err)
	}
}

// TestAcknowledged: what people accept here decides the library's own tests, as does who approved.
func TestAcknowledged(t *testing.T) {
	t.Parallel()
	s, p := handbook(t)
	bob := s.as("bob@example.com")
	if err := p.Decide(t.Context(), bob, propose(t, s, p, "1.0", "a", true), 1, true); err != nil {
		t.Fatal(err)
	}
	figures := func(want string) {
		t.Helper()
		x, _, err := p.Policy(t.Context(), s.a.Org, "code-of-conduct")
		if err != nil {
			t.Fatal(err)
		}
		list, err := p.Workers(t.Context(), s.a, x)
		var got []string
		for _, w := range list {
			state := "open"
			if w.Accepted != nil {
				state = w.Version + " on " + w.Accepted.String()
			}
			got = append(got, w.Email+" "+state)
		}
		if diff := cmp.Diff(want, strings.Join(got, ", ")); err != nil || diff != "" {
			t.Errorf("Workers (-want +got): %v\n%s", err, diff)
		}
	}
	figures("ada@example.com open, bob@example.com open")
	if err := p.Acknowledge(t.Context(), bob, "code-of-conduct", "0.9"); !errors.Is(err, fault.Refused) {
		t.Errorf("Acknowledge(a version that is not in force) = %v, want a refusal", err)
	}
	for range 2 { // the second says nothing new
		if err := p.Acknowledge(t.Context(), s.as("a.admin@example.com"), "code-of-conduct", "1.0"); err != nil {
			t.Fatal(err)
		}
	}
	figures("ada@example.com 1.0 on 2026-11-26, bob@example.com open")
	s.now = s.now.AddDate(0, 0, 1)
	if err := p.Decide(t.Context(), bob, propose(t, s, p, "1.1", "a, with a comma", false), 1, true); err != nil {
		t.Fatal(err)
	}
	figures("ada@example.com 1.0 on 2026-11-26, bob@example.com open")
	s.now = s.now.AddDate(0, 0, 1)
	if err := p.Decide(t.Context(), bob, propose(t, s, p, "2.0", "b", true), 1, true); err != nil {
		t.Fatal(err)
	}
	figures("ada@example.com open, bob@example.com open")
	_, list, _ := p.Policy(t.Context(), s.a.Org, "code-of-conduct")
	var got []string
	for _, e := range list {
		end := "in force"
		if e.Retired != nil {
			end = e.Retired.String()
		}
		got = append(got, e.Version+" "+e.Effective.String()+" "+end)
	}
	if diff := cmp.Diff([]string{"1.0 2026-11-26 2026-11-26", "1.1 2026-11-27 2026-11-27", "2.0 2026-11-28 in force"}, got); diff != "" {
		t.Errorf("editions (-want +got):\n%s", diff)
	}
	s.now = s.now.AddDate(0, 1, 0)
	var acks []string
	for _, v := range answersOf(t, s, "GOV-01", "2026-11-01", "2026-12-31") {
		if strings.HasPrefix(v, "GOV-01.3 ") {
			acks = append(acks, v[strings.LastIndexByte(v, ' ')+1:])
		}
	}
	if diff := cmp.Diff([]string{"pass"}, acks); diff != "" {
		t.Errorf("GOV-01.3: the version accepted was in force (-want +got):\n%s", diff)
	}
	for _, v := range answersOf(t, s, "POL-01", "2026-11-01", "2026-12-31") {
		if !strings.HasSuffix(v, " pass") {
			t.Errorf("POL-01: %s, want pass", v)
		}
	}
	s.now = s.now.AddDate(1, 0, 0) // nobody approves it again
	late := answersOf(t, s, "POL-01", "2027-11-01", "2027-12-31")
	if !slices.ContainsFunc(late, func(v string) bool { return strings.HasSuffix(v, " deviation") }) {
		t.Errorf("POL-01 a year later: %v, want a deviation", late)
	}
}
