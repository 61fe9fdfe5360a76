package engage

import (
	"fmt"
	"slices"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/report"
)

// ReleasedDraft is a draft that the firm showed to management.
type ReleasedDraft struct {
	Fingerprint string            `json:"fingerprint"` // report.Report's, of what was read
	File        string            `json:"sha256"`      // of the model as JSON, with what the tests counted
	Title       string            `json:"title"`
	Files       map[string]string `json:"files,omitempty"` // format -> SHA-256, of what is not drawn from the model
	At          civil.Instant     `json:"-"`
}

// Assertion is management's assertion as it was signed in the client's house.
type Assertion struct {
	Text    string        `json:"text"`
	SHA256  string        `json:"sha256"`            // of the text
	Matters string        `json:"matters,omitempty"` // what makes it a modified one
	Name    string        `json:"name"`
	Title   string        `json:"title"`
	On      civil.Date    `json:"on"`
	At      civil.Instant `json:"-"`
}

// Representation is management's representation letter, dated as the report is, or its refusal to give one.
type Representation struct {
	Text     string        `json:"text,omitempty"`
	SHA256   string        `json:"sha256,omitempty"`
	Name     string        `json:"name"`
	Title    string        `json:"title"`
	Dated    civil.Date    `json:"dated,omitzero"`
	Declined bool          `json:"declined,omitempty"`
	Why      string        `json:"why,omitempty"`
	Advisers []string      `json:"advisers,omitempty"` // as of the agreement (Agreement.Advisers), of the day of the letter: somebody may have become one since
	At       civil.Instant `json:"-"`
}

// Sign is a sign-off of the report.
type Sign struct {
	Fingerprint string        `json:"fingerprint"` // of what was read
	On          civil.Date    `json:"on"`
	By          string        `json:"-"`
	Name        string        `json:"-"`
	At          civil.Instant `json:"-"`
}

// IssuedReport is a report as it went out. Nothing changes it: a revised one is another.
type IssuedReport struct {
	Report      string            `json:"report"` // kind
	Title       string            `json:"title"`
	Revision    int               `json:"revision"`
	Reason      string            `json:"reason,omitempty"` // of a revision
	Date        civil.Date        `json:"date"`
	Fingerprint string            `json:"fingerprint"`
	Opinion     report.Opinion    `json:"opinion"`
	Files       map[string]string `json:"files"` // format -> SHA-256
	At          civil.Instant     `json:"-"`
	By          string            `json:"-"`
}

// Discovery is a fact learnt after the report was issued that existed before (handbook 2.6, E59). It is assessed; it edits nothing.
type Discovery struct {
	Fact   string        `json:"fact"`
	Effect string        `json:"effect"` // none, notify, revise, withdraw
	Reason string        `json:"reason"`
	By     string        `json:"-"`
	At     civil.Instant `json:"-"`
}

// Unfinished lists what keeps the fieldwork from being wrapped up.
func (e *Engagement) Unfinished() []string {
	var out []string
	if n := e.Open(); n > 0 {
		out = append(out, fmt.Sprintf("%s open", report.Plural(n, "request is", "requests are")))
	}
	for _, d := range e.Deviations {
		if err := d.Ready(); err != nil {
			out = append(out, err.Error())
		}
	}
	if e.Planned == nil {
		out = append(out, "nothing is planned: expected the objectives or criteria in scope")
	}
	for _, c := range e.InScope() {
		switch p := e.Papers[c]; {
		case p == nil || p.Prepared == nil:
			out = append(out, c+": the work paper is not signed as prepared")
		case p.Reviewed == nil:
			out = append(out, c+": the work paper is not reviewed")
		}
	}
	return out
}

// Undecided lists what keeps the report from being reviewed.
func (e *Engagement) Undecided() []string {
	out := e.Unfinished()
	for _, c := range e.InScope() {
		if _, ok := e.Controls[c]; !ok {
			out = append(out, c+": no conclusion")
		}
	}
	out = append(out, e.undisclosed()...)
	for _, m := range e.Matters {
		if err := e.carried(m); err != nil {
			out = append(out, err.Error())
		}
	}
	for _, p := range e.Proposals() {
		if o, ok := e.Elements[p.Element]; !ok {
			out = append(out, fmt.Sprintf("the opinion on %s is not decided", p.Element))
		} else if err := e.stands(o, p); err != nil {
			out = append(out, err.Error())
		}
	}
	return out
}

