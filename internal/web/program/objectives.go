package program

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"sync"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/phrase"
	"github.com/assayhq/assay/internal/scope"
	"github.com/assayhq/assay/internal/web/shell"
)

// family is a group of control objectives with what serves each.
type family struct {
	Code, Name string
	In         bool
	General    bool
	Objectives []objective
}

type objective struct {
	catalog.Objective
	Controls []*assure.Control // in force, primary ones: the first of them
	More     int               // how many besides
}

// mostServing is how many controls stand beside one objective.
const mostServing = 12

type objectivesData struct {
	SOC1     bool
	Title    string // of the report in scope
	Families []family
	Bare     int // objectives in scope that no control serves
	In       int
}

// chained are the objectives with their controls as they were put together last, with what they were made from.
type chained struct {
	mu       sync.Mutex
	revision int64
	on       civil.Date
	data     *objectivesData
}

func (p *Pages) objectives(w http.ResponseWriter, r *http.Request) error {
	f, rev, err := p.o.Program.Program(r.Context())
	if err != nil {
		return err
	}
	k := &p.chained
	k.mu.Lock()
	d := k.data
	if on := p.today(f); d == nil || k.revision != rev || k.on != on {
		if d, err = p.serving(f, on); err == nil {
			k.data, k.revision, k.on = d, rev, on
		}
	}
	k.mu.Unlock()
	if err != nil {
		return err
	}
	return shell.Page(w, r, http.StatusOK, objectivesPage(*d))
}

// serving puts each objective beside the controls that serve it on a day. What it returns is not written to.
func (p *Pages) serving(f scope.Folder, on civil.Date) (*objectivesData, error) {
	kind, err := scope.KindOf(f.Program.Report)
	if err != nil {
		return nil, err
	}
	fw, ok := p.catalog.Framework(catalog.SOC1)
	if !ok {
		return nil, fault.NotFound
	}
	d := &objectivesData{SOC1: kind.Framework == catalog.SOC1, Title: kind.Title}
	by := map[string][]*assure.Control{}
	for i := range f.Versions {
		if v := &f.Versions[i]; v.From <= on && (v.To == nil || *v.To >= on) {
			for _, id := range v.Control.Objectives {
				by[id] = append(by[id], &v.Control)
			}
		}
	}
	for _, o := range fw.Objectives {
		code, name := o.Family, o.FamilyName
		i := slices.IndexFunc(d.Families, func(x family) bool { return x.Code == code })
		if i < 0 {
			in := d.SOC1 && (o.General || slices.Contains(f.Program.Objectives, code))
			d.Families = append(d.Families, family{Code: code, Name: name, General: o.General, In: in})
			i = len(d.Families) - 1
		}
		list := by[o.ID]
		shown := list[:min(len(list), mostServing)]
		x := &d.Families[i]
		x.Objectives = append(x.Objectives, objective{o, shown, len(list) - len(shown)})
		if x.In {
			d.In++
			if len(list) == 0 {
				d.Bare++
			}
		}
	}
	slices.SortStableFunc(d.Families, func(a, b family) int {
		switch {
		case a.In == b.In:
			return 0
		case a.In:
			return -1
		}
		return 1
	})
	return d, nil
}

// objectivesEdit chooses the families of objectives of a SOC 1 report.
func (p *Pages) objectivesEdit(ctx context.Context, f scope.Folder) (editData, error) {
	k, err := scope.KindOf(f.Program.Report)
	if err != nil {
		return editData{}, err
	}
	if k.Framework != catalog.SOC1 {
		return editData{}, fault.Refuse("%s is not about control objectives", k.Title).WithHint("choose a SOC 1 or ISAE 3402 report in the scope first")
	}
	b, err := baseOf(f, "program.yaml")
	if err != nil {
		return editData{}, err
	}
	d := editData{Title: shell.T(ctx, "Families of control objectives"), Crumbs: []shell.Crumb{{Path: "/objectives", Text: shell.T(ctx, "Objectives")}, {Text: shell.T(ctx, "Change")}}}
	d.About = []string{shell.T(ctx, "Management chooses its objectives by what could go wrong in users' financial reporting. Those about information technology in general are always among them.")}
	d.Form = shell.Form{Action: "/objectives/edit", Submit: shell.T(ctx, "Prepare the change"), Back: "/objectives", Hidden: map[string]string{"base": b}}
	fw, _ := p.catalog.Framework(catalog.SOC1)
	seen := map[string]bool{}
	for _, o := range fw.Objectives {
		if o.General || seen[o.Family] {
			continue
		}
		seen[o.Family] = true
		v := ""
		if slices.Contains(f.Program.Objectives, o.Family) {
			v = "yes"
		}
		d.Form.Fields = append(d.Form.Fields, shell.Field{Name: "family_" + o.Family, Type: "check", Label: o.FamilyName + " (" + o.Family + ")", Value: v})
	}
	d.Form.Fields = append(d.Form.Fields, shell.Field{Name: "reason", Type: "area", Rows: 2, Label: shell.T(ctx, "Why"), Required: true, Max: 2000})
	return d, nil
}

func (p *Pages) objectivesForm(w http.ResponseWriter, r *http.Request) error {
	return p.scopeForm(w, r, p.objectivesEdit)
}

func (p *Pages) saveObjectives(w http.ResponseWriter, r *http.Request) error {
	return p.saveScope(w, r, p.objectivesEdit, phrase.Mark("Families of control objectives"), func(f *scope.Folder, v url.Values) error {
		f.Program.Objectives = []string{catalog.General}
		fw, _ := p.catalog.Framework(catalog.SOC1)
		for _, code := range fw.Categories() {
			if v.Get("family_"+code) == "yes" {
				f.Program.Objectives = append(f.Program.Objectives, code)
			}
		}
		return nil
	})
}
