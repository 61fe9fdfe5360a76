package html

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/report"
)

// example builds the example company's draft; change may plant something first.
func example(t *testing.T, k report.Kind, change func(*report.Facts)) *report.Report {
	t.Helper()
	b, err := os.ReadFile("../../report/testdata/results.json")
	if err != nil {
		t.Fatal(err)
	}
	var res assure.Results
	if err := json.Unmarshal(b, &res); err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	tsc, _ := c.Framework("tsc")
	cats := []string{"security", "availability"}
	crit, err := tsc.InScope(cats)
	if err != nil {
		t.Fatal(err)
	}
	f := report.Facts{Organization: res.Organization, System: "Harborline Payments", When: report.Throughout(res.Period),
		Categories: cats, Criteria: crit, Controls: c.Controls, Results: res,
		Reasons: map[string]string{"CC6.4": "The system runs in data centres of a subservice organization."},
		Systems: []report.System{{Name: "ledger-db", Kind: "database", Owner: "Platform", Environment: "production"}, {Name: "okta", Kind: "identity provider", Owner: "IT", Environment: "production"}}}
	if k == "soc2-type1" {
		f.When = report.AsOf{Date: res.Period.To, Zone: res.Period.Zone}
	}
	if change != nil {
		change(&f)
	}
	r, err := report.Build(k, f)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func draw(t *testing.T, r *report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := Render(&b, r); err != nil {
		t.Fatal(err)
	}
	// ASSAY_LOOK=DIR keeps the drawings, to be looked at.
	if dir := os.Getenv("ASSAY_LOOK"); dir != "" {
		if err := os.WriteFile(dir+"/"+strings.ReplaceAll(t.Name(), "/", "-")+".html", b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// wellFormed reads the document as a tree: every element is closed, no identifier stands
// twice, every link inside it leads somewhere, and every table has a caption.
func wellFormed(t *testing.T, doc string) (elements map[string]int) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(doc))
	d.Strict, d.Entity = true, xml.HTMLEntity
	ids, links, elements := map[string]bool{}, []string{}, map[string]int{}
	var open []string
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("the document is no tree: %v", err)
		}
		switch e := tok.(type) {
		case xml.StartElement:
			elements[e.Name.Local]++
			open = append(open, e.Name.Local)
			for _, a := range e.Attr {
				switch {
				case a.Name.Local == "id" && ids[a.Value]:
					t.Errorf("identifier %q stands twice", a.Value)
				case a.Name.Local == "id":
					ids[a.Value] = true
				case a.Name.Local == "href" && strings.HasPrefix(a.Value, "#"):
					links = append(links, a.Value[1:])
				case strings.HasPrefix(a.Name.Local, "on"), a.Name.Local == "style":
					t.Errorf("<%s> has an attribute %s", e.Name.Local, a.Name.Local)
				}
			}
		case xml.EndElement:
			if n := len(open); n == 0 || open[n-1] != e.Name.Local {
				t.Fatalf("</%s> closes %v", e.Name.Local, open)
			}
			open = open[:len(open)-1]
		}
	}
	for _, l := range links {
		if !ids[l] {
			t.Errorf("a link leads to #%s, which is no place in the document", l)
		}
	}
	if elements["table"] != elements["caption"] {
		t.Errorf("%d tables, %d captions", elements["table"], elements["caption"])
	}
	return elements
}

func TestDocument(t *testing.T) {
	t.Parallel()
	for _, k := range []report.Kind{"soc2-type2", "soc2-type1"} {
		t.Run(string(k), func(t *testing.T) {
			t.Parallel()
			r := example(t, k, nil)
			doc := draw(t, r)
			el := wellFormed(t, doc)
			if el["script"]+el["link"]+el["img"]+el["iframe"] > 0 {
				t.Errorf("the document is not self-contained: %v", el)
			}
			if el["main"] != 1 || el["nav"] != 1 || el["h1"] != 1 {
				t.Errorf("landmarks: %d main, %d nav, %d h1; want one of each", el["main"], el["nav"], el["h1"])
			}
			// DRAFT as text on the cover, on every section's head and in the running head.
			if got, want := strings.Count(doc, `<span class="draft">Draft</span>`), 2+len(r.Sections); got != want {
				t.Errorf("the document says Draft %d times, want %d", got, want)
			}
			if !strings.Contains(doc, "<title>DRAFT") || !strings.Contains(doc, `--draft: "DRAFT `) {
				t.Error("neither the title nor the running head says DRAFT")
			}
			if regexp.MustCompile(`url\(|@import|https?://`).MatchString(doc) {
				t.Error("the document asks for something outside it")
			}
		})
	}
}