// undisclosed lists the controls whose exceptions do not say what stands. Those out of scope are among them: what was found is not
// left out by leaving a control out.
func (e *Engagement) undisclosed() []string {
	var controls, out []string
	for _, d := range e.Deviations {
		if d.Stands() && !slices.Contains(controls, d.Control) {
			controls = append(controls, d.Control)
		}
	}
	slices.Sort(controls)
	for _, c := range controls {
		n := 0
		for _, x := range e.Exceptions {
			if x.Control == c {
				n += x.Deviating
			}
		}
		switch all := e.items(c); {
		case n == 0:
			out = append(out, c+": deviations stand, and no exception discloses them")
		case n < all:
			out = append(out, fmt.Sprintf("%s: deviations of %d items stand, and the exceptions disclose %d", c, all, n))
		}
	}
	return out
}

// revising says whether a fact discovered after the report asks for another one.
func (e *Engagement) revising() error {
	if e.State.Done() && !slices.ContainsFunc(e.Discovered, func(d Discovery) bool {
		return d.Effect == "revise" && d.At >= e.Reports[len(e.Reports)-1].At
	}) {
		return denied("the report is %s, and no fact discovered after it asks for a revision", e.State)
	}
	return nil
}

// Revisable reports whether a revised report can follow: a fact discovered after the last one asks for it, or the work was reopened for it.
func (e *Engagement) Revisable() bool { return len(e.Reports) > 0 && e.revising() == nil }

// Reopened reports whether the work goes on for a revised report: one went out, which stands until the revised one replaces it.
func (e *Engagement) Reopened() bool { return len(e.Reports) > 0 && !e.State.Done() }

// Shown reports whether management has seen a draft; of work that was reopened, one since the last report.
func (e *Engagement) Shown() bool {
	return slices.ContainsFunc(e.Drafts, func(d ReleasedDraft) bool { return !e.Reopened() || d.At > e.Reports[len(e.Reports)-1].At })
}

// went is the state of an engagement whose reports went out.
func (e *Engagement) went() State {
	if len(e.Reports) > 1 {
		return Revised
	}
	return Issued
}

// Unissuable lists what keeps the report of that date from going out (handbook 2.6, 2.9).
func (e *Engagement) Unissuable(date civil.Date, fingerprint string) []string {
	out := e.Undecided()
	if date <= e.Terms.End() {
		out = append(out, fmt.Sprintf("the report date %s is not after %s", date.Long(), e.Terms.End().Long()))
	}
	disclaimed := true
	for _, o := range e.Elements {
		disclaimed = disclaimed && o.Opinion == report.Disclaimer
	}
	switch r := e.Represented; {
	case disclaimed && r != nil && r.Declined:
	case r == nil:
		out = append(out, "management has not given its representation letter")
	case r.Declined:
		out = append(out, "management declined to represent: disclaim the opinion or withdraw")
	case r.Dated != date:
		out = append(out, fmt.Sprintf("the representation letter is dated %s; expected the report date %s", r.Dated.Long(), date.Long()))
	}
	for _, m := range e.Members {
		if r := e.Represented; m.Out == nil && r != nil && contains(r.Advisers, Digest(m.Email)) {
			out = append(out, e.entangled(m.Name).Error())
		}
	}
	switch a := e.Asserted; {
	case a == nil:
		out = append(out, "management has not signed its assertion")
	case a.On > date:
		out = append(out, fmt.Sprintf("the assertion is signed on %s, after the report date %s", a.On.Long(), date.Long()))
	}
	for _, p := range e.Included {
		switch {
		case p.Asserted == 0 || p.Asserted > date:
			out = append(out, fmt.Sprintf("%s is included, and has not signed an assertion of its own by %s", p.Name, date.Long()))
		case p.Represented != date:
			out = append(out, fmt.Sprintf("%s is included, and its representation letter is not dated %s", p.Name, date.Long()))
		}
	}
	if !e.Shown() {
		out = append(out, "management has not seen a draft")
	}
	for _, p := range []Part{Partner, Quality} {
		switch s, ok := e.Signs[p]; {
		case !ok:
			out = append(out, fmt.Sprintf("the %s has not signed", map[Part]string{Partner: "engagement partner", Quality: "quality reviewer"}[p]))
		case s.Fingerprint != fingerprint:
			out = append(out, fmt.Sprintf("the %s signed another text than this", map[Part]string{Partner: "engagement partner", Quality: "quality reviewer"}[p]))
		case s.On > date:
			out = append(out, fmt.Sprintf("%s signed after the report date", s.Name))
		}
	}
	return out
}

// named reports whether the report is named by its text and by each of its files.
func (r IssuedReport) named() bool {
	return len(r.Files) > 0 && hashes(r.Files) && isHash(r.Fingerprint)
}

