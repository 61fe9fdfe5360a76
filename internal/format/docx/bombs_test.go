package docx

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/assayhq/assay/internal/fault"
)

// stored is a document whose body is not compressed, so that its ratio says nothing.
func stored(t *testing.T, body string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	f, err := z.CreateHeader(&zip.FileHeader{Name: "word/document.xml", Method: zip.Store})
	if err == nil {
		_, err = f.Write([]byte(`<w:document xmlns:w="urn:w"><w:body>` + body + `</w:body></w:document>`))
	}
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// spent is what fn allocates, in bytes, and how long it takes. It is not run beside others.
func spent(fn func()) (uint64, time.Duration) {
	var a, b runtime.MemStats
	runtime.ReadMemStats(&a)
	begun := time.Now()
	fn()
	took := time.Since(begun)
	runtime.ReadMemStats(&b)
	return b.TotalAlloc - a.TotalAlloc, took
}

// TestBombs gives files whose XML is within bounds and whose meaning is far larger: texts that are said again at every sign, and texts that are
// put together of very many pieces. None may cost more than some hundred bytes for each byte of the XML, beside what may be kept at all.
func TestBombs(t *testing.T) { //nolint:paralleltest // it measures what is allocated
	notes := relsNS + `<Relationship Id="f" Type="` + office + `footnotes" Target="footnotes.xml"/></Relationships>`
	note := func(text string) map[string]string {
		return map[string]string{"word/_rels/document.xml.rels": notes, "word/footnotes.xml": `<w:footnotes xmlns:w="urn:w"><w:footnote w:id="2"><w:p><w:r>` + text + `</w:r></w:p></w:footnote></w:footnotes>`}
	}
	comments := func(text string) map[string]string {
		return map[string]string{"word/comments.xml": `<w:comments xmlns:w="urn:w"><w:comment w:id="7"><w:p>` + text + `</w:p></w:comment></w:comments>`}
	}
	ranges := func(n int) string {
		var b strings.Builder
		for i := range n {
			for k := range 200 {
				fmt.Fprintf(&b, `<w:commentRangeStart w:id="%d"/>`, i*200+k)
			}
			b.WriteString(`<w:r><w:t>` + strings.Repeat("a", 4096) + `</w:t></w:r>`)
			for k := range 200 {
				fmt.Fprintf(&b, `<w:commentRangeEnd w:id="%d"/>`, i*200+k)
			}
		}
		return b.String()
	}
	for _, c := range []struct {
		name, body string
		more       map[string]string
	}{
		{"a note that is said again at each of its signs", strings.Repeat(`<w:p><w:r>`+strings.Repeat(`<w:footnoteReference w:id="2"/>`, 10)+`</w:r></w:p>`, 300), note(`<w:t>` + strings.Repeat("a", 200<<10) + `</w:t>`)},
		{"a note of very many pieces", `<w:p/>`, note(strings.Repeat(`<w:t>a</w:t>`, 60_000))},
		{"a comment of very many pieces", `<w:p/>`, comments(strings.Repeat(`<w:t>a</w:t>`, 60_000))},
		{"a property of very many pieces", `<w:p/>`, map[string]string{"docProps/custom.xml": `<Properties><property name="a"><s>` + strings.Repeat(`a<b/>`, 60_000) + `</s></property></Properties>`}},
		{"comments that are open over the same text", `<w:p>` + ranges(100) + `</w:p>`, nil},
	} {
		file := pack(t, c.body, c.more)
		size := len(c.body)
		for _, part := range c.more {
			size += len(part)
		}
		used, took := spent(func() {
			if _, err := Read("x.docx", file); err != nil && !errors.Is(err, fault.Refused) {
				t.Errorf("Read(%s) = %v, want it read or refused", c.name, err)
			}
		})
		if most := uint64(400*size + 480<<20); used > most {
			t.Errorf("Read(%s) of %d kB takes %d MB in %v, want at most %d MB", c.name, size>>10, used>>20, took, most>>20)
		}
	}
}

// TestLargeToken refuses an element that is held in memory whole and multiplies there: each of its attributes costs many times its bytes.
func TestLargeToken(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"attributes": `<w:p ` + strings.Repeat(`a="" `, maxToken/4) + `/>`,
		"a comment":  `<w:p/><!--` + strings.Repeat("a", maxToken+1<<16) + `-->`,
	} {
		if _, err := Read("x.docx", stored(t, body)); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), "an element") {
			t.Errorf("Read(%s larger than %d MB) = %v, want fault.Refused for its size", name, maxToken>>20, err)
		}
	}
}

// TestManyCells refuses a table of more cells than any report has: each costs many times its bytes in memory.
func TestManyCells(t *testing.T) {
	t.Parallel()
	row := `<w:tr>` + strings.Repeat(`<w:tc/>`, 50_000) + `</w:tr>`
	if _, err := Read("x.docx", stored(t, `<w:tbl>`+strings.Repeat(row, 1+maxSaid/weight/50_000)+`</w:tbl>`)); !errors.Is(err, fault.Refused) || !strings.Contains(err.Error(), "MB of text") {
		t.Errorf("Read(a table of too many cells) = %v, want fault.Refused", err)
	}
}