func TestHostileText(t *testing.T) {
	t.Parallel()
	const rtl = "\u202eexe.fdp"
	long := strings.Repeat("k", 10_000)
	doc := draw(t, example(t, "soc2-type2", func(f *report.Facts) {
		f.Organization = `</style><script>alert(1)</script>" & Söhne \`
		f.System = `"><img src=x onerror=alert(2)>`
		c := &f.Results.Controls[0]
		c.Findings[0].Key = `"><script>alert('key')</script>`
		c.Findings[0].Reason = `<img src=x onerror="alert(3)"> ` + rtl
		c.Findings[0].Records = []string{`changes/<b>&amp;@1`}
		c.Findings[1].Key = long
		c.Findings[2].EventTime = `<i>yesterday`
		c.Months[0].Month = `<svg onload=alert(4)>`
		c.Sentence = `</p></main>`
		c.Test = `../../CHG 01"><x`
	}))
	el := wellFormed(t, doc)
	if el["script"]+el["img"]+el["i"]+el["b"]+el["x"] > 0 {
		t.Errorf("hostile text became elements: %v", el)
	}
	if !strings.Contains(doc, "<bdi>&lt;img src=x onerror=&#34;alert(3)&#34;&gt; "+rtl+"</bdi>") {
		t.Error("the reason is not shown as text, its direction isolated")
	}
	if !strings.Contains(doc, long) {
		t.Error("the long key is not shown in full")
	}
	if !strings.Contains(report.Style(), "overflow-wrap: anywhere") {
		t.Error("nothing breaks a long key")
	}
	if strings.Contains(doc, `href="../`) || strings.Contains(doc, "findings/..") {
		t.Error("a test's name leads out of its folder")
	}
}

func TestManyFindings(t *testing.T) {
	t.Parallel()
	doc := draw(t, example(t, "soc2-type2", func(f *report.Facts) {
		c := &f.Results.Controls[5]
		one := c.Findings[0]
		c.Findings = nil
		for i := range 4000 {
			one.Key = "store/" + report.Count(i)
			c.Findings = append(c.Findings, one)
		}
		c.Deviating, c.Passed, c.Population = 4000, 2000, 6000
		c.Attributes[0].Deviations = 4000
	}))
	wellFormed(t, doc)
	if !strings.Contains(doc, `first 500 of 4,000; all are in <a href="findings/AVL-02.json">`) {
		t.Error("the list does not say that it is a part, and where the rest is")
	}
	if n := strings.Count(doc, `id="item-AVL-02-v1-`); n != 500 {
		t.Errorf("%d rows drawn, want 500", n)
	}
}

func TestRefusesABrokenModel(t *testing.T) {
	t.Parallel()
	r := example(t, "soc2-type2", nil)
	r.Sections[0].Draft = false
	if err := Render(io.Discard, r); err == nil {
		t.Error("Render drew a section that hides that it is a draft")
	}
}

func TestCSSString(t *testing.T) {
	t.Parallel()
	if got, want := cssString(`a"</style>`), `"a\000022 \00003c \00002f style\00003e "`; got != want {
		t.Errorf("cssString = %s, want %s", got, want)
	}
}

// TestFigures: the figures of the document are those of the model, each once and in its order.
func TestFigures(t *testing.T) {
	t.Parallel()
	r := example(t, "soc2-type2", nil)
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, m := range regexp.MustCompile(`"figure":\{"value":(\d+)(?:,"of":(\d+))?`).FindAllStringSubmatch(string(b), -1) {
		want = append(want, m[1]+"/"+m[2])
	}
	var got []string
	for _, m := range regexp.MustCompile(`class="figure[^"]*" href="[^"]*">([\d,]+)(?:<span class="of"> of ([\d,]+)</span>)?`).FindAllStringSubmatch(draw(t, r), -1) {
		got = append(got, strings.ReplaceAll(m[1]+"/"+m[2], ",", ""))
	}
	slices.Sort(want) // the open points stand first in the document and last in the model
	slices.Sort(got)
	if len(want) < 100 || !slices.Equal(want, got) {
		t.Errorf("%d figures in the model, %d in the document, and not the same", len(want), len(got))
	}
}