func hashes(files map[string]string) bool {
	for _, sum := range files {
		if !isHash(sum) {
			return false
		}
	}
	return true
}

// outgoing holds a report that is about to go out against all that is on record.
func (e *Engagement) outgoing(a Act, b IssuedReport) error {
	if err := refuseWhile(e.Unissuable(b.Date, b.Fingerprint)); err != nil {
		return err
	}
	var list []report.Opinion
	for _, o := range e.Elements {
		list = append(list, o.Opinion)
	}
	if worst := report.Aggregate(list); b.Opinion != worst {
		return fault.Refuse("the report is said to be %s, and its elements are decided as %s", b.Opinion, worst)
	}
	zone, err := civil.ParseZone(e.Terms.Zone)
	if err != nil {
		return err
	}
	if today := zone.DateOf(a.At); b.Date > today {
		return fault.Refuse("the report date %s is not here yet; today is %s", b.Date.Long(), today.Long())
	}
	return nil
}

func refuseWhile(list []string) error {
	if len(list) == 0 {
		return nil
	}
	more := ""
	if len(list) > 1 {
		more = fmt.Sprintf(" (and %d more)", len(list)-1)
	}
	return fault.Refuse("%s%s", list[0], more)
}

func signing(name string, part Part) kind {
	return act(name, Firm, func(e *Engagement, a Act, b Sign) error {
		if !isHash(b.Fingerprint) || b.On == 0 {
			return fault.Refuse("a sign-off is over a text that was read, on a day; expected both")
		}
		if a.Edition >= 2 {
			zone, err := civil.ParseZone(e.Terms.Zone)
			if err != nil {
				return err
			}
			if day := zone.DateOf(a.At); b.On != day {
				return fault.Refuse("the sign-off is dated %s, and it is %s; it is dated on the day on which it is given", b.On.Long(), day.Long())
			}
		}
		if m := e.member(a.By); m == nil || m.Independent == nil {
			return denied("who signs has confirmed independence")
		}
		if err := refuseWhile(e.Undecided()); err != nil {
			return err
		}
		b.By, b.Name, b.At = a.By, a.Name, a.At
		e.Signs[part] = b
		return nil
	}).by(part).in(Review, Issued, Revised).proven().keeping()
}

