package report

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
)

// ItemRef names an item of a test.
type ItemRef struct{ Test, Item string }

// Answer is management's answer to a deviation, as the report prints it beside the finding. It changes no verdict.
type Answer struct {
	Cause  string // such as human_error
	Text   string
	Extent string // isolated or systemic
}

// runs is the answer as a cell.
func (a Answer) runs() Runs {
	if a.Text == "" {
		return Runs{say("No response is recorded.")}
	}
	head := strings.ReplaceAll(a.Cause, "_", " ")
	if a.Extent != "" {
		head += ", " + a.Extent
	}
	return Runs{data(strings.TrimPrefix(head, ", ") + ": "), data(a.Text)}
}

// answered counts the deviations of a test that management answered.
func (b *builder) answered(t assure.TestResult) int {
	n := 0
	for _, f := range t.Findings {
		if f.Verdict == assure.Deviation && b.f.Answers[ItemRef{t.Test, f.Key}].Text != "" {
			n++
		}
	}
	return n
}

// Signature is one person's signature under management's assertion.
type Signature struct {
	Name    string     `json:"name"`
	Title   string     `json:"title"`
	On      civil.Date `json:"on"`                // the civil day in the organization's zone, by the server's clock
	Matters string     `json:"matters,omitempty"` // what makes the assertion a modified one, in the signer's words; empty: nothing does
	Covers  bool       `json:"covers"`            // it is over the text and the draft as they are now; one that is not is never carried over
}

// Assertion is management's assertion as whoever signs it reads it: the text of its section with the facts filled in, without
// what stands there in brackets for its writer.
type Assertion struct {
	Section string // anchor
	Number  string
	Title   string
	Text    []string // paragraphs
}

// Digest is the SHA-256 of the text with the matters that modify it, in lower-case hex: what a signature is bound to.
func (a Assertion) Digest(matters string) string {
	x := sha256.Sum256(fmt.Appendf(nil, "%q %q %q", a.Title, a.Text, strings.TrimSpace(matters)))
	return hex.EncodeToString(x[:])
}

// AssertionOf gives management's assertion of a kind of report. It refuses a kind that has none.
func AssertionOf(k Kind, f Facts) (Assertion, error) {
	form, err := formOf(k)
	if err != nil {
		return Assertion{}, err
	}
	if !slices.ContainsFunc(form.Sections, func(p part) bool { return p.Assertion }) {
		return Assertion{}, fault.Refuse("%s holds no assertion of management", form.Title)
	}
	f.Examination = nil // what management asserts does not follow from what the auditor concludes
	if err := f.check(form); err != nil {
		return Assertion{}, err
	}
	b, err := newBuilder(form, f)
	if err != nil {
		return Assertion{}, err
	}
	i := slices.IndexFunc(b.form.Sections, func(p part) bool { return p.Assertion })
	p := b.form.Sections[i]
	a := Assertion{Section: "section-" + strings.ToLower(p.Number), Number: p.Number, Title: b.title(p.Title)}
	for _, para := range b.sworn(p) {
		a.Text = append(a.Text, para.text.String())
	}
	return a, nil
}

// sworn are the paragraphs of an assertion that are signed: what stands in brackets is said to its writer.
func (b *builder) sworn(p part) []written {
	return slices.DeleteFunc(b.paragraphs(p), func(w written) bool { return strings.HasPrefix(w.text.String(), "[") })
}

// Fingerprint is the SHA-256, in lower-case hex, of management's draft that the facts make, but for signatures, for an examination, and
// for the state of the ledger at which it was drawn: two drafts with one fingerprint say the same.
func Fingerprint(k Kind, f Facts) (string, error) {
	f.Signed, f.Examination = nil, nil
	f.Results.KnownAt, f.Results.Checkpoint, f.Results.Unanchored = "", assure.Checkpoint{}, 0
	r, err := Build(k, f)
	if err != nil {
		return "", err
	}
	b, err := json.Marshal(r) // one form: maps are written by key
	x := sha256.Sum256(b)
	return hex.EncodeToString(x[:]), err
}

// SignedFrom is the first civil day on which management can sign: the period is over then, or the as-of date, which means the end of
// that day (handbook 2.6, E2). Before, nobody can assert what was so until its end.
func SignedFrom(w When) civil.Date {
	switch w := w.(type) {
	case Throughout:
		return w.To + 1
	case AsOf:
		return w.Date + 1
	}
	return civil.MaxDate
}

// holding are the rules of open points that keep an assertion from being signed: it says that the description is complete, that each
// criterion is served, and that deviations are known to whoever signs.
var holding = []string{"description", "criterion", "response"}

// modifying are the rules of open points that an assertion must name where they stand: signed without, it would say more than is known.
var modifying = []string{"blocked", "gap", "completeness", "undecided", "test"}

// Holds are the open points that keep management's assertion from being signed.
func Holds(open []Point) []Point { return ofRules(open, holding) }

// Modifies are the open points because of which an assertion is a modified one.
func Modifies(open []Point) []Point { return ofRules(open, modifying) }

func ofRules(open []Point, rules []string) []Point {
	var out []Point
	for _, p := range open {
		if slices.Contains(rules, p.Rule) {
			out = append(out, p)
		}
	}
	return out
}

// signed writes management's assertion as it was signed, where a signature covers it. One that is over another text or draft is told
// and covers nothing; then the section is written as if nobody had signed.
func (b *builder) signed(p part) bool {
	var covers []Signature
	for _, s := range b.f.Signed {
		if s.Covers {
			covers = append(covers, s)
			continue
		}
		b.add(Block{Note: &Note{Tone: Warn, Title: "A signature that does not cover this draft",
			Text: Runs{data(s.Name), say(" signed on " + s.On.Long() + ". The text of the assertion, or the draft that it speaks of, has changed since.")}}})
	}
	if len(covers) == 0 {
		return false
	}
	place := "assertion-" + strings.ToLower(p.Number)
	b.signatures(place, p, covers)
	return true
}

// signatures is the assertion as it was signed, with what modifies it and who signed.
func (b *builder) signatures(place string, p part, covers []Signature) {
	for _, s := range covers {
		if b.f.Examination != nil {
			break
		}
		b.add(Block{Note: &Note{Tone: Info, Title: "Signed by management",
			Text: Runs{data(s.Name + ", " + s.Title), say(", on " + s.On.Long() + ". The signature covers this draft as it stands; the document stays a draft until the service auditor has reported.")}}})
	}
	if b.f.Examination == nil {
		b.heading(1, place, "Text as it was signed")
	}
	for _, para := range b.sworn(p) {
		if para.head != "" {
			b.heading(2, place+"-"+slug(strings.ToLower(para.head)), para.head)
		}
		b.add(Block{Paragraph: para.text})
	}
	for i, s := range covers {
		if m := strings.TrimSpace(s.Matters); m != "" {
			id := place + "-matters"
			if i > 0 {
				id += fmt.Sprintf("-%d", i+1)
			}
			b.heading(2, id, "Matters that modify this assertion")
			for line := range strings.SplitSeq(m, "\n") {
				if strings.TrimSpace(line) != "" {
					b.para(data(strings.TrimSpace(line)))
				}
			}
		}
	}
	for _, s := range covers {
		b.add(b.signature(s))
	}
	if b.f.Examination != nil {
		b.inclusiveAssertions()
	}
}
