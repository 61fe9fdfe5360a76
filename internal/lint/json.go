package lint

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/assayhq/assay/internal/fault"
	"github.com/assayhq/assay/internal/report"
)

// MaxJSON bounds what is read: a report of 150 pages with 5,000 exceptions has some 10 MB.
const MaxJSON = 64 << 20

// maxDepth bounds how deep values nest.
const maxDepth = 64

// FromJSON reads a report from JSON: our own model, as assay report --format json writes it, or a Paper, for reports
// written elsewhere. A member that a Paper does not have is refused, for a misspelt one would never be checked.
func FromJSON(name string, b []byte) (Paper, error) {
	if len(b) > MaxJSON {
		return Paper{}, fault.Refuse("%s has more than %d MB: no report is that large", name, MaxJSON>>20)
	}
	if err := shallow(b); err != nil {
		return Paper{}, fault.Refuse("%s is no JSON that can be read: %v", name, err)
	}
	var probe struct {
		Kind     string           `json:"kind"`
		Sections *json.RawMessage `json:"sections"`
	}
	if err := json.Unmarshal(b, &probe); err != nil {
		return Paper{}, fault.Refuse("%s is no report: %v", name, err)
	}
	if probe.Sections != nil {
		var m report.Report
		if err := json.Unmarshal(b, &m); err != nil {
			return Paper{}, fault.Refuse("%s looks like a report of ours and is none: %v", name, err)
		}
		return FromReport(&m), nil
	}
	var p Paper
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil {
		return Paper{}, fault.Refuse("%s is no report: %v", name, err).WithHint("the members are those of the plain form: kind, type, cover, opinion, assertion, description, criteria, tests, other, passages")
	}
	if p.Kind == "" {
		return Paper{}, fault.Refuse("%s does not say its kind; expected soc1, soc2, soc3 or isae3402", name)
	}
	return p.whole(), nil
}

// shallow refuses JSON that nests deeper than any report does, and more than one value.
func shallow(b []byte) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	depth, values := 0, 0
	for {
		t, err := dec.Token()
		if errors.Is(err, io.EOF) {
			if values != 1 || depth != 0 {
				return errors.New("it does not hold exactly one whole value")
			}
			return nil
		}
		if err != nil {
			return err
		}
		if d, ok := t.(json.Delim); ok && (d == '{' || d == '[') {
			if depth++; depth > maxDepth {
				return errors.New("its values nest too deep")
			}
			if depth == 1 {
				values++
			}
		} else if ok {
			depth--
		} else if depth == 0 {
			values++
		}
	}
}

// whole fills in what a plain form leaves to be read from its texts: the type of the opinion, and passages of the texts
// that are given apart.
func (p Paper) whole() Paper {
	for _, x := range p.parts() {
		if x.Text != "" {
			p.Passages = append(p.Passages, Passage{Section: x.name, Text: x.Text})
		}
		if x.Title != "" {
			p.Passages = append(p.Passages, Passage{Section: x.name, Text: x.Title})
		}
	}
	for _, t := range p.Other {
		p.Passages = append(p.Passages, Passage{Section: inOther, Text: t})
	}
	if p.Opinion.Type == "" {
		p.Opinion.Type = readOpinion(p.Opinion.Text)
	}
	return p
}
