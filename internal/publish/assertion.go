package publish

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/report"
)

// Signatures is the register of signatures under management's assertion. One key is one signature; a later version ends it. Nothing of
// it is typed or imported: who signed, and when, is the server's word.
const Signatures = "assertion_signatures"

// The states of a signature.
const (
	Signed    = "signed"
	Withdrawn = "withdrawn" // by whoever signs for management
	Replaced  = "replaced"  // another text or draft was signed after it
)

// Signature is one person's signature under management's assertion, as the register keeps it. Days are civil days in the
// organization's zone, times RFC 3339; hashes are SHA-256 in lower-case hex.
type Signature struct {
	ID        string `json:"signature_id"`
	State     string `json:"state"`
	Report    string `json:"report"` // the kind
	From      string `json:"period_from,omitempty"`
	To        string `json:"period_to,omitempty"`
	AsOf      string `json:"as_of,omitempty"`
	Text      string `json:"text"`              // as it was signed, paragraphs apart by an empty line
	Matters   string `json:"matters,omitempty"` // what makes it a modified assertion
	TextHash  string `json:"text_sha256"`       // report.Assertion's Digest
	DraftHash string `json:"draft_sha256"`      // report's Fingerprint
	Draft     string `json:"draft,omitempty"`   // the draft as it was kept, in the register Drafts
	Size      int64  `json:"checkpoint_size"`
	Root      string `json:"checkpoint_root"`
	KnownAt   string `json:"known_at"`
	Name      string `json:"name"`
	Title     string `json:"title"`
	By        string `json:"signed_by"` // the address that the person signs in with
	Person    string `json:"signed_person"`
	On        string `json:"signed_on"`
	At        string `json:"signed_at"`
	EndedBy   string `json:"ended_by,omitempty"`
	EndedAt   string `json:"ended_at,omitempty"`
	Why       string `json:"why,omitempty"`
	Version   int    `json:"-"`
	Index     int64  `json:"-"` // place in the ledger
}

// Assertion is management's assertion as it stands before whoever is to sign it: its text, what it rests on, and what keeps it from
// being signed.
type Assertion struct {
	report.Assertion
	Kind        report.Kind
	Report      string // the title of the report
	When        report.When
	Draft       string // the fingerprint of the draft that it speaks of
	Checkpoint  assure.Checkpoint
	KnownAt     string
	Unanchored  int64
	Today       civil.Date     // the civil day in the organization's zone
	From        civil.Date     // the first day on which it can be signed
	Holds       []report.Point // what keeps it from being signed
	Modifies    []report.Point // open points of the draft that it must name
	NotReady    int            // criteria that are not ready, which it must name too
	NotReadySay string         // the first of them, in words
	Signatures  []Signature    // the latest first
}

// Signing is what somebody signs with.
type Signing struct {
	ID          string // of the signature; hard to guess
	By, Person  string // the address and the account that is signed in
	Account     string // the name in the account
	Name, Title string // as typed
	Matters     string
	Read        bool   // the person says that they have read it
	Text, Draft string // the hashes of what was read: the digest of the text without matters, and the fingerprint
	Now         civil.Instant
	Zone        civil.Zone
	KeptAs      string // the draft as it was kept
	Barred      error  // what the same person did before that keeps them from signing; nil: nothing
}

const mostMatters = 20_000

// Covers reports whether a signature is over the assertion and the draft as they are now, and in force. One over anything else is shown,
// and never carried over.
func (a Assertion) Covers(s Signature) bool {
	return s.State == Signed && s.Report == string(a.Kind) && s.TextHash == a.Digest(s.Matters) && s.DraftHash == a.Draft
}

// Signed are the signatures as a draft prints them, those in force alone.
func (a Assertion) Signed() []report.Signature {
	var out []report.Signature
	for _, s := range a.Signatures {
		on, err := civil.ParseDate(s.On)
		if s.State == Signed && s.Report == string(a.Kind) && err == nil {
			out = append(out, report.Signature{Name: s.Name, Title: s.Title, On: on, Matters: s.Matters, Covers: a.Covers(s)})
		}
	}
	return out
}

// Modified reports whether something stands that the assertion must name.
func (a Assertion) Modified() bool { return len(a.Modifies) > 0 || a.NotReady > 0 }

// Closed says why nobody can sign the assertion as it stands, whoever asks; nil where somebody can.
func (a Assertion) Closed() error {
	if a.Today < a.From {
		return fault.Refuse("%s", a.early()).WithHint("it can be signed from %s", a.From.Long())
	}
	if len(a.Holds) > 0 {
		var list []string
		for _, p := range a.Holds[:min(len(a.Holds), 3)] {
			list = append(list, p.Text.String())
		}
		more := ""
		if n := len(a.Holds) - len(list); n > 0 {
			more = fmt.Sprintf(" And %d more.", n)
		}
		return fault.Refuse("the draft is open where the assertion speaks: %s%s", strings.Join(list, " "), more).WithHint("close these points, or say in the scope why they do not apply")
	}
	return nil
}

