package xlsx

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/register"
)

func rows(in []byte, sheet string) ([]string, error) {
	var out []string
	for r, err := range Read(bytes.NewReader(in), register.ReadOptions{File: "f.xlsx", Sheet: sheet}) {
		if err != nil {
			return out, err
		}
		s := fmt.Sprint(r.Line)
		for _, m := range r.Fields {
			s += fmt.Sprintf(" %s=%s", m.Name, m.Value.Text)
			switch m.Value.Kind {
			case register.Number:
				s += "(number)"
			case register.Boolean:
				s += "(bool)"
			case register.Local:
				s += "(local)"
			}
		}
		out = append(out, s)
	}
	return out, nil
}

// workbook is what a spreadsheet program saves.
func workbook(t testing.TB, fill func(f *excelize.File)) []byte {
	t.Helper()
	f := excelize.NewFile()
	fill(f)
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	b := workbook(t, func(f *excelize.File) {
		must(t, f.SetSheetRow("Sheet1", "A2", &[]any{"id", " at ", "on", "n", "flag", "sum", "note"}))
		date, err := f.NewStyle(&excelize.Style{NumFmt: 14})
		must(t, err)
		custom := `[$-409]d" of "mmm yyyy hh:mm`
		local, err := f.NewStyle(&excelize.Style{CustomNumFmt: &custom})
		must(t, err)
		must(t, f.SetCellValue("Sheet1", "A4", "x-1"))
		must(t, f.SetCellValue("Sheet1", "B4", time.Date(2026, 1, 31, 9, 30, 15, 0, time.UTC)))
		must(t, f.SetCellStyle("Sheet1", "B4", "B4", local))
		must(t, f.SetCellValue("Sheet1", "C4", time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC)))
		must(t, f.SetCellStyle("Sheet1", "C4", "C4", date))
		must(t, f.SetCellValue("Sheet1", "D4", 1.1))
		must(t, f.SetCellValue("Sheet1", "E4", true))
		must(t, f.SetCellFormula("Sheet1", "F4", "1+1"))
		must(t, f.SetCellValue("Sheet1", "G4", "two\nlines & <more>"))
		must(t, f.SetCellValue("Sheet1", "A5", 77))
		must(t, f.SetCellRichText("Sheet1", "G5", []excelize.RichTextRun{{Text: "rich"}, {Text: " text"}}))
	})
	got, err := rows(b, "")
	want := []string{
		"4 id=x-1 at=2026-01-31T09:30:15(local) on=2026-02-28(local) n=1.1(number) flag=true(bool) sum==1+1 note=two\nlines & <more>",
		"5 id=77(number) at= on= n= flag= sum= note=rich text",
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// TestFormulaKeepsNoCachedValue plants a value beside a formula, as a program stores it.
func TestFormulaKeepsNoCachedValue(t *testing.T) {
	t.Parallel()
	b := book1(t, `<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c><c r="B1" t="inlineStr"><is><t>b</t></is></c></row>
		<row r="2"><c r="A2"><f t="shared" ref="A2:A3" si="0">B2*2</f><v>99</v></c><c r="B2"><v>1</v></c></row>
		<row r="3"><c r="A3" t="str"><f t="shared" si="0"/><v>approved</v></c><c r="B3" t="inlineStr"><is><t>_x0041_1_x_</t></is></c></row>`)
	got, err := rows(b, "")
	if diff := cmp.Diff([]string{"2 a==B2*2 b=1(number)", "3 a==B2*2 (shared from A2) b=A1_x_"}, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestSheets(t *testing.T) {
	t.Parallel()
	two := workbook(t, func(f *excelize.File) {
		must(t, f.SetSheetRow("Sheet1", "A1", &[]any{"a"}))
		_, err := f.NewSheet("Other")
		must(t, err)
		_, err = f.NewSheet("Empty")
		must(t, err)
		must(t, f.SetSheetRow("Other", "A1", &[]any{"b"}))
		must(t, f.SetSheetRow("Other", "A2", &[]any{"x"}))
	})
	if got, err := rows(two, "Other"); err != nil || len(got) != 1 || got[0] != "2 b=x" {
		t.Errorf("sheet Other: %v, %v", got, err)
	}
	for sheet, want := range map[string]string{
		"":      "f.xlsx: 2 sheets hold rows: Sheet1, Other; expected one",
		"other": `f.xlsx: no sheet is named "other"; found Sheet1, Other, Empty; did you mean Other?`,
	} {
		if _, err := rows(two, sheet); err == nil || err.Error() != want {
			t.Errorf("sheet %q: %v, want %s", sheet, err, want)
		}
	}
}

// archive zips parts; stored ones claim what size they like.
func archive(t testing.TB, parts map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range parts {
		w, err := z.Create(name)
		must(t, err)
		_, err = io.WriteString(w, content)
		must(t, err)
	}
	must(t, z.Close())
	return b.Bytes()
}

const (
	workbookXML = `<workbook xmlns:r="x"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>`
	relsXML     = `<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/></Relationships>`
)

// book1 is a workbook of one sheet with these rows.
func book1(t testing.TB, rows string) []byte {
	t.Helper()
	return archive(t, map[string]string{
		"xl/workbook.xml": workbookXML, "xl/_rels/workbook.xml.rels": relsXML,
		"xl/worksheets/sheet1.xml": "<worksheet><sheetData>" + rows + "</sheetData></worksheet>",
	})
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	good := workbook(t, func(f *excelize.File) {
		must(t, f.SetSheetRow("Sheet1", "A1", &[]any{"a", "b"}))
		must(t, f.SetSheetRow("Sheet1", "A2", &[]any{1, 2}))
	})
	head := `<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row>`
	for name, tc := range map[string]struct {
		in   []byte
		want string
	}{
		"cut short":          {good[:len(good)/2], "f.xlsx: the file is cut short: it ends before the directory of its parts"},
		"HTML":               {[]byte("<html><body>Sign in</body></html>"), "f.xlsx:1: this is HTML or XML, expected an XLSX workbook"},
		"text":               {[]byte("a,b\n"), "f.xlsx: this is no XLSX workbook"},
		"old format":         {[]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "f.xlsx: the workbook is encrypted or in the old XLS format; expected XLSX"},
		"another zip":        {archive(t, map[string]string{"a.txt": "x"}), "f.xlsx: the workbook has no part xl/_rels/workbook.xml.rels"},
		"bomb":               {book1(t, head+`<row r="2"><c r="A2" t="inlineStr"><is><t>`+strings.Repeat(" ", 64<<20)+`</t></is></c></row>`), "f.xlsx: the workbook inflates to more than 1024 MiB or to more than 200 times its size; it is refused unread"},
		"one huge value":     {book1(t, head+`<row r="2"><c r="A2" t="inlineStr"><is><t>`+noise(20<<20)+`</t></is></c></row>`), "f.xlsx: xl/worksheets/sheet1.xml holds a text larger than 16777216 bytes"},
		"a cell outside":     {book1(t, head+`<row r="2"><c r="C2"><v>1</v></c></row>`), "f.xlsx:2: a value in column C, which has no name in the header"},
		"two columns":        {book1(t, `<row><c t="inlineStr"><is><t>a</t></is></c><c t="inlineStr"><is><t>a</t></is></c></row>`), `f.xlsx:1: two columns are named "a"`},
		"an error value":     {book1(t, head+`<row r="2"><c r="A2" t="e"><v>#N/A</v></c></row>`), "f.xlsx:2: cell A2 holds the error #N/A; expected a value"},
		"a far column":       {book1(t, head+`<row r="2"><c r="ZZZZ2"><v>1</v></c></row>`), "f.xlsx:2: more than 10000 columns"},
		"rows out of order":  {book1(t, head+`<row r="3"></row><row r="2"></row>`), `f.xlsx:3: row number "2" after row 3`},
		"a text that is not": {book1(t, head+`<row r="2"><c r="A2" t="s"><v>4</v></c></row>`), `f.xlsx:2: cell A2 names the shared text "4", which is not there`},
		"NUL":                {book1(t, head+`<row r="2"><c r="A2" t="inlineStr"><is><t>x_x0000_y</t></is></c></row>`), "f.xlsx:2: byte 2 of the row is NUL; expected text"},
		"a sheet cut short":  {archive(t, map[string]string{"xl/workbook.xml": workbookXML, "xl/_rels/workbook.xml.rels": relsXML, "xl/worksheets/sheet1.xml": "<worksheet><sheetData>" + head}), "f.xlsx:1: the file is cut short: it ends inside xl/worksheets/sheet1.xml"},
		"a document type":    {archive(t, map[string]string{"xl/workbook.xml": `<!DOCTYPE x [<!ENTITY a "b">]>` + workbookXML, "xl/_rels/workbook.xml.rels": relsXML}), "f.xlsx: xl/workbook.xml declares a document type; a workbook has none"},
		"nothing in it":      {book1(t, ""), "f.xlsx: no sheet holds a cell; expected a header row"},
	} {
		_, err := rows(tc.in, "")
		if err == nil || !errors.Is(err, fault.Refused) || err.Error() != tc.want {
			t.Errorf("%s:\n got %v\nwant %s", name, err, tc.want)
		}
	}
}

// TestPieces reads a value and a formula that stand in the file in very many pieces, as comments cut them: the time grows with the file.
func TestPieces(t *testing.T) {
	t.Parallel()
	const n = 200_000
	for _, cell := range []string{`<c r="A2"><v>%s</v></c>`, `<c r="A2"><f>%s</f></c>`} {
		b := book1(t, `<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c></row><row r="2">`+fmt.Sprintf(cell, strings.Repeat("1<!---->", n))+`</row>`)
		begun := time.Now()
		_, err := rows(b, "")
		if took := time.Since(begun); took > 4*time.Second || err != nil && len(err.Error()) > 1000 {
			t.Errorf("Read(%s in %d pieces) takes %v and says %d bytes; want at most 4 s, and a short word", cell, n, took, len(fmt.Sprint(err)))
		}
	}
}

// TestManyShared refuses formulas to be shared that together are larger than any sheet has.
func TestManyShared(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(`<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c></row>`)
	text := noise(1 << 20)
	for i := range 1 + maxShared>>20 {
		fmt.Fprintf(&b, `<row r="%d"><c><f t="shared" si="%d">%s</f></c></row>`, i+2, i, text)
	}
	if _, err := rows(book1(t, b.String()), ""); err == nil || !strings.Contains(err.Error(), "shared formulas") {
		t.Errorf("Read(formulas of %d MiB to share) = %v, want a refusal", maxShared>>20, err)
	}
}

// noise is text that hardly deflates.
func noise(n int) string {
	b := make([]byte, n)
	x := uint32(1)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = "abcdefghijklmnopqrstuvwxyz012345"[x>>27]
	}
	return string(b)
}

// TestLyingSizes declares a small size for a part that inflates to a large one.
func TestLyingSizes(t *testing.T) {
	t.Parallel()
	b := book1(t, `<row r="1"><c r="A1" t="inlineStr"><is><t>`+strings.Repeat("a", 64<<20)+`</t></is></c></row>`)
	for i := 0; ; i++ { // the sizes in the directory: 24 bytes into each header
		at := bytes.Index(b[i:], []byte("PK\x01\x02"))
		if at < 0 {
			break
		}
		i += at
		copy(b[i+24:], []byte{0, 4, 0, 0})
	}
	if _, err := rows(b, ""); err == nil || !errors.Is(err, fault.Refused) {
		t.Errorf("err = %v, want a refusal", err)
	}
}

func TestDates1904(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		epoch  string
		serial string
		want   string
	}{
		{"0", "61", "1900-03-01(local)"}, {"0", "45000", "2023-03-15(local)"}, {"1", "0", "1904-01-01(local)"},
		{"0", "45000.999999999", "2023-03-16(local)"}, {"0", "45000.75", "2023-03-15T18:00:00(local)"},
	} {
		b := archive(t, map[string]string{
			"xl/workbook.xml":            strings.Replace(workbookXML, "<sheets>", `<workbookPr date1904="`+tc.epoch+`"/><sheets>`, 1),
			"xl/_rels/workbook.xml.rels": relsXML,
			"xl/styles.xml":              `<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>`,
			"xl/worksheets/sheet1.xml":   `<worksheet><sheetData><row><c t="inlineStr"><is><t>a</t></is></c></row><row><c s="1"><v>` + tc.serial + `</v></c></row></sheetData></worksheet>`,
		})
		got, err := rows(b, "")
		if err != nil || len(got) != 1 || got[0] != "2 a="+tc.want {
			t.Errorf("serial %s in epoch %s = %v, %v, want %s", tc.serial, tc.epoch, got, err, tc.want)
		}
	}
}

func TestStyleOf(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]style{
		"General": {}, "0.00": {}, "#,##0;[Red]-#,##0": {}, `0" days"`: {}, `0\d`: {}, "[$-409]0.0": {},
		"yyyy-mm-dd": {date: true}, "mmm": {date: true}, "h:mm": {time: true}, "m/d/yy h:mm": {true, true}, "[h]:mm:ss": {time: true},
	} {
		if got := styleOf(code); got != want {
			t.Errorf("styleOf(%q) = %v, want %v", code, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(book1(f, `<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row><row r="2"><c r="A2"><f>1+1</f><v>2</v></c></row>`))
	f.Add(workbook(f, func(x *excelize.File) { must(f, x.SetSheetRow("Sheet1", "A1", &[]any{"a", 1, true})) }))
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, err := range Read(bytes.NewReader(b), register.ReadOptions{File: "f"}) {
			if err != nil && (!errors.Is(err, fault.Refused) || !strings.HasPrefix(err.Error(), "f:")) {
				t.Errorf("%v: no refusal with its place", err)
			}
		}
	})
}

// FuzzSheet feeds the XML of a sheet, which a mutated archive would hardly reach.
func FuzzSheet(f *testing.F) {
	f.Add(`<row r="1"><c r="A1" t="s"><v>0</v></c><c t="b"><v>1</v></c></row><row><c><f si="1">A1</f></c><c><f si="1"/></c></row>`)
	f.Add(`<row r="1"><c t="d"><v>2026-01-01</v></c><c s="1"><v>45000.5</v></c></row>`)
	f.Fuzz(func(t *testing.T, sheet string) {
		b := book1(t, sheet)
		for _, err := range Read(bytes.NewReader(b), register.ReadOptions{File: "f"}) {
			if err != nil && (!errors.Is(err, fault.Refused) || !strings.HasPrefix(err.Error(), "f:")) {
				t.Errorf("%v: no refusal with its place", err)
			}
		}
	})
}
