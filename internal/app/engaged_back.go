package app

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"strings"

	"github.com/assayhq/assay/internal/cli"
	"github.com/assayhq/assay/internal/engage"
	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/format/docx"
	"github.com/assayhq/assay/internal/lint"
	"github.com/assayhq/assay/internal/lint/returned"
	"github.com/assayhq/assay/internal/report"
	examination "github.com/assayhq/assay/internal/web/engage"
)

// mostBack bounds a document that comes back, in bytes.
const mostBack = 16 << 20

// keepSent keeps the model of a draft that goes out as DOCX. The document names its draft by the SHA-256 of the model's JSON, and the firm's
// files are found by that of their content: the model is kept as the very bytes that were hashed, and needs no index. That the draft is of
// this engagement says a second file, whose name follows from what is in it, so that a document of another engagement finds nothing here.
func (x *engaged) keepSent(ctx context.Context, engagement string, r *report.Report) error {
	if x.o.readOnly {
		return nil // nothing can be taken back here either
	}
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(r); err != nil {
		return err
	}
	sum, _, err := x.o.blobs.Put(ctx, x.o.org.ID, &b)
	if err != nil {
		return err
	}
	_, _, err = x.o.blobs.Put(ctx, x.o.org.ID, bytes.NewReader(sentOf(engagement, sum)))
	return err
}

// sentOf is the file that says that a draft was sent out of an engagement.
func sentOf(engagement, sum string) []byte {
	return []byte("assay: draft sent out\n" + engagement + "\n" + sum + "\n")
}

// sent finds the model of a draft by the document's own property. Whatever is found counts only if a document drawn of it names that draft.
func (x *engaged) sent(ctx context.Context, engagement string, back *lint.Document) (*report.Report, *lint.Document, error) {
	sum := back.Properties[returned.DraftProperty]
	other := fault.Refuse("the document was not made of a draft of this engagement that was downloaded here").WithHint("download the draft as DOCX, edit that document, and give it back")
	if !isSum(sum) {
		return nil, nil, fault.Refuse("the document does not say of which draft it is: it has lost its property %s", returned.DraftProperty).WithHint("download the draft as DOCX, and save it as DOCX with a word processor that keeps custom properties")
	}
	if _, err := x.stored(ctx, engage.TextHash(string(sentOf(engagement, sum)))); errors.Is(err, fault.NotFound) {
		return nil, nil, other
	} else if err != nil {
		return nil, nil, err
	}
	raw, err := x.stored(ctx, sum)
	if errors.Is(err, fault.NotFound) {
		return nil, nil, other
	}
	if err != nil {
		return nil, nil, err
	}
	m := &report.Report{}
	if err := json.Unmarshal(raw, m); err != nil || m.When == nil {
		return nil, nil, &fault.Error{Kind: fault.Integrity, What: "the draft that was kept cannot be read", Err: err}
	}
	var b bytes.Buffer
	if err := x.in.draws.one(ctx, func() error { _, err := drawDOCX(&b, m, cli.Document{}); return err }); err != nil {
		return nil, nil, err
	}
	drawn, err := docx.Read("draft.docx", b.Bytes())
	if err != nil {
		return nil, nil, err
	}
	if drawn.Properties[returned.DraftProperty] != sum {
		return nil, nil, &fault.Error{Kind: fault.Integrity, What: "the draft that was kept is not the one that the document names"}
	}
	return m, drawn, nil
}

func isSum(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == 32 && s == strings.ToLower(s)
}

// Back compares a document with the draft that it was made of. It takes nothing over.
func (x *engaged) Back(ctx context.Context, engagement string, r io.Reader) (examination.Back, error) {
	raw, err := io.ReadAll(io.LimitReader(r, mostBack+1))
	if err != nil {
		return examination.Back{}, fault.Refuse("the document cannot be read: %v", err)
	}
	out, _, err := x.back(ctx, engagement, raw)
	if err != nil {
		return examination.Back{}, err
	}
	out.File, _, err = x.o.blobs.Put(ctx, x.o.org.ID, bytes.NewReader(raw))
	return out, err
}

// TakeBack takes the wording of a document over that Back has seen.
func (x *engaged) TakeBack(ctx context.Context, who engage.Who, engagement, file string) (examination.Back, error) {
	if err := x.may(ctx, who, engagement, "word"); err != nil {
		return examination.Back{}, err
	}
	if !isSum(file) {
		return examination.Back{}, fault.Refuse("no document is named; expected one that was given back").WithHint("give the document back again")
	}
	raw, err := x.stored(ctx, file)
	if errors.Is(err, fault.NotFound) {
		return examination.Back{}, fault.Refuse("the document is not kept here").WithHint("give the document back again")
	}
	if err != nil {
		return examination.Back{}, err
	}
	out, words, err := x.back(ctx, engagement, raw)
	if err != nil {
		return examination.Back{}, err
	}
	out.File = file
	if out.Takes() == 0 {
		return examination.Back{}, fault.Refuse("nothing of the document can become wording any more").WithHint("give the document back again to see why")
	}
	return out, x.house.Do(ctx, who, engagement, "word", words)
}

