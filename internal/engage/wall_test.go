package engage

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
)

var (
	allStates = []State{Draft, Accepted, Planning, Fieldwork, WrapUp, Review, Issued, Revised, Withdrawn}
	allParts  = []Part{"", Partner, Quality, Manager, Staff} // "": no member
)

// at is an engagement in a state with a member of each part, whose address is the part's name.
func at(s State) *Engagement {
	e, _ := Fold(Firm, "eng", nil)
	e.State = s
	for _, p := range allParts[1:] {
		e.Members = append(e.Members, Member{Email: string(p) + "@firm.example", Part: p, Independent: &Independence{"yes", civil.Instant(1)}})
	}
	return e
}

func somebody(part Part, strong bool, roles ...access.Role) Who {
	return Who{Email: string(part) + "@firm.example", Person: "p", Name: "P", Roles: roles, Strong: strong}
}

// letter is one cell: A allowed, S allowed who has proven themselves a moment ago and step-up for others, r not in this state, . denied.
func letter(e *Engagement, k kind, side Side, part Part, roles ...access.Role) string {
	strong, weak := e.may(k, side, somebody(part, true, roles...)), e.may(k, side, somebody(part, false, roles...))
	switch {
	case strong == nil && weak == nil:
		return "A"
	case strong == nil && errors.Is(weak, access.StepUp):
		return "S"
	case errors.Is(strong, fault.Denied) && !errors.Is(strong, access.StepUp) && errors.Is(weak, fault.Denied) && !errors.Is(weak, access.StepUp):
		return "."
	case errors.Is(strong, fault.Refused) && errors.Is(weak, fault.Refused):
		return "r"
	}
	return fmt.Sprintf("?(%v; %v)", strong, weak)
}

// cells are the lines of the list about one act: a letter for each state, and who it is that the letters hold for. Whoever is in no
// line is denied in every state.
func cells(k kind, states map[State]*Engagement) []string {
	by := map[string][]string{}
	for _, side := range []Side{Firm, Client} {
		for _, role := range append([]access.Role{"no role"}, access.Roles()...) {
			patterns := map[string][]string{}
			for _, part := range allParts {
				pattern := ""
				for _, s := range allStates {
					pattern += letter(states[s], k, side, part, role)
				}
				if pattern == "........." {
					continue
				}
				name := string(part)
				if part == "" {
					name = "no member"
				}
				patterns[pattern] = append(patterns[pattern], name)
			}
			for pattern, parts := range patterns {
				who := fmt.Sprintf("%s: %s as %s", side, role, strings.Join(parts, ", "))
				if len(parts) == len(allParts) {
					who = fmt.Sprintf("%s: %s", side, role)
				}
				by[pattern] = append(by[pattern], who)
			}
		}
	}
	crosses := "stays"
	if k.crosses {
		crosses = "crosses"
	}
	var out []string
	for pattern, who := range by {
		slices.Sort(who)
		out = append(out, fmt.Sprintf("%-21s %s %-7s %s", k.name, pattern, crosses, strings.Join(who, "; ")))
	}
	if len(out) == 0 {
		out = []string{fmt.Sprintf("%-21s nobody", k.name)}
	}
	slices.Sort(out)
	return out
}

