package program

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/assayhq/assay/internal/access"
	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/catalog/tests"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/web/shell"
)

// draw is a change as a form describes it, before anything is kept.
type draw struct {
	now, to  scope.Folder
	revision int64
	patch    scope.Patch
	said     []string // the change in words
	warnings []string
	lint     []string // what keeps statements from being tested
	left     []catalog.Criterion
	gained   []catalog.Criterion
	runs     []ran // cases of the tests that change
}

func (d draw) empty() bool { return len(d.patch.Files) == 0 }

// drawn checks a changed program whole, and says what it changes. The error is a refusal for the person who wrote it.
func (p *Pages) drawn(ctx context.Context, now, to scope.Folder, revision int64) (draw, error) {
	d := draw{now: now, revision: revision}
	warnings, err := to.Program.Check()
	if err != nil {
		return d, err
	}
	d.to, d.warnings = to, warnings
	if now.Program.Name != to.Program.Name || now.Program.Zone.String() != to.Program.Zone.String() {
		return d, fault.Refuse("name and zone of an organization are its identity and cannot change")
	}
	if d.patch, err = scope.Between(now, to); err != nil || d.empty() {
		return d, err
	}
	if d.to, err = d.patch.Onto(now); err != nil { // as it will be read: strict, and whole
		return d, err
	}
	if d.said, err = scope.Diff(now, d.to); err != nil {
		return d, err
	}
	if err := p.mapped(d.to); err != nil {
		return d, err
	}
	d.warnings = append(d.warnings, claims(now, d.to)...)
	for _, v := range d.changed() {
		for _, said := range scope.Lint(v.Control) {
			d.lint = append(d.lint, v.Control.ID+": "+said)
		}
		d.warnings = append(d.warnings, p.backdated(ctx, now, v)...)
	}
	if err := p.coverage(&d); err != nil {
		return d, err
	}
	d.runs, err = p.runChanged(ctx, d)
	return d, err
}

// backdated warns of what a change makes of days that are over.
func (p *Pages) backdated(ctx context.Context, now scope.Folder, v scope.Version) []string {
	today, lang := p.today(now), shell.From(ctx).Lang
	list := now.Of(v.Control.ID)
	i := slices.IndexFunc(list, func(b scope.Version) bool { return b.Version == v.Version })
	var out []string
	if i >= 0 && list[i].From <= today && len(scope.Compare(list[i], v)) > 0 {
		out = append(out, shell.T(ctx, "%s, version %d is in force and is rewritten: days that are over are then tested by the new text. The ledger keeps both.", v.Control.ID, v.Version))
	}
	if v.From < today && v.From != scope.First && (i < 0 || list[i].From != v.From) {
		out = append(out, shell.T(ctx, "%s, version %d begins on %s, before today: what was done since is then tested by it.", v.Control.ID, v.Version, lang.Date(v.From)))
	}
	if v.To != nil && *v.To < today && (i < 0 || list[i].To == nil || *v.To < *list[i].To) {
		out = append(out, shell.T(ctx, "%s, version %d ends on %s, before today: what it did after is no longer tested.", v.Control.ID, v.Version, lang.Date(*v.To)))
	}
	return out
}

// changed lists the versions that read otherwise or are new.
func (d draw) changed() []scope.Version {
	var out []scope.Version
	for name := range d.patch.Files {
		id, ok := strings.CutPrefix(name, "controls/")
		if !ok {
			continue
		}
		before := d.now.Of(strings.TrimSuffix(id, ".yaml"))
		for _, v := range d.to.Of(strings.TrimSuffix(id, ".yaml")) {
			i := slices.IndexFunc(before, func(b scope.Version) bool { return b.Version == v.Version })
			if i < 0 || !same(before[i], v) {
				out = append(out, v)
			}
		}
	}
	slices.SortFunc(out, func(a, b scope.Version) int { return strings.Compare(a.Key(), b.Key()) })
	return out
}