var issuing = []kind{
	act("wrap_up", Firm, func(e *Engagement, a Act, _ Because) error {
		if e.own(a) {
			if err := refuseWhile(e.Unfinished()); err != nil {
				return err
			}
		}
		e.State = WrapUp
		return nil
	}).by(Partner, Manager).in(Fieldwork).sent(),

	act("begin_review", Firm, func(e *Engagement, a Act, _ Because) error {
		if e.own(a) {
			if err := refuseWhile(e.Undecided()); err != nil {
				return err
			}
		}
		e.State = Review
		return nil
	}).by(Partner).in(WrapUp).sent(),

	act("back_to_work", Firm, func(e *Engagement, _ Act, b Because) error {
		if err := said("words", b.Words); err != nil {
			return err
		}
		e.State = WrapUp
		return nil
	}).by(Partner, Quality).in(Review).sent(),

	act("release_draft", Firm, func(e *Engagement, a Act, b ReleasedDraft) error {
		if !isHash(b.Fingerprint) || !isHash(b.File) || !hashes(b.Files) {
			return fault.Refuse("a draft is named by its fingerprint and its files; expected their hashes")
		}
		b.At = a.At
		e.Drafts = append(e.Drafts, b)
		return nil
	}).by(Partner, Manager).in(WrapUp, Review).sent().keeping(),

	act("assert", Client, func(e *Engagement, a Act, b Assertion) error {
		if err := e.revising(); err != nil {
			return err
		}
		if err := said("text", b.Text); err != nil {
			return err
		}
		if b.SHA256 != TextHash(b.Text) {
			return fault.Refuse("the hash is not that of the assertion")
		}
		for _, f := range []struct{ name, text string }{{"name", b.Name}, {"title", b.Title}} {
			if err := said(f.name, f.text); err != nil {
				return err
			}
		}
		if b.On <= e.Terms.End() {
			return fault.Refuse("the assertion is dated %s, and the report speaks of a time until %s; nobody can assert what is not over", b.On.Long(), e.Terms.End().Long())
		}
		if e.own(a) {
			zone, err := civil.ParseZone(e.Terms.Zone)
			if err != nil {
				return err
			}
			if today := zone.DateOf(a.At); b.On > today {
				return fault.Refuse("the assertion is dated %s, which is not here yet; today is %s", b.On.Long(), today.Long())
			}
		}
		b.At = a.At
		e.Asserted = &b
		return nil
	}).role(access.Executive).in(WrapUp, Review, Issued, Revised).sent().proven(),

	act("represent", Client, func(e *Engagement, a Act, b Representation) error {
		if err := e.revising(); err != nil {
			return err
		}
		for _, f := range []struct{ name, text string }{{"name", b.Name}, {"title", b.Title}} {
			if err := said(f.name, f.text); err != nil {
				return err
			}
		}
		switch {
		case b.Declined:
			if err := said("why", b.Why); err != nil {
				return err
			}
		case b.Text == "" || b.SHA256 != TextHash(b.Text):
			return fault.Refuse("the letter is empty, or its hash is another one")
		case b.Dated <= e.Terms.End():
			return fault.Refuse("the letter is dated %s; expected a day after %s", b.Dated.Long(), e.Terms.End().Long())
		default:
			zone, err := civil.ParseZone(e.Terms.Zone)
			if err != nil {
				return err
			}
			if day := zone.DateOf(a.At); b.Dated != day {
				return fault.Refuse("the letter is dated %s and signed on %s; it is dated on the day on which it is signed", b.Dated.Long(), day.Long())
			}
		}
		b.At = a.At
		e.Represented = &b
		return nil
	}).role(access.Executive).in(WrapUp, Review, Issued, Revised).sent().proven(),

	signing("sign_partner", Partner),
	signing("sign_quality", Quality),

	act("issue", Firm, func(e *Engagement, a Act, b IssuedReport) error {
		if !b.named() || b.Revision != 0 {
			return fault.Refuse("a report is issued as files, with its fingerprint, and is no revision")
		}
		if e.Reopened() {
			return denied("the report of %s went out: what follows on it is a revised one", e.Reports[0].Date.Long())
		}
		if e.own(a) {
			if err := e.outgoing(a, b); err != nil {
				return err
			}
		}
		b.At, b.By = a.At, a.By
		e.Reports, e.State = append(e.Reports, b), Issued
		return nil
	}).by(Partner).in(Review).sent().proven().keeping(),

	act("discover", Firm, func(e *Engagement, a Act, b Discovery) error {
		if err := one("effect", b.Effect, "none", "notify", "revise", "withdraw"); err != nil {
			return err
		}
		for _, f := range []struct{ name, text string }{{"fact", b.Fact}, {"reason", b.Reason}} {
			if err := said(f.name, f.text); err != nil {
				return err
			}
		}
		b.By, b.At = a.By, a.At
		e.Discovered = append(e.Discovered, b)
		return nil
	}).by(Partner).in(Issued, Revised).sent().proven(),

	act("reopen", Firm, func(e *Engagement, _ Act, b Because) error {
		if err := said("words", b.Words); err != nil {
			return err
		}
		if err := e.revising(); err != nil {
			return err
		}
		e.State, e.Represented = WrapUp, nil // management represents what is revised
		return nil
	}).by(Partner).in(Issued, Revised).sent().proven(),

	act("let_stand", Firm, func(e *Engagement, _ Act, b Because) error {
		if err := said("words", b.Words); err != nil {
			return err
		}
		if !e.Reopened() {
			return denied("no report went out that could stand as it is")
		}
		e.State = e.went()
		return nil
	}).by(Partner).in(Fieldwork, WrapUp, Review).sent().proven(),

	act("revise", Firm, func(e *Engagement, a Act, b IssuedReport) error {
		if len(e.Reports) == 0 {
			return denied("no report went out that could be revised")
		}
		if err := said("reason", b.Reason); err != nil {
			return err
		}
		if b.Revision != len(e.Reports) || !b.named() {
			return fault.Refuse("a revised report is number %d, and has files of its own", len(e.Reports))
		}
		if e.own(a) {
			if err := e.revising(); err != nil {
				return err
			}
			if err := e.outgoing(a, b); err != nil {
				return err
			}
		}
		if b.Date <= e.Reports[len(e.Reports)-1].Date {
			return fault.Refuse("the revised report is dated %s; expected a day after that of the report before", b.Date.Long())
		}
		b.At, b.By = a.At, a.By
		e.Reports, e.State = append(e.Reports, b), Revised
		return nil
	}).by(Partner).in(Review, Issued, Revised).sent().proven().keeping(),

	act("withdraw", Firm, func(e *Engagement, _ Act, b Because) error {
		if err := said("words", b.Words); err != nil {
			return err
		}
		e.State = Withdrawn
		return nil
	}).by(Partner).in(Draft, Accepted, Planning, Fieldwork, WrapUp, Review, Issued, Revised).sent().proven().keeping(),
}
