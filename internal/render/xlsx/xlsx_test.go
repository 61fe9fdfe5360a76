package xlsx

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/assayhq/assay/internal/assure"
	"github.com/assayhq/assay/internal/catalog"
	"github.com/assayhq/assay/internal/civil"
	"github.com/assayhq/assay/internal/fault"
)

func example(t testing.TB) (assure.Results, []assure.Control) {
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
	return res, c.Controls
}

func draw(t testing.TB, res assure.Results, cs []assure.Control, limit int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := render(&b, res, cs, Options{Watermark: "For R&D at Example Bank"}, limit); err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("ASSAY_LOOK"); dir != "" {
		if err := os.WriteFile(dir+"/"+strings.ReplaceAll(t.Name(), "/", "-")+".xlsx", b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func open(t testing.TB, b []byte) *excelize.File {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// parts reads the package; every part of XML is well-formed, and no date of making stands in it.
func parts(t testing.TB, b []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		d := xml.NewDecoder(bytes.NewReader(text))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s is not well-formed: %v", f.Name, err)
			}
		}
		out[f.Name] = string(text)
	}
	return out
}

func TestWorkbook(t *testing.T) {
	t.Parallel()
	res, cs := example(t)
	b := draw(t, res, cs, maxRows)
	for range 3 {
		if !bytes.Equal(b, draw(t, res, cs, maxRows)) {
			t.Fatal("the same results gave other bytes")
		}
	}
	f := open(t, b)
	if diff := cmp.Diff([]string{"Summary", "Populations", "Exceptions", "Months"}, f.GetSheetList()); diff != "" {
		t.Errorf("sheets (-want +got):\n%s", diff)
	}
	for name, text := range parts(t, b) {
		if !strings.HasPrefix(name, "xl/worksheets/sheet") {
			continue
		}
		for _, want := range []string{` ySplit="1"`, `state="frozen"`, "<autoFilter ", "<col ", "&amp;RDRAFT", "R&amp;&amp;D"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %s", name, want)
			}
		}
		if strings.Contains(text, "<f>") {
			t.Errorf("%s holds a formula", name)
		}
	}
	rows, err := f.GetRows("Populations", excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	tested := map[string]bool{}
	for _, x := range res.Controls {
		tested[x.Control] = true
	}
	if want := 1 + len(res.Controls) + len(cs) - len(tested); len(rows) != want {
		t.Errorf("%d rows of populations, want %d", len(rows), want)
	}
	for _, r := range rows {
		if r[0] == "CHG-01" {
			if diff := cmp.Diff([]string{"1204", "31", "1173", "1157", "12", "4", "0", "Shown"}, r[8:16]); diff != "" {
				t.Errorf("CHG-01 (-want +got):\n%s", diff)
			}
		}
	}
}

func TestNumbersAndDates(t *testing.T) {
	t.Parallel()
	res, cs := example(t)
	c := &res.Controls[1]
	for i, s := range []string{"2025-07-01T18:42:00Z", "2025-12-06", "1899-01-01", "yesterday", ""} {
		c.Findings = append(c.Findings[:i:i], assure.Finding{Key: strconv.Itoa(i), Verdict: assure.Deviation, EventTime: s})
	}
	res.Controls = []assure.TestResult{*c}
	f := open(t, draw(t, res, cs, maxRows))
	for i, want := range []struct {
		value string
		kind  excelize.CellType
	}{{"45839.6125", excelize.CellTypeUnset}, {"45997", excelize.CellTypeUnset}, {"1899-01-01", excelize.CellTypeInlineString}, {"yesterday", excelize.CellTypeInlineString}} {
		cell := "I" + strconv.Itoa(i+2)
		got, err := f.GetCellValue("Exceptions", cell, excelize.Options{RawCellValue: true})
		if err != nil {
			t.Fatal(err)
		}
		kind, _ := f.GetCellType("Exceptions", cell)
		if got != want.value || kind != want.kind {
			t.Errorf("%s = %q of type %d, want %q of type %d", cell, got, kind, want.value, want.kind)
		}
	}
	if got, _ := f.GetCellValue("Exceptions", "I2"); got != "2025-07-01 14:42:00" { // New York
		t.Errorf("the time is shown as %q", got)
	}
}

func TestFormulasAreHarmless(t *testing.T) {
	t.Parallel()
	res, cs := example(t)
	hostile := []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=HYPERLINK(\"http://example.org\")", "＝1+1", "|x", "ok", "_x0041_", "a\x00b\x1b", strings.Repeat("w", 40_000)}
	c := &res.Controls[0]
	c.Findings = nil
	for _, s := range hostile {
		c.Findings = append(c.Findings, assure.Finding{Key: s, Reason: s, Verdict: assure.Deviation, Records: []string{s}, Attributes: []string{s}, EventTime: s})
	}
	c.Test, c.Control = "=cmd|' /C calc'!A0", "=x"
	res.Controls = res.Controls[:1]
	res.Organization = "=&A" + "\x01"
	b := draw(t, res, cs, maxRows)
	f := open(t, b)
	styles := parts(t, b)["xl/styles.xml"]
	if strings.Count(styles, "quotePrefix") != 1 {
		t.Error("no format, or more than one, is that of quoted texts")
	}
	for i, s := range hostile {
		cell := "E" + strconv.Itoa(i+2)
		got, err := f.GetCellValue("Exceptions", cell)
		if err != nil {
			t.Fatal(err)
		}
		want := clean(s)
		if got != want {
			t.Errorf("%s = %.60q, want %.60q", cell, got, want)
		}
		if kind, _ := f.GetCellType("Exceptions", cell); kind != excelize.CellTypeInlineString {
			t.Errorf("%s is no text", cell)
		}
		style, err := f.GetCellStyle("Exceptions", cell)
		if err != nil {
			t.Fatal(err)
		}
		if quoted := xf(styles, style); strings.Contains(quoted, "quotePrefix") != strings.ContainsRune("=+-@\t|＝", []rune(want)[0]) {
			t.Errorf("%.20q has the format %s", s, quoted)
		}
	}
	if got := clean(strings.Repeat("w", 40_000)); !strings.HasSuffix(got, "… (cut: the text has 40000 bytes)") || len(got) > 32_767 {
		t.Errorf("a long text ends with %q", got[len(got)-60:])
	}
}

// xf is a cell format of the style sheet.
func xf(styles string, n int) string {
	_, rest, _ := strings.Cut(styles, "<cellXfs")
	return strings.Split(rest, "<xf ")[n+1]
}

func TestManyFindingsAreSplit(t *testing.T) {
	t.Parallel()
	res, cs := example(t)
	want := map[string]bool{}
	for i := range res.Controls {
		for j := range res.Controls[i].Findings {
			k := fmt.Sprintf("%s/%d/%d", res.Controls[i].Control, i, j)
			res.Controls[i].Findings[j].Key = k
			want[k] = true
		}
	}
	f := open(t, draw(t, res, cs, 50))
	got := 0
	for _, name := range f.GetSheetList() {
		if !strings.HasPrefix(name, "Exceptions") {
			continue
		}
		rows, err := f.GetRows(name)
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) > 51 || rows[0][4] != "Item" {
			t.Errorf("%s has %d rows, the first %v", name, len(rows), rows[0])
		}
		for _, r := range rows[1:] {
			if !want[r[4]] {
				t.Errorf("%s lists %s, which is no finding or stood before", name, r[4])
			}
			delete(want, r[4])
			got++
		}
	}
	if len(want) > 0 || got < 200 {
		t.Errorf("%d findings are listed, %d are missing", got, len(want))
	}
	rows, _ := f.GetRows("Summary")
	if last := rows[len(rows)-1]; !strings.Contains(last[1], "more than one sheet holds") {
		t.Errorf("the summary does not say that the exceptions go on: %v", last)
	}
}