// claims are the warnings about claims that were not there before.
func claims(now, to scope.Folder) []string {
	before := scope.Claims(now)
	return slices.DeleteFunc(scope.Claims(to), func(s string) bool { return slices.Contains(before, s) })
}

// mapped looks every mapping up.
func (p *Pages) mapped(f scope.Folder) error {
	for _, v := range f.Versions {
		c := v.Control
		for _, x := range []struct {
			field string
			ids   []string
		}{{"criteria", c.Criteria}, {"supporting", c.Supporting}, {"iso27001", c.ISO27001}, {"objectives", c.Objectives}} {
			for _, id := range x.ids {
				if _, ok := p.catalog.Criterion(id); !ok {
					return &fault.Error{Kind: fault.Refused, Field: x.field, What: c.ID + ": " + id + " is no criterion, control of Annex A or objective of the catalog"}
				}
			}
		}
	}
	return nil
}

// coverage says which criteria the change leaves bare or covers: on the latest day from which a changed version holds.
func (p *Pages) coverage(d *draw) error {
	on := p.today(d.now)
	for _, v := range d.changed() {
		if v.From != scope.First {
			on = max(on, v.From)
		}
		if v.To != nil {
			on = max(on, *v.To+1)
		}
	}
	on = min(on, civil.NewDate(9000, 1, 1))
	before, err := scope.Uncovered(d.now.Program, p.catalog, d.now.Versions, on)
	if err != nil {
		return err
	}
	after, err := scope.Uncovered(d.to.Program, p.catalog, d.to.Versions, on)
	if err != nil {
		return err
	}
	d.left, d.gained = without(after, before), without(before, after)
	return nil
}

func without(list, other []catalog.Criterion) []catalog.Criterion {
	return slices.DeleteFunc(slices.Clone(list), func(c catalog.Criterion) bool {
		return slices.ContainsFunc(other, func(o catalog.Criterion) bool { return o.ID == c.ID && o.Framework == c.Framework })
	})
}

// runChanged compiles the tests of what changes and runs their cases. A case that fails refuses the change.
func (p *Pages) runChanged(ctx context.Context, d draw) ([]ran, error) {
	var out []ran
	for name, text := range d.patch.Files {
		rest, ok := strings.CutPrefix(name, "tests/")
		if !ok {
			continue
		}
		stem := strings.TrimSuffix(rest, ".txtar")
		control, _, _ := strings.Cut(stem, ".v")
		runs, err := p.runFile(ctx, name, control, text)
		if err != nil {
			return nil, err
		}
		out = append(out, runs...)
	}
	return out, nil
}

// compile reads a control's test file with the compiler's own words.
func (p *Pages) compile(name, control, text string) ([]*tests.Test, error) {
	list, err := tests.Parse(name, []byte(text), p.o.Registers)
	if err != nil {
		var e *fault.Error
		if errors.As(err, &e) {
			return nil, &fault.Error{Kind: fault.Refused, Field: "test", What: err.Error(), Hint: e.Hint}
		}
		return nil, err
	}
	for _, t := range list {
		if t.Control != control {
			return nil, &fault.Error{Kind: fault.Refused, Field: "test", What: "is a test of " + t.Control + "; expected one of " + control}
		}
	}
	return list, nil
}

// keep takes a drawn change: it waits for a second person where two must share it, and is in force at once where not.
// Back is where the reader goes when nothing waits.
func (p *Pages) keep(w http.ResponseWriter, r *http.Request, d draw, title, reason, back string) error {
	ctx := r.Context()
	if d.empty() {
		shell.Say(w, shell.Flash{Text: shell.T(ctx, "Nothing was changed: it stands so already.")})
		return shell.Redirect(w, r, back)
	}
	by := access.From(ctx)
	if !d.patch.Shared() {
		if err := p.o.Program.Apply(ctx, by, d.to, d.revision, nil); err != nil {
			return err
		}
		shell.Say(w, shell.Flash{Text: shell.T(ctx, "Saved: %s.", title)})
		return shell.Redirect(w, r, back)
	}
	text, err := d.patch.Text()
	if err != nil {
		return err
	}
	if len(text) > mostChange {
		return fault.Refuse("the change holds %d bytes; expected at most %d: change fewer things at once", len(text), mostChange)
	}
	id, err := p.o.NewID()
	if err != nil {
		return err
	}
	x := scope.Proposal{ID: id, Title: title, Reason: reason, State: scope.Prepared, PreparedBy: by.Email, PreparedPerson: string(by.Person),
		PreparedAt: p.o.Now().String(), Change: text}
	if err := p.o.Changes.Keep(ctx, by, Kept{x, 1}); err != nil {
		return err
	}
	shell.Say(w, shell.Flash{Text: shell.T(ctx, "The change is prepared. It is in force once another person has approved it.")})
	return shell.Redirect(w, r, "/proposals/"+id)
}