// TestWall holds every act, under every role of an organization on both sides, every part of a member and none, in every state, against a list
// that a person reads: testdata/wall.txt.
func TestWall(t *testing.T) {
	t.Parallel()
	states := map[State]*Engagement{}
	for _, s := range allStates {
		states[s] = at(s)
	}
	got := []string{
		"# One letter for each state: draft, accepted, planning, fieldwork, wrap-up, review, issued, revised, withdrawn.",
		"# A allowed; S allowed after a proof of who one is; r refused, as the engagement is elsewhere; . denied and put on record.",
		"# Whoever is in no line of an act is denied it in every state.",
	}
	n := 0
	for _, k := range table {
		got = append(got, cells(k, states)...)
		n += 2 * (len(access.Roles()) + 1) * len(allParts) * len(allStates) * 2
	}
	t.Logf("%d acts, %d cells", len(table), n)
	const file = "testdata/wall.txt"
	if os.Getenv("ASSAY_UPDATE") != "" {
		if err := os.WriteFile(file, []byte(strings.Join(got, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(strings.TrimSpace(string(b)), "\n")
	for _, l := range got {
		if !slices.Contains(want, l) {
			t.Errorf("the table says %q, the list does not", l)
		}
	}
	if len(got) != len(want) {
		t.Errorf("the table has %d lines, the list %d", len(got), len(want))
	}
}

// TestWallStatements says in code what the list must say, independently of the table.
func TestWallStatements(t *testing.T) {
	t.Parallel()
	of := map[string]string{ // which parts of the firm, where the rule is about one act
		"conclude_element": "partner", "issue": "partner", "revise": "partner", "withdraw": "partner", "reopen": "partner", "let_stand": "partner", "accept": "partner", "change_terms": "partner",
		"discover": "partner", "sign_partner": "partner", "sign_quality": "quality", "consent_terms": "quality",
	}
	after := []string{"discover", "reopen", "revise", "withdraw", "sign_partner", "sign_quality"}
	management := []string{"agree", "answer", "comment", "freeze", "respond", "assert", "represent"}
	papers := []string{"assess", "procedures", "tick", "reperform", "prepare", "draw", "replace", "trace", "check_population", "raise"}
	for _, k := range Kinds() {
		if (k.Side == Client) != slices.Contains(management, k.Name) {
			t.Errorf("%s is of the %s", k.Name, k.Side)
		}
		for _, s := range allStates {
			e := at(s)
			for _, role := range access.Roles() {
				for _, part := range allParts {
					for _, side := range []Side{Firm, Client} {
						ok := e.May(side, somebody(part, true, role), k.Name) == nil
						switch {
						case !ok:
						case side != k.Side:
							t.Errorf("%s by the %s in %s: allowed to %s; it is the other party's", k.Name, side, s, role)
						case role == access.Administrator || role == access.Adviser || role == access.Auditor || role == access.Customer || role == access.Contributor:
							t.Errorf("%s allowed to %s", k.Name, role)
						case side == Firm && role != access.Partner && role != access.Practitioner, side == Client && role != access.Lead && role != access.Owner && role != access.Executive:
							t.Errorf("%s of the %s allowed to %s", k.Name, side, role)
						case s.Done() && side == Firm && !slices.Contains(after, k.Name):
							t.Errorf("%s allowed when the report is %s", k.Name, s)
						case s.Done() && side == Client && k.Name != "assert" && k.Name != "represent": // which their guards allow for a revision only
							t.Errorf("%s allowed to the client when the report is %s", k.Name, s)
						case s == Withdrawn:
							t.Errorf("%s allowed when the report is withdrawn", k.Name)
						case of[k.Name] != "" && string(part) != of[k.Name]:
							t.Errorf("%s allowed to %q", k.Name, part)
						case part == Quality && slices.Contains(papers, k.Name):
							t.Errorf("%s allowed to the quality reviewer, who takes no part in the work", k.Name)
						case part == "" && side == Firm && !slices.Contains([]string{"open", "join", "leave"}, k.Name):
							t.Errorf("%s allowed to somebody who is no member", k.Name)
						case slices.Contains([]string{"assert", "represent", "agree"}, k.Name) && role != access.Executive:
							t.Errorf("%s allowed to %s", k.Name, role)
						}
					}
				}
			}
			if err := e.May(k.Side, somebody(Partner, false, access.Roles()...), k.Name); k.StepUp && err == nil {
				t.Errorf("%s in %s without a proof of who it is", k.Name, s)
			}
		}
	}
	for _, name := range []string{"agree", "accept", "conclude_element", "assert", "represent", "sign_partner", "sign_quality", "issue", "discover", "revise", "withdraw", "change_terms", "consent_terms"} {
		if k, ok := find(name); !ok || !k.stepUp {
			t.Errorf("%s asks for no proof of who it is", name)
		}
	}
	for _, name := range []string{"plan", "assess", "tick", "draw", "keep_seed", "note", "conclude_control", "conclude_matter", "conclude_element", "check_population", "trace", "check_conflicts", "join", "rely", "reperform", "disclose", "limit", "include", "consent_terms"} {
		if k, ok := find(name); !ok || k.crosses {
			t.Errorf("%s is there: %t, and crosses: %t; the client does not see the work before it is released", name, ok, k.crosses)
		}
	}
}

// TestWallMutants turns each entry of the table around, one at a time: the list must notice all of them.
func TestWallMutants(t *testing.T) {
	t.Parallel()
	states := map[State]*Engagement{}
	for _, s := range allStates {
		states[s] = at(s)
	}
	tried := 0
	for _, k := range table {
		if k.program {
			continue
		}
		try := func(what string, m kind) {
			if tried++; !seen(k, m, states) {
				t.Errorf("%s: %s changes nothing that the list would notice", k.name, what)
			}
		}
		m := k
		m.side = k.side.Other()
		try("the side", m)
		m = k
		m.crosses = !k.crosses
		try("crossing", m)
		m = k
		m.stepUp = !k.stepUp
		try("the proof", m)
		for _, s := range allStates {
			m = k
			m.states = toggled(k.when(), s)
			try("the state "+string(s), m)
		}
		if k.parts != nil {
			for _, p := range allParts[1:] {
				m = k
				m.parts = toggled(k.parts, p)
				try("the part "+string(p), m)
			}
		}
		if k.roles != nil {
			for _, r := range access.Roles() {
				m = k
				if m.roles = toggled(k.roles, r); len(m.roles) > 0 {
					try("the role "+string(r), m)
				}
			}
		}
	}
	t.Logf("%d mutants noticed", tried)
}

// seen reports whether some cell of the list tells two acts apart.
func seen(k, m kind, states map[State]*Engagement) bool {
	if k.crosses != m.crosses {
		return true
	}
	for _, side := range []Side{k.side, k.side.Other()} {
		for _, role := range append([]access.Role{access.Partner, access.Executive, access.Lead}, access.Roles()...) { // the likely ones first
			for _, part := range allParts {
				for _, s := range allStates {
					if letter(states[s], k, side, part, role) != letter(states[s], m, side, part, role) {
						return true
					}
				}
			}
		}
	}
	return false
}

func toggled[T comparable](list []T, x T) []T {
	if i := slices.Index(list, x); i >= 0 {
		return slices.Delete(slices.Clone(list), i, i+1)
	}
	return append(slices.Clone(list), x)
}

// TestUnconfirmed: a member who has not confirmed independence does nothing but that, and one who left does nothing.
func TestUnconfirmed(t *testing.T) {
	t.Parallel()
	e := at(Fieldwork)
	e.Members[3].Independent = nil
	who := somebody(Staff, true, access.Practitioner)
	if err := e.May(Firm, who, "tick"); !errors.Is(err, fault.Refused) {
		t.Errorf("May(tick) before independence is confirmed = %v, want refused", err)
	}
	if err := e.May(Firm, who, "confirm_independence"); err != nil {
		t.Errorf("May(confirm_independence) = %v, want allowed", err)
	}
	gone := civil.Instant(2)
	e.Members[2].Out = &gone
	if err := e.May(Firm, somebody(Manager, true, access.Partner), "tick"); !errors.Is(err, fault.Denied) {
		t.Errorf("May(tick) of somebody who left = %v, want denied", err)
	}
	if err := e.May(Firm, somebody(Partner, true, access.Partner), "invented"); !errors.Is(err, fault.Refused) {
		t.Errorf("May(invented) = %v, want refused", err)
	}
}