func TestEmptyAndRefused(t *testing.T) {
	t.Parallel()
	res, _ := example(t)
	res.Controls = nil
	open(t, draw(t, res, nil, maxRows))
	res.KnownAt = ""
	if err := Render(io.Discard, res, nil, Options{}); !errors.Is(err, fault.Refused) {
		t.Errorf("Render without a time = %v, want a refusal", err)
	}
}

func TestSerial(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]float64{"1900-03-01": 61, "1970-01-01": 25569, "2026-06-30": 46203, "2199-12-31": 109574, "1900-02-28": 0} {
		d, err := civil.ParseDate(s)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := serial(d, 0); got != want {
			t.Errorf("serial(%s) = %v, want %v", s, got, want)
		}
	}
}

func FuzzRender(f *testing.F) {
	for _, s := range []string{"", "=1", "\x00", "\xff", "_x000D_", "&A", "'", "<&>", "\u202e"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		res, cs := example(t)
		res.Controls, cs = res.Controls[:1], cs[:1]
		res.Organization, cs[0].ID, cs[0].Title = s, s, s
		c := &res.Controls[0]
		c.Control, c.Test, c.Digest, c.Months[0].Month, c.Completeness[0].Check = s, s, s, s, s
		c.Findings = []assure.Finding{{Key: s, Reason: s, Attributes: []string{s}, Records: []string{s, s}, EventTime: s, Verdict: assure.Deviation}}
		b := draw(t, res, cs, maxRows)
		for name, text := range parts(t, b) {
			if strings.Contains(text, "<f>") {
				t.Errorf("%s holds a formula", name)
			}
		}
		got, err := open(t, b).GetCellValue("Exceptions", "E2")
		if err != nil || got != clean(s) {
			t.Errorf("the item reads %q (%v), want %q", got, err, clean(s))
		}
	})
}

func BenchmarkRender(b *testing.B) {
	res, cs := example(b)
	c := &res.Controls[0]
	for i := range 100_000 {
		x := c.Findings[0]
		x.Key = "item-" + strconv.Itoa(i)
		c.Findings = append(c.Findings, x)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := Render(io.Discard, res, cs, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
