package app

import (
	"bytes"
	"io"
	"os"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/format/docx"
	"github.com/assayhq/assay/internal/lint"
)

// paper reads a report, ours or one written elsewhere: a DOCX is told by its first bytes, anything else is read as JSON.
func paper(name string) (lint.Paper, error) {
	f, err := os.Open(name)
	if err != nil {
		return lint.Paper{}, fault.Refuse("%v", err)
	}
	defer f.Close()
	const most = max(docx.MaxFile, lint.MaxJSON)
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return lint.Paper{}, fault.Refuse("%v", err)
	}
	switch {
	case len(b) > most:
		return lint.Paper{}, fault.Refuse("%s has more than %d MB: no report is that large", name, most>>20)
	case bytes.HasPrefix(b, []byte("PK\x03\x04")):
		d, err := docx.Read(name, b)
		if err != nil {
			return lint.Paper{}, err
		}
		return lint.FromDocument(d), nil
	case bytes.HasPrefix(b, []byte("%PDF")), bytes.HasPrefix(b, []byte("\xd0\xcf\x11\xe0")):
		return lint.Paper{}, fault.Refuse("%s is a PDF or an old Word document, which cannot be read", name).WithHint("save it as a Word document (.docx); of a PDF ask for the document that it was made of")
	}
	return lint.FromJSON(name, b)
}
