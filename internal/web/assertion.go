package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/publish"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/web/shell"
)

// Assertions puts management's assertion before whoever signs it. It may be nil: then no page of it is served.
type Assertions interface {
	// Assertion gives the assertion of the report that the organization prepares, as it stands now. It is fault.Refused where that report
	// has none, or cannot be drafted.
	Assertion(ctx context.Context) (publish.Assertion, error)
	// Barred answers nil where nothing that the visitor did before keeps them from signing; else fault.Denied with the reason.
	Barred(ctx context.Context, by access.Visitor) error
	// Sign makes a signature. It is fault.Busy where something else stands than what was read.
	Sign(ctx context.Context, by access.Visitor, s publish.Signing) (publish.Signature, error)
	// Withdraw ends a signature in force. Version is the one that the page was drawn from; fault.Busy where a later one stands.
	Withdraw(ctx context.Context, by access.Visitor, id string, version int, why string) error
}

func (s *Site) assertionRoutes() []shell.Route {
	return []shell.Route{
		{Method: http.MethodGet, Pattern: "/documents/assertion", Policy: access.ReadDrafts, Handler: s.assertion},
		{Method: http.MethodPost, Pattern: "/documents/assertion", Policy: access.SignAssertion, Handler: s.sign},
		{Method: http.MethodPost, Pattern: "/documents/assertion/withdraw", Policy: access.SignAssertion, Handler: s.withdraw},
	}
}

type assertionData struct {
	head
	A       publish.Assertion
	Missing string // why there is none
	May     bool   // the reader's role signs for management
	Strong  bool
	Barred  string // why this reader may not sign, whatever their role
	Closed  *fault.Error
	Mine    bool // the reader's signature covers it
	Covered bool // somebody's does
	Form    shell.Form
	Refused string
}

// asserted draws the page as the reader may see it.
func (s *Site) asserted(r *http.Request) (assertionData, error) {
	ctx := r.Context()
	by := access.From(ctx)
	d := assertionData{head: head{shell.T(ctx, "Management's assertion")}, May: by.May(access.SignAssertion), Strong: by.Strong}
	var err error
	if d.A, err = s.o.Assertions.Assertion(ctx); err != nil {
		var refused *fault.Error
		if errors.Is(err, fault.Refused) && errors.As(err, &refused) {
			d.Missing = refused.What
			return d, nil
		}
		return d, err
	}
	if err := d.A.Closed(); err != nil && !errors.As(err, &d.Closed) {
		return d, err
	}
	for _, x := range d.A.Signatures {
		if d.A.Covers(x) {
			d.Covered, d.Mine = true, d.Mine || x.Person == string(by.Person)
		}
	}
	if d.May {
		if err := s.o.Assertions.Barred(ctx, by); errors.Is(err, fault.Denied) {
			d.Barred = err.Error()
		} else if err != nil {
			return d, err
		}
	}
	d.Form = signForm(ctx, d.A, by)
	return d, nil
}

func signForm(ctx context.Context, a publish.Assertion, by access.Visitor) shell.Form {
	f := shell.Form{Action: "/documents/assertion", Submit: shell.T(ctx, "Sign the assertion"), Hidden: map[string]string{"text": a.Digest(""), "draft": a.Draft}}
	matters := shell.Field{Name: "matters", Type: "area", Rows: 5, Label: shell.T(ctx, "Matters that modify the assertion"), Max: 10_000,
		Help: shell.T(ctx, "What keeps the assertion from being true without qualification, in your words. They become part of what is signed.")}
	if a.Modified() {
		matters.Required = true
		matters.Help = shell.T(ctx, "The draft says of points above that they are not proven or not ready. Name what you know of them: they become part of what is signed.")
	}
	f.Fields = []shell.Field{matters,
		{Name: "name", Label: shell.T(ctx, "Your name"), Required: true, Max: 200, Auto: "off", Help: shell.T(ctx, "Typing it is your signature: %s, as in your account.", by.Name)},
		{Name: "title", Label: shell.T(ctx, "Your title"), Required: true, Max: 200, Auto: "organization-title", Help: shell.T(ctx, "As the report is to print it, such as Chief Executive Officer.")},
		{Name: "read", Type: "check", Label: shell.T(ctx, "I have read the assertion and the draft that it speaks of, and make this statement for management.")},
	}
	return f
}

func (s *Site) assertion(w http.ResponseWriter, r *http.Request) error {
	d, err := s.asserted(r)
	if err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, assertionPage(d))
}

