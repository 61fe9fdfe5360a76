package example_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/catalog/tests"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/engine/enginetest"
	"github.com/assayhq/assay/internal/example"
	"github.com/assayhq/assay/internal/render/html"
	"github.com/assayhq/assay/internal/render/pdf"
	"github.com/assayhq/assay/internal/report"
	"github.com/assayhq/assay/internal/scope"
)

// world is what the records and the library say: all that the company's own words may name.
type world struct {
	files    []example.File
	story    example.Story
	criteria []assure.Criterion
	controls []assure.Control // of the report
	catalog  *catalog.Catalog
	records  map[string][]map[string]any
}

func open(t *testing.T, seed uint64) *world {
	t.Helper()
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	schemas, _ := enginetest.Load(t)
	w := &world{catalog: c, records: map[string][]map[string]any{}}
	w.files, w.story = example.Files(seed)
	for _, f := range w.files {
		if !slices.Contains([]string{"systems", "vendors", "incidents", "sites", "projects", "policies", "walkthroughs", "data_stores", "people"}, f.Register) {
			continue
		}
		for _, r := range convert(t, schemas, f) {
			var body map[string]any
			if err := json.Unmarshal([]byte(r.JSON), &body); err != nil {
				t.Fatal(err)
			}
			w.records[r.Register] = append(w.records[r.Register], body)
		}
	}
	tsc, _ := c.Framework(catalog.TSC)
	if w.criteria, err = tsc.InScope(w.story.Categories); err != nil {
		t.Fatal(err)
	}
	p := w.story.Period
	list, err := scope.Starter(scope.Program{Name: "x", Report: w.story.Report, Zone: p.Zone, From: &p.From, To: &p.To, Categories: w.story.Categories}, c, []*tests.Test{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range list {
		w.controls = append(w.controls, v.Control)
	}
	return w
}

func (w *world) all(register, field string) []string {
	var out []string
	for _, r := range w.records[register] {
		s, _ := r[field].(string)
		out = append(out, s)
	}
	return out
}

func (w *world) control(id string) bool {
	return slices.ContainsFunc(w.controls, func(c assure.Control) bool { return c.ID == id })
}

func (w *world) criterion(id string) bool {
	return slices.ContainsFunc(w.criteria, func(c assure.Criterion) bool { return c.ID == id })
}

// day is the day of a time that a record names, in the company's zone.
func (w *world) day(t *testing.T, v any) civil.Date {
	t.Helper()
	i, err := civil.ParseInstant(fmt.Sprint(v))
	if err != nil {
		t.Fatal(err)
	}
	return w.story.Period.Zone.DateOf(i)
}

// TestAboutNamesWhatExists: what management says names nothing that no record and no library knows.
func TestAboutNamesWhatExists(t *testing.T) {
	t.Parallel()
	w, about := open(t, 1), example.About()
	criteria := func(place string, ids []string) {
		if len(ids) == 0 {
			t.Errorf("%s names no criterion", place)
		}
		for _, id := range ids {
			if !w.criterion(id) {
				t.Errorf("%s names the criterion %s, which is not in scope", place, id)
			}
		}
	}
	for _, c := range about.Commitments {
		criteria(c.Text, c.Criteria)
	}
	for _, c := range about.CUECs {
		criteria(c.ID, c.Criteria)
	}
	for id := range about.NotRelevant {
		criteria("NotRelevant", []string{id})
	}
	for _, v := range about.Subservice {
		for _, c := range v.CSOCs {
			criteria(v.Name+": "+c.Text, c.Criteria)
		}
		for _, id := range v.Monitoring {
			if !w.control(id) {
				t.Errorf("%s is watched by %s, which is no control of the report", v.Name, id)
			}
		}
	}
	for _, n := range about.Flow.Nodes {
		if n.System != "" && !slices.Contains(w.all("systems", "system"), n.System) {
			t.Errorf("the flow names the system %s, which no record knows", n.System)
		}
	}
	for _, l := range about.Locations {
		if !slices.Contains(w.all("sites", "site"), l.Name) && l.Name != "Cumulonet Cloud, Ohio" { // a region is no site of the register
			t.Errorf("there is no site %s", l.Name)
		}
	}
	for _, s := range w.all("sites", "site") {
		if !slices.ContainsFunc(about.Locations, func(l assure.Part) bool { return l.Name == s }) {
			t.Errorf("the description does not name the site %s", s)
		}
	}
	said, err := json.Marshal(about)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range controlID.FindAllString(string(said), -1) {
		if _, ok := w.catalog.Control(id); !ok {
			t.Errorf("the description names %s, which is no control of the library", id)
		}
	}
	for _, id := range regexp.MustCompile(`INC-\d{4}`).FindAllString(string(said), -1) {
		if !slices.Contains(w.all("incidents", "incident_id"), id) {
			t.Errorf("the description names %s, which is no incident on record", id)
		}
	}
}

// TestAboutVendors: a change that names a vendor bears the day on which its data began to flow, or on which it ended.
func TestAboutVendors(t *testing.T) {
	t.Parallel()
	w := open(t, 1)
	named := 0
	for _, c := range example.About().Changes {
		for _, v := range w.records["vendors"] {
			name := v["name"].(string)
			if !strings.Contains(c.Text, name) || name == "Cumulonet Cloud" { // which is told of where others change
				continue
			}
			named++
			if on := c.On.String(); on != v["first_data_on"] && on != v["ended_on"] {
				t.Errorf("the change of %s names %s, whose data flows from %v to %v", on, name, v["first_data_on"], v["ended_on"])
			}
		}
	}
	if named < 7 {
		t.Errorf("%d vendors are named by changes, want 7 or more", named)
	}
}

// TestAboutSubservice: the organizations are those that the vendor register marks, by the same method.
func TestAboutSubservice(t *testing.T) {
	t.Parallel()
	w := open(t, 1)
	want, got := map[string]string{}, map[string]string{}
	for _, v := range w.records["vendors"] {
		if m := v["subservice"]; m != "none" {
			want[v["name"].(string)] = m.(string)
		}
	}
	for _, v := range example.About().Subservice {
		got[v.Name] = v.Method
		if v.Method == "carve_out" && (len(v.CSOCs) == 0 || !slices.Contains(v.Monitoring, "VEN-02")) {
			t.Errorf("%s is carved out, with %d controls assumed and watched by %v", v.Name, len(v.CSOCs), v.Monitoring)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("subservice organizations (-register +description):\n%s", diff)
	}
}

// TestAboutIncidents: about each incident that the period covers it was decided, but for the one that was planted; those
// that are told say what happened, the others why not. It holds for other seeds.
func TestAboutIncidents(t *testing.T) {
	t.Parallel()
	about := example.About()
	for seed := range uint64(3) {
		w := open(t, seed)
		var covered []string
		for _, in := range w.records["incidents"] {
			if d := w.day(t, in["detected_at"]); d >= w.story.Period.From && d <= w.story.Period.To {
				covered = append(covered, in["incident_id"].(string))
			}
		}
		slices.Sort(covered)
		var decided []string
		for _, i := range about.Incidents {
			decided = append(decided, i.ID)
			if i.Disclose != (i.Text != "") || i.Disclose == (i.Why != "") || i.DecidedBy == "" || i.DecidedOn == nil {
				t.Errorf("%s: told is %t, with the text %q and the reason %q, decided by %q on %v", i.ID, i.Disclose, i.Text, i.Why, i.DecidedBy, i.DecidedOn)
			}
		}
		want := slices.DeleteFunc(covered, func(id string) bool { return id == "INC-2020" })
		if diff := cmp.Diff(want, decided); diff != "" {
			t.Errorf("seed %d: incidents decided upon (-on record +decided):\n%s", seed, diff)
		}
	}
}

// TestAboutChanges: each significant project that went live in the period is among the changes, on its day.
func TestAboutChanges(t *testing.T) {
	t.Parallel()
	w := open(t, 1)
	var told []civil.Date
	for _, c := range example.About().Changes {
		told = append(told, c.On)
		if c.On < w.story.Period.From || c.On > w.story.Period.To {
			t.Errorf("the change of %s lies outside of the period", c.On)
		}
	}
	if !slices.IsSorted(told) {
		t.Error("the changes are not in the order of their days")
	}
	for _, p := range w.records["projects"] {
		if p["go_live_at"] == nil || p["significant"] == false {
			continue
		}
		if d := w.day(t, p["go_live_at"]); d >= w.story.Period.From && d <= w.story.Period.To && !slices.Contains(told, d) {
			t.Errorf("the project %q went live on %s, and the description does not say so", p["title"], d)
		}
	}
}

// TestAboutPlants: what was left out on purpose, and no more.
func TestAboutPlants(t *testing.T) {
	t.Parallel()
	about := example.About()
	var silent []string
	for _, u := range about.CUECs {
		if u.Communicated == nil {
			silent = append(silent, u.ID)
		}
	}
	if diff := cmp.Diff([]string{"U-09"}, silent); diff != "" {
		t.Errorf("user controls never communicated (-planted +got):\n%s", diff)
	}
	_, story := example.Files(1)
	last := about.Reports[len(about.Reports)-1]
	if from := story.Period.From; last.To == nil || *last.To != from-1 {
		t.Errorf("the report before ends on %v, want the day before %s", last.To, from)
	}
}

// draft builds the report that the description goes into, without results of tests.
func draft(t *testing.T) *report.Report {
	t.Helper()
	w, about := open(t, 1), example.About()
	f := report.Facts{
		Organization: w.story.Organization, System: about.Name, When: report.Throughout(w.story.Period), Categories: w.story.Categories,
		Criteria: w.criteria, Reasons: about.NotRelevant, Controls: w.controls, About: about,
		Results: assure.Results{Organization: w.story.Organization, Period: w.story.Period, KnownAt: "2026-10-28T04:00:00Z"},
	}
	for _, in := range w.records["incidents"] {
		if d := w.day(t, in["detected_at"]); d >= w.story.Period.From && d <= w.story.Period.To {
			f.Incidents = append(f.Incidents, report.IncidentFact{ID: in["incident_id"].(string)})
		}
	}
	r, err := report.Build("soc2-type2", f)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestAboutFillsTheReport: of the nine parts of the description only DC 4 is incomplete, for the incident that was planted,
// no criterion is bare, and every format draws it.
func TestAboutFillsTheReport(t *testing.T) {
	t.Parallel()
	r := draft(t)
	for _, p := range r.Open {
		switch {
		case p.Rule == "description" && strings.HasSuffix(p.Text.String(), "1 part: DC 4."):
		case p.Rule == "description", p.Rule == "criterion":
			t.Errorf("open: %s", p.Text.String())
		}
	}
	for _, s := range r.Sections {
		for _, b := range s.Blocks {
			if b.Note != nil && b.Note.Title == "Still to be written" {
				if got := fmt.Sprint(b.Note.List); !strings.Contains(got, "INC-2020") || len(b.Note.List) != 1 {
					t.Errorf("still to be written: %s", got)
				}
			}
		}
	}
	var page, paper bytes.Buffer
	if err := html.Render(&page, r); err != nil {
		t.Fatal(err)
	}
	if _, err := pdf.Render(&paper, r, pdf.Options{Paper: pdf.A4}); err != nil {
		t.Fatal(err)
	}
	for name, n := range map[string]int{"HTML": page.Len(), "PDF": paper.Len()} {
		if n < 50_000 {
			t.Errorf("the %s has %d bytes", name, n)
		}
	}
}

// TestAboutPicture: no name of the data flow is cut in its box, no box stands in the way of an arrow between two others,
// and the picture is no wider than three columns.
func TestAboutPicture(t *testing.T) {
	t.Parallel()
	var picture *report.Drawing
	for _, s := range draft(t).Sections {
		for _, b := range s.Blocks {
			if b.Drawing != nil && b.Drawing.ID == "data-flow-picture" {
				picture = b.Drawing
			}
		}
	}
	if picture == nil {
		t.Fatal("no picture of the data flow")
	}
	var boxes []report.Box
	columns := map[float64]bool{}
	for _, s := range picture.Shapes {
		switch {
		case s.Label != nil:
			l := s.Label
			// The widths of pages are wider than those of paper: what fits here fits there.
			if got := l.Cut(func(s string) float64 { return 0.56 * l.Size * float64(len([]rune(s))) }); got != l.Text {
				t.Errorf("%q is cut to %q", l.Text, got)
			}
		case s.Box != nil && s.Box.W > 20:
			boxes = append(boxes, *s.Box)
			columns[s.Box.X] = true
		}
	}
	if n := len(columns); n != 3 {
		t.Errorf("%d columns, want 3: %v", n, slices.Sorted(maps.Keys(columns)))
	}
	for _, s := range picture.Shapes {
		if s.Line == nil {
			continue
		}
		for _, b := range boxes {
			if l := s.Line; crosses(*l, b) {
				t.Errorf("an arrow from %.0f,%.0f to %.0f,%.0f goes through the box at %.0f,%.0f", l.X1, l.Y1, l.X2, l.Y2, b.X, b.Y)
			}
		}
	}
}

// crosses says whether a line goes through the inside of a box.
func crosses(l report.Line, b report.Box) bool {
	const steps, edge = 200, 2
	for i := range steps + 1 {
		k := float64(i) / steps
		x, y := l.X1+(l.X2-l.X1)*k, l.Y1+(l.Y2-l.Y1)*k
		if x > b.X+edge && x < b.X+b.W-edge && y > b.Y+edge && y < b.Y+b.H-edge {
			return true
		}
	}
	return false
}

// TestAboutApplies: the description and the policies are a folder that can be applied, and come back as they were.
func TestAboutApplies(t *testing.T) {
	t.Parallel()
	_, story := example.Files(1)
	p := story.Period
	f := scope.Folder{System: example.About(), Registers: map[string]string{},
		Program: scope.Program{Name: story.Organization, Report: story.Report, Zone: p.Zone, From: &p.From, To: &p.To, Categories: story.Categories}}
	for _, x := range example.PolicyTexts() {
		f.Policies = append(f.Policies, scope.Policy{ID: x.ID, Title: x.Title, Version: x.Version, Owner: x.Owner, ApprovedBy: x.ApprovedBy, Controls: x.Controls, Text: x.Text})
	}
	files, err := f.Files()
	if err != nil {
		t.Fatal(err)
	}
	back, err := scope.ReadFolder(files)
	if err != nil {
		t.Fatal(err)
	}
	diff, err := scope.Diff(f, back)
	if err != nil || len(diff) > 0 {
		t.Errorf("the folder comes back with differences: %v, %v", diff, err)
	}
}