// mostChange bounds a proposal, in bytes.
const mostChange = 4 << 20

// conflict refuses a decision by somebody who prepared the change or entered any version of it, at any time of its history and under
// whichever address.
func (p *Pages) conflict(ctx context.Context, by access.Visitor, versions []scope.Proposal) error {
	title := versions[len(versions)-1].Title
	var history []access.Done
	for _, v := range versions {
		who := []string{v.PreparedPerson, v.PreparedBy, v.EnteredBy}
		for _, address := range who[1:] {
			same, err := p.same(ctx, address, by.Email)
			if err != nil {
				return err
			}
			if same {
				who = append(who, by.Email)
			}
		}
		for _, w := range who {
			if w != "" {
				history = append(history, access.Done{Duty: access.Prepare, Object: title, Person: strings.ToLower(w)})
			}
		}
	}
	for _, who := range []string{string(by.Person), by.Email} {
		if who == "" {
			continue
		}
		if err := access.Conflict(access.Done{Duty: access.Approve, Object: title, Person: strings.ToLower(who)}, history); err != nil {
			return err
		}
	}
	return nil
}

// same reports whether two addresses are one person's.
func (p *Pages) same(ctx context.Context, a, b string) (bool, error) {
	a, b = strings.ToLower(strings.TrimSpace(a)), strings.ToLower(strings.TrimSpace(b))
	switch {
	case a == "" || b == "":
		return false, nil
	case a == b || p.o.Persons == nil:
		return a == b, nil
	}
	return p.o.Persons.Same(ctx, a, b)
}

// base names what a form was drawn from, so that a later change of the same is not written over.
func base(f scope.Folder, control string) (string, error) {
	files, err := scope.Folder{Versions: f.Of(control)}.Files()
	if err != nil {
		return "", err
	}
	var all strings.Builder
	for _, v := range f.Of(control) {
		all.Write(files[scope.TestFile(control, v.Version)])
		all.WriteByte(0)
	}
	all.Write(files["controls/"+control+".yaml"])
	return scope.Digest([]byte(all.String()))[:32], nil
}

// baseOf names the scope, the system, or one text of the description.
func baseOf(f scope.Folder, file string) (string, error) {
	f.Versions, f.Policies, f.Registers = nil, nil, nil
	files, err := f.Files()
	if err != nil {
		return "", err
	}
	return scope.Digest(files[file])[:32], nil
}

// before is the version that a changed one is compared with: its own text as it read, or the version before it.
func (d draw) before(v scope.Version) (scope.Version, bool) {
	list := d.now.Of(v.Control.ID)
	if i := slices.IndexFunc(list, func(b scope.Version) bool { return b.Version == v.Version }); i >= 0 {
		return list[i], len(scope.Compare(list[i], v)) > 0
	}
	if len(list) == 0 {
		return scope.Version{}, false
	}
	return list[len(list)-1], true
}

func compareVersions(a, b scope.Version) []scope.Difference { return scope.Compare(a, b) }

// same reports whether two versions read the same and hold for the same days.
func same(a, b scope.Version) bool {
	return len(scope.Compare(a, b)) == 0 && a.From == b.From && a.Editorial == b.Editorial && dayText(a.To) == dayText(b.To) && dayText(a.Implemented) == dayText(b.Implemented)
}