func (s *Site) sign(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	failed := shell.ReadForm(w, r)
	var x publish.Signature
	if failed == nil {
		v := r.PostForm
		x, failed = s.o.Assertions.Sign(ctx, access.From(ctx), publish.Signing{Name: v.Get("name"), Title: v.Get("title"), Matters: v.Get("matters"),
			Read: v.Get("read") == "yes", Text: v.Get("text"), Draft: v.Get("draft")})
	}
	if failed == nil {
		shell.Say(w, shell.Flash{Text: shell.T(ctx, "Signed on %s. The signature is sealed with the draft that it is over.", x.On)})
		return shell.Redirect(w, r, "/documents/assertion")
	}
	return s.assertionRefused(w, r, failed)
}

// assertionRefused draws the page again with what was typed and why it was not taken. What the form was drawn from is drawn anew, so that
// nobody signs by sending the same again what they have not read.
func (s *Site) assertionRefused(w http.ResponseWriter, r *http.Request, failed error) error {
	status := http.StatusUnprocessableEntity
	switch {
	case errors.Is(failed, fault.Busy):
		status = http.StatusConflict
	case errors.Is(failed, fault.Denied):
		status = http.StatusForbidden
	case !errors.Is(failed, fault.Refused):
		return failed
	}
	d, err := s.asserted(r)
	if err != nil {
		return err
	}
	if d.Missing != "" {
		return failed
	}
	d.Form = d.Form.Filled(r).WithErrors(failed)
	d.Refused = failed.Error()
	var of *fault.Error
	if errors.As(failed, &of) && of.Field != "" && of.Field != "why" {
		d.Refused = shell.T(r.Context(), "what is missing or wrong stands beside its field below.")
	}
	if hint := fault.Hint(failed); hint != "" {
		d.Refused += ". " + capital(hint) + "."
	}
	if status == http.StatusConflict {
		for i := range d.Form.Fields {
			if d.Form.Fields[i].Name == "read" {
				d.Form.Fields[i].Value = "" // they read something else
			}
		}
	}
	return shell.Page(w, r, status, assertionPage(d))
}

func (s *Site) withdraw(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	failed := shell.ReadForm(w, r)
	if failed == nil {
		version, err := strconv.Atoi(r.PostForm.Get("version"))
		if err != nil {
			return fault.Refuse("no version of a signature is named")
		}
		failed = s.o.Assertions.Withdraw(ctx, access.From(ctx), r.PostForm.Get("signature"), version, r.PostForm.Get("why"))
	}
	if failed == nil {
		shell.Say(w, shell.Flash{Text: shell.T(ctx, "The signature is withdrawn. It stays on record, with the reason.")})
		return shell.Redirect(w, r, "/documents/assertion")
	}
	if errors.Is(failed, fault.NotFound) {
		return failed
	}
	r.PostForm = url.Values{} // of another form
	return s.assertionRefused(w, r, failed)
}

// standing says how a signature stands against the draft as it is now.
func (d assertionData) standing(x publish.Signature) (report.Mark, string) {
	switch {
	case x.State == publish.Withdrawn:
		return report.MarkNA, phrase.Mark("Withdrawn")
	case x.State == publish.Replaced:
		return report.MarkNA, phrase.Mark("Replaced by a later signature")
	case d.A.Covers(x):
		return report.MarkPass, phrase.Mark("Covers this draft")
	case x.Report != string(d.A.Kind):
		return report.MarkGap, phrase.Mark("Over another report")
	case x.TextHash != d.A.Digest(x.Matters):
		return report.MarkGap, phrase.Mark("Over another text")
	}
	return report.MarkGap, phrase.Mark("Over another draft: the text is the same, what it speaks of has changed")
}

// signedWords says in a word or two how a document is signed, and by whom.
func signedWords(ctx context.Context, list []report.Signature) (m report.Mark, word string, who []string) {
	m, word = report.MarkNone, shell.T(ctx, "Assertion not signed")
	for _, x := range list {
		if x.Covers {
			m, word = report.MarkPass, shell.T(ctx, "Assertion signed")
			who = append(who, shell.T(ctx, "by %s on %s", x.Name, date(ctx, x.On)))
		}
	}
	if len(who) == 0 && len(list) > 0 {
		m, word = report.MarkGap, shell.T(ctx, "Signed over another draft")
	}
	return m, word, who
}

// shortHash is what a person compares of a hash.
func shortHash(s string) string { return s[:min(16, len(s))] + "…" }
