package docx

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/render/oscal"
	"github.com/assayhq/assay/internal/render/xlsx"
	"github.com/assayhq/assay/internal/report"
)

// counts are the figures of one test, as a reader finds them in a document.
type counts struct{ Population, Tested, Deviating, Undecided, NotApplicable int }

// TestFiguresAgree draws the same facts in three formats and reads the figures back from each file.
func TestFiguresAgree(t *testing.T) {
	t.Parallel()
	var facts report.Facts
	r := example(t, "soc2-type2", func(f *report.Facts) { facts = *f })
	want := map[string]counts{}
	for _, x := range facts.Results.Controls {
		if x.Outcome != assure.Blocked { // its figures are no results, and the report prints none
			want[key(x.Control, x.Version)] = counts{x.Population, x.Population - x.NotApplicable, x.Deviating, x.Undecided, x.NotApplicable}
		}
	}
	if len(want) < 7 {
		t.Fatalf("the example has %d tests", len(want))
	}
	for name, got := range map[string]map[string]counts{
		"docx":  docxFigures(t, unpack(t, draw(t, r, Options{}))),
		"xlsx":  xlsxFigures(t, facts),
		"oscal": oscalFigures(t, facts),
	} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-results +file):\n%s", name, diff)
		}
	}
}

func key(control string, version int) string { return control + " v" + strconv.Itoa(version) }

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(strings.ReplaceAll(strings.TrimSpace(s), ",", ""))
	if err != nil {
		t.Errorf("%q is no figure", s)
	}
	return n
}

// docxFigures reads the table of results at a glance.
func docxFigures(t *testing.T, parts map[string]string) map[string]counts {
	t.Helper()
	out := map[string]counts{}
	for _, tbl := range parse(t, "document", parts["word/document.xml"]).all("w:tbl") {
		if !strings.Contains(tbl.all("w:tblCaption")[0].attr["w:val"], "Tests of the whole population") {
			continue
		}
		for _, row := range tbl.all("w:tr")[1:] {
			var cells []string
			for _, c := range row.all("w:tc") {
				cells = append(cells, c.text())
			}
			tested, of, ok := strings.Cut(cells[2], " of ")
			if !ok {
				continue // not tested, or blocked
			}
			id := strings.Fields(cells[0])[0]
			pop, _, _ := strings.Cut(cells[5], "(")
			out[key(id, version(cells[0]))] = counts{number(t, pop), number(t, of), number(t, tested), number(t, cells[3]), number(t, cells[4])}
		}
	}
	return out
}

var versionWord = regexp.MustCompile(`, version (\d+)$`)

// version is 1 where a control has one test only.
func version(s string) int {
	if m := versionWord.FindStringSubmatch(s); m != nil {
		n, _ := strconv.Atoi(m[1])
		return n
	}
	return 1
}

func xlsxFigures(t *testing.T, f report.Facts) map[string]counts {
	t.Helper()
	var b bytes.Buffer
	if err := xlsx.Render(&b, f.Results, f.Controls, xlsx.Options{}); err != nil {
		t.Fatal(err)
	}
	file, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := file.GetRows("Populations", excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]counts{}
	for _, r := range rows[1:] {
		if r[7] == "Blocked" || r[7] == "Not tested" {
			continue
		}
		out[key(r[0], number(t, r[3]))] = counts{number(t, r[8]), number(t, r[10]), number(t, r[12]), number(t, r[13]), number(t, r[9])}
	}
	return out
}

// oscalFigures reads the JSON with nothing of the package that wrote it.
func oscalFigures(t *testing.T, f report.Facts) map[string]counts {
	t.Helper()
	d, err := oscal.AssessmentResults(f)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := d.Write(&b); err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("ASSAY_LOOK"); dir != "" {
		_ = os.WriteFile(dir+"/figures.json", b.Bytes(), 0o644)
	}
	var doc struct {
		AR struct {
			Results []struct {
				Observations []struct {
					Types []string
					Props []struct{ Name, Value string }
				}
			}
		} `json:"assessment-results"`
	}
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	out := map[string]counts{}
	for _, o := range doc.AR.Results[0].Observations {
		if o.Types[0] != "control-objective" {
			continue
		}
		p := map[string]string{}
		for _, x := range o.Props {
			p[x.Name] = x.Value
		}
		if p["outcome"] == "blocked" {
			continue
		}
		pop, na := number(t, p["population"]), number(t, p["not_applicable"])
		out[key(p["control"], number(t, p["version"]))] = counts{pop, pop - na, number(t, p["deviating"]), number(t, p["undecided"]), na}
	}
	return out
}