func (a Assertion) early() string {
	if w, ok := a.When.(report.AsOf); ok {
		return fmt.Sprintf("the report is as of %s, which means the end of that day, and today is %s; nobody can assert what is not over", w.Date.Long(), a.Today.Long())
	}
	return fmt.Sprintf("the report is %s, and today is %s; nobody can assert what is not over", a.When.Words(), a.Today.Long())
}

// Sign makes the record of a signature, or refuses it. The day is the server's, in the organization's zone.
func (a Assertion) Sign(x Signing) (Signature, error) {
	x.Matters, x.Title, x.Name = strings.TrimSpace(x.Matters), strings.TrimSpace(x.Title), strings.TrimSpace(x.Name)
	if x.Barred != nil {
		return Signature{}, x.Barred
	}
	if x.Text != a.Digest("") || x.Draft != a.Draft {
		return Signature{}, &fault.Error{Kind: fault.Busy, What: "the draft, or the text of the assertion, has changed since you read it", Hint: "read it as it stands now, and sign that"}
	}
	if err := a.Closed(); err != nil {
		return Signature{}, err
	}
	for _, s := range a.Signatures {
		if a.Covers(s) && s.Person == x.Person {
			return Signature{}, fault.Refuse("you have signed this text over this draft already, on %s", s.On)
		}
	}
	if err := a.typed(x); err != nil {
		return Signature{}, err
	}
	s := Signature{ID: x.ID, State: Signed, Report: string(a.Kind), Text: strings.Join(a.Text, "\n\n"), Matters: x.Matters, TextHash: a.Digest(x.Matters),
		DraftHash: a.Draft, Draft: x.KeptAs, Size: a.Checkpoint.Size, Root: a.Checkpoint.Root, KnownAt: a.KnownAt, Name: x.Name, Title: x.Title,
		By: x.By, Person: x.Person, On: x.Zone.DateOf(x.Now).String(), At: x.Now.String(), Version: 1}
	switch w := a.When.(type) {
	case report.Throughout:
		s.From, s.To = w.From.String(), w.To.String()
	case report.AsOf:
		s.AsOf = w.Date.String()
	}
	return s, nil
}

// typed refuses what was typed wrongly, all of it at once.
func (a Assertion) typed(x Signing) error {
	var errs []error
	refuse := func(bad bool, field, format string, args ...any) {
		if bad {
			errs = append(errs, fault.At("", 0, field, format, args...))
		}
	}
	refuse(x.Matters == "" && a.Modified(), "matters", "missing; the draft says of points that they are not proven or not ready, and an assertion that does not name them would say more than is known")
	refuse(len(x.Matters) > mostMatters, "matters", "expected at most %d bytes", mostMatters)
	refuse(x.Name == "", "name", "missing; expected your name: typing it is your signature")
	refuse(x.Name != "" && !sameName(x.Name, x.Account), "name", "is not the name of the account that is signed in; expected %s", x.Account)
	refuse(x.Title == "", "title", "missing; expected your title in the organization, as the report is to print it")
	refuse(utf8.RuneCountInString(x.Title) > 200 || strings.ContainsAny(x.Title, "\r\n"), "title", "expected one line of at most 200 characters")
	refuse(!x.Read, "read", "not said; expected that you have read the assertion and the draft")
	return errors.Join(errs...)
}

// sameName compares names without regard to case and to how spaces are set. An account without a name takes any.
func sameName(a, b string) bool {
	a, b = strings.Join(strings.Fields(a), " "), strings.Join(strings.Fields(b), " ")
	return b == "" || strings.EqualFold(a, b)
}

// End makes the version that ends a signature in force.
func (s Signature) End(state, by, why string, now civil.Instant) (Signature, error) {
	if s.State != Signed {
		return s, fault.Refuse("the signature of %s is not in force any more", s.Name)
	}
	if why = strings.TrimSpace(why); why == "" || len(why) > 2000 {
		return s, fault.At("", 0, "why", "expected why it is withdrawn, in at most 2,000 bytes")
	}
	s.State, s.EndedBy, s.EndedAt, s.Why = state, by, now.String(), why
	s.Version++
	return s, nil
}

// Ends are the versions that end signatures which a new one replaces: those in force over another text or another draft of the same
// report. Others over the very same stand beside it.
func (a Assertion) Ends(by string, now civil.Instant) []Signature {
	var out []Signature
	for _, s := range a.Signatures {
		if s.State == Signed && s.Report == string(a.Kind) && !a.Covers(s) {
			if e, err := s.End(Replaced, by, "Another text, or another draft, was signed after it.", now); err == nil {
				out = append(out, e)
			}
		}
	}
	return out
}
