package app

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/format/docx"
	"github.com/assayhq/assay/internal/lint/returned"
	examination "github.com/assayhq/assay/internal/web/engage"
)

// edited is a DOCX in which texts are replaced where they stand first, as a word processor saves it.
func edited(t *testing.T, file []byte, pairs ...string) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	seen := make([]int, len(pairs))
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		text := string(b)
		for i := 0; i < len(pairs); i += 2 {
			if strings.HasPrefix(f.Name, "word/document") || strings.HasPrefix(f.Name, "docProps/custom") {
				seen[i] += strings.Count(text, pairs[i])
				text = strings.Replace(text, pairs[i], pairs[i+1], 1)
			}
		}
		p, err := w.Create(f.Name)
		if err == nil {
			_, err = io.WriteString(p, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(pairs); i += 2 {
		if seen[i] == 0 {
			t.Fatalf("the document does not hold %q", pairs[i])
		}
	}
	return out.Bytes()
}

// documentOf is the text of a DOCX.
func documentOf(t *testing.T, file []byte) []byte {
	t.Helper()
	doc, err := docx.Read("draft.docx", file)
	if err != nil {
		t.Fatal(err)
	}
	var text []byte
	for _, b := range doc.Blocks {
		text = append(append(text, b.Text...), '\n')
	}
	return text
}

// givenBack downloads the draft, edits sentences and a figure of it, and gives it back: the sentences become wording and are printed in the next
// draft, the figure is refused with its value, and whatever else is there is said not to be taken.
func (x *practice) givenBack(name string) {
	t := x.t
	t.Helper()
	ctx := t.Context()
	f, err := x.firm.Download(ctx, name, "docx", -1)
	x.must("download", err)
	got, err := x.firm.Back(ctx, name, bytes.NewReader(f.Data))
	x.must("give back as it was sent", err)
	if len(got.Wording)+len(got.Refused)+len(got.Comments)+len(got.Notes) > 0 {
		t.Errorf("given back as it was sent: wording %+v, refused %+v, comments %+v, notes %q; want nothing", got.Wording, got.Refused, got.Comments, got.Notes)
	}
	file := edited(t, f.Data,
		"may leave out what one of them would find important", "may not tell everything that one of them considers important",
		"may not always prevent or find every error.", "may not always prevent or find every error.</w:t></w:r></w:p><w:p><w:r><w:t>Nobody foresees everything.",
		"and met our other ethical responsibilities both under", "and fulfilled our other ethical responsibilities both under",
		"105, 205 and 320", "105, 206 and 320")
	got, err = x.firm.Back(ctx, name, bytes.NewReader(file))
	x.must("give back", err)
	into := map[string]string{}
	for _, c := range got.Wording {
		into[c.Passage] += c.After
		if (c.Passage == "") != (c.Not != "") {
			t.Errorf("%+v: want either where it goes or why it does not", c)
		}
	}
	if len(got.Wording) != 3 || got.Takes() != 2 || !strings.Contains(into["limits-type1"], "considers important") || !strings.Contains(into["independence-both"], "and fulfilled our") || into[""] != "Nobody foresees everything." {
		t.Errorf("given back: wording %+v; want two passages, and a paragraph that belongs to none", got.Wording)
	}
	if len(got.Refused) != 1 || got.Refused[0].Class != returned.Figure || !slices.Contains(got.Refused[0].Truth, "205") {
		t.Errorf("given back: refused %+v; want the figure with its true value 205", got.Refused)
	}
	for who, side := range map[*engage.Who]string{&theStaff: "staff", &theQuality: "the quality reviewer", &theOfficer: "the client"} {
		if _, err := x.firm.TakeBack(ctx, *who, name, got.File); !errors.Is(err, fault.Denied) {
			t.Errorf("TakeBack by %s = %v, want it denied", side, err)
		}
	}
	took, err := x.firm.TakeBack(ctx, theManager, name, got.File)
	x.must("take over", err)
	w := x.known(x.firm, name).Wording
	if took.Takes() != 2 || len(w) != 2 || !strings.HasPrefix(w["independence-both"], "We are independent of {organization} and fulfilled our") || !strings.Contains(w["independence-both"], "{firm} applies") {
		t.Errorf("the wording is %q, want two passages with their fields", w)
	}
	next, err := x.firm.Download(ctx, name, "docx", -1)
	x.must("download the next", err)
	text, old := documentOf(t, next.Data), []byte("what one of them would find important")
	for want, there := range map[string]bool{"considers important": true, "and fulfilled our": true, "Nobody foresees": false, "105, 205 and 320": true, "206": false} {
		if bytes.Contains(text, []byte(want)) != there {
			t.Errorf("the next draft says %q: %t, want %t", want, !there, there)
		}
	}
	if was, now := bytes.Count(documentOf(t, f.Data), old), bytes.Count(documentOf(t, next.Data), old); now != was-1 {
		t.Errorf("the words of before stand %d times in the next draft, want %d", now, was-1)
	}
	again, err := x.firm.Back(ctx, name, bytes.NewReader(file))
	if err != nil || again.Takes() != 0 || len(again.Wording) != 3 || !slices.ContainsFunc(again.Wording, func(c examination.Reworded) bool { return c.Not == "It stands so already." }) {
		t.Errorf("given back once more: %+v, %v; want nothing to be taken", again.Wording, err)
	}
	if _, err := x.firm.TakeBack(ctx, theManager, name, got.File); !errors.Is(err, fault.Refused) {
		t.Errorf("taken over once more: %v, want a refusal", err)
	}
	x.strange(name, f.Data)
}

// strange gives back what is no draft of the engagement.
func (x *practice) strange(name string, file []byte) {
	t, ctx := x.t, x.t.Context()
	t.Helper()
	doc, err := docx.Read("sent.docx", file)
	x.must("read", err)
	sum := doc.Properties[returned.DraftProperty]
	plant := func(text, engagement string) string {
		planted, _, err := x.firm.o.blobs.Put(ctx, x.firm.o.org.ID, strings.NewReader(text))
		x.must("plant", err)
		_, _, err = x.firm.o.blobs.Put(ctx, x.firm.o.org.ID, bytes.NewReader(sentOf(engagement, planted)))
		x.must("plant", err)
		return planted
	}
	for what, c := range map[string]struct {
		engagement string
		file       []byte
		kind       error
		says       string
	}{
		"another engagement":       {"engagement_of_others", file, fault.Refused, "not made of a draft of this engagement"},
		"another draft":            {name, edited(t, file, sum, engage.TextHash("another draft")), fault.Refused, "not made of a draft of this engagement"},
		"no draft":                 {name, edited(t, file, `name="AssayDraft"`, `name="Other"`), fault.Refused, "does not say of which draft it is"},
		"a path for a draft":       {name, edited(t, file, sum, "../../keys"), fault.Refused, "does not say of which draft it is"},
		"a model that is none":     {name, edited(t, file, sum, plant("{}", name)), fault.Integrity, "cannot be read"},
		"a model of another hash":  {name, edited(t, file, sum, plant(`{"when":{"as_of":{"date":"2026-06-30","zone":"UTC"}},"title":"x"}`, name)), fault.Integrity, "not the one that the document names"},
		"no DOCX":                  {name, []byte("PK\x03\x04"), fault.Refused, ""},
		"a document of many bytes": {name, bytes.Repeat([]byte("x"), mostBack+1), fault.Refused, "larger than 16 MiB"},
	} {
		if _, err := x.firm.Back(ctx, c.engagement, bytes.NewReader(c.file)); !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("Back(%s) = %v, want %v that says %q", what, err, c.kind, c.says)
		}
	}
	for _, file := range []string{"", "../x", engage.TextHash("never given back")} {
		if _, err := x.firm.TakeBack(ctx, theManager, name, file); !errors.Is(err, fault.Refused) {
			t.Errorf("TakeBack(%q) = %v, want a refusal", file, err)
		}
	}
}