// back compares, and says what the wording would be.
func (x *engaged) back(ctx context.Context, engagement string, raw []byte) (examination.Back, report.Wording, error) {
	if len(raw) > mostBack {
		return examination.Back{}, nil, fault.Refuse("the document is larger than %d MiB", mostBack>>20)
	}
	doc, err := docx.Read("the document", raw)
	if err != nil {
		return examination.Back{}, nil, err
	}
	m, drawn, err := x.sent(ctx, engagement, doc)
	if err != nil {
		return examination.Back{}, nil, err
	}
	got, err := returned.Compare(m, drawn, doc)
	if err != nil {
		return examination.Back{}, nil, err
	}
	d, err := x.examined(ctx, engagement)
	if err != nil {
		return examination.Back{}, nil, err
	}
	kind, date := x.kind(ctx, engagement)
	exam := *d.facts.Examination
	exam.ReportDate = date
	d.facts.Examination = &exam
	out := examination.Back{Refused: got.Refused, Comments: got.Comments, Notes: got.Notes}
	var words report.Wording
	out.Wording, words, err = reworded(report.Kind(kind), d.facts, got.Wording)
	return out, words, err
}

// reworded says of each change of wording into which passage of the auditor's report it goes, or why into none, and gives the wording with all
// that do. A passage that reads otherwise by now than it was sent is left alone: facts of then would become words of now.
func reworded(k report.Kind, f report.Facts, list []returned.Change) ([]examination.Reworded, report.Wording, error) {
	texts, err := report.LetterTexts(k, f)
	if err != nil {
		return nil, nil, err
	}
	words := maps.Clone(f.Examination.Wording)
	if words == nil {
		words = report.Wording{}
	}
	edited, of := map[string][]string{}, make([]string, len(list))
	out := make([]examination.Reworded, len(list))
	for i, c := range list {
		out[i].Change = c
		id, at, paragraphs, why := passageOf(texts, c)
		if out[i].Not = why; why != "" {
			continue
		}
		if of[i] = id; edited[id] == nil {
			edited[id] = paragraphs
		}
		edited[id][at] = c.After
	}
	not := map[string]string{}
	for id, paragraphs := range edited {
		text := strings.TrimSpace(strings.Join(paragraphs, "\n\n"))
		w, err := report.TemplateOf(k, f, id, text)
		if err == nil {
			err = comesOut(k, f, id, w, text)
		}
		if err != nil {
			not[id] = err.Error()
			continue
		}
		words[id] = w
	}
	for i, id := range of {
		switch {
		case id == "":
		case not[id] != "":
			out[i].Not = not[id]
		default:
			out[i].Passage = id
		}
	}
	return out, words, nil
}

// passageOf finds the passage, and the paragraph in it, that a change is of.
func passageOf(texts []report.Filled, c returned.Change) (id string, at int, paragraphs []string, why string) {
	if c.Kind == returned.Added {
		return "", 0, nil, "A paragraph of its own belongs to no passage: write it at the end of the one before it."
	}
	n := 0
	for _, x := range texts {
		list := strings.Split(x.Text, "\n\n")
		for i, p := range list {
			switch oneLine(p) {
			case oneLine(c.Before):
				id, at, paragraphs = x.ID, i, list
				n++
			case oneLine(c.After):
				why = "It stands so already."
			}
		}
	}
	switch {
	case n == 1 && lint.RoleOf(c.Section) == "opinion":
		return id, at, paragraphs, ""
	case n > 1:
		return "", 0, nil, "The same words stand in several passages; they are worded there."
	case why != "":
		return "", 0, nil, why
	}
	return "", 0, nil, "It is no passage of the auditor's report that a firm may replace, or it reads otherwise by now than it was sent."
}

// oneLine is a text as a document gives it back, in which every stretch of spaces is one.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// comesOut refuses a wording that would not print what was edited.
func comesOut(k report.Kind, f report.Facts, id, wording, text string) error {
	exam := *f.Examination
	exam.Wording = maps.Clone(exam.Wording)
	if exam.Wording == nil {
		exam.Wording = report.Wording{}
	}
	exam.Wording[id] = wording
	f.Examination = &exam
	list, err := report.LetterTexts(k, f)
	if err != nil {
		return err
	}
	for _, x := range list {
		if x.ID == id && oneLine(x.Text) == oneLine(text) {
			return nil
		}
	}
	return fault.Refuse("with the facts filled in, the passage %s would not read as it was edited", id)
}
