package program

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/web/shell"
)

// guide says in our own words what a description criterion asks for, and which lists of facts belong to it.
type guide struct {
	ID, Number, Title string
	About             []string
	Parts             []string // of parts
	Scope             bool     // the scope page shows its facts
}

var guides = []guide{
	{"dc1", "DC 1", phrase.Mark("Services provided"), []string{phrase.Mark("Say what the service does and for whom, so that a reader who never saw it knows what the report is about."),
		phrase.Mark("Name what is left out as well, where a reader could take it for part of the service.")}, []string{"services"}, false},
	{"dc2", "DC 2", phrase.Mark("Principal service commitments and system requirements"), []string{phrase.Mark("Quote what contracts and published terms promise: uptime, recovery, protection, deadlines."),
		phrase.Mark("Then say what the system must do so that the promise is kept. Only what matters to most users is principal.")}, []string{"commitments"}, false},
	{"dc3", "DC 3", phrase.Mark("Components of the system"), []string{phrase.Mark("Infrastructure, software, people, procedures and data: enough of each to see where the boundary runs."),
		phrase.Mark("Say where users' data is created, processed, stored and transmitted. The picture is drawn from what the scope says.")}, []string{"components", "locations", "places", "ways"}, true},
	{"dc4", "DC 4", phrase.Mark("System incidents"), []string{phrase.Mark("Tell of incidents that came from controls that failed, or that kept a commitment from being met: nature, timing, extent and effect."),
		phrase.Mark("Every incident on record needs a decision, also the one not to tell.")}, []string{"incidents"}, false},
	{"dc5", "DC 5", phrase.Mark("Applicable criteria and the related controls"), []string{phrase.Mark("This part is drawn from the program: each criterion in scope with the controls that serve it."),
		phrase.Mark("Write here only what a reader needs to follow it.")}, nil, false},
	{"dc6", "DC 6", phrase.Mark("Complementary user entity controls"), []string{phrase.Mark("What users must do, or a criterion is not met by our controls alone. Each names its criterion."),
		phrase.Mark("Good advice is not one of these: it belongs to the duties of users.")}, []string{"cuecs"}, false},
	{"dc7", "DC 7", phrase.Mark("Subservice organizations"), []string{phrase.Mark("Vendors whose controls are needed for a criterion to be met, by which method each is presented, and what is assumed of it."),
		phrase.Mark("Say by which of our controls each is watched.")}, []string{"vendors"}, true},
	{"dc8", "DC 8", phrase.Mark("Criteria that are not relevant"), []string{phrase.Mark("A criterion in scope that does not apply, with the reason. Where all apply, nothing need be written.")}, []string{"not-relevant"}, false},
	{"dc9", "DC 9", phrase.Mark("Significant changes during the period"), []string{phrase.Mark("What changed so much that a user would want to know, with its day. New versions of controls are told by themselves.")}, []string{"changes"}, false},
}

func guideOf(id string) (guide, error) {
	for _, g := range guides {
		if g.ID == id {
			return g, nil
		}
	}
	return guide{}, fault.NotFound
}

// drawnPart is a description criterion as the report draws it.
type drawnPart struct {
	guide
	Blocks  []report.Block // without the note of what is missing
	Missing []report.Runs
}

// kept is section III as it was drawn last, with what it was drawn from: the report is built whole, and many readers ask for
// the same one.
type kept struct {
	mu       sync.Mutex
	revision int64
	on       civil.Date
	known    Known
	parts    map[string]drawnPart
}

// described draws section III as the report does, and cuts it at its criteria. What it returns is not written to.
func (p *Pages) described(ctx context.Context, f scope.Folder, revision int64) (map[string]drawnPart, error) {
	var known Known
	if p.o.Facts != nil {
		var err error
		if known, err = p.o.Facts.Known(ctx); err != nil {
			return nil, err
		}
	}
	k := &p.kept
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.parts != nil && k.revision == revision && k.on == p.today(f) && reflect.DeepEqual(k.known, known) {
		return k.parts, nil
	}
	parts, err := p.drawnNow(f, known)
	if err != nil {
		return nil, err
	}
	k.parts, k.revision, k.on, k.known = parts, revision, p.today(f), known
	return parts, nil
}

