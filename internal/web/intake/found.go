package intake

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/web/shell"
)

// Founder makes organizations.
type Founder interface {
	// Found makes an organization with the starter library of its report; the visitor becomes its administrator and compliance
	// lead. It gives the name in addresses, and what is unusual about the scope.
	Found(ctx context.Context, v access.Visitor, p scope.Program, implemented *civil.Date) (slug string, warnings []string, err error)
}

// Founding is the page that makes an organization.
type Founding struct{ founder Founder }

// NewFounding wires the page.
func NewFounding(f Founder) (*Founding, error) {
	if f == nil {
		return nil, errors.New("intake: a founder is required")
	}
	return &Founding{f}, nil
}

// Routes lists the addresses; they belong to no organization.
func (f *Founding) Routes() []shell.Route {
	return []shell.Route{
		{Method: http.MethodGet, Pattern: "/organizations/new", Policy: access.Found, Handler: f.show},
		{Method: http.MethodPost, Pattern: "/organizations/new", Policy: access.Found, Handler: f.found},
	}
}

var categories = []string{"availability", "processing_integrity", "confidentiality", "privacy"}

func (f *Founding) form(ctx context.Context) shell.Form {
	t := func(s string) string { return shell.T(ctx, s) }
	var kinds []shell.Option
	for _, k := range scope.Kinds() {
		kinds = append(kinds, shell.Option{Value: k.ID, Text: k.Title})
	}
	kinds = append(kinds, shell.Option{Value: scope.Firm, Text: t("None: an audit firm, which examines others")})
	out := shell.Form{Action: "/organizations/new", Global: true, Submit: t("Make the organization"), Back: "/organizations", Fields: []shell.Field{
		{Name: "name", Label: t("Name of the organization"), Required: true, Auto: "organization", Help: t("As it stands in the report.")},
		{Name: "zone", Label: t("Time zone"), Required: true, Value: "UTC", Help: t("Days of the report begin and end in it: an IANA name such as Europe/Berlin or America/New_York.")},
		{Name: "report", Label: t("Report"), Type: "select", Options: kinds, Value: "soc2-type2", Required: true, Help: t("The adviser on the next pages says which one, and why. It can be changed.")},
		{Name: "from", Label: t("First day of the period"), Type: "date", Help: t("Of a Type 2 report.")},
		{Name: "to", Label: t("Last day of the period"), Type: "date"},
		{Name: "as-of", Label: t("Date of the report"), Type: "date", Help: t("Of a Type 1 report or a statement of applicability.")},
		{Name: "reason", Label: t("Why the period is under three months")},
		{Name: "implemented", Label: t("Day on which the controls were implemented"), Type: "date", Help: t("Leave it empty when they are not yet: each then gets its own date.")},
	}}
	for _, c := range categories {
		out.Fields = append(out.Fields, shell.Field{Name: c, Type: "check", Label: t(categoryNames[c])})
	}
	return out
}

func (f *Founding) show(w http.ResponseWriter, r *http.Request) error {
	return shell.Page(w, r, http.StatusOK, foundPage(f.form(r.Context())))
}

func (f *Founding) found(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	p, implemented, err := program(r)
	if err == nil {
		var slug string
		var warnings []string
		slug, warnings, err = f.founder.Found(r.Context(), access.From(r.Context()), p, implemented)
		if err == nil {
			text := shell.T(r.Context(), "%s has the starter library for its report. Take in a file, or invite those who own controls.", p.Name)
			shell.Say(w, shell.Flash{Text: strings.Join(append([]string{text}, warnings...), " ")})
			http.Redirect(w, r, "/o/"+slug+"/", http.StatusSeeOther)
			return nil
		}
	}
	if !errors.Is(err, fault.Refused) {
		return err
	}
	form := f.form(r.Context()).Filled(r)
	for i, x := range form.Fields { // a box that is not ticked is not sent
		if x.Type == "check" {
			form.Fields[i].Value = r.PostForm.Get(x.Name)
		}
	}
	return shell.Page(w, r, http.StatusUnprocessableEntity, foundPage(form.WithErrors(named(err))))
}

// named takes the name of a flag, by which the scope's own refusals say what they are about, as that of the field.
func named(err error) error {
	var e *fault.Error
	if errors.As(err, &e) && strings.HasPrefix(e.Field, "--") {
		c := *e
		c.Field = strings.TrimPrefix(strings.SplitN(e.Field, ",", 2)[0], "--")
		return &c
	}
	return err
}

func program(r *http.Request) (scope.Program, *civil.Date, error) {
	p := scope.Program{Name: shell.Value(r, "name"), Report: shell.Value(r, "report"), Reason: shell.Value(r, "reason")}
	var errs []error
	var err error
	if p.Zone, err = civil.ParseZone(shell.Value(r, "zone")); err != nil {
		errs = append(errs, &fault.Error{Kind: fault.Refused, Field: "zone", What: err.Error()})
	}
	day := func(name string) *civil.Date {
		s := shell.Value(r, name)
		if s == "" {
			return nil
		}
		d, err := civil.ParseDate(s)
		if err != nil {
			errs = append(errs, &fault.Error{Kind: fault.Refused, Field: name, What: err.Error()})
			return nil
		}
		return &d
	}
	p.From, p.To, p.AsOf = day("from"), day("to"), day("as-of")
	implemented := day("implemented")
	for _, c := range categories {
		if r.PostForm.Get(c) == "yes" {
			p.Categories = append(p.Categories, c)
		}
	}
	return p, implemented, errors.Join(errs...)
}