func (p *Pages) drawnNow(f scope.Folder, known Known) (map[string]drawnPart, error) {
	facts := report.Facts{Organization: f.Program.Name, System: f.System.Name, Categories: f.Program.Categories, Reasons: f.System.NotRelevant, About: f.System}
	var err error
	if facts.Criteria, err = f.Program.Criteria(p.catalog); err != nil {
		return nil, err
	}
	on := p.today(f)
	kind := report.Kind("soc2-type1")
	facts.When = report.AsOf{Date: on, Zone: f.Program.Zone}
	if period, ok := f.Program.Period(); ok {
		kind, facts.When, on = "soc2-type2", report.Throughout(period), period.To
		facts.Results = assure.Results{Period: period}
	} else if f.Program.AsOf != nil {
		on = *f.Program.AsOf
		facts.When = report.AsOf{Date: on, Zone: f.Program.Zone}
	}
	for _, v := range f.Versions {
		if v.From <= on && (v.To == nil || *v.To >= on) {
			facts.Controls = append(facts.Controls, v.Control)
		}
	}
	facts.Systems, facts.Incidents, facts.Amended = known.Systems, known.Incidents, known.Amended
	return cut(kind, facts)
}

// cut builds the report and takes section III apart. What the report's own lint finds is no fault of this page: the draft
// is drawn nevertheless.
func cut(kind report.Kind, facts report.Facts) (map[string]drawnPart, error) {
	r, err := report.Build(kind, facts)
	if r == nil {
		return nil, err
	}
	out := map[string]drawnPart{}
	for _, s := range r.Sections {
		at := ""
		for _, b := range s.Blocks {
			if h := b.Heading; h != nil && h.Level == 1 {
				at = strings.ReplaceAll(h.ID, "-", "")
				if g, err := guideOf(at); err == nil {
					out[at] = drawnPart{guide: g}
				} else {
					at = ""
				}
				continue
			}
			if at == "" {
				continue
			}
			x := out[at]
			if n := b.Note; n != nil && n.Tone == report.Owed {
				x.Missing = append(x.Missing, n.List...)
			} else {
				x.Blocks = append(x.Blocks, b)
			}
			out[at] = x
		}
	}
	return out, nil
}

// flow is the picture of where data is, as every format of the report draws it; nil where there is none.
func flow(parts map[string]drawnPart) *report.Drawing {
	for _, b := range parts["dc3"].Blocks {
		if b.Drawing != nil {
			return b.Drawing
		}
	}
	return nil
}

type descriptionData struct {
	Parts []drawnPart
	Done  int
	SOC2  bool
}

func (p *Pages) description(w http.ResponseWriter, r *http.Request) error {
	f, rev, err := p.o.Program.Program(r.Context())
	if err != nil {
		return err
	}
	parts, err := p.described(r.Context(), f, rev)
	if err != nil {
		return err
	}
	d := descriptionData{SOC2: len(f.Program.Categories) > 0}
	for _, g := range guides {
		x := parts[g.ID]
		d.Parts = append(d.Parts, x)
		if len(x.Missing) == 0 {
			d.Done++
		}
	}
	return shell.Page(w, r, http.StatusOK, descriptionPage(d))
}

func (p *Pages) describe(w http.ResponseWriter, r *http.Request) error {
	g, err := guideOf(r.PathValue("dc"))
	if err != nil {
		return err
	}
	f, rev, err := p.o.Program.Program(r.Context())
	if err != nil {
		return err
	}
	parts, err := p.described(r.Context(), f, rev)
	if err != nil {
		return err
	}
	x := parts[g.ID]
	x.guide = g
	return shell.Page(w, r, http.StatusOK, describePage(x))
}

func (p *Pages) describeForm(w http.ResponseWriter, r *http.Request) error {
	g, err := guideOf(r.PathValue("dc"))
	if err != nil {
		return err
	}
	f, _, err := p.o.Program.Program(r.Context())
	if err != nil {
		return err
	}
	d, err := describeEdit(r.Context(), f, g)
	if err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, describeEditPage(d, g))
}

func describeEdit(ctx context.Context, f scope.Folder, g guide) (editData, error) {
	b, err := baseOf(f, "description/"+g.ID+".md")
	if err != nil {
		return editData{}, err
	}
	d := editData{Title: g.Number + " " + shell.T(ctx, g.Title),
		Crumbs: []shell.Crumb{{Path: "/description", Text: shell.T(ctx, "Description")}, {Path: "/description/" + g.ID, Text: g.Number}, {Text: shell.T(ctx, "Write")}}}
	d.Form = shell.Form{Action: "/description/" + g.ID + "/edit", Submit: shell.T(ctx, "Save the text"), Back: "/description/" + g.ID, Hidden: map[string]string{"base": b},
		Fields: []shell.Field{{Name: "text", Type: "markdown", Rows: 18, Label: shell.T(ctx, "Text"), Value: f.System.Texts[g.ID], Preview: "/description/preview",
			Help: shell.T(ctx, "Markdown: headings, lists, tables. HTML and pictures from elsewhere are left out of a report.")}}}
	return d, nil
}

func (p *Pages) saveDescription(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	g, err := guideOf(r.PathValue("dc"))
	if err != nil {
		return err
	}
	f, rev, err := p.o.Program.Program(ctx)
	if err != nil {
		return err
	}
	d, err := describeEdit(ctx, f, g)
	if err != nil {
		return err
	}
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	d.Form = filled(d.Form, r)
	text := r.PostForm.Get("text")
	if r.PostForm.Get("base") != d.Form.Hidden["base"] {
		d.Stale = &stale{What: shell.T(ctx, "The text has been changed since this form was drawn. Nothing was kept. Compare, mend the text below, and save it again."),
			Mine: []shown{{shell.T(ctx, "Text"), text}}, Theirs: []shown{{shell.T(ctx, "Text"), f.System.Texts[g.ID]}}}
		return shell.Page(w, r, http.StatusConflict, describeEditPage(d, g))
	}
	if len(text) > mostText {
		err = &fault.Error{Kind: fault.Refused, Field: "text", What: "is longer than a megabyte"}
	}
	var x draw
	if err == nil {
		to := f
		to.System.Texts = maps.Clone(f.System.Texts)
		if to.System.Texts == nil {
			to.System.Texts = map[string]string{}
		}
		_, had := to.System.Texts[g.ID]
		if text != "" || had {
			to.System.Texts[g.ID] = strings.TrimRight(text, "\n") + "\n"
		}
		x, err = p.drawn(ctx, f, to, rev)
	}
	if err != nil {
		if !isRefusal(err) {
			return err
		}
		d.Form = d.Form.WithErrors(renamed(err))
		return shell.Page(w, r, http.StatusUnprocessableEntity, describeEditPage(d, g))
	}
	return p.keep(w, r, x, g.Number+" "+shell.T(ctx, g.Title), "", "/description/"+g.ID)
}

const mostText = 1 << 20

// preview draws a text as the report will, for the editor.
func (p *Pages) preview(w http.ResponseWriter, r *http.Request) error {
	if err := shell.ReadForm(w, r); err != nil {
		return err
	}
	text := r.PostForm.Get("text")
	if len(text) > mostText {
		return fault.Refuse("the text is longer than a megabyte")
	}
	f := report.Facts{Organization: "preview", When: report.AsOf{Date: civil.NewDate(2000, 1, 1)}, About: assure.System{Texts: map[string]string{"dc1": text}}}
	parts, err := cut("soc2-type1", f)
	if err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, previewText(parts["dc1"]))
}

func isRefusal(err error) bool { return errors.Is(err, fault.Refused) }

// lists gives the lists of facts that belong to a part.
func (g guide) lists() []part {
	var out []part
	for _, id := range g.Parts {
		if i := slices.IndexFunc(parts, func(x part) bool { return x.ID == id }); i >= 0 {
			out = append(out, parts[i])
		}
	}
	return out
}

// ownGap tells what the part lacks from what was left out of its text.
func ownGap(m report.Runs) bool { return len(m) == 1 }

// leveled gives headings the levels that follow on a page whose own headings end with the second, without a step left out.
func leveled(list []report.Block) []report.Block {
	out := slices.Clone(list)
	last := 2
	for i, b := range out {
		if b.Heading != nil {
			h := *b.Heading
			h.Level = min(h.Level+1, last+1, 4)
			last = h.Level
			out[i].Heading = &h
		}
	}
	return out
}
